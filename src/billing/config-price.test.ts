import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError } from '../base/errors.ts';
import { formatDecimal } from '../base/money.ts';
import type { UsageVector } from '../contract/usage.ts';
import { priceFromConfig } from './config-price.ts';
import { compilePrice, priceUsage } from './price.ts';

function costOf(config: unknown, usage: UsageVector): string | undefined {
  const price = compilePrice(priceFromConfig('mock', 'test-model', config, 0));
  const { cost_pico } = priceUsage(price, usage, { at_ms: 0 });
  return cost_pico === undefined ? undefined : formatDecimal(cost_pico);
}

const plain = { currency: 'USD', unit: '1M_tokens', input: '1.00', output: '4.00', cache_read: '0.10' };
const table: [string, unknown, UsageVector, string | undefined][] = [
  ['plain prices', plain, { input: 100, cache_read: 50, output: 10 }, '0.000145'],
  ['reasoning takes output', plain, { reasoning: 10 }, '0.00004'],
  ['per thousand', { currency: 'CNY', unit: '1K_tokens', input: '0.002' }, { input: 500 }, '0.001'],
  ['per token', { currency: 'CNY', unit: 'token', input: '0.000002' }, { input: 500 }, '0.001'],
  ['numbers that are exact', { currency: 'CNY', input: 0.25, output: 3 }, { input: 4, output: 2 }, '0.000007'],
  ['one write price for all', { ...plain, cache_write: '2' }, { cache_write_5m: 1, cache_write_1h: 1 }, '0.000004'],
  [
    'two write prices',
    { ...plain, cache_write: '2', cache_write_1h: '3' },
    { cache_write_5m: 1, cache_write_1h: 1 },
    '0.000005',
  ],
  ['five minutes only', { ...plain, cache_write_5m: '2' }, { cache_write_1h: 1 }, undefined],
  [
    'media',
    { ...plain, audio_input: '9', image_output: '8', per_search: '0.01' },
    { audio_in: 1, image_out: 1, searches: 1 },
    '0.010017',
  ],
  [
    'bands',
    { currency: 'USD', bands: [{ when: { input_lte: 9 }, input: '1' }, { input: '2' }] },
    { input: 10 },
    '0.00002',
  ],
];
for (const [name, config, usage, expected] of table) {
  test(`price in tokenworks.yaml: ${name}`, () => assert.equal(costOf(config, usage), expected));
}

test('the same price has the same id, another one another', () => {
  const id = (config: unknown) => priceFromConfig('mock', 'm', config, Date.now()).id;
  assert.equal(id(plain), id({ ...plain, currency: 'usd' }));
  assert.notEqual(id(plain), id({ ...plain, output: '4.01' }));
});

const bad: [string, unknown, string][] = [
  ['no currency', { input: '1' }, 'price.currency'],
  ['a strange currency', { currency: 'dollars', input: '1' }, 'price.currency'],
  ['no price at all', { currency: 'USD' }, 'price'],
  ['not a decimal', { currency: 'USD', input: 'cheap' }, 'price.input'],
  ['a number that lost its digits', { currency: 'USD', input: 1e-9 }, 'price.input'],
  ['a negative price', { currency: 'USD', input: -1 }, 'price.input'],
  ['too many places', { currency: 'USD', output: '0.1234567890123' }, 'price.output'],
  ['an unknown field', { currency: 'USD', inptu: '1' }, 'price'],
  ['bands beside prices', { currency: 'USD', input: '1', bands: [{ input: '1' }] }, 'price.bands'],
  ['a price in a band', { currency: 'USD', bands: [{ input: 'x' }] }, 'price.bands[0].input'],
  ['nothing', undefined, 'price'],
];
for (const [name, config, param] of bad) {
  test(`price in tokenworks.yaml is refused: ${name}`, () => {
    assert.throws(
      () => priceFromConfig('mock', 'm', config, 0),
      (error: unknown) => error instanceof AppError && error.code === 'invalid_request' && error.param === param,
    );
  });
}
