import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, newSecret } from './ids.ts';

test('an id is its prefix and 26 characters of base 32', () => {
  for (let count = 0; count < 1000; count++) assert.match(newId('op'), /^op_[0-9a-hjkmnp-tv-z]{26}$/);
});

test('ids sort by the time they were made', () => {
  const times = [0, 1, 31, 32, 1023, 1024, 1_700_000_000_000, 1_700_000_000_001, 2 ** 48 - 1];
  const ids = times.map((now_ms) => newId('x', now_ms));
  assert.deepEqual([...ids].sort(), ids);
  assert.match(ids[0]!, /^x_0000000000/);
});

test('ids of one millisecond differ, over more than one pool of random bytes', () => {
  const ids = new Set(Array.from({ length: 5000 }, () => newId('x', 1)));
  assert.equal(ids.size, 5000);
});

test('a secret has 192 random bits in text that needs no escaping', () => {
  const secrets = new Set(Array.from({ length: 500 }, () => newSecret('tw')));
  assert.equal(secrets.size, 500);
  for (const secret of secrets) assert.match(secret, /^tw-[A-Za-z0-9_-]{32}$/);
});
