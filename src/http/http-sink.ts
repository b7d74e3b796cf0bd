import type { ServerResponse } from 'node:http';
import type { ReplySink } from '../gateway/call.ts';

/** Bodies up to this size leave in one piece with their head. */
const JOINED_BYTES = 16 * 1024;

/** Bytes as a string of one character each. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** A ServerResponse as the gateway sees it. */
export class HttpSink implements ReplySink {
  readonly #response: ServerResponse;
  #closed = false;
  #drain: (() => void) | undefined;
  #closeListeners: (() => void)[] | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on('close', () => {
      if (response.writableFinished) return;
      this.#closed = true;
      for (const listener of this.#closeListeners ?? []) listener();
    });
    // A receiver that goes away in mid-write is a closed connection, not an error of ours.
    response.on('error', () => {});
  }

  get closed(): boolean {
    return this.#closed;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.#closed) return;
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#closed || chunk.length === 0) return true;
    return this.#response.write(chunk);
  }

  end(chunk?: Uint8Array | string): void {
    if (!this.#closed) this.#response.end(chunk);
  }

  send(status: number, headers: Record<string, string>, body: Uint8Array | string): void {
    if (this.#closed) return;
    if (this.#response.headersSent) {
      this.#response.destroy();
      return;
    }
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    headers['content-length'] = String(length);
    this.#response.writeHead(status, headers);
    // Node writes head and body together when both are text: one piece costs less than two.
    if (typeof body !== 'string' && length <= JOINED_BYTES) this.#response.end(latin1(body), 'latin1');
    else this.#response.end(body);
  }

  onDrain(listener: () => void): void {
    if (!this.#drain) this.#response.on('drain', () => this.#drain?.());
    this.#drain = listener;
  }

  onClose(listener: () => void): void {
    if (this.#closeListeners) this.#closeListeners.push(listener);
    else this.#closeListeners = [listener];
  }

  destroy(): void {
    this.#response.destroy();
  }
}
