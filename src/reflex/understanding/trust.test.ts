import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Judged, tableOfTrust, thresholdFor } from './trust.ts';

const sure = (count: number, confidence: number, right = true): Judged[] =>
  Array.from({ length: count }, () => ({ confidence, right, given: true }));

test('a few right answers promise little, many promise much', () => {
  assert.deepEqual(tableOfTrust([]), []);
  assert.deepEqual(tableOfTrust(sure(3, 0.9)), [{ confidence: 0.9, precision: 0.75, share: 1 }]);
  assert.equal(thresholdFor(tableOfTrust(sure(3, 0.9)), 0.95), undefined);
  assert.equal(thresholdFor(tableOfTrust(sure(30, 0.9)), 0.95)?.confidence, 0.9);
});

test('the threshold leaves out what is often wrong, and what the out-of-scope test keeps back', () => {
  const table = tableOfTrust([
    ...sure(100, 0.9),
    ...sure(20, 0.5),
    ...sure(20, 0.5, false),
    ...sure(60, 0.95, false).map((one) => ({ ...one, given: false })),
  ]);
  assert.deepEqual(thresholdFor(table, 0.9), { confidence: 0.9, precision: 0.99, share: 0.5 });
  assert.equal(thresholdFor(table, 0.8)?.confidence, 0.5);
  assert.equal(thresholdFor(table, 0.999), undefined);
});

test('rises in both columns, is small, and every point holds on the data it came from', () => {
  const judged = fc.record({
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    right: fc.boolean(),
    given: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(judged, { maxLength: 300 }), (heldOut) => {
      const table = tableOfTrust(heldOut);
      assert.ok(table.length <= 50);
      for (const [at, point] of table.entries()) {
        const before = table[at - 1];
        if (before) assert.ok(point.confidence >= before.confidence && point.precision > before.precision);
        const answers = heldOut.filter((one) => one.given && one.confidence >= point.confidence);
        const right = answers.filter((one) => one.right).length;
        // Confidences are cut to four places, so a point may let in neighbours of its own.
        const near = answers.filter((one) => one.confidence < point.confidence + 0.0001).length;
        assert.ok(right / answers.length >= point.precision - near / answers.length, JSON.stringify(point));
      }
    }),
  );
});
