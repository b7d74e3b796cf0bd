import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { AppError } from '../base/errors.ts';
import { formatDecimal, mulDiv, parseDecimal } from '../base/money.ts';
import type { UsageVector } from '../contract/usage.ts';
import { PriceBook } from './book.ts';
import { builtinPrices } from './builtin.ts';
import { compilePrice, type Price, type PriceContext, priceUsage } from './price.ts';
import type { PriceBodyInput } from './price-body.ts';

const AT = Date.parse('2026-11-24T00:00:00Z');
const builtin = new PriceBook(builtinPrices());

function priceOf(body: PriceBodyInput | Record<string, unknown>): Price {
  return compilePrice({
    id: 'price_test',
    book: 'cost',
    provider: 'test',
    model: 'm',
    currency: 'USD',
    body,
    effectiveFrom_ms: 0,
    managedBy: 'api',
    createdAt_ms: 0,
  });
}

function rowOf(provider: string, model: string, at_ms = AT, currency?: string): Price {
  const price = builtin.find('cost', [provider], model, at_ms, currency);
  assert.ok(price, `${provider}/${model} has a price`);
  return price;
}

/** The cost as a decimal, or `unpriced: …`. */
function costOf(price: Price, vector: UsageVector, context: Partial<PriceContext> = {}): string {
  const result = priceUsage(price, vector, { at_ms: AT, ...context });
  return result.priced ? formatDecimal(result.cost_pico) : `unpriced: ${result.missing.join(', ')}`;
}

interface Golden {
  name: string;
  provider: string;
  model: string;
  usage: UsageVector;
  expect: string;
  currency: string;
}

const golden = JSON.parse(readFileSync(new URL('./fixtures/golden.json', import.meta.url), 'utf8')) as Golden[];
assert.equal(golden.length, 6);
for (const { name, provider, model, usage, expect, currency } of golden) {
  test(`golden: ${name}`, () => {
    const price = rowOf(provider, model);
    assert.equal(price.currency, currency);
    assert.equal(costOf(price, usage), expect);
  });
}

const anthropic = rowOf('anthropic', 'claude-opus-5-5');
const sol = rowOf('openai', 'gpt-6.2-sol');
const ark = rowOf('volcengine-ark', 'doubao-seed-1-8-251228');
const flash = rowOf('deepseek', 'deepseek-flash', AT, 'CNY');
const seedance = rowOf('volcengine-ark', 'doubao-seedance-2-0-260128');
const PEAK = { at_ms: Date.parse('2026-11-24T10:00:00+08:00') };
const LATE = { at_ms: Date.parse('2026-11-24T18:00:00+08:00') };
const M = 1_000_000;

