/** An upstream that answers with whatever bytes a test wants, valid HTTP or not; the model's name in the request chooses which. */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

export interface RawRequest {
  head: string;
  body: Record<string, unknown>;
}

/** Writes an answer; the socket is left open unless it closes it. */
export type RawAnswer = (socket: Socket, request: RawRequest) => void;

export interface RawUpstream {
  url: string;
  /** Connections that are open now. */
  readonly open: number;
  /** Every request as it came. */
  seen: RawRequest[];
  close(): Promise<void>;
}

export async function startRawUpstream(answers: Record<string, RawAnswer>): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const seen: RawRequest[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let pieces: Buffer[] = [];
    let size = 0;
    let wanted = 0;
    socket.on('data', (chunk) => {
      pieces.push(chunk);
      size += chunk.length;
      // Large bodies come in thousands of pieces: joined once, when they can be whole.
      if (size < wanted) return;
      const text = Buffer.concat(pieces).toString('latin1');
      pieces = [Buffer.from(text, 'latin1')];
      wanted = lengthOf(text);
      const request = wholeRequest(text);
      if (!request) return;
      pieces = [];
      size = 0;
      wanted = 0;
      seen.push(request);
      const name = String(request.body.model ?? /models\/([^:]+):/.exec(request.head)?.[1]);
      (answers[name] ?? answers.default!)(socket, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get open() {
      return sockets.size;
    },
    seen,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Bytes of the request that `text` begins, as far as its head is there. */
function lengthOf(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  return end < 0 ? 0 : end + 4 + Number(/content-length: *(\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
}

function wholeRequest(text: string): RawRequest | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const body = text.slice(end + 4);
  if (body.length < length) return undefined;
  return { head, body: JSON.parse(body.slice(0, length) || '{}') as Record<string, unknown> };
}

/** A whole answer with its length. */
export function whole(body: string | Buffer, headers: Record<string, string> = {}, status = '200 OK'): Buffer {
  const bytes = Buffer.from(body);
  const all: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    ...headers,
  };
  const head = Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${head}\r\n`, 'latin1'), bytes]);
}

export const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** Frames of a chat completions stream. */
export function delta(content: string, more: Record<string, unknown> = {}): string {
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more })}\n\n`;
}

export function stop(more: Record<string, unknown> = {}): string {
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], ...more })}\n\n`;
}

export const DONE = 'data: [DONE]\n\n';

/** A whole chat completion with this `usage` as JSON text, so that figures no JS number can hold can be written. */
export function completion(usage: string, more = ''): string {
  return `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello there"},"finish_reason":"stop"}],"usage":${usage}${more}}`;
}

export const USAGE = '{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}';
