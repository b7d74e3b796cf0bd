/** Storms against hard budgets: whatever happens to the calls, no more is spent than there was, and at the end nothing is held. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type ScriptText, scriptPrompt } from '../../bench/mock-upstream.ts';
import { formatDecimal, parseDecimal } from '../base/money.ts';
import { chat, startTestServer, type TestServer } from '../server-testing.ts';

let tw: TestServer;

before(async () => {
  tw = await startTestServer({
    config: `models:
  - { name: stubborn, strategy: priority, targets: [mock/test-model, claude/test-model], retries: 1 }
limits: { hold_wait_ms: 4000 }`,
  });
});
after(() => tw.close());

interface OneCall {
  script: ScriptText;
  path: string;
  model: string;
  stream: boolean;
  limit: boolean;
  /** The client leaves after so many milliseconds. */
  leaves_ms?: number;
}

const script: fc.Arbitrary<ScriptText> = fc.record({
  input: fc.integer({ min: 1, max: 60 }),
  output: fc.integer({ min: 1, max: 80 }),
  chunks: fc.integer({ min: 1, max: 20 }),
  chunk_delay_ms: fc.constantFrom(0, 0, 1, 5),
  delay_ms: fc.integer({ min: 1, max: 60 }),
  status: fc.constantFrom(200, 200, 200, 200, 200, 429, 500),
  fault: fc.constantFrom(
    'none',
    'none',
    'none',
    'slow_first',
    'slow_mid',
    'reset_before',
    'reset_mid',
    'truncate',
    'malformed',
    'no_usage',
  ),
});

const oneCall: fc.Arbitrary<OneCall> = fc.record({
  script,
  path: fc.constantFrom('/v1/chat/completions', '/v1/messages'),
  model: fc.constantFrom('mock/test-model', 'claude/test-model', 'gemini/test-model', 'stubborn'),
  stream: fc.boolean(),
  limit: fc.boolean(),
  leaves_ms: fc.option(fc.integer({ min: 0, max: 80 }), { nil: undefined, freq: 4 }),
});

async function run(one: OneCall, secret: string): Promise<{ status: number; retryAfter: string | null } | undefined> {
  const body = chat(scriptPrompt(one.script), { model: one.model, stream: one.stream });
  if (one.limit || one.path === '/v1/messages') body.max_tokens = 100;
  const leave = one.leaves_ms === undefined ? undefined : AbortSignal.timeout(one.leaves_ms);
  try {
    const answer = await fetch(tw.url + one.path, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: leave,
    });
    await answer.text();
    return { status: answer.status, retryAfter: answer.headers.get('retry-after') };
  } catch {
    return undefined;
  }
}

/** Waits until every call has ended also for the server; clients that left did not wait for that. */
async function quiet(): Promise<void> {
  for (let tries = 0; tries < 500 && tw.server.services.live.open > 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const stats = await tw.server.services.limits.stats();
  assert.deepEqual([tw.server.services.live.open, stats.holds, stats.leases, stats.waiting], [0, 0, 0, 0]);
}

test('random storms never spend more than a budget has', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(oneCall, { minLength: 30, maxLength: 60 }),
      fc.integer({ min: 200, max: 4000 }),
      async (calls, millionths) => {
        const { id, secret } = await tw.key({ concurrency: 40, rpm: 10_000 });
        const amount = `0.00${String(millionths).padStart(4, '0')}`;
        const small = await tw.budget(id, amount);
        const large = await tw.budget(id, '10', { window: 'month' });
        const answers = await Promise.all(calls.map((one) => run(one, secret)));
        await quiet();
        await tw.server.services.flushUsage();
        const spends = await Promise.all(
          [small, large].map(async (budget) =>
            (await tw.store.budgets.spends({ budget: budget.id })).reduce((sum, row) => sum + row.spent_pico, 0n),
          ),
        );
        assert.ok(spends[0]! <= small.amount_pico, `spent ${formatDecimal(spends[0]!)} of ${amount}`);
        assert.equal(spends[0], spends[1]);
        for (const answer of answers)
          assert.ok(!answer || [200, 402, 429, 502].includes(answer.status), String(answer?.status));
        assert.deepEqual(await tw.store.ledger.imbalances(), []);
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
});

test('500 calls at once against a budget that covers 50', async () => {
  const { id, secret } = await tw.key();
  // 12 in and 8 out are 44 millionths; the bound of the input is its bytes, so the last ones are refused a little early.
  const budget = await tw.budget(id, formatDecimal(parseDecimal('0.000044') * 50n));
  const calls = Array.from({ length: 500 }, (_, index) =>
    tw
      .post(
        '/v1/chat/completions',
        chat(scriptPrompt({ delay_ms: index % 30, fault: 'slow_first' }, 'x'), {
          max_tokens: 8,
          stream: index % 3 === 0,
        }),
        secret,
      )
      .then(async (answer) => {
        await answer.text();
        return { status: answer.status, final: answer.headers.get('retry-after') === null };
      }),
  );
  const answers = await Promise.all(calls);
  await quiet();
  await tw.server.services.flushUsage();
  const [spend] = await tw.store.budgets.spends({ budget: budget.id });
  const served = answers.filter((answer) => answer.status === 200).length;
  assert.equal(spend!.spent_pico, parseDecimal('0.000044') * BigInt(served));
  assert.ok(spend!.spent_pico <= budget.amount_pico);
  assert.ok(answers.every((answer) => answer.status === 200 || answer.status === 402));
  // Less is left than one call holds: its bytes in, and 8 tokens out.
  const hold =
    BigInt(
      JSON.stringify(chat(scriptPrompt({ delay_ms: 29, fault: 'slow_first' }, 'x'), { max_tokens: 8, stream: false }))
        .length,
    ) *
      parseDecimal('0.000001') +
    parseDecimal('0.000032');
  assert.ok(
    budget.amount_pico - spend!.spent_pico < hold,
    `${formatDecimal(budget.amount_pico - spend!.spent_pico)} left, a hold is ${formatDecimal(hold)}`,
  );
});
