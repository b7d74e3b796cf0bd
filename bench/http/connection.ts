/** One keep-alive connection that sends a fixed request again and again, one at a time. */
import { createConnection, type Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';

export interface LoadTarget {
  /** `http://127.0.0.1:PORT` */
  url: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface Reply {
  status: number;
  /** Milliseconds from the request's write to the first byte of the body, and to the end. */
  first_ms: number;
  total_ms: number;
  /** Blank lines in the body: the frames of an event stream. */
  frames: number;
}

/** The request's bytes, made once. */
export function requestBytes(target: LoadTarget): Buffer {
  const { host } = new URL(target.url);
  const headers = { host, 'content-type': 'application/json', ...target.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `content-length: ${Buffer.byteLength(target.body)}\r\n`;
  return Buffer.from(`POST ${target.path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${target.body}`);
}

const LF = 10;

export class Connection {
  #target: LoadTarget;
  #bytes: Buffer;
  #socket: Socket | undefined;
  #reader: ResponseReader | undefined;
  #pending: { resolve(reply: Reply): void; reject(error: Error): void } | undefined;
  #onFirst: (() => void) | undefined;
  #start_ms = 0;
  #reply: Reply = blank();
  #lastByte = 0;

  constructor(target: LoadTarget, bytes: Buffer = requestBytes(target)) {
    this.#target = target;
    this.#bytes = bytes;
  }

  /** Sends the request; a connection that the other side closed in between is opened anew. `onFirst` is called at the body's first byte. */
  async send(onFirst?: () => void): Promise<Reply> {
    const socket = await this.#open();
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#onFirst = onFirst;
      this.#reply = blank();
      this.#lastByte = 0;
      this.#start_ms = performance.now();
      socket.write(this.#bytes);
    });
  }

  /** Opens the connection ahead of the first request. */
  async warm(): Promise<void> {
    await this.#open();
  }

  destroy(): void {
    this.#socket?.destroy();
  }

  async #open(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    const { hostname, port } = new URL(this.#target.url);
    const socket = createConnection({ host: hostname, port: Number(port), noDelay: true });
    const reader = new ResponseReader({
      onHead: (status) => {
        this.#reply.status = status;
      },
      onBody: (bytes) => this.#body(bytes),
      onEnd: () => this.#end(),
    });
    this.#socket = socket;
    this.#reader = reader;
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('end', () => this.#reader?.close());
    socket.on('error', () => {});
    socket.on('close', () => this.#fail(new Error('the connection was closed before the answer had ended')));
    return socket;
  }

  #body(bytes: Buffer): void {
    if (this.#reply.first_ms === 0) {
      this.#reply.first_ms = performance.now() - this.#start_ms;
      this.#onFirst?.();
    }
    let at = this.#lastByte === LF && bytes[0] === LF ? 0 : -1;
    if (at === 0) this.#reply.frames++;
    for (at = bytes.indexOf('\n\n', Math.max(0, at)); at >= 0; at = bytes.indexOf('\n\n', at + 2)) this.#reply.frames++;
    this.#lastByte = bytes[bytes.length - 1] ?? 0;
  }

  #end(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#reply.total_ms = performance.now() - this.#start_ms;
    pending?.resolve(this.#reply);
  }

  #fail(error: Error): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(error);
  }
}

function blank(): Reply {
  return { status: 0, first_ms: 0, total_ms: 0, frames: 0 };
}
