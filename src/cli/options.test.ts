import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PICO_PER_UNIT } from '../base/money.ts';
import { amount, date, decimal, list, oneOf, span, wholeNumber } from './options.ts';
import { WrongUsage } from './wrong-usage.ts';

const wrong = (read: (text: string) => unknown, texts: string[]): void => {
  for (const text of texts) assert.throws(() => read(text), WrongUsage, JSON.stringify(text));
};

test('whole numbers within their bounds', () => {
  const port = wholeNumber('--port', 0, 65535);
  assert.equal(port('8787'), 8787);
  assert.equal(port('0'), 0);
  wrong(port, ['', '-1', '65536', '1.5', '0x10', '1e3', ' 8']);
});

test('spans of time', () => {
  assert.equal(span('--since')('7d'), 604_800_000);
  assert.equal(span('--since')('24h'), 86_400_000);
  wrong(span('--since'), ['', '7', 'd', '0d', '7 d', '1.5h', '-1h', '7y', '999999d']);
});

test('dates', () => {
  for (const text of ['2026-11', '2026-11-24', '2026-11-24T08:00:00Z', '2026-11-24T08:00:00+08:00'])
    assert.equal(date('--from')(text), text);
  wrong(date('--from'), ['', 'today', '24.11.2026', '2026-13-01', '2026']);
});

test('amounts name their currency and are above 0', () => {
  assert.deepEqual(amount('--budget')('5 USD'), { amount: 5n * PICO_PER_UNIT, currency: 'USD' });
  assert.deepEqual(amount('--budget')('0.000000000001 cny'), { amount: 1n, currency: 'CNY' });
  wrong(amount('--budget'), ['', '5', 'USD', '$5', '0 USD', '-5 USD', '5 US', '1e3 USD', '0.0000000000001 USD']);
});

test('decimals, choices and lists', () => {
  assert.equal(decimal('--tax-rate')('0.06'), '0.06');
  wrong(decimal('--tax-rate'), ['6%', '', '.06']);
  assert.equal(oneOf('--window', ['day', 'month'])('day'), 'day');
  wrong(oneOf('--window', ['day', 'month']), ['week', '']);
  assert.deepEqual(list('a, b,,c', ['z']), ['z', 'a', 'b', 'c']);
});
