import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from './within.ts';

test('answers what comes, and does not wait for what does not', async () => {
  assert.equal(await within(60_000, Promise.resolve(1), 'late'), 1);
  await assert.rejects(within(60_000, Promise.reject(new Error('own')), 'late'), /own/);
  await assert.rejects(within(1, new Promise(() => {}), 'late'), {
    code: 'overloaded',
    message: 'late',
    retryAfter_s: 1,
  });
});
