/** Server-sent events, cut into frames from bytes that arrive in any pieces (WHATWG HTML, "event stream interpretation"). */

export interface SseFrame {
  event?: string;
  /** `data` lines joined by a newline; empty when the frame had none (a comment). */
  data: string;
  /** The frame's own bytes, its closing blank line included. */
  bytes: Buffer;
}

const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);
/** A frame longer than this is refused, so that a stream without blank lines can't fill the memory. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

export class SseParser {
  /** Bytes of a frame that has not ended, in pieces: joined once, when its end comes, since a frame may hold a whole image. */
  #pieces: Buffer[] = [];
  #size = 0;
  /** Its last three bytes: a blank line may begin in them. */
  #tail: Buffer = EMPTY;

  /** Whole frames in `chunk` and what was left from before. Throws RangeError past MAX_FRAME_BYTES. */
  push(chunk: Uint8Array): SseFrame[] {
    let bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let search = 0;
    if (this.#size > 0) {
      if (blankLineEnd(Buffer.concat([this.#tail, bytes]), 0) < 0) {
        this.#keep(bytes);
        return [];
      }
      // What was kept has no blank line in it, but one may begin there.
      search = Math.max(0, this.#size - 3);
      bytes = Buffer.concat([...this.#pieces, bytes]);
      this.#clear();
    }
    const frames: SseFrame[] = [];
    let start = 0;
    while (true) {
      const end = blankLineEnd(bytes, Math.max(start, search));
      if (end < 0) break;
      frames.push(readFrame(bytes.subarray(start, end)));
      start = end;
      search = end;
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start));
    return frames;
  }

  /** What is left when the stream ends: a last frame without its blank line, which some servers send. */
  end(): SseFrame | undefined {
    const rest = Buffer.concat(this.#pieces);
    this.#clear();
    if (rest.toString('utf8').trim() === '') return undefined;
    return readFrame(rest);
  }

  #keep(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size > MAX_FRAME_BYTES) throw new RangeError('server-sent event is too large');
    this.#pieces.push(bytes);
    this.#tail = bytes.length >= 3 ? bytes.subarray(-3) : Buffer.concat([this.#tail, bytes]).subarray(-3);
  }

  #clear(): void {
    this.#pieces = [];
    this.#size = 0;
    this.#tail = EMPTY;
  }
}

/** Index just past the first blank line at or after `from`, or -1. A final CR waits for what follows it. */
function blankLineEnd(bytes: Buffer, from: number): number {
  for (let index = bytes.indexOf(LF, from); index >= 0; index = bytes.indexOf(LF, index + 1)) {
    const next = bytes[index + 1];
    if (next === LF) return index + 2;
    if (next === CR && bytes[index + 2] === LF) return index + 3;
  }
  return -1;
}

function readFrame(bytes: Buffer): SseFrame {
  const text = bytes.toString('utf8');
  // The common frame, `data: …` alone, without splitting lines.
  if (text.startsWith('data: ')) {
    const end = text.indexOf('\n');
    const next = text.charCodeAt(end + 1);
    // An empty line follows; what is before it may end in a carriage return.
    if (end >= 0 && (next === LF || next === CR)) {
      return { data: text.slice(6, text.charCodeAt(end - 1) === CR ? end - 1 : end), bytes };
    }
  }
  let event: string | undefined;
  const data: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data.push(line.startsWith('data: ') ? line.slice(6) : line.slice(5));
    else if (line === 'data') data.push('');
    else if (line.startsWith('event:')) event = line.slice(6).trim();
  }
  return { event, data: data.join('\n'), bytes };
}

/** One frame as text. `data` must be a single line (JSON always is). */
export function sseFrame(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}
