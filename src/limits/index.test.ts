import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLimits, retryAfterSeconds } from './index.ts';

test('retry-after is whole seconds, rounded up, one at least', () => {
  assert.deepEqual([0, 1, 1000, 1001, 59_999].map(retryAfterSeconds), [1, 1, 1, 2, 60]);
});

test('the door opens on the system’s clock, and a waiter does not keep the process alive longer than it waits', async () => {
  const limits = createLimits();
  await limits.budgets.load('b', 'total', 0n);
  const parts = [{ budget: 'b', window: 'total', limit: 1n, least: 1n }];
  await limits.budgets.reserve({ parts, owner: 'p' });
  const refused = await limits.budgets.reserve({ parts, owner: 'p', wait_ms: 5 });
  assert.equal(refused.ok || refused.reason, 'held');
  await limits.close();
});
