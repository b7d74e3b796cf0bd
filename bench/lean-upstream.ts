/**
 * The cheapest upstream that still behaves: openai-chat only, answers made beforehand, raw sockets, no truth kept, so that a bench measures
 * the gateway and not its upstream. Streams follow `#script {"chunks":…, "chunk_delay_ms":…}` in the prompt; without a delay each frame is
 * written in a turn of its own, as separate packets would come.
 * `node bench/lean-upstream.ts --port P`
 */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { openaiChat } from './upstream/openai-chat.ts';
import { makePlan } from './upstream/plan.ts';
import { DEFAULT_SCRIPT, findScript, resolveScript, type Script } from './upstream/script.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const MAX_CACHED = 64;

interface Answer {
  /** One entry a write; a reply that is no stream has one. */
  writes: Buffer[];
  delay_ms: number;
}

export async function startLeanUpstream(options: { port?: number } = {}): Promise<{
  url: string;
  port: number;
  requests(): number;
  close(): Promise<void>;
}> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const answers = new Map<string, Answer>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let rest: Buffer | undefined;
    socket.on('data', (chunk) => {
      rest = rest ? Buffer.concat([rest, chunk]) : chunk;
      for (let request = takeRequest(rest); request; request = rest && takeRequest(rest)) {
        rest = request.rest;
        requests++;
        send(socket, answerTo(request.body, answers), request.close);
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', 4096, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

interface Request {
  body: Buffer;
  rest: Buffer | undefined;
  close: boolean;
}

/** The first whole request in `bytes`. */
function takeRequest(bytes: Buffer): Request | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end).toLowerCase();
  const from = end + 4;
  const close = head.includes('\r\nconnection: close');
  const length = /\r\ncontent-length: *(\d+)/.exec(head);
  if (!length && head.includes('\r\ntransfer-encoding: chunked')) return takeChunked(bytes, from, close);
  const to = from + Number(length?.[1] ?? 0);
  if (bytes.length < to) return undefined;
  return { body: bytes.subarray(from, to), rest: bytes.length > to ? bytes.subarray(to) : undefined, close };
}

function takeChunked(bytes: Buffer, from: number, close: boolean): Request | undefined {
  const pieces: Buffer[] = [];
  let at = from;
  while (true) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    const to = line + 2 + size + 2;
    if (bytes.length < to) return undefined;
    if (size === 0) {
      return { body: Buffer.concat(pieces), rest: bytes.length > to ? bytes.subarray(to) : undefined, close };
    }
    pieces.push(bytes.subarray(line + 2, line + 2 + size));
    at = to;
  }
}

function answerTo(body: Buffer, cache: Map<string, Answer>): Answer {
  const stream = body.includes('"stream":true');
  const asked = body.includes('"include_usage":true');
  const mark = body.indexOf('#script ');
  const script = mark < 0 ? '' : body.toString('utf8', mark, Math.min(body.length, mark + 200));
  const key = `${stream}${asked}${script}`;
  let answer = cache.get(key);
  if (!answer) {
    answer = makeAnswer(body, stream, asked);
    if (cache.size < MAX_CACHED) cache.set(key, answer);
  }
  return answer;
}

function makeAnswer(body: Buffer, stream: boolean, asked: boolean): Answer {
  const script: Script = resolveScript(DEFAULT_SCRIPT, findScript(safeParse(body)), 0);
  const plan = makePlan('chatcmpl-lean0000000000000001', script, {
    model: 'test-model',
    stream,
    choices: 1,
    limit: undefined,
    usageAsked: asked,
  });
  if (!stream) {
    const text = JSON.stringify(openaiChat.reply(plan, {}));
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
    return { writes: [Buffer.from(head + text)], delay_ms: 0 };
  }
  const frames = openaiChat.frames!(plan).map((frame) => Buffer.from(chunked(frame.bytes)));
  const [first, ...others] = frames;
  const last = others.pop()!;
  return {
    writes: [
      Buffer.concat([Buffer.from(STREAM_HEAD), first!]),
      ...others,
      Buffer.concat([last, Buffer.from('0\r\n\r\n')]),
    ],
    delay_ms: script.chunk_delay_ms,
  };
}

function safeParse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function chunked(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function send(socket: Socket, answer: Answer, close: boolean): void {
  let index = 0;
  const next = (): void => {
    if (socket.destroyed) return;
    const flowing = socket.write(answer.writes[index++]!);
    if (index === answer.writes.length) {
      if (close) socket.end();
    } else if (!flowing) socket.once('drain', next);
    else if (answer.delay_ms > 0) setTimeout(next, answer.delay_ms);
    else setImmediate(next);
  };
  next();
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '9001' } } });
  const upstream = await startLeanUpstream({ port: Number(values.port) });
  console.log(JSON.stringify({ url: upstream.url, pid: process.pid }));
  process.once('SIGTERM', () => process.exit(0));
}
