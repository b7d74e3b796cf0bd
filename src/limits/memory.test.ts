import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryLimits } from './memory.ts';
import { limitsSuite, manualTime } from './suite.ts';

limitsSuite('memory', { open: (time) => createMemoryLimits(time) });

test('the engine in this process answers at once, but for a reserve that waits', async () => {
  const limits = createMemoryLimits(manualTime());
  const admission = limits.rates.admit({ subjects: [{ id: 'k', rpm: 1, tpm: 10 }], tokens: 5, owner: 'p' });
  assert.ok(admission.ok);
  limits.budgets.load('b', 'total', 0n);
  const parts = [{ budget: 'b', window: 'total', limit: 10n, least: 10n }];
  const first = limits.budgets.reserve({ parts, owner: 'p', wait_ms: 2000 });
  assert.ok(!(first instanceof Promise) && first.ok);
  const second = limits.budgets.reserve({ parts, owner: 'p', wait_ms: 2000 });
  assert.ok(second instanceof Promise);
  limits.budgets.release(first.hold);
  assert.equal((await second).ok, true);
});
