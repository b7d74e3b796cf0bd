/**
 * `node src/torture/memory.ts`: the server as a process of its own under floods that must not make it grow: bodies that are too large,
 * bodies that never end, clients that never read, answers without end. Prints resident memory before and after; exit code 1 where it grew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTestHome } from '../store/testing.ts';
import {
  chunk,
  completion,
  delta,
  type RawAnswer,
  STREAM_HEAD,
  startRawUpstream,
  USAGE,
  whole,
} from './raw-upstream.ts';
import { serve } from './server-process.ts';

const KEY = 'tw-admin-torture';
const MEGABYTE = 1024 * 1024;
/** What a round of garbage collection may leave behind. */
const ALLOWED_MB = 96;

const endless =
  (head: string, piece: string): RawAnswer =>
  (socket) => {
    const go = (): void => {
      if (socket.destroyed) return;
      if (socket.write(piece)) setImmediate(go);
      else socket.once('drain', go);
    };
    socket.write(head);
    go();
  };

const upstream = await startRawUpstream({
  default: (socket) => void socket.write(whole(completion(USAGE))),
  flood: endless(STREAM_HEAD, chunk(delta('x'.repeat(50_000)))),
  line: endless(STREAM_HEAD, chunk(`data: ${'x'.repeat(MEGABYTE)}`)),
  reply: endless(
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    chunk('x'.repeat(MEGABYTE)),
  ),
});
const home = await makeTestHome();
writeFileSync(
  join(home, 'tokenworks.yaml'),
  `providers: [{ name: raw, protocol: openai, base_url: "${upstream.url}/v1", api_key: k }]\n`,
);
const server = await serve({ home, adminKey: KEY, env: { TOKENWORKS_LOG: 'warn' } });
const { port } = new URL(server.url);

const resident_mb = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))![1]) / 1024;
const post = (body: string | Buffer, signal?: AbortSignal): Promise<Response> =>
  fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body,
    signal,
  });
const ask = (model: string, stream: boolean, content = 'x'): string =>
  JSON.stringify({ model: `raw/${model}`, stream, messages: [{ role: 'user', content }] });

function open(head: string, then: (socket: Socket) => void = () => {}): Socket {
  const socket = connect(Number(port), '127.0.0.1', () => {
    socket.write(head);
    then(socket);
  });
  socket.on('error', () => {});
  return socket;
}
const head = (length: number | string): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${KEY}\r\ncontent-length: ${length}\r\n\r\n`;

const rounds: [name: string, round: () => Promise<unknown>][] = [
  [
    '50 bodies of 20 MB, refused',
    () => several(50, 5, async () => (await post(Buffer.alloc(20 * MEGABYTE, 120)).catch(() => undefined))?.text()),
  ],
  [
    '50 bodies of 12 MB, served',
    () => several(50, 5, async () => (await post(ask('plain', false, 'x'.repeat(12 * MEGABYTE)))).text()),
  ],
  ['20 answers without end', () => several(20, 4, async () => (await post(ask('reply', false))).text())],
  ['20 streams of one line without end', () => several(20, 4, async () => (await post(ask('line', true))).text())],
  [
    '30 clients that never read a stream',
    async () => {
      const sockets = Array.from({ length: 30 }, () => {
        const body = ask('flood', true);
        return open(head(body.length) + body, (socket) => socket.pause());
      });
      await sleep(3000);
      const at_mb = resident_mb();
      for (const socket of sockets) socket.destroy();
      return at_mb;
    },
  ],
  [
    '500 bodies that never end',
    async () => {
      const sockets = Array.from({ length: 500 }, () => open(`${head(100_000)}{"model"`));
      await sleep(1000);
      for (const socket of sockets) socket.destroy();
    },
  ],
];

async function several(times: number, at_once: number, run: () => Promise<unknown>): Promise<void> {
  let left = times;
  await Promise.all(
    Array.from({ length: at_once }, async () => {
      while (left-- > 0) await run();
    }),
  );
}

let grew = false;
for (const [name, round] of rounds) {
  // The first time fills caches and pools; only the second may not grow.
  await round();
  await sleep(1500);
  const before_mb = resident_mb();
  const peak = await round();
  await sleep(1500);
  const after_mb = resident_mb();
  const still = after_mb - before_mb <= ALLOWED_MB;
  grew ||= !still;
  console.log(
    `${still ? 'ok  ' : 'GREW'} ${name}: ${before_mb.toFixed(0)} → ${after_mb.toFixed(0)} MB${typeof peak === 'number' ? `, ${peak.toFixed(0)} MB meanwhile` : ''}`,
  );
}
if (server.errors().includes('Error')) console.log(server.errors().slice(-3000));
const alive = (await post(ask('plain', false))).status;
console.log(`serves: ${alive}`);
await server.stop();
await upstream.close();
await rm(home, { recursive: true, force: true });
process.exit(grew || alive !== 200 ? 1 : 0);
