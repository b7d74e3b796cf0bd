import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import type { Entry, Posting } from '../contract/records.ts';
import type { Context } from './context.ts';
import { pastCursor, readPaging, toPage } from './rows.ts';
import { accountBalances, entries, postings } from './schema.ts';
import type { Store } from './types.ts';

export function createLedger(context: Context): Store['ledger'] {
  const { db } = context;
  return {
    balances: async (query = {}) => {
      const rows = await db
        .select({
          account: accountBalances.account,
          currency: accountBalances.currency,
          amount: sql<string>`sum(${accountBalances.amount_pico})`,
        })
        .from(accountBalances)
        .where(query.prefix === undefined ? undefined : sql`starts_with(${accountBalances.account}, ${query.prefix})`)
        .groupBy(accountBalances.account, accountBalances.currency)
        .orderBy(asc(accountBalances.account), asc(accountBalances.currency));
      return rows.map(({ account, currency, amount }) => ({ account, currency, amount_pico: BigInt(amount) }));
    },
    imbalances: () => imbalances(context),
    postings: async (query) => {
      const paging = readPaging(query);
      const heads = await db
        .select()
        .from(postings)
        .where(
          and(
            query.account === undefined
              ? undefined
              : inArray(
                  postings.id,
                  db.select({ id: entries.posting }).from(entries).where(eq(entries.account, query.account)),
                ),
            query.reference === undefined ? undefined : eq(postings.reference, query.reference),
            pastCursor(paging, 'desc', postings.at_ms, postings.id),
          ),
        )
        .orderBy(desc(postings.at_ms), desc(postings.id))
        .limit(paging.limit + 1);
      return toPage(await withEntries(context, heads), paging, (posting) => posting);
    },
  };
}

async function withEntries(context: Context, heads: Omit<Posting, 'entries'>[]): Promise<Posting[]> {
  const lines = new Map<string, Entry[]>(heads.map((head) => [head.id, []]));
  if (heads.length > 0) {
    const rows = await context.db
      .select()
      .from(entries)
      .where(inArray(entries.posting, [...lines.keys()]))
      .orderBy(asc(entries.posting), asc(entries.line));
    for (const { posting, account, currency, amount_pico } of rows)
      lines.get(posting)!.push({ account, currency, amount_pico });
  }
  return heads.map((head) => ({ ...head, entries: lines.get(head.id)! }));
}

/** Reads all entries; for `doctor` and tests. A sum that was kept apart from its entries counts as an imbalance too. */
async function imbalances(context: Context): Promise<{ currency: string; amount_pico: bigint; posting?: string }[]> {
  const rows = await context.sql<{ currency: string; amount: string; posting: string | null }[]>`
    select currency, sum(amount_pico)::text as amount, posting from entries group by posting, currency having sum(amount_pico) <> 0
    union all
    select currency, sum(amount_pico)::text, null from entries group by currency having sum(amount_pico) <> 0
    union all
    select currency, sum(amount_pico)::text, null from (
      select account, currency, amount_pico from entries
      union all
      select account, currency, -amount_pico from account_balances
    ) as both_books group by account, currency having sum(amount_pico) <> 0
    order by 1, 3 nulls first`;
  return rows.map((row) => ({
    currency: row.currency,
    amount_pico: BigInt(row.amount),
    ...(row.posting === null ? {} : { posting: row.posting }),
  }));
}
