import { sql } from 'drizzle-orm';
import { AppError } from '../base/errors.ts';
import type { Posting } from '../contract/records.ts';
import type { Db } from './context.ts';
import { accountBalances, entries, postings } from './schema.ts';

/** Throws AppError `invalid_request` unless the amounts of each currency add up to 0. */
export function assertBalanced(posting: Posting): void {
  if (posting.entries.length === 0)
    throw new AppError('invalid_request', `posting ${posting.id} has no entries`, { param: 'entries' });
  const sums = new Map<string, bigint>();
  for (const entry of posting.entries) sums.set(entry.currency, (sums.get(entry.currency) ?? 0n) + entry.amount_pico);
  for (const [currency, sum] of sums) {
    if (sum !== 0n) {
      throw new AppError(
        'invalid_request',
        `posting ${posting.id} does not balance: its ${currency} entries add up to ${sum} pico instead of 0`,
        { param: 'entries' },
      );
    }
  }
}

/** Amounts per account, currency and kind of posting, in the order in which they are to be locked. */
export function sumBalances(
  all: Posting[],
): { account: string; currency: string; kind: string; amount_pico: bigint }[] {
  const sums = new Map<string, { account: string; currency: string; kind: string; amount_pico: bigint }>();
  for (const posting of all) {
    for (const { account, currency, amount_pico } of posting.entries) {
      const name = JSON.stringify([account, currency, posting.kind]);
      const sum = sums.get(name);
      if (sum) sum.amount_pico += amount_pico;
      else sums.set(name, { account, currency, kind: posting.kind, amount_pico });
    }
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

/** Writes one posting with its entries and sums. Answers false, and changes nothing, when its id is there already. */
export async function insertPosting(tx: Db, posting: Posting): Promise<boolean> {
  assertBalanced(posting);
  const { entries: lines, ...head } = posting;
  const added = await tx.insert(postings).values(head).onConflictDoNothing().returning({ id: postings.id });
  if (added.length === 0) return false;
  await tx.insert(entries).values(lines.map((entry, line) => ({ ...entry, posting: posting.id, line })));
  await tx
    .insert(accountBalances)
    .values(sumBalances([posting]))
    .onConflictDoUpdate({
      target: [accountBalances.account, accountBalances.currency, accountBalances.kind],
      set: { amount_pico: sql`${accountBalances.amount_pico} + excluded.amount_pico` },
    });
  return true;
}
