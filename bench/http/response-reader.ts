/**
 * Reads HTTP/1.1 responses from one connection without pipelining, cheaply enough that a load generator is not what it measures.
 * Bodies have a content-length or are chunked (RFC 9112, 6 and 7.1); a body that lasts to the end of the connection ends with `close()`.
 */
export interface ResponseEvents {
  onHead(status: number, head: string): void;
  /** Body bytes, chunk framing taken off. */
  onBody(bytes: Buffer): void;
  onEnd(): void;
}

type State = 'head' | 'sized' | 'chunk_size' | 'chunk' | 'chunk_end' | 'trailer' | 'until_close';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const MAX_HEAD_BYTES = 64 * 1024;

export class ResponseReader {
  #events: ResponseEvents;
  #state: State = 'head';
  #left = 0;
  #rest: Buffer | undefined;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** True between responses, when nothing of the next has come. */
  get idle(): boolean {
    return this.#state === 'head' && this.#rest === undefined;
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    while (bytes.length > 0) {
      const used = this.#step(bytes);
      if (used === 0) {
        if (bytes.length > MAX_HEAD_BYTES) throw new RangeError('a head or chunk size line is too long');
        this.#rest = bytes;
        return;
      }
      bytes = bytes.subarray(used);
    }
  }

  /** The connection ended; true when that was the end of a body. */
  close(): boolean {
    if (this.#state !== 'until_close') return this.idle;
    this.#finish();
    return true;
  }

  /** Bytes used up; 0 when more are needed. */
  #step(bytes: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes);
      case 'chunk_size':
        return this.#chunkSize(bytes);
      case 'chunk_end':
        if (bytes.length < 2) return 0;
        this.#state = 'chunk_size';
        return 2;
      case 'trailer':
        return this.#trailer(bytes);
      case 'until_close':
        this.#events.onBody(bytes);
        return bytes.length;
      default:
        return this.#data(bytes);
    }
  }

  #head(bytes: Buffer): number {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) return 0;
    const head = bytes.toString('latin1', 0, end).toLowerCase();
    const status = Number(head.slice(9, 12));
    // Interim answers (100 Continue) have no body and are no answer.
    if (status >= 100 && status < 200) return end + 4;
    this.#events.onHead(status, head);
    const length = header(head, 'content-length');
    if (length !== undefined) {
      this.#left = Number(length);
      this.#state = 'sized';
      if (this.#left === 0) this.#finish();
    } else if (header(head, 'transfer-encoding')?.includes('chunked')) this.#state = 'chunk_size';
    else if (status === 204 || status === 304) this.#finish();
    else this.#state = 'until_close';
    return end + 4;
  }

  #chunkSize(bytes: Buffer): number {
    const end = bytes.indexOf(LINE_END);
    if (end < 0) return 0;
    this.#left = Number.parseInt(bytes.toString('latin1', 0, end), 16);
    if (!Number.isInteger(this.#left) || this.#left < 0) throw new RangeError('a chunk has no size');
    this.#state = this.#left === 0 ? 'trailer' : 'chunk';
    return end + 2;
  }

  #trailer(bytes: Buffer): number {
    const end = bytes.indexOf(LINE_END);
    if (end < 0) return 0;
    if (end === 0) this.#finish();
    return end + 2;
  }

  #data(bytes: Buffer): number {
    const take = Math.min(this.#left, bytes.length);
    this.#events.onBody(take === bytes.length ? bytes : bytes.subarray(0, take));
    this.#left -= take;
    if (this.#left === 0) {
      if (this.#state === 'chunk') this.#state = 'chunk_end';
      else this.#finish();
    }
    return take;
  }

  #finish(): void {
    this.#state = 'head';
    this.#events.onEnd();
  }
}

/** A header's value in a lower-cased head. */
function header(head: string, name: string): string | undefined {
  const at = head.indexOf(`\r\n${name}:`);
  if (at < 0) return undefined;
  const from = at + name.length + 3;
  const end = head.indexOf('\r\n', from);
  return head.slice(from, end < 0 ? undefined : end).trim();
}
