import type { ReplySink } from './call.ts';

const MAX_RECORDED = 8 * 1024 * 1024;

/** Passes everything on and keeps what it passed, so that a stream can be given again for its idempotency key. */
export class RecordingSink implements ReplySink {
  readonly #inner: ReplySink;
  readonly #chunks: string[] = [];
  #size = 0;

  constructor(inner: ReplySink) {
    this.#inner = inner;
  }

  get closed(): boolean {
    return this.#inner.closed;
  }

  /** Undefined past 8 MiB: then the reply is too large to be kept. */
  recorded(): string | undefined {
    return this.#size > MAX_RECORDED ? undefined : this.#chunks.join('');
  }

  head(status: number, headers: Record<string, string>): void {
    this.#inner.head(status, headers);
  }

  write(chunk: Uint8Array | string): boolean {
    this.#size += chunk.length;
    if (this.#size <= MAX_RECORDED)
      this.#chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    else this.#chunks.length = 0;
    return this.#inner.write(chunk);
  }

  end(chunk?: Uint8Array | string): void {
    this.#inner.end(chunk);
  }

  send(status: number, headers: Record<string, string>, body: Uint8Array | string): void {
    this.#inner.send(status, headers, body);
  }

  onDrain(listener: () => void): void {
    this.#inner.onDrain(listener);
  }

  onClose(listener: () => void): void {
    this.#inner.onClose(listener);
  }

  destroy(): void {
    this.#inner.destroy();
  }
}