const cases: [string, Price, UsageVector, Partial<PriceContext>, string][] = [
  ['nothing used costs nothing', sol, {}, {}, '0'],
  ['each part has its own price', anthropic, { input: M, cache_read: M, output: M }, {}, '24.2'],
  ['short and long cache writes', anthropic, { cache_write_5m: M, cache_write_1h: M }, {}, '13'],
  ['a long write at OpenAI', sol, { cache_write_1h: 1000 }, {}, '0.005'],
  ['reasoning takes the output price', sol, { output: 1000, reasoning: 1000 }, {}, '0.02'],
  ['reasoning counts for the output band', ark, { input: 10_000, output: 100, reasoning: 101 }, {}, '0.009608'],
  ['no cache price: input price', rowOf('mistral', 'mistral-large-latest'), { cache_read: M }, {}, '0.5'],
  ['a missing write price is input', rowOf('openai', 'gpt-4.1'), { cache_write_5m: M, cache_write_1h: M }, {}, '4'],
  [
    'one write price without a stated life is for all',
    rowOf('openai', 'gpt-6-astra'),
    { cache_write_1h: 1000 },
    {},
    '0.0125',
  ],
  [
    'cache writes count for the prompt band',
    rowOf('anthropic', 'claude-haiku-5-5'),
    { cache_write_5m: 100_001 },
    {},
    '0.062500625',
  ],
  ['batch halves', anthropic, { input: M, output: M }, { batch: true }, '12'],
  ['batch as a served tier is not halved twice', anthropic, { input: M }, { batch: true, servedTier: 'batch' }, '2'],
  [
    'Ark batch leaves cache hits alone',
    ark,
    { input: 10_000, cache_read: 10_000, output: 1000 },
    { batch: true },
    '0.0096',
  ],
  ['fast is double', anthropic, { output: M }, { servedTier: 'fast' }, '40'],
  ['tiers in any case', anthropic, { output: M }, { servedTier: 'FAST' }, '40'],
  ['ultrafast before March 2027', sol, { output: 1000 }, { servedTier: 'ultrafast' }, '0.03'],
  ['tier, batch and place multiply', anthropic, { input: M }, { servedTier: 'fast', batch: true, geo: 'us' }, '4.4'],
  ['everywhere is no place', anthropic, { input: M }, { geo: 'global' }, '4'],
  ['an unknown place has no price', anthropic, { input: M }, { geo: 'eu' }, 'unpriced: geo:eu'],
  ['a row without places has one price', sol, { input: M / 10 }, { geo: 'eu' }, '0.2'],
  ['standard tiers are the list price', sol, { output: 1000 }, { servedTier: 'default' }, '0.01'],
  ['an unknown tier has no price', sol, { output: 1000 }, { servedTier: 'flex' }, 'unpriced: tier:flex'],
  ['no batch price', rowOf('mistral', 'mistral-large-2512'), { output: 1 }, { batch: true }, 'unpriced: tier:batch'],
  ['peak hours', flash, { input: M, cache_read: M, output: M }, PEAK, '10.04'],
  ['off-peak from the minute on', flash, { input: M, cache_read: M, output: M }, LATE, '5.02'],
  ['audio without a price', sol, { input: 5, audio_in: 1 }, {}, 'unpriced: audio_in'],
  ['audio with a price', rowOf('google', 'gemini-2.5-flash'), { audio_in: M }, {}, '1'],
  ['images in a chat are input', sol, { image_in: 1000 }, {}, '0.002'],
  [
    'images for embedding',
    rowOf('volcengine-ark', 'doubao-embedding-vision-250615'),
    { input: M, image_in: M },
    {},
    '2.5',
  ],
  [
    'image tokens',
    rowOf('openai', 'gpt-image-2'),
    { input: 100, image_in: 1000, image_out: 2000, images: 2 },
    {},
    '0.0685',
  ],
  ['per image', rowOf('volcengine-ark', 'doubao-seedream-4-5-251128'), { images: 3, output: 9000 }, {}, '0.75'],
  ['searches without a price', sol, { searches: 1 }, {}, 'unpriced: searches'],
  ['calls are a count', sol, { input: 1000, calls: 1 }, {}, '0.002'],
  [
    'output of an embedding row',
    rowOf('openai', 'text-embedding-3-small'),
    { input: 1, output: 1 },
    {},
    'unpriced: output',
  ],
  ['storage', ark, { cache_storage: M }, {}, '0.017'],
  ['storage without a price', rowOf('google', 'gemini-2.5-pro'), { cache_storage: 1 }, {}, 'unpriced: cache_storage'],
  ['a free thing', rowOf('zhipu', 'glm-5.3'), { cache_storage: M, input: M }, {}, '8'],
  ['video', seedance, { output: M }, { resolution: '1080p', videoInput: true }, '31'],
  ['video without its resolution', seedance, { output: M }, { videoInput: true }, 'unpriced: resolution'],
  ['video without its input kind', seedance, { output: M }, { resolution: '720p' }, 'unpriced: video_input'],
  [
    'video at a size without a price',
    seedance,
    { output: M },
    { resolution: '4k', videoInput: true },
    'unpriced: band',
  ],
  ['a length without a price', rowOf('dashscope-cn', 'qwen3.6-plus'), { input: 256_001 }, {}, 'unpriced: band'],
  ['no thinking, no thinking price', rowOf('dashscope-cn', 'qwen-plus'), { output: M }, {}, '2'],
  [
    'thinking without its price',
    rowOf('dashscope-cn', 'qwen-plus'),
    { output: 1, reasoning: 1 },
    {},
    'unpriced: output, reasoning',
  ],
  [
    'a local model costs nothing',
    rowOf('local', 'anything'),
    { input: 5, audio_in: 7, searches: 1 },
    { servedTier: 'odd' },
    '0',
  ],
  ['Reflex costs nothing', rowOf('reflex', 'default'), { input: 5 }, {}, '0'],
];
for (const [name, price, vector, context, expected] of cases) {
  test(`price: ${name}`, () => assert.equal(costOf(price, vector, context), expected));
}

