/**
 * `TOKENWORKS_TEST_DATABASE_URL=… node src/torture/store-stops.ts` (a PostgreSQL whose database is empty): the store freezes, then is cut off,
 * while calls come in. They are served from memory and written to the journal, and are in the store once it answers again. Exit code 1 where not.
 */
import { rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMockUpstream } from '../../bench/mock-upstream.ts';
import { loadConfig, parseConfigFile } from '../config.ts';
import { startServer } from '../server.ts';
import { chat, testConfig } from '../server-testing.ts';
import { makeTestHome } from '../store/testing.ts';

const database = process.env.TOKENWORKS_TEST_DATABASE_URL;
if (!database) {
  console.error('store-stops: TOKENWORKS_TEST_DATABASE_URL is not set');
  process.exit(2);
}
const CALLS = 100;
const PATIENCE_MS = 5000;

/** Between server and PostgreSQL: passes on, holds everything back, or lets nobody in. */
let mode: 'pass' | 'freeze' | 'cut' = 'pass';
const pairs = new Set<[Socket, Socket]>();
const target = new URL(database);
const proxy = createServer((near) => {
  if (mode === 'cut') {
    near.destroy();
    return;
  }
  const far = connect(Number(target.port || 5432), target.hostname);
  const pair: [Socket, Socket] = [near, far];
  pairs.add(pair);
  for (const [from, to] of [pair, [far, near]] as const) {
    from.on('data', (piece) => to.write(piece));
    from.on('close', () => {
      to.destroy();
      pairs.delete(pair);
    });
    from.on('error', () => {});
    if (mode === 'freeze') from.pause();
  }
});
await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
function turn(to: typeof mode): void {
  mode = to;
  for (const pair of pairs)
    for (const socket of pair) to === 'cut' ? socket.destroy() : to === 'freeze' ? socket.pause() : socket.resume();
}

const mock = await startMockUpstream();
const home = await makeTestHome();
const through = new URL(database);
through.hostname = '127.0.0.1';
through.port = String((proxy.address() as AddressInfo).port);
const config = {
  ...loadConfig({ home, port: 0 }, {}, home),
  ...parseConfigFile(testConfig(mock.url), 'test.yaml', {}),
  logLevel: 'silent',
  databaseUrl: through.href,
};
const server = await startServer(config, { version: 'test' });

async function call(): Promise<string | undefined> {
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminKey}` },
    body: JSON.stringify(chat('hi')),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => undefined);
  await answer?.text();
  return answer?.status === 200 ? answer.headers.get('x-tokenworks-operation')! : undefined;
}

let failed = 0;
for (const how of ['freeze', 'cut'] as const) {
  turn(how);
  const began = performance.now();
  const ids: (string | undefined)[] = [];
  for (let index = 0; index < CALLS; index++) {
    ids.push(await call());
    await sleep(30);
  }
  const served = ids.filter((id) => id !== undefined);
  // What only the store can tell is refused in time, not waited for.
  const unknown = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer tw-unknown' },
    body: '{}',
  });
  const keyed = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminKey}`, 'idempotency-key': how },
    body: JSON.stringify(chat('hi')),
  });
  console.log(`${how}: an unknown key is answered ${unknown.status}, a new idempotency key ${keyed.status}`);
  if (unknown.status !== 503 || keyed.status !== 503) failed++;
  console.log(
    `${how}: ${served.length} of ${CALLS} calls served in ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
  turn('pass');
  let missing = served.length;
  for (let tries = 0; tries < 60 && missing > 0; tries++) {
    await sleep(500);
    await server.services.flushUsage().catch(() => {});
    const found = await Promise.all(
      served.map((id) => server.services.store.operations.get(id!).catch(() => undefined)),
    );
    missing = found.filter((record) => record?.status !== 'completed').length;
  }
  const imbalances = await server.services.store.ledger.imbalances();
  console.log(
    `${how}: ${missing} of them are missing in the store afterwards, ${imbalances.length} currencies out of balance`,
  );
  if (served.length < CALLS || missing > 0 || imbalances.length > 0) failed++;
}
await server.close();
await mock.close();
proxy.close();
await rm(home, { recursive: true, force: true });
process.exit(failed);
