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
/** A frame longer than this is refused, so that a stream without blank lines can't fill the memory. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

export class SseParser {
  #rest: Buffer | undefined;

  /** Whole frames in `chunk` and what was left from before. Throws RangeError past MAX_FRAME_BYTES. */
  push(chunk: Uint8Array): SseFrame[] {
    let bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // Searching may start just before the new bytes: what was kept has no blank line in it.
    let search = 0;
    if (this.#rest) {
      search = Math.max(0, this.#rest.length - 3);
      bytes = Buffer.concat([this.#rest, bytes]);
      this.#rest = undefined;
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
    if (start < bytes.length) {
      if (bytes.length - start > MAX_FRAME_BYTES) throw new RangeError('server-sent event is too large');
      this.#rest = bytes.subarray(start);
    }
    return frames;
  }

  /** What is left when the stream ends: a last frame without its blank line, which some servers send. */
  end(): SseFrame | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    if (!rest || rest.toString('utf8').trim() === '') return undefined;
    return readFrame(rest);
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
    if (end < 0 || end + 1 >= text.length - 1) return { data: text.slice(6).trimEnd(), bytes };
  }
  let event: string | undefined;
  const data: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('data:')) data.push(line.startsWith('data: ') ? line.slice(6) : line.slice(5));
    else if (line.startsWith('event:')) event = line.slice(6).trim();
  }
  return { event, data: data.join('\n'), bytes };
}

/** One frame as text. `data` must be a single line (JSON always is). */
export function sseFrame(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}
