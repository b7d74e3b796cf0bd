import assert from 'node:assert/strict';
import test from 'node:test';
import type { PriceRecord } from '../contract/records.ts';
import { PriceBook } from './book.ts';
import { builtinPrices } from './builtin.ts';
import { priceFromConfig } from './config-price.ts';
import type { PriceBodyInput } from './price-body.ts';

let made = 0;
function row(change: Partial<PriceRecord> & { input?: string; extra?: Partial<PriceBodyInput> } = {}): PriceRecord {
  const { input = '1', extra, ...record } = change;
  return {
    id: `price_${++made}`,
    book: 'cost',
    provider: 'openai',
    model: 'm',
    currency: 'USD',
    body: { bands: [{ input, output: input }], ...extra },
    effectiveFrom_ms: 0,
    managedBy: 'builtin',
    createdAt_ms: 0,
    ...record,
  };
}

test('an instance before its price provider, and that before everybody', () => {
  const everybody = row({ provider: '*', model: '*' });
  const vendor = row();
  const instance = row({ provider: 'mine', model: '*' });
  const names = ['mine', 'openai'];
  assert.equal(new PriceBook([everybody, vendor, instance]).find('cost', names, 'm', 0)?.id, instance.id);
  assert.equal(new PriceBook([everybody, vendor]).find('cost', names, 'm', 0)?.id, vendor.id);
  assert.equal(new PriceBook([everybody, vendor]).find('cost', names, 'other', 0)?.id, everybody.id);
  assert.equal(new PriceBook([vendor]).find('cost', names, 'other', 0), undefined);
  assert.equal(new PriceBook([]).find('cost', names, 'm', 0), undefined);
});

test('the exact id before an alias, an alias before the wildcard', () => {
  const exact = row();
  const alias = row({ model: 'x', extra: { aliases: ['m', 'n'] } });
  const any = row({ model: '*' });
  const book = new PriceBook([any, alias, exact]);
  assert.equal(book.find('cost', ['openai'], 'm', 0)?.id, exact.id);
  assert.equal(book.find('cost', ['openai'], 'n', 0)?.id, alias.id);
  assert.equal(book.find('cost', ['openai'], 'o', 0)?.id, any.id);
});

test('dated versions only where the row says so', () => {
  const plain = row({ model: 'gpt-x' });
  const open = row({ model: 'gpt-y', extra: { dated_versions: true } });
  const book = new PriceBook([plain, open]);
  assert.equal(book.find('cost', ['openai'], 'gpt-x-2026-11-17', 0), undefined);
  assert.equal(book.find('cost', ['openai'], 'gpt-y-2026-11-17', 0)?.id, open.id);
  assert.equal(book.find('cost', ['openai'], 'gpt-y-20261117', 0)?.id, open.id);
  assert.equal(book.find('cost', ['openai'], 'gpt-y-mini', 0), undefined);
});

test('file before api before built-in, whatever the currency or date', () => {
  const file = row({ managedBy: 'file', currency: 'CNY' });
  const api = row({ managedBy: 'api', effectiveFrom_ms: 5 });
  const builtin = row({ effectiveFrom_ms: 9 });
  assert.equal(new PriceBook([builtin, api, file]).find('cost', ['openai'], 'm', 10, 'USD')?.id, file.id);
  assert.equal(new PriceBook([builtin, api]).find('cost', ['openai'], 'm', 10)?.id, api.id);
  assert.equal(new PriceBook([builtin, api]).find('cost', ['openai'], 'm', 4), undefined);
});

test('the preferred currency, else the better source', () => {
  const book = new PriceBook(builtinPrices());
  const find = (currency?: string) => book.find('cost', ['deepseek'], 'deepseek-v4-flash', 1, currency)?.currency;
  assert.equal(find('USD'), 'USD');
  assert.equal(find('CNY'), 'CNY');
  assert.equal(find(), 'CNY');
  assert.equal(find('EUR'), 'CNY');
});

test('books are apart', () => {
  const book = new PriceBook([row(), row({ book: 'sell', model: 'n' })]);
  assert.equal(book.find('sell', ['openai'], 'm', 0), undefined);
  assert.ok(book.find('sell', ['openai'], 'n', 0));
});

test('an answer holds until a row begins or ends, and is never kept longer', () => {
  const first = row({ effectiveFrom_ms: 10, effectiveTo_ms: 20 });
  const second = row({ effectiveFrom_ms: 20 });
  const special = row({ managedBy: 'api', effectiveFrom_ms: 30, effectiveTo_ms: 40 });
  const book = new PriceBook([first, second, special]);
  const at = (at_ms: number) => book.find('cost', ['openai'], 'm', at_ms)?.id;
  const times = [45, 5, 10, 19, 20, 29, 30, 39, 40, 15, 5, 35];
  const expected = [
    second,
    undefined,
    first,
    first,
    second,
    second,
    special,
    special,
    second,
    first,
    undefined,
    special,
  ];
  assert.deepEqual(
    times.map(at),
    expected.map((one) => one?.id),
  );
  assert.equal(book.lookUp('cost', ['openai'], 'm', 20).until_ms, 30);
  assert.equal(book.lookUp('cost', ['openai'], 'm', 40).until_ms, Number.POSITIVE_INFINITY);
});

test('a better row that begins later ends an answer from a lesser one', () => {
  const book = new PriceBook([row({ model: '*' }), row({ effectiveFrom_ms: 50 })]);
  const { price, until_ms } = book.lookUp('cost', ['openai'], 'm', 0);
  assert.equal(price?.model, '*');
  assert.equal(until_ms, 50);
});

test('a row that cannot be read leaves its model without a price', () => {
  const broken = row({ managedBy: 'api', body: { bands: 'none' } });
  const book = new PriceBook([row(), broken]);
  assert.equal(book.find('cost', ['openai'], 'm', 0), undefined);
  assert.deepEqual(
    book.problems.map(({ id }) => id),
    [broken.id],
  );
  assert.match(book.problems[0]!.message, /bands/);
});

test('a price from the file beats the built-in one of its vendor', () => {
  const own = priceFromConfig('mock', 'gpt-4.1', { currency: 'usd', input: '1.00', output: '4.00' }, 0);
  const book = new PriceBook([...builtinPrices(), own]);
  assert.equal(book.find('cost', ['mock', 'openai'], 'gpt-4.1', 1)?.id, own.id);
  assert.equal(book.find('cost', ['other', 'openai'], 'gpt-4.1', 1)?.managedBy, 'builtin');
  assert.equal(book.byId(own.id)?.currency, 'USD');
});