test('effective dates: from inclusive, to exclusive', () => {
  const model = (at: string) => costOf(rowOf('openai', 'gpt-5.6', Date.parse(at)), { input: 100_000 });
  assert.equal(model('2026-08-20T23:59:59.999Z'), '0.5');
  assert.equal(model('2026-08-21T00:00:00Z'), '0.4');
  assert.equal(builtin.find('cost', ['openai'], 'gpt-5.6', Date.parse('2026-07-08')), undefined);
  const ultrafast = (at: string) =>
    costOf(rowOf('openai', 'gpt-6.2-sol', Date.parse(at)), { output: 1000 }, { servedTier: 'ultrafast' });
  assert.equal(ultrafast('2027-03-01T00:00:00Z'), '0.06');
});

test('a write price stated for short writes is none for long ones', () => {
  const price = priceOf({
    bands: [{ input: '1', output: '2', cache_write: '1.25' }],
    cache_write_ttl: { cache_write: '5m' },
  });
  assert.equal(costOf(price, { cache_write_5m: M }), '1.25');
  assert.equal(costOf(price, { cache_write_1h: 1 }), 'unpriced: cache_write_1h');
});

test('where the mode decides, a thinking attempt pays the thinking price for its whole output', () => {
  const price = priceOf({ reasoning_rule: 'mode_dependent', bands: [{ input: '0.8', output: '2', reasoning: '8' }] });
  assert.equal(costOf(price, { output: M }), '2');
  assert.equal(costOf(price, { output: M, reasoning: M }), '16');
});

test('units: prices per thousand and per token are exact', () => {
  const perToken = priceOf({ unit: 'token', bands: [{ input: '0.000000000000000001', output: '0.0000025' }] });
  assert.equal(costOf(perToken, { input: 1_000_000, output: 4 }), '0.000010000001');
  const perThousand = priceOf({ unit: '1K_tokens', bands: [{ input: '0.0008' }] });
  assert.equal(costOf(perThousand, { input: 1500 }), '0.0012');
});

test('the sum is rounded once, half to even', () => {
  const price = priceOf({ bands: [{ input: '0.0000005', output: '0.0000005' }] });
  // Half a pico-unit each: one alone goes to the even 0, two make 1, three go to 2.
  assert.equal(costOf(price, { input: 1 }), '0');
  assert.equal(costOf(price, { input: 1, output: 1 }), '0.000000000001');
  assert.equal(costOf(price, { input: 2, output: 1 }), '0.000000000002');
});

test('pieces, searches and storage keep their price in a batch unless the row says otherwise', () => {
  const bands = [{ input: '1', per_search: '0.01', per_call: '0.001', per_second: '0.0001' }];
  const vector = { input: M, searches: 2, calls: 1, seconds: 10 };
  assert.equal(costOf(priceOf({ bands, multipliers: { batch: '0.5' } }), vector, { batch: true }), '0.522');
  const own = priceOf({ bands, multipliers: { batch: '0.5', 'batch.per_search': '0' } });
  assert.equal(costOf(own, vector, { batch: true }), '0.502');
});

