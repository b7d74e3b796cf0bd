import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type BudgetCall, peakNearEnd, runAgainstBudget } from './budget-run.ts';
import { picoOf } from './exact/ledger.ts';
import { startTokenworks } from './gateways.ts';
import { type MockUpstream, startMockUpstream } from './mock-upstream.ts';

const CALLS = 500;
/** Pico-USD a token, as `startTokenworks` configures them. */
const INPUT = 1_000_000n;
const OUTPUT = 4_000_000n;
/** One call reads 10 tokens and writes 100; the budget pays 50 of them. */
const BUDGET = 50n * (10n * INPUT + 100n * OUTPUT);

let mock: MockUpstream;
let running: Awaited<ReturnType<typeof startTokenworks>> | undefined;
before(async () => {
  mock = await startMockUpstream();
  running = await startTokenworks(mock.url, { core: undefined });
});
after(async () => {
  await running?.stop();
  await mock.close();
});

/** What a key was charged, by the usage report. */
async function charged(key: string): Promise<bigint> {
  const report = await running!.server!.admin<{ data: { group: { key: string }; charge: Record<string, string> }[] }>(
    'GET',
    '/admin/v1/usage?group_by=key',
  );
  const rows = report.data.filter((row) => row.group.key === key);
  return rows.reduce((sum, row) => sum + picoOf(row.charge.USD ?? '0'), 0n);
}

describe(`${CALLS} calls at once against a hard budget for 50`, () => {
  const calls: [string, BudgetCall][] = [
    ['whole, with a limit', { stream: false, max: 100, output: 100, delay_ms: 20 }],
    ['streams, with a limit', { stream: true, max: 100, output: 100, delay_ms: 20 }],
    ['whole, without a limit', { stream: false, output: 100, delay_ms: 20 }],
    ['streams, without a limit', { stream: true, output: 100, delay_ms: 20 }],
  ];
  for (const [name, call] of calls) {
    test(name, async (t) => {
      mock.reset();
      const budget = { amount: '0.0205', currency: 'USD', window: 'total' as const, hard: true };
      const key = await running!.server!.createKey({ name, budget });
      const run = await runAgainstBudget(running!.server!.url, key.secret, mock, CALLS, call);
      const spent = await charged(key.id);
      t.diagnostic(
        `${JSON.stringify(run.statuses)}, ${run.cut} cut, at most ${run.peak} at once, ${run.peakNearEnd} near the end, ${BUDGET - spent} pico left`,
      );
      assert.ok(spent <= BUDGET, `${spent} pico were spent of ${BUDGET}`);
      assert.deepEqual(
        Object.keys(run.statuses).filter((status) => status !== '200' && status !== '402'),
        [],
      );
      assert.ok((run.statuses['200'] ?? 0) > 0);
      // A limit of its own is held for from the start, so such a call is never cut short.
      if (call.max !== undefined) assert.equal(run.cut, 0);
      assert.equal(run.earlyRefusals, 0, 'none is refused for good while the budget still covers a call');
      // What a call must hold at least: its body's bytes as input, and its limit, or the least output that is of any use.
      const bodyBytes = 400n;
      const least = bodyBytes * INPUT + BigInt(call.max ?? 16) * OUTPUT;
      assert.ok(BUDGET - spent < least, `${BUDGET - spent} pico are left, and a call needs at most ${least}`);
    });
  }
});

test('the peak near the end counts calls that overlap in the last tenth', () => {
  const span = (start_ms: number, end_ms: number) => ({ start_ms, end_ms });
  const entries = [span(0, 50), span(0, 95), span(80, 100), span(91, 100), span(96, 99)];
  assert.equal(peakNearEnd({ entries } as never), 3);
  assert.equal(peakNearEnd({ entries: [] }), 0);
});
