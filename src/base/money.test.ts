import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDecimal, mulDiv, PICO_PER_UNIT, parseDecimal, parseMoney, type Rounding } from './money.ts';

const DECIMALS: [string, bigint, string][] = [
  ['0', 0n, '0'],
  ['1', PICO_PER_UNIT, '1'],
  ['0.001234', 1_234_000_000n, '0.001234'],
  ['0.000000000001', 1n, '0.000000000001'],
  ['-0.5', -500_000_000_000n, '-0.5'],
  ['-0', 0n, '0'],
  [' 1.50 ', 1_500_000_000_000n, '1.5'],
  ['007.10', 7_100_000_000_000n, '7.1'],
  ['0.1234567890120000', 123_456_789_012n, '0.123456789012'],
  ['10000000000', 10n ** 22n, '10000000000'],
  ['9007199254740993.000000000001', 9_007_199_254_740_993_000_000_000_001n, '9007199254740993.000000000001'],
];
for (const [text, pico, shortest] of DECIMALS) {
  test(`"${text}" is ${pico} pico`, () => {
    assert.equal(parseDecimal(text), pico);
    assert.equal(formatDecimal(pico), shortest);
  });
}

for (const text of [
  '',
  '.',
  '1.',
  '.5',
  '1e3',
  '1,5',
  '+1',
  '--1',
  '0x1',
  'NaN',
  'Infinity',
  '1 2',
  '0.0000000000001',
  '١',
]) {
  test(`"${text}" is no amount`, () => assert.throws(() => parseDecimal(text), RangeError));
}

test('what is written is read back', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
      (pico) => parseDecimal(formatDecimal(pico)) === pico,
    ),
  );
});

const DIVISIONS: [bigint, bigint, bigint, Record<Rounding, bigint>][] = [
  [5n, 1n, 2n, { up: 3n, down: 2n, half_even: 2n }],
  [7n, 1n, 2n, { up: 4n, down: 3n, half_even: 4n }],
  [-5n, 1n, 2n, { up: -3n, down: -2n, half_even: -2n }],
  [-7n, 1n, 2n, { up: -4n, down: -3n, half_even: -4n }],
  [1n, 1n, 3n, { up: 1n, down: 0n, half_even: 0n }],
  [2n, 1n, 3n, { up: 1n, down: 0n, half_even: 1n }],
  [1n, -1n, 3n, { up: -1n, down: 0n, half_even: 0n }],
  [6n, 2n, 3n, { up: 4n, down: 4n, half_even: 4n }],
  [0n, 9n, 3n, { up: 0n, down: 0n, half_even: 0n }],
];
for (const [value, numerator, denominator, expected] of DIVISIONS) {
  test(`${value} × ${numerator} ÷ ${denominator}`, () => {
    for (const rounding of ['up', 'down', 'half_even'] as const) {
      assert.equal(mulDiv(value, numerator, denominator, rounding), expected[rounding], rounding);
    }
  });
}

test('a division is at most one away from exact, and on the side it was asked for', () => {
  const amount = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
  fc.assert(
    fc.property(amount, amount, fc.bigInt({ min: 1n, max: 10n ** 15n }), (value, numerator, denominator) => {
      const exact = value * numerator;
      const absolute = (number: bigint): bigint => (number < 0n ? -number : number);
      const away = (rounding: Rounding): bigint =>
        mulDiv(value, numerator, denominator, rounding) * denominator - exact;
      assert.ok(absolute(away('half_even')) * 2n <= denominator);
      assert.ok(absolute(away('up')) < denominator && absolute(away('down')) < denominator);
      assert.ok(absolute(mulDiv(value, numerator, denominator, 'up')) * denominator >= absolute(exact));
      assert.ok(absolute(mulDiv(value, numerator, denominator, 'down')) * denominator <= absolute(exact));
    }),
  );
});

test('a division needs a positive denominator', () => {
  for (const denominator of [0n, -1n]) assert.throws(() => mulDiv(1n, 1n, denominator, 'up'), RangeError);
});

test('an amount has a currency', () => {
  assert.deepEqual(parseMoney('0.05 usd'), { amount: 50_000_000_000n, currency: 'USD' });
  assert.deepEqual(parseMoney(' -5CNY '), { amount: -5n * PICO_PER_UNIT, currency: 'CNY' });
  for (const text of ['5', 'USD', '5 US', '5 USDT', '5 USD 1', '$5', '.5 USD', ''])
    assert.throws(() => parseMoney(text), RangeError, text);
});
