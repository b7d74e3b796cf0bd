import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { AppError } from '../base/errors.ts';
import { formatDecimal, parseDecimal } from '../base/money.ts';
import type { UsageRow } from '../contract/usage-report.ts';
import { minorPlaces, minorUnit_pico, roundToMinor } from './currency.ts';
import { FxTable } from './fx.ts';
import { buildInvoice, type InvoiceOptions } from './invoice.ts';

function row(group: Record<string, string>, charge: Record<string, string>, change: Partial<UsageRow> = {}): UsageRow {
  return {
    group,
    requests: 1,
    attempts: 1,
    errors: 0,
    usage: {},
    estimated: 0,
    unreconciled: 0,
    unpriced: 0,
    cost: {},
    charge: Object.fromEntries(Object.entries(charge).map(([currency, amount]) => [currency, parseDecimal(amount)])),
    ...change,
  };
}

const END = Date.parse('2026-12-01T00:00:00+08:00');
const fx = new FxTable([
  { id: 'a', base: 'USD', quote: 'CNY', rate_pico: parseDecimal('7'), effectiveFrom_ms: 0, createdAt_ms: 0 },
  { id: 'b', base: 'USD', quote: 'CNY', rate_pico: parseDecimal('7.1'), effectiveFrom_ms: END - 1, createdAt_ms: 0 },
  { id: 'c', base: 'USD', quote: 'CNY', rate_pico: parseDecimal('9'), effectiveFrom_ms: END, createdAt_ms: 0 },
]);

function invoice(rows: UsageRow[], change: Partial<InvoiceOptions> = {}) {
  return buildInvoice(rows, {
    organisation: 'org',
    period: '2026-11',
    timezone: 'Asia/Shanghai',
    currency: 'CNY',
    fx,
    now_ms: END + 1,
    ...change,
  });
}

function read(made: ReturnType<typeof invoice>) {
  return {
    lines: made.lines.map((line) => [line.description, line.operations, formatDecimal(line.amount_pico)]),
    total: [made.subtotal_pico, made.tax_pico, made.total_pico].map(formatDecimal).join(' + '),
  };
}

test('one line per model, rounded once, half to even', () => {
  const rows = [
    row({ model: 'a/x', project: 'p' }, { CNY: '0.004' }, { requests: 2 }),
    row({ model: 'a/x', project: 'q' }, { CNY: '0.004' }),
    row({ model: 'a/y', project: 'p' }, { CNY: '0.005' }),
    row({ model: 'a/z', project: 'p' }, { CNY: '0.015' }),
  ];
  assert.deepEqual(read(invoice(rows)), {
    // Rounded one by one the first two would be nothing; 0.005 and 0.015 go to the even cent.
    lines: [
      ['a/x', 3, '0.01'],
      ['a/y', 1, '0'],
      ['a/z', 1, '0.02'],
    ],
    total: '0.03 + 0 + 0.03',
  });
});

test('a project invoice leaves other projects out', () => {
  const rows = [row({ model: 'm', project: 'p' }, { CNY: '1' }), row({ model: 'm', project: 'q' }, { CNY: '2' })];
  const made = invoice(rows, { organisation: undefined, project: 'q' });
  assert.deepEqual(read(made).lines, [['m', 1, '2']]);
  assert.equal(made.project, 'q');
});

test('a charge in another currency is converted at the rate of the last moment of the period, and the line says so', () => {
  const rows = [
    row({ model: 'm', currency: 'USD' }, { USD: '10.001' }, { requests: 4 }),
    row({ model: 'm', currency: 'CNY' }, { CNY: '1' }),
  ];
  assert.deepEqual(read(invoice(rows)).lines, [
    ['m', 1, '1'],
    ['m (10.001 USD at 1 USD = 7.1 CNY)', 4, '71.01'],
  ]);
  assert.deepEqual(read(invoice(rows, { now_ms: END - 5 })).lines[1], ['m (10.001 USD at 1 USD = 7 CNY)', 4, '70.01']);
  assert.deepEqual(read(invoice(rows, { currency: 'USD' })).lines, [
    ['m (1 CNY at 1 USD = 7.1 CNY)', 1, '0.14'],
    ['m', 4, '10'],
  ]);
});

