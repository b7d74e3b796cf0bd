import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { milestoneScale, niceTicks, stepArea, stepLine } from './chart.ts';

test('ticks are round, even, and reach over the largest value', () => {
  assert.deepEqual(niceTicks(148_000, 3), [0, 50_000, 100_000, 150_000]);
  assert.deepEqual(niceTicks(0, 3), [0, 1]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 ** 15 }), fc.integer({ min: 2, max: 6 }), (max, count) => {
      const ticks = niceTicks(max, count);
      assert.ok(ticks.at(-1)! >= max && ticks.length <= count + 2);
      assert.ok(ticks.every(Number.isInteger));
      assert.ok(ticks.every((tick, index) => index === 0 || tick - ticks[index - 1]! === ticks[1]));
    }),
  );
});

test('a step is flat over its bucket', () => {
  assert.equal(stepLine([10, 5], 100), 'M0.00 10.00H50.00L50.00 5.00H100.00');
  assert.equal(
    stepArea([10, 5], [20, 20], 100),
    'M0.00 10.00H50.00L50.00 5.00H100.00L100.00 20.00H50.00L50.00 20.00H0.00Z',
  );
  assert.equal(stepArea([], [], 100), '');
});

test('the milestone scale ascends, and its needle stands between the marks it is between', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 15 }), (total) => {
      const next = 10 ** Math.max(3, Math.ceil(Math.log10(total + 1)));
      const { marks, needle } = milestoneScale(total, next);
      assert.ok(needle >= 0 && needle <= 1);
      for (const [index, mark] of marks.entries()) {
        assert.ok(mark.at >= 0 && mark.at <= 1);
        if (index > 0) assert.ok(mark.at > marks[index - 1]!.at);
        assert.equal(mark.passed, total >= mark.tokens);
        if (mark.passed) assert.ok(needle >= mark.at - 1e-9);
      }
      assert.ok(marks.filter((mark) => mark.major).length <= 6);
    }),
  );
});
