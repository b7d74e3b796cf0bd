/**
 * `node src/torture/slow.ts` (half a minute): clients that send their headers a byte at a time are hung up on, with a 408, after the 20 s that
 * headers may take, and calls of others are served meanwhile. Exit code 1 where not.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { chat, startTestServer } from '../server-testing.ts';

const CLIENTS = 300;
const PATIENCE_MS = 32_000;

const tw = await startTestServer();
const { secret } = await tw.key();
const answers: string[] = [];
const sockets = Array.from({ length: CLIENTS }, () => {
  const socket = connect(Number(new URL(tw.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (piece) => (text += piece));
  socket.on('close', () => answers.push(text.split('\r\n', 1)[0]!));
  socket.on('error', () => {});
  socket.write('POST /v1/chat/completions HTTP/1.1\r\n');
  return socket;
});
const drip = setInterval(() => {
  for (const socket of sockets) if (!socket.destroyed) socket.write('x');
}, 250);
let slowest_ms = 0;
let served = 0;
for (
  const end = performance.now() + PATIENCE_MS;
  performance.now() < end && answers.length < CLIENTS;
  await sleep(200)
) {
  const began = performance.now();
  if ((await tw.post('/v1/chat/completions', chat('hi'), secret)).status === 200) served++;
  slowest_ms = Math.max(slowest_ms, performance.now() - began);
}
clearInterval(drip);
const refused = answers.filter((line) => line.includes('408')).length;
console.log(
  `${refused} of ${CLIENTS} slow clients were answered 408, ${answers.length - refused} cut off; ${served} other calls were served, the slowest in ${slowest_ms.toFixed(0)} ms`,
);
for (const socket of sockets) socket.destroy();
await tw.close();
process.exit(answers.length === CLIENTS && served > 0 ? 0 : 1);