test('a row with two currencies counts its requests once', () => {
  const made = invoice([row({ model: 'm' }, { USD: '1', CNY: '2' }, { requests: 5 })]);
  assert.deepEqual(
    made.lines.map((line) => line.operations),
    [5, 0],
  );
});

test('what was not charged is on the invoice as well', () => {
  const rows = [
    row({ model: 'reflex/default' }, {}, { requests: 3 }),
    row({ model: 'x/new' }, {}, { requests: 2, unpriced: 2 }),
    row({ model: 'free' }, { EUR: '0' }),
    row({ model: 'idle' }, {}, { requests: 0 }),
  ];
  assert.deepEqual(read(invoice(rows)).lines, [
    ['free', 1, '0'],
    ['reflex/default', 3, '0'],
    ['x/new (2 without a price, not charged)', 2, '0'],
  ]);
});

test('no rate, no invoice', () => {
  assert.throws(
    () => invoice([row({ model: 'm' }, { EUR: '1' })]),
    (error: unknown) =>
      error instanceof AppError && error.code === 'no_exchange_rate' && /EUR to CNY/.test(error.message),
  );
});

test('tax is rounded once over the subtotal', () => {
  const rows = [row({ model: 'm' }, { CNY: '10.25' })];
  assert.equal(read(invoice(rows, { taxRate: '0.06' })).total, '10.25 + 0.62 + 10.87');
  assert.equal(invoice(rows, { taxRate: '0.06' }).taxRate, '0.06');
  assert.equal(read(invoice(rows, { taxRate: '0' })).total, '10.25 + 0 + 10.25');
  for (const taxRate of ['6%', '-0.06', '']) assert.throws(() => invoice(rows, { taxRate }), /tax rate/);
});

test('no usage makes an empty invoice', () => {
  assert.deepEqual(read(invoice([])), { lines: [], total: '0 + 0 + 0' });
});

test('a bad period or zone is refused', () => {
  assert.throws(() => invoice([], { period: '2026-13' }), AppError);
  assert.throws(() => invoice([], { timezone: 'Mars/Base' }), AppError);
});

test('ten billion units are exact', () => {
  const rows = [
    row({ model: 'm', project: 'p' }, { CNY: '10000000000.000000000001' }),
    row({ model: 'm', project: 'q' }, { CNY: '0.004999999999' }),
    row({ model: 'n' }, { CNY: '9999999999.99' }),
  ];
  assert.deepEqual(read(invoice(rows, { taxRate: '0.06' })), {
    lines: [
      ['m', 2, '10000000000'],
      ['n', 1, '9999999999.99'],
    ],
    total: '19999999999.99 + 1200000000 + 21199999999.99',
  });
});

test('smallest units', () => {
  assert.deepEqual(['USD', 'JPY', 'KWD', 'CLF', 'constructor'].map(minorPlaces), [2, 0, 3, 4, 2]);
  assert.equal(formatDecimal(roundToMinor(parseDecimal('1.5'), 'JPY')), '2');
  assert.equal(formatDecimal(roundToMinor(parseDecimal('2.5'), 'JPY')), '2');
  assert.equal(formatDecimal(roundToMinor(parseDecimal('0.0015'), 'KWD')), '0.002');
});

test('property: lines are whole smallest units, within half a unit of what was charged, and add up to the subtotal', () => {
  const charge = fc.bigInt({ min: 0n, max: 10n ** 23n });
  const code = fc.constantFrom('JPY', 'USD', 'KWD');
  fc.assert(
    fc.property(
      code,
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), charge), { maxLength: 12 }),
      (currency, charged) => {
        const rows = charged.map(([model, amount]) => row({ model }, { [currency]: formatDecimal(amount) }));
        const made = invoice(rows, { currency });
        const unit = minorUnit_pico(currency);
        for (const line of made.lines) {
          const exact = charged.filter(([model]) => model === line.description).reduce((sum, [, one]) => sum + one, 0n);
          assert.equal(line.amount_pico % unit, 0n);
          const off = line.amount_pico > exact ? line.amount_pico - exact : exact - line.amount_pico;
          assert.ok(off * 2n <= unit);
        }
        assert.equal(
          made.lines.reduce((sum, line) => sum + line.amount_pico, 0n),
          made.subtotal_pico,
        );
        assert.equal(
          made.lines.reduce((sum, line) => sum + line.operations, 0),
          charged.length,
        );
      },
    ),
  );
});
