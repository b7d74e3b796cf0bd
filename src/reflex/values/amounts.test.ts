import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readExtremes, readMoney, readSteps, type Step } from './amounts.ts';

describe('ends of a scale', () => {
  for (const [text, values] of [
    ['音量调到最大', ['max']],
    ['put the fan on the lowest setting', ['min']],
    ['dim it all the way down', ['min']],
    ['from minimum to maximum', ['min', 'max']],
    ['set it to 5', []],
  ] as const)
    it(text, () =>
      assert.deepEqual(
        readExtremes(text).map((one) => one.value),
        values,
      ),
    );
});

describe('steps', () => {
  const cases: [string, Step[]][] = [
    ['空调调高两度', [{ direction: 1, size: 2 }]],
    ['温度降低3度', [{ direction: -1, size: 3 }]],
    ['声音大一点', [{ direction: 1, degree: 'little' }]],
    ['make it a bit cooler', [{ direction: -1, degree: 'little' }]],
    ['raise the blinds by 20 percent', [{ direction: 1, size: 20 }]],
    ['turn the volume down by 4', [{ direction: -1, size: 4 }]],
    ['调高到二十六度', [{ direction: 1 }]],
    ['what time is it', []],
  ];
  for (const [text, wanted] of cases)
    it(text, () =>
      assert.deepEqual(
        readSteps(text).map((one) => one.value),
        wanted,
      ),
    );
});

describe('money', () => {
  const cases: [string, { amount: number; currency: string }[]][] = [
    ['it costs $12.50', [{ amount: 12.5, currency: 'USD' }]],
    ['三块五一斤', [{ amount: 3.5, currency: 'CNY' }]],
    ['一共二百五十元', [{ amount: 250, currency: 'CNY' }]],
    ['20 euros and 5 pounds of flour', [{ amount: 20, currency: 'EUR' }]],
    ['¥199', [{ amount: 199, currency: 'CNY' }]],
    ['20% off', []],
  ];
  for (const [text, wanted] of cases)
    it(text, () =>
      assert.deepEqual(
        readMoney(text).map((one) => one.value),
        wanted,
      ),
    );

  it('stays inside the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'$¥三五百块元毛 12.%调高低最大点a bit'), maxLength: 30 }),
        (text) => {
          for (const span of [...readMoney(text), ...readSteps(text), ...readExtremes(text)])
            assert.ok(span.start >= 0 && span.start < span.end && span.end <= text.length);
        },
      ),
    );
  });
});
