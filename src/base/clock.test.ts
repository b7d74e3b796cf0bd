import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';

test('the system’s clock tells the time of day and never runs backwards', () => {
  const before = Date.now();
  assert.ok(systemClock.now() >= before);
  const one = systemClock.mono();
  assert.ok(systemClock.mono() >= one);
});
