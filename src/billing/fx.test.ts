import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { AppError } from '../base/errors.ts';
import { formatDecimal, parseDecimal, type Rounding } from '../base/money.ts';
import type { FxRate } from '../contract/records.ts';
import { FxTable } from './fx.ts';

function rate(base: string, quote: string, value: string, effectiveFrom_ms = 0, createdAt_ms = 0): FxRate {
  const id = `${base}/${quote}@${effectiveFrom_ms}.${createdAt_ms}`;
  return { id, base, quote, rate_pico: parseDecimal(value), effectiveFrom_ms, createdAt_ms };
}

const rates = [
  rate('USD', 'CNY', '7.3', 100),
  rate('USD', 'CNY', '7.1', 0),
  rate('USD', 'CNY', '7.2', 100, 5),
  rate('EUR', 'USD', '1.1', 0),
  rate('CNY', 'EUR', '0.13', 10),
  rate('EUR', 'CNY', '8', 10),
  rate('JPY', 'USD', '0.0067', 10),
  rate('USD', 'JPY', '150', 20),
];
const table = new FxTable(rates);

const cases: [string, string, string, string, number, Rounding, string | undefined, string | undefined][] = [
  ['direct', '2', 'USD', 'CNY', 50, 'half_even', '14.2', 'USD/CNY@0.0'],
  ['from its moment on, the latest written', '2', 'USD', 'CNY', 100, 'half_even', '14.4', 'USD/CNY@100.5'],
  ['inverse', '7.1', 'CNY', 'USD', 50, 'half_even', '1', 'USD/CNY@0.0'],
  ['inverse, rounded up for a hold', '2', 'CNY', 'USD', 50, 'up', '0.281690140846', 'USD/CNY@0.0'],
  ['inverse, rounded for settling', '2', 'CNY', 'USD', 50, 'half_even', '0.281690140845', 'USD/CNY@0.0'],
  ['rounded up', '0.000000000001', 'CNY', 'USD', 50, 'up', '0.000000000001', 'USD/CNY@0.0'],
  ['rounded down to nothing', '0.000000000001', 'CNY', 'USD', 50, 'half_even', '0', 'USD/CNY@0.0'],
  ['both at once: the direct one', '1', 'CNY', 'EUR', 50, 'half_even', '0.13', 'CNY/EUR@10.0'],
  ['the later of two, though inverse', '300', 'JPY', 'USD', 50, 'half_even', '2', 'USD/JPY@20.0'],
  ['the earlier one before that', '100', 'JPY', 'USD', 15, 'half_even', '0.67', 'JPY/USD@10.0'],
  ['the same currency', '5', 'KRW', 'KRW', 0, 'up', '5', undefined],
  ['nothing needs no rate', '0', 'KRW', 'USD', 0, 'up', '0', undefined],
  ['no cross rates', '1', 'EUR', 'JPY', 50, 'up', undefined, undefined],
  ['not yet', '1', 'JPY', 'USD', 5, 'up', undefined, undefined],
];
for (const [name, amount, from, to, at_ms, rounding, expected, rateId] of cases) {
  test(`fx: ${name}`, () => {
    const converted = table.convert(parseDecimal(amount), from, to, at_ms, rounding);
    assert.equal(converted && formatDecimal(converted.pico), expected);
    assert.equal(converted?.rateId, rateId);
  });
}

test('a pinned view keeps its moment', () => {
  const view = table.pin(50);
  assert.equal(view.at_ms, 50);
  assert.equal(view.convert(parseDecimal('1'), 'USD', 'CNY', 'up')?.pico, parseDecimal('7.1'));
  assert.equal(view.exchange('USD', 'KRW'), undefined);
});

test('a rate of nothing is refused', () => {
  assert.throws(() => new FxTable([rate('USD', 'CNY', '0')]), AppError);
});

test('property: a hold converted up covers what is settled, and by less than a pico-unit', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.bigInt({ min: 1n, max: 10n ** 16n }), (amount, worth) => {
      const one = new FxTable([{ ...rate('USD', 'CNY', '1'), rate_pico: worth }]);
      for (const [from, to] of [
        ['USD', 'CNY'],
        ['CNY', 'USD'],
      ] as const) {
        const up = one.convert(amount, from, to, 0, 'up')!.pico;
        const settled = one.convert(amount, from, to, 0, 'half_even')!.pico;
        assert.ok(up === settled || up === settled + 1n);
      }
    }),
  );
});
