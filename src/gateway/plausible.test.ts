import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepableRaw, plausible } from './plausible.ts';

test('a usage that no call can have is unreconciled', () => {
  const usage = { vector: { input: 3, output: 1_000_000_000_000 }, raw: { a: 1 }, source: 'provider' as const };
  assert.equal(plausible(usage), usage);
  const wild = plausible({ ...usage, vector: { input: Number.MAX_SAFE_INTEGER } });
  assert.deepEqual([wild.source, wild.vector, wild.raw], ['unreconciled', {}, { a: 1 }]);
});

test('a provider can not fill the journal with its usage object', () => {
  const usual = { prompt_tokens: 5, details: { cached: null, list: [1, 2, 'x'] } };
  assert.equal(keepableRaw(usual), usual);
  assert.equal(keepableRaw(undefined), undefined);
  const deep = JSON.parse('['.repeat(30_000) + ']'.repeat(30_000)) as unknown;
  for (const wild of [deep, { a: 'x'.repeat(2000) }, { ['k'.repeat(2000)]: 1 }, Array.from({ length: 300 }, () => 1)]) {
    assert.deepEqual(keepableRaw(wild), { left_out: 'too large to be kept' });
  }
});
