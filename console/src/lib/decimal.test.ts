import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addAmounts, addDecimals, compareDecimals, ratioOf, splitDecimal, subtractDecimals } from './decimal.ts';

const decimal = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 26n }), fc.bigInt({ min: 0n, max: 10n ** 12n - 1n }))
  .map(([negative, units, pico]) => ({
    text: `${negative ? '-' : ''}${units}.${pico.toString().padStart(12, '0')}`,
    pico: (negative ? -1n : 1n) * (units * 10n ** 12n + pico),
  }));

function picoOf(text: string): bigint {
  const { negative, integer, fraction } = splitDecimal(text);
  const value = BigInt(integer + fraction.padEnd(12, '0'));
  return negative ? -value : value;
}

test('sums and differences are exact to the last place, whatever their size', () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      assert.equal(picoOf(addDecimals(a.text, b.text)), a.pico + b.pico);
      assert.equal(picoOf(subtractDecimals(a.text, b.text)), a.pico - b.pico);
      assert.equal(compareDecimals(a.text, b.text), a.pico < b.pico ? -1 : a.pico > b.pico ? 1 : 0);
    }),
  );
});

test('sums are written as the shortest decimal', () => {
  assert.equal(addDecimals('0.1', '0.2'), '0.3');
  assert.equal(addDecimals('0.5', '0.50'), '1');
  assert.equal(addDecimals('-0.5', '0.25'), '-0.25');
  assert.equal(subtractDecimals('15.4', '15.00'), '0.4');
  assert.equal(addDecimals('10000000000.000000000001', '0'), '10000000000.000000000001');
});

test('what is no decimal is refused, not read as something else', () => {
  for (const text of ['', '1,5', '1e3', '.5', '5.', 'NaN', ' 1'])
    assert.throws(() => splitDecimal(text), RangeError, text);
});

test('a ratio is 0 where there is nothing to divide by, and may be above 1', () => {
  assert.equal(ratioOf('1', '0'), 0);
  assert.equal(ratioOf('351.118204', '400.00'), 0.8777);
  assert.equal(ratioOf('15.4', '15'), 1.0266);
});

test('currencies are summed apart', () => {
  assert.deepEqual(addAmounts([{ USD: '0.1', CNY: '2' }, {}, { USD: '0.2' }]), { USD: '0.3', CNY: '2' });
});
