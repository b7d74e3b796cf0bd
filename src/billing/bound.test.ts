import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatDecimal, parseDecimal } from '../base/money.ts';
import { PriceBook } from './book.ts';
import { boundGap, type CallBound, costBound, outputAffordable } from './bound.ts';
import { builtinPrices } from './builtin.ts';
import { compilePrice, type Price, priceUsage } from './price.ts';
import type { PriceBodyInput } from './price-body.ts';

const AT = Date.parse('2026-11-24T09:55:00+08:00');
const book = new PriceBook(builtinPrices());
const find = (provider: string, model: string, currency?: string): Price =>
  book.find('cost', [provider], model, AT, currency)!;

function priceOf(body: PriceBodyInput): Price {
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

const sol = find('openai', 'gpt-6.2-sol');
const ark = find('volcengine-ark', 'doubao-seed-1-8-251228');
const flash = find('deepseek', 'deepseek-flash', 'CNY');
const at = (text: string): number => Date.parse(`2026-11-${text}+08:00`);

const table: [string, Price, Partial<CallBound>, string | undefined][] = [
  ['nothing', sol, {}, '0'],
  ['input at the dearest write price, output', sol, { inputTokens: 1000, outputTokens: 100 }, '0.006'],
  ['a band that only the bound reaches', sol, { inputTokens: 272_001, outputTokens: 1000 }, '2.73501'],
  ['a short output stays in its band', ark, { inputTokens: 1000, outputTokens: 200 }, '0.0012'],
  ['a longer output does not', ark, { inputTokens: 1000, outputTokens: 201 }, '0.002408'],
  [
    'a lower band may be the dearer one',
    priceOf({ bands: [{ when: { input_lte: 10 }, input: '100' }, { input: '1' }] }),
    { inputTokens: 11 },
    '0.001',
  ],
  ['an asked-for tier', sol, { outputTokens: 1000, tier: 'fast' }, '0.02'],
  ['a cheap tier may be refused', find('openai', 'gpt-6-luna'), { outputTokens: 1000, tier: 'flex' }, '0.0005'],
  ['a batch is a batch', sol, { outputTokens: 1000, batch: true }, '0.005'],
  ['a place', find('anthropic', 'claude-opus-5-5'), { outputTokens: 1000, geo: 'us' }, '0.022'],
  ['off-peak that stays so', flash, { outputTokens: 1000, at_ms: at('24T12:30:00') }, '0.004'],
  ['off-peak that ends within the call', flash, { outputTokens: 1000, at_ms: at('24T13:55:00') }, '0.008'],
  [
    'the minute before is enough only if the call is long',
    flash,
    { outputTokens: 1000, at_ms: at('24T13:55:00'), duration_ms: 240_000 },
    '0.004',
  ],
  [
    'the weekend within a week',
    flash,
    { outputTokens: 1000, at_ms: at('28T10:00:00'), duration_ms: 3 * 86_400_000 },
    '0.008',
  ],
  ['the weekend', flash, { outputTokens: 1000, at_ms: at('28T10:00:00') }, '0.004'],
  ['images at the text price', sol, { imageTokens: 1000 }, '0.005'],
  ['audio', find('google', 'gemini-2.5-flash'), { audioTokens: 1000, inputTokens: 1000 }, '0.0013'],
  ['images made', find('volcengine-ark', 'doubao-seedream-4-5-251128'), { images: 4 }, '1'],
  ['an embedding', find('openai', 'text-embedding-3-small'), { inputTokens: 1000 }, '0.00002'],
  ['free', find('local', 'llama'), { inputTokens: 9, audioTokens: 9, tier: 'odd' }, '0'],
  ['rounded up', priceOf({ bands: [{ input: '0.0000001' }] }), { inputTokens: 1 }, '0.000000000001'],
  [
    'a band that holds only a part of the prompt: its dearest part',
    priceOf({
      bands: [
        { when: { input_lte: 10 }, input: '1', audio_input: '100' },
        { input: '0.1', audio_input: '0.1' },
      ],
    }),
    { inputTokens: 10, audioTokens: 10 },
    '0.001',
  ],
  ['thinking may be off', find('dashscope-cn', 'qwen-plus'), { outputTokens: 1000, reasoning: false }, '0.002'],
];
for (const [name, price, call, expected] of table) {
  test(`bound: ${name}`, () => {
    const bound = costBound(price, { inputTokens: 0, outputTokens: 0, at_ms: AT, ...call });
    assert.equal(bound === undefined ? undefined : formatDecimal(bound), expected);
  });
}

const unbounded: [string, Price, Partial<CallBound>, string][] = [
  ['audio without a price', sol, { audioTokens: 1 }, 'audio_in'],
  ['searches without a price', sol, { searches: 1 }, 'searches'],
  ['an unknown tier', sol, { tier: 'flex' }, 'tier:flex'],
  ['an unknown place', find('anthropic', 'claude-opus-5-5'), { geo: 'eu' }, 'geo:eu'],
  ['a length without a price', find('dashscope-cn', 'qwen3.6-plus'), { inputTokens: 256_001 }, 'band'],
  ['thinking without a price', find('dashscope-cn', 'qwen-plus'), { outputTokens: 1 }, 'output'],
  ['writing from an embedding', find('openai', 'text-embedding-3-small'), { outputTokens: 1 }, 'output'],
  ['sound from a text model', sol, { outputTokens: 1, outputKinds: ['audio'] }, 'output'],
  ['a video of unknown size', find('volcengine-ark', 'doubao-seedance-2-0-260128'), { outputTokens: 1 }, 'resolution'],
];
for (const [name, price, change, gap] of unbounded) {
  test(`no bound: ${name}`, () => {
    const call = { inputTokens: 0, outputTokens: 0, at_ms: AT, ...change };
    assert.equal(costBound(price, call), undefined);
    assert.equal(boundGap(price, call), gap);
  });
}

test('affordable output: table', () => {
  const budget = (text: string) => parseDecimal(text);
  assert.equal(outputAffordable(sol, { inputTokens: 1000, at_ms: AT }, budget('0.006')), 100);
  assert.equal(outputAffordable(sol, { inputTokens: 1000, at_ms: AT }, budget('0.005')), 0);
  assert.equal(outputAffordable(sol, { inputTokens: 1000, at_ms: AT }, budget('0.004999')), -1);
  assert.equal(outputAffordable(sol, { inputTokens: 1000, at_ms: AT }, budget('-1')), -1);
  // 201 tokens would cost four times as much, so a budget for a little over 200 buys 200.
  assert.equal(outputAffordable(ark, { inputTokens: 0, at_ms: AT }, budget('0.001')), 200);
  assert.equal(outputAffordable(ark, { inputTokens: 0, at_ms: AT }, budget('0.001608')), 201);
  assert.equal(outputAffordable(sol, { inputTokens: 0, at_ms: AT }, budget('1000000'), 4096), 4096);
  assert.equal(outputAffordable(find('local', 'x'), { inputTokens: 9, at_ms: AT }, 0n, 50), 50);
  assert.equal(outputAffordable(sol, { inputTokens: 9, audioTokens: 1, at_ms: AT }, budget('5')), undefined);
});

// ---------------------------------------------------------------- properties

const rate = fc.nat({ max: 5_000 }).map((milli) => formatDecimal(BigInt(milli) * 1_000_000_000n));
const edge = fc.integer({ min: 0, max: 400 });
const condition = fc.record(
  { input_gt: edge, input_lte: edge, output_gt: edge, output_lte: edge, calendar: fc.constantFrom('peak', 'off') },
  { requiredKeys: [] },
);
const band = fc.record(
  {
    when: condition,
    input: rate,
    output: rate,
    cache_read: rate,
    cache_write: rate,
    cache_write_long: rate,
    reasoning: rate,
  },
  { requiredKeys: ['input', 'output'] },
);
const randomPrice = fc
  .record({
    bands: fc.array(band, { minLength: 1, maxLength: 5 }),
    reasoning_rule: fc.constantFrom('as_output' as const, 'mode_dependent' as const),
    multipliers: fc.constantFrom<Record<string, string>[]>(
      {},
      { fast: '2', batch: '0.5', 'fast.output': '3' },
      { fast: '0.25', batch: '1.5' },
    ),
  })
  .map((body) =>
    priceOf({
      ...body,
      calendars: {
        peak: { timezone: 'Asia/Shanghai', weekdays: [1, 2, 3, 4, 5], windows: ['09:00-12:00', '14:00-18:00'] },
        off: { not: 'peak' },
      },
    }),
  );
const moment = fc.integer({ min: AT - 86_400_000, max: AT + 7 * 86_400_000 });
const length = fc.integer({ min: 0, max: 600 });

test('property: no usage within the limits costs more than the bound, nor is it unpriced', () => {
  let compared = 0;
  fc.assert(
    fc.property(
      randomPrice,
      fc.record({ input: length, cache_read: length, cache_write_5m: length, cache_write_1h: length }),
      fc.record({ output: length, reasoning: length }),
      fc.record({ more: length, moreOut: length, at_ms: moment, later_ms: fc.nat({ max: 600_000 }) }),
      fc.constantFrom(undefined, 'fast'),
      fc.boolean(),
      (price, read, written, call, asked, served) => {
        if (asked && !price.multipliers.has(asked)) return;
        const inputTokens = read.input + read.cache_read + read.cache_write_5m + read.cache_write_1h + call.more;
        const outputTokens = written.output + written.reasoning + call.moreOut;
        const bound = costBound(price, { inputTokens, outputTokens, at_ms: call.at_ms, tier: asked });
        if (bound === undefined) return;
        const result = priceUsage(
          price,
          { ...read, ...written },
          { at_ms: call.at_ms + call.later_ms, servedTier: served ? asked : undefined },
        );
        if (!result.priced) {
          // The one usage that a bound doesn't promise a price for: writes whose only price is for another life.
          assert.deepEqual(
            result.missing.filter((field) => !field.startsWith('cache_write')),
            [],
          );
          return;
        }
        compared++;
        assert.ok(result.cost_pico <= bound, `${result.cost_pico} > ${bound}`);
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(compared > 50, `only ${compared} cases had a bound`);
});

test('property: what a budget affords is exact', () => {
  let exact = 0;
  fc.assert(
    fc.property(
      randomPrice,
      fc.record({ inputTokens: length, at_ms: moment, reasoning: fc.boolean() }),
      fc.bigInt({ min: 0n, max: 4_000_000_000n }),
      fc.constantFrom(Number.MAX_SAFE_INTEGER, 100),
      (price, call, budget, most) => {
        const tokens = outputAffordable(price, call, budget, most);
        if (tokens === undefined) {
          assert.equal(costBound(price, { ...call, outputTokens: 0 }), undefined);
          return;
        }
        assert.ok(tokens >= -1 && tokens <= most);
        if (tokens >= 0) {
          const cost = costBound(price, { ...call, outputTokens: tokens });
          assert.ok(cost !== undefined && cost <= budget, `${tokens} tokens cost ${cost}, budget ${budget}`);
        }
        if (tokens < most) {
          const next = costBound(price, { ...call, outputTokens: tokens + 1 });
          assert.ok(next === undefined || next > budget, `${tokens + 1} tokens cost only ${next}`);
          exact++;
        }
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(exact > 50, `only ${exact} cases ended at the budget`);
});

test('property: the bound never falls as a call may write more', () => {
  fc.assert(
    fc.property(randomPrice, length, length, length, moment, (price, inputTokens, a, b, at_ms) => {
      const less = costBound(price, { inputTokens, outputTokens: Math.min(a, b), at_ms });
      const more = costBound(price, { inputTokens, outputTokens: Math.max(a, b), at_ms });
      if (more !== undefined) assert.ok(less !== undefined && less <= more);
    }),
    { numRuns: 500 },
  );
});
