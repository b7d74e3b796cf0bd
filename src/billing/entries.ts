import { AppError } from '../base/errors.ts';
import type { Pico } from '../base/money.ts';
import type { OperationRecord } from '../contract/operation.ts';
import type { Entry, Posting } from '../contract/records.ts';

/**
 * Double entry. Debits are positive, and within a posting each currency adds up to 0. The accounts:
 *
 * | Account | Debit | Credit |
 * |---|---|---|
 * | `cost:<provider>` | what providers charge us | |
 * | `payable:<provider>` | | what we owe them |
 * | `receivable:<project or organisation>` | what customers owe us | |
 * | `revenue:<organisation>` | | what customers are charged |
 * | `wallet:<id>` | charges, expiry | top-ups, credits: a wallet is what we owe, so its balance is negative |
 * | `exchange:<organisation>` | both sides of a charge that a wallet paid in another currency | |
 * | `hold:<budget>`, `held:<organisation>` | holds and, in the same batch, their release | |
 * | `payments:<organisation>` | money that came in | |
 * | `expired:<organisation>` | | prepaid credit that lapsed |
 * | `credit:<organisation>` | credit that was given | |
 * | `tax:<organisation>` | | tax on invoices, owed to the state |
 */

/**
 * The postings of a batch of settled operations, added up per account: `settle`, and where something was held a `hold` and its
 * `release`. Their ids come from `reference` (journal segment and range), so that loading a batch twice makes the same postings.
 */
export function settlementPostings(
  operations: readonly OperationRecord[],
  reference: string,
  at_ms: number,
): Posting[] {
  const settle = new Sums();
  const hold = new Sums();
  const release = new Sums();
  for (const operation of operations) {
    for (const attempt of operation.attempts) {
      if (attempt.cost_pico === undefined || attempt.currency === undefined) continue;
      settle.move(`payable:${attempt.provider}`, `cost:${attempt.provider}`, attempt.currency, attempt.cost_pico);
    }
    charge(settle, operation);
    for (const { budget, currency, held_pico } of operation.holds) {
      hold.move(`held:${operation.organisation}`, `hold:${budget}`, currency, held_pico);
      release.move(`hold:${budget}`, `held:${operation.organisation}`, currency, held_pico);
    }
  }
  return [['settle', settle] as const, ['hold', hold] as const, ['release', release] as const].flatMap(
    ([kind, sums]) => {
      const entries = sums.entries();
      return entries.length > 0 ? [{ id: `${kind}:${reference}`, at_ms, kind, reference, entries }] : [];
    },
  );
}

/** Who pays: the wallets what they were debited, the project what is left. */
function charge(sums: Sums, operation: OperationRecord): void {
  const currency = operation.chargeCurrency;
  const amount = currency === undefined ? 0n : (operation.charge_pico ?? 0n);
  let owed = amount;
  for (const hold of operation.holds) {
    if (hold.kind !== 'wallet' || hold.settled_pico === 0n) continue;
    const exchange = `exchange:${operation.organisation}`;
    if (hold.currency === currency) {
      sums.add(`wallet:${hold.budget}`, hold.currency, hold.settled_pico);
      owed -= hold.settled_pico;
    } else {
      // The wallet settled this charge at the rate pinned at its admission; both sides meet in the exchange account.
      sums.move(exchange, `wallet:${hold.budget}`, hold.currency, hold.settled_pico);
      if (currency !== undefined && owed !== 0n) {
        sums.add(exchange, currency, owed);
        owed = 0n;
      }
    }
  }
  if (currency === undefined) return;
  sums.add(`receivable:${operation.project}`, currency, owed);
  sums.add(`revenue:${operation.organisation}`, currency, -amount);
}

export interface WalletMovement {
  wallet: string;
  organisation: string;
  currency: string;
  /** Above 0. */
  amount_pico: Pico;
  /** What it belongs to: a payment, the credit that lapsed … Together with the kind it makes the posting's id. */
  reference: string;
  at_ms: number;
}

/** Money paid into a wallet. Throws AppError `invalid_request` unless the amount is above 0; so do the next two. */
export function topUpPosting(movement: WalletMovement): Posting {
  const { wallet, organisation } = movement;
  return walletPosting('top_up', movement, `wallet:${wallet}`, `payments:${organisation}`);
}

/** Credit given without a payment. */
export function creditPosting(movement: WalletMovement): Posting {
  const { wallet, organisation } = movement;
  return walletPosting('credit', movement, `wallet:${wallet}`, `credit:${organisation}`);
}

/** Credit that lapsed. */
export function expiryPosting(movement: WalletMovement): Posting {
  const { wallet, organisation } = movement;
  return walletPosting('expire', movement, `expired:${organisation}`, `wallet:${wallet}`);
}

function walletPosting(kind: string, movement: WalletMovement, from: string, to: string): Posting {
  if (movement.amount_pico <= 0n) {
    throw new AppError('invalid_request', 'The amount must be above 0.', { param: 'amount' });
  }
  return transfer(kind, movement.reference, movement.at_ms, from, to, movement.currency, movement.amount_pico);
}

/** The tax of an invoice: owed by the customer, and by us to the state. undefined when there is none. */
export function invoiceTaxPosting(invoice: {
  id: string;
  organisation: string;
  /** Absent: the invoice is the whole organisation's. */
  project?: string;
  currency: string;
  tax_pico: Pico;
  createdAt_ms: number;
}): Posting | undefined {
  if (invoice.tax_pico === 0n) return undefined;
  const customer = `receivable:${invoice.project ?? invoice.organisation}`;
  const tax = `tax:${invoice.organisation}`;
  return transfer('invoice_tax', invoice.id, invoice.createdAt_ms, tax, customer, invoice.currency, invoice.tax_pico);
}

/** Takes a posting back: the same entries the other way round. */
export function reversalPosting(posting: Posting, at_ms: number): Posting {
  const entries = posting.entries.map((entry) => ({ ...entry, amount_pico: -entry.amount_pico }));
  return { id: `reverse:${posting.id}`, at_ms, kind: 'reverse', reference: posting.id, entries };
}

function transfer(
  kind: string,
  reference: string,
  at_ms: number,
  from: string,
  to: string,
  currency: string,
  amount: Pico,
): Posting {
  const sums = new Sums();
  sums.move(from, to, currency, amount);
  return { id: `${kind}:${reference}`, at_ms, kind, reference, entries: sums.entries() };
}

/** What entries are off balance, currency → pico; empty when every currency adds up to 0. */
export function imbalance(entries: Iterable<Entry>): Record<string, Pico> {
  const sums: Record<string, Pico> = {};
  for (const { currency, amount_pico } of entries) sums[currency] = (sums[currency] ?? 0n) + amount_pico;
  for (const currency of Object.keys(sums)) if (sums[currency] === 0n) delete sums[currency];
  return sums;
}

/** Amounts added up per account and currency. */
class Sums {
  readonly #sums = new Map<string, Entry>();

  add(account: string, currency: string, amount: Pico): void {
    const key = `${account}\n${currency}`;
    const entry = this.#sums.get(key);
    if (entry) entry.amount_pico += amount;
    else this.#sums.set(key, { account, currency, amount_pico: amount });
  }

  /** Credits `from` and debits `to`. */
  move(from: string, to: string, currency: string, amount: Pico): void {
    this.add(to, currency, amount);
    this.add(from, currency, -amount);
  }

  /** Without the accounts that came to nothing, ordered by account. */
  entries(): Entry[] {
    return [...this.#sums.entries()]
      .filter(([, entry]) => entry.amount_pico !== 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, entry]) => entry);
  }
}
