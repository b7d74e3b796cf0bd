import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quantile, Samples } from './percentiles.ts';

test('nearest rank', () => {
  const sorted = [1, 2, 3, 4];
  assert.deepEqual(
    [0, 0.25, 0.26, 0.5, 0.99, 1].map((share) => quantile(sorted, share)),
    [1, 1, 2, 2, 4, 4],
  );
  assert.equal(quantile([], 0.5), 0);
});

test('samples past the first buffer are kept', () => {
  const samples = new Samples();
  for (let value = 10_000; value >= 1; value--) samples.add(value);
  const summary = samples.summary();
  assert.deepEqual(
    [summary.count, summary.p50, summary.p99, summary.p999, summary.max, summary.mean],
    [10_000, 5_000, 9_900, 9_990, 10_000, 5_000.5],
  );
});

test('a quantile is a sample, and at least its share lies at or below it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const sorted = values.sort((a, b) => a - b);
        const found = quantile(sorted, share);
        assert.ok(sorted.includes(found));
        assert.ok(sorted.filter((value) => value <= found).length >= share * sorted.length);
      },
    ),
  );
});
