import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { formatDecimal, type Pico } from '../base/money.ts';
import type { Invoice, InvoiceLine } from '../contract/records.ts';
import type { UsageRow } from '../contract/usage-report.ts';
import { roundToMinor } from './currency.ts';
import type { Exchange, FxTable } from './fx.ts';
import { scaledDecimal } from './price-body.ts';
import { periodBounds } from './window.ts';

const TAX_PLACES = 12;

export interface InvoiceOptions {
  /** One of the two. */
  organisation?: string;
  project?: string;
  /** `2026-11`, in `timezone`. */
  period: string;
  timezone: string;
  currency: string;
  /** A fraction: `"0.06"` is six percent. */
  taxRate?: string;
  fx: FxTable;
  now_ms: number;
}

interface Charge {
  model: string;
  currency: string;
  operations: number;
  unpriced: number;
  amount: Pico;
}

/**
 * An invoice over usage rows of its period, grouped by `model` (other groups are added up): one line per model and currency charged,
 * converted at the rate of the period's end, which the line states. Each line is rounded once, half to even, to the currency's
 * smallest unit; the subtotal is the sum of the lines; the tax is rounded once.
 *
 * Group the rows by `currency` as well where one model was charged in several: a row with several currencies counts its requests
 * on the first of them only.
 *
 * Throws AppError `no_exchange_rate` when a charge can't be converted, `invalid_request` for a period, zone or tax rate that can't be read.
 */
export function buildInvoice(rows: readonly UsageRow[], options: InvoiceOptions): Invoice {
  const { currency, fx, now_ms } = options;
  const bounds = periodBounds(options.period, options.timezone);
  const rateAt_ms = Math.min(bounds.to_ms - 1, now_ms);
  const lines = chargesOf(rows, options).map((charge) =>
    lineOf(charge, currency, charge.amount === 0n ? undefined : exchangeFor(charge, currency, fx, rateAt_ms)),
  );
  const subtotal_pico = lines.reduce((sum, line) => sum + line.amount_pico, 0n);
  const tax_pico = taxOf(subtotal_pico, currency, options.taxRate);
  return {
    id: newId('inv', now_ms),
    organisation: options.organisation,
    project: options.project,
    period: options.period,
    currency,
    lines,
    subtotal_pico,
    taxRate: options.taxRate,
    tax_pico,
    total_pico: subtotal_pico + tax_pico,
    createdAt_ms: now_ms,
  };
}

function chargesOf(rows: readonly UsageRow[], options: InvoiceOptions): Charge[] {
  const charges = new Map<string, Charge>();
  const chargeFor = (model: string, currency: string): Charge => {
    const key = `${model}\n${currency}`;
    let charge = charges.get(key);
    if (!charge) {
      charge = { model, currency, operations: 0, unpriced: 0, amount: 0n };
      charges.set(key, charge);
    }
    return charge;
  };
  for (const row of rows) {
    if (options.project !== undefined && (row.group.project ?? options.project) !== options.project) continue;
    const model = row.group.model ?? 'all models';
    const currencies = Object.keys(row.charge).sort();
    // A model that was charged nothing, or had no price, is on the invoice too: with what it was called, and 0.
    const [first = row.group.currency || options.currency, ...others] = currencies;
    const charge = chargeFor(model, first);
    charge.operations += row.requests;
    charge.unpriced += row.unpriced;
    charge.amount += row.charge[first] ?? 0n;
    for (const other of others) chargeFor(model, other).amount += row.charge[other]!;
  }
  return [...charges.values()]
    .filter((charge) => charge.operations > 0 || charge.amount !== 0n)
    .sort((a, b) => compare(a.model, b.model) || compare(a.currency, b.currency));
}

function exchangeFor(charge: Charge, currency: string, fx: FxTable, at_ms: number): Exchange {
  const exchange = fx.exchange(charge.currency, currency, at_ms);
  if (exchange) return exchange;
  throw new AppError(
    'no_exchange_rate',
    `${charge.model} was charged in ${charge.currency}, and there is no rate from ${charge.currency} to ${currency} at the period's end; add one under fx-rates.`,
    { param: 'currency' },
  );
}

function lineOf(charge: Charge, currency: string, exchange: Exchange | undefined): InvoiceLine {
  const remarks: string[] = [];
  if (exchange?.rateId !== undefined) {
    const [one, worth] = exchange.inverse
      ? [currency, `${formatDecimal(exchange.denominator)} ${charge.currency}`]
      : [charge.currency, `${formatDecimal(exchange.numerator)} ${currency}`];
    remarks.push(`${formatDecimal(charge.amount)} ${charge.currency} at 1 ${one} = ${worth}`);
  }
  if (charge.unpriced > 0) remarks.push(`${charge.unpriced} without a price, not charged`);
  return {
    description: remarks.length > 0 ? `${charge.model} (${remarks.join('; ')})` : charge.model,
    operations: charge.operations,
    amount_pico: exchange ? roundToMinor(charge.amount, currency, exchange.numerator, exchange.denominator) : 0n,
  };
}

function taxOf(subtotal: Pico, currency: string, taxRate: string | undefined): Pico {
  if (taxRate === undefined) return 0n;
  if (!/^\d{1,3}(\.\d{1,12})?$/.test(taxRate)) {
    throw new AppError('invalid_request', `The tax rate "${taxRate}" must be a decimal fraction such as "0.06".`, {
      param: 'tax_rate',
    });
  }
  return roundToMinor(subtotal, currency, scaledDecimal(taxRate, TAX_PLACES), 10n ** BigInt(TAX_PLACES));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
