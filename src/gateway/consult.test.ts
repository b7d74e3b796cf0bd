import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PriceBook, priceFromConfig } from '../billing/index.ts';
import { estimateInput } from '../providers/index.ts';
import type { ReflexReply } from '../reflex/index.ts';
import type { Admitted } from './call.ts';
import { consult, savingOf } from './cascade.ts';
import type { GatewayDependencies } from './dependencies.ts';

const reply: ReflexReply = { text: 'hi', finish: 'stop', confidence: 0.9, trust: 0.9, usage: { input: 1, output: 1 } };
const table = [{ confidence: 0.8, precision: 0.95, share: 0.5 }];

function world(complete: () => Promise<ReflexReply>, trust: typeof table | undefined = table) {
  let now = 0;
  const deps = {
    clock: { now: () => now, mono: () => now },
    cascadeWait_ms: 20,
    reflex: { trust: () => trust, complete },
    health: { latency_ms: () => undefined },
  } as unknown as GatewayDependencies;
  const body = { model: 'fast', messages: [{ role: 'user', content: 'hello' }] };
  const admitted = {
    principal: { project: { id: 'default' } },
    call: { surface: 'chat', body: Buffer.from(JSON.stringify(body)) },
    body,
    envelope: { model: 'fast', n: 1, stream: false },
  } as unknown as Admitted;
  const ask = (cascade = {}) => consult(deps, admitted, { reflex: 'x', precision: 0.9, ...cascade });
  return {
    deps,
    ask,
    pass(ms: number) {
      now += ms;
    },
  };
}

test('waits so long and no longer, and a late failure troubles nobody', async () => {
  let fail: (error: Error) => void = () => {};
  const { ask } = world(
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  const { cascade, attempt, answer } = await ask();
  assert.deepEqual([cascade.decision, cascade.reason, cascade.confidence], ['passed', 'late', undefined]);
  assert.equal(attempt?.status, 'passed');
  assert.equal(answer, undefined);
  fail(new Error('too late'));
  await new Promise((resolve) => setImmediate(resolve));
});

test('answers from the threshold on, whether it comes from the data or is given', async () => {
  const { ask } = world(async () => reply);
  assert.equal((await ask()).cascade.threshold, 0.8);
  assert.ok((await ask()).answer);
  assert.ok((await ask({ threshold: 0.9 })).answer);
  const unsure = await ask({ threshold: 0.91 });
  assert.deepEqual([unsure.answer, unsure.cascade.reason, unsure.cascade.confidence], [undefined, 'unsure', 0.9]);
  assert.equal((await ask({ precision: 0.96 })).cascade.reason, 'unreached');
  assert.ok((await ask({ precision: 0.96, threshold: 0.5 })).answer);
});

test('takes no reply for an answer that was not taught, or that is cut', async () => {
  for (const other of [
    { ...reply, trust: undefined },
    { ...reply, finish: 'length' as const },
  ])
    assert.equal((await world(async () => other).ask()).cascade.reason, 'no_answer');
  const broken = world(() => Promise.reject(new Error('broken')));
  assert.equal((await broken.ask()).cascade.reason, 'failed');
});

test('what Reflex cost is taken off what the large model would have, to the last pico', async () => {
  const { ask, deps } = world(async () => reply);
  const { answer } = await ask();
  // A token in costs 2^53 + 1 pico, which no JS number holds; one out costs 2.
  const record = priceFromConfig(
    'mock',
    'm',
    { currency: 'USD', unit: '1M_tokens', input: '9007199254.740993', output: '0.000002' },
    0,
  );
  const snapshot = { book: new PriceBook([record]) } as never;
  const large = { id: 'mock/m', providerName: 'mock', provider: { name: 'mock' } as never, model: 'm', facts: {} };
  const saved = async (own?: { pico: bigint; currency: string }) => savingOf(deps, snapshot, answer!, own, large);
  const whole = await saved();
  const input = (await estimateInput({ ...answer!.request, model: 'm' })).tokens;
  assert.equal(whole.cost_pico, BigInt(input) * 9_007_199_254_740_993n + BigInt(whole.tokens - input) * 2n);
  assert.ok(whole.tokens > input);
  assert.equal((await saved({ pico: 7n, currency: 'USD' })).cost_pico, whole.cost_pico! - 7n);
  assert.equal((await saved({ pico: 7n, currency: 'CNY' })).cost_pico, whole.cost_pico);
});

test('says nothing of money and time that it does not know', async () => {
  const { ask, deps, pass } = world(async () => reply);
  const { answer } = await ask();
  pass(5);
  const snapshot = { book: { find: () => undefined } } as never;
  const large = { id: 'mock/m', providerName: 'mock', model: 'm', facts: {} };
  const saving = await savingOf(deps, snapshot, answer!, undefined, large);
  assert.deepEqual(Object.keys(saving), ['tokens']);
  assert.ok(saving.tokens > 5);
  const timed = { ...deps, health: { latency_ms: () => 90.4 } } as unknown as GatewayDependencies;
  assert.equal((await savingOf(timed, snapshot, answer!, undefined, large)).ms, 85);
});
