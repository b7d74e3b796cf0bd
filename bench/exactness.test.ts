import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runExactness } from './exact/run.ts';

/** The long run is `node bench/exactness.ts`; this one keeps it honest on every test run. */
test('300 mixed operations and 2 kills: the ledger equals the upstream, token for token and pico for pico', async (t) => {
  const result = await runExactness({ operations: 300, kills: 2, seed: 20_261_124 });
  t.diagnostic(
    `${result.counts.exact} attempts exact, ${result.counts.estimated} estimated, ${result.seconds.toFixed(1)} s`,
  );
  assert.deepEqual(result.differences, []);
  // Something was compared, and the kills did not end the run.
  assert.equal(result.counts.cases, 300);
  assert.ok(result.counts.exact > 150, `${result.counts.exact} attempts were exact`);
  assert.ok(result.counts.estimated > 0);
});
