/** The disk under the journal is full for a while: no call is served unrecorded, and nothing that was acknowledged is lost or doubled. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { scriptPrompt } from '../../bench/mock-upstream.ts';
import { chat, startTestServer, type TestServer } from '../server-testing.ts';

let tw: TestServer;
let secret: string;
let keyId: string;
/** Undefined: there is room. Else the share of each write that still fits. */
let share: number | undefined;
const acknowledged: string[] = [];

const writeSync = fs.writeSync;
before(async () => {
  tw = await startTestServer();
  ({ id: keyId, secret } = await tw.key());
  await tw.budget(keyId, '1000');
  // The journal is the only one that writes with writeSync; its module sees the change through the built-in's live bindings.
  fs.writeSync = ((fd: number, bytes: Uint8Array, from: number, length: number) => {
    if (share === undefined) return writeSync(fd, bytes, from, length);
    writeSync(fd, bytes, from, Math.floor(length * share));
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }) as typeof fs.writeSync;
  syncBuiltinESMExports();
});
after(async () => {
  fs.writeSync = writeSync;
  syncBuiltinESMExports();
  await tw.close();
});

const segments = (): string[] => fs.readdirSync(`${tw.server.services.config.home}/journal`);

async function call(body: Record<string, unknown>): Promise<number> {
  try {
    const answer = await tw.post('/v1/chat/completions', body, secret);
    const text = await answer.text();
    if (answer.status === 200 && (body.stream !== true || text.endsWith('[DONE]\n\n')))
      acknowledged.push(answer.headers.get('x-tokenworks-operation')!);
    else if (answer.status !== 200) assert.match(text, /"code":"overloaded"/);
    if (answer.status === 503) assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    return answer.status;
  } catch {
    // A stream whose end could not be recorded is broken off.
    return 0;
  }
}

async function recovered(): Promise<void> {
  share = undefined;
  for (let tries = 0; tries < 200; tries++) {
    if ((await call(chat('again'))) === 200) return;
    await sleep(20);
  }
  assert.fail('the server did not come back when there was room again');
}

test('a call is refused before anything is sent', async () => {
  assert.equal(await call(chat('before')), 200);
  for (const part of [0, 0.5]) {
    const before = tw.mock.counts().requests;
    share = part;
    for (let index = 0; index < 5; index++) assert.equal(await call(chat('during', { stream: index % 2 === 0 })), 503);
    const files = segments().length;
    await sleep(1100);
    assert.equal(await call(chat('still')), 503);
    assert.equal(tw.mock.counts().requests, before);
    assert.ok(segments().length <= files, 'a file is left behind for every try');
    await recovered();
  }
});

test('calls that are under way when it fills up are not acknowledged', async () => {
  const slow = scriptPrompt({ fault: 'slow_mid', delay_ms: 250 });
  const calls = Array.from({ length: 12 }, (_, index) => call(chat(slow, { stream: index % 2 === 0 })));
  await sleep(120);
  share = 0.7;
  const statuses = await Promise.all(calls);
  assert.ok(statuses.every((status) => status === 503 || status === 0 || status === 200));
  assert.ok(!statuses.every((status) => status === 200));
  await recovered();
});

test('what was acknowledged is in the ledger once, before and after a restart; nothing is held', async () => {
  const stats = await tw.server.services.limits.stats();
  assert.deepEqual([stats.holds, stats.leases, tw.server.services.live.open], [0, 0, 0]);
  await tw.restart();
  assert.equal(tw.server.recovered.damaged, 0);
  await tw.server.services.flushUsage();
  for (const id of acknowledged) {
    const record = await tw.store.operations.get(id);
    assert.equal(record?.status, 'completed', id);
  }
  assert.deepEqual(await tw.store.ledger.imbalances(), []);
  const [spend] = await tw.store.budgets.spends();
  // Each completed call costs 44 millionths; an unacknowledged one nothing.
  assert.equal(spend!.spent_pico, BigInt(acknowledged.length) * 44_000_000n);
});
