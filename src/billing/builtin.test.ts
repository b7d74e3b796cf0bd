import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { PriceBook } from './book.ts';
import { builtinPrices } from './builtin.ts';
import { compilePrice, priceUsage } from './price.ts';
import { RATES, type RateName } from './price-body.ts';

const records = builtinPrices();
const folder = new URL('./prices/', import.meta.url);

/** A usage that only this rate can price. */
const FIELD: Partial<Record<RateName, string>> = {
  input: 'input',
  cache_read: 'cache_read',
  cache_write: 'cache_write_5m',
  cache_write_long: 'cache_write_1h',
  cache_storage: 'cache_storage',
  output: 'output',
  audio_input: 'audio_in',
  image_input: 'image_in',
  image_output: 'image_out',
  per_image: 'images',
};

test('every file in prices/ is part of the book', () => {
  const rows = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => (JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { prices: unknown[] }).prices);
  assert.equal(records.length, rows.length);
  assert.equal(records.length, 68);
});

test('every row can be read, says where it comes from, and its id is its own and stable', () => {
  assert.deepEqual(new PriceBook(records).problems, []);
  assert.equal(new Set(records.map((record) => record.id)).size, records.length);
  assert.deepEqual(
    builtinPrices().map((record) => record.id),
    records.map((record) => record.id),
  );
  for (const record of records) {
    const { body } = compilePrice(record);
    assert.ok(body.source && body.confidence, `${record.provider}/${record.model} has a source`);
    assert.ok(Number.isFinite(record.effectiveFrom_ms) && Number.isFinite(record.effectiveTo_ms ?? 0));
  }
});

for (const record of records) {
  test(`built-in ${record.provider}/${record.model} ${record.currency}: every price in every band prices something`, () => {
    const price = compilePrice(record);
    if (price.body.free) {
      assert.equal(priceUsage(price, { input: 1, output: 1 }, { at_ms: 0 }).cost_pico, 0n);
      return;
    }
    for (const [index, band] of price.body.bands.entries()) {
      for (const rate of RATES) {
        if (band[rate] === undefined) continue;
        const field = FIELD[rate];
        assert.ok(field, `${rate} has a usage field`);
        const plan = price.bands[index]!.plan[field as 'input'];
        assert.ok(plan && plan !== 'count' && plan.rate === rate, `${rate} is used for ${field}`);
        assert.ok(plan.price > 0n || band[rate] === '0');
      }
    }
  });
}

test('rows of one model and currency never overlap', () => {
  const spans = new Map<string, [number, number][]>();
  for (const { provider, model, currency, effectiveFrom_ms, effectiveTo_ms } of records) {
    const key = `${provider}/${model} ${currency}`;
    const others = spans.get(key) ?? [];
    const span: [number, number] = [effectiveFrom_ms, effectiveTo_ms ?? Number.POSITIVE_INFINITY];
    for (const [from, to] of others) assert.ok(span[0] >= to || span[1] <= from, `${key} overlaps`);
    spans.set(key, [...others, span]);
  }
});