test('assumptions are said: cached reads at the input price, holidays of a year nobody knows', () => {
  const mistral = priceUsage(rowOf('mistral', 'mistral-large-2512'), { cache_read: 1 }, { at_ms: AT });
  assert.ok(mistral.priced);
  assert.deepEqual(mistral.assumptions, ['cache_read priced as input']);
  const later = priceUsage(flash, { input: 1 }, { at_ms: Date.parse('2028-01-03T10:00:00+08:00') });
  assert.ok(later.priced);
  assert.deepEqual(later.assumptions, ['cn_public_holidays:2028 unknown']);
  const now = priceUsage(flash, { input: 1 }, { at_ms: AT });
  assert.ok(now.priced);
  assert.deepEqual(now.assumptions, []);
});

test('lines add up to the cost, whatever the amounts', () => {
  const tokens = fc.nat({ max: 2_000_000 });
  fc.assert(
    fc.property(fc.record({ input: tokens, cache_read: tokens, output: tokens, reasoning: tokens }), (vector) => {
      const result = priceUsage(sol, vector, { at_ms: AT, lines: true, servedTier: 'fast' });
      assert.ok(result.priced);
      const sum = result.lines!.reduce((total, line) => total + line.cost_pico, 0n);
      assert.equal(sum, result.cost_pico);
    }),
  );
});

test('the cost is the exact sum of price × tokens', () => {
  const price = fc.nat({ max: 10 ** 9 }).map((micro) => formatDecimal(BigInt(micro) * 1_000_003n));
  const tokens = fc.nat({ max: 2 ** 40 });
  fc.assert(
    fc.property(price, price, price, tokens, tokens, tokens, (input, cached, output, a, b, c) => {
      const exact = priceOf({ bands: [{ input, cache_read: cached, output }] });
      const result = priceUsage(exact, { input: a, cache_read: b, output: c }, { at_ms: AT });
      const sum = parseDecimal(input) * BigInt(a) + parseDecimal(cached) * BigInt(b) + parseDecimal(output) * BigInt(c);
      assert.ok(result.priced);
      assert.equal(result.cost_pico, mulDiv(sum, 1n, 1_000_000n, 'half_even'));
    }),
  );
});

test('a vector that is no count is refused', () => {
  for (const input of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => priceUsage(sol, { input }, { at_ms: AT }), RangeError);
  }
});

const badBodies: [string, unknown, string][] = [
  ['no bands', { bands: [] }, 'bands'],
  ['an empty band', { bands: [{ when: {} }] }, 'bands[0]'],
  ['a number', { bands: [{ input: 1 }] }, 'bands[0].input'],
  ['a negative price', { bands: [{ input: '-1' }] }, 'bands[0].input'],
  ['too many places', { bands: [{ input: '0.1234567890123' }] }, 'bands[0].input'],
  ['an unknown calendar', { bands: [{ when: { calendar: 'peak' }, input: '1' }] }, 'bands[0].when.calendar'],
  ['a calendar that is its own complement', { bands: [{ input: '1' }], calendars: { a: { not: 'a' } } }, 'calendars'],
  [
    'a multiplier with too many places',
    { bands: [{ input: '1' }], multipliers: { batch: '0.1234567' } },
    'multipliers.batch',
  ],
  ['a free row with prices', { free: true, bands: [{ input: '1' }] }, 'bands'],
];
for (const [name, body, param] of badBodies) {
  test(`a body is refused: ${name}`, () => {
    assert.throws(
      () => priceOf(body as PriceBodyInput),
      (error: unknown) => error instanceof AppError && error.code === 'invalid_request' && error.param === param,
    );
  });
}

test('a field that nothing reads is refused', () => {
  assert.throws(() => priceOf({ bands: [{ input: '1' }], surcharge: '1' }), /surcharge/);
});
