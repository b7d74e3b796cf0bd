import { and, asc, eq, sql } from 'drizzle-orm';
import { AppError } from '../base/errors.ts';
import type { Posting, Wallet } from '../contract/records.ts';
import { type Context, write } from './context.ts';
import { insertPosting } from './postings.ts';
import { toRecord, toRecords } from './rows.ts';
import { accountBalances, wallets } from './schema.ts';
import type { Store } from './types.ts';

/**
 * A wallet is what we owe a customer: the liability account `wallet:<id>`. Debits are positive, so a top-up is a negative entry on it and a
 * charge a positive one. Entries of kind `settle` are what was spent; holds and their releases move nothing for good; all else
 * (top_up, credit, expire …) is what was paid in, less what expired or was taken back.
 */
const ACCOUNT_PREFIX = 'wallet:';

export function createWallets(context: Context): Store['wallets'] {
  const { db } = context;
  return {
    list: async (query = {}) => {
      const where = and(
        query.scope === undefined ? undefined : sql`${wallets.scope} = ${query.scope}`,
        query.scopeId === undefined ? undefined : eq(wallets.scopeId, query.scopeId),
      );
      return toRecords(
        await db.select().from(wallets).where(where).orderBy(asc(wallets.createdAt_ms), asc(wallets.id)),
      );
    },
    get: async (id) => {
      const [row] = await db.select().from(wallets).where(eq(wallets.id, id));
      return row && toRecord<Wallet>(row);
    },
    create: async (wallet, audit) => {
      await write(context, audit, true, async (tx) => {
        await tx.insert(wallets).values(wallet);
        return true;
      });
    },
    balances: async () => {
      const rows = await db
        .select({
          wallet: wallets.id,
          credited: sql<string>`coalesce(-sum(amount_pico) filter (where kind not in ('settle', 'hold', 'release')), 0)`,
          spent: sql<string>`coalesce(sum(amount_pico) filter (where kind = 'settle'), 0)`,
        })
        .from(wallets)
        .leftJoin(
          accountBalances,
          and(
            eq(accountBalances.account, sql`${ACCOUNT_PREFIX}::text || ${wallets.id}`),
            eq(accountBalances.currency, wallets.currency),
          ),
        )
        .groupBy(wallets.id)
        .orderBy(asc(wallets.id));
      return rows.map((row) => ({
        wallet: row.wallet,
        credited_pico: BigInt(row.credited),
        spent_pico: BigInt(row.spent),
      }));
    },
    post: (posting, audit) =>
      write(context, audit, true, async (tx) => {
        await assertWalletCurrencies(tx, posting);
        return insertPosting(tx, posting);
      }),
  };
}

/** An entry in another currency than the wallet's would be money that no balance shows. */
async function assertWalletCurrencies(tx: Context['db'], posting: Posting): Promise<void> {
  for (const entry of posting.entries) {
    if (!entry.account.startsWith(ACCOUNT_PREFIX)) continue;
    const id = entry.account.slice(ACCOUNT_PREFIX.length);
    const [wallet] = await tx.select({ currency: wallets.currency }).from(wallets).where(eq(wallets.id, id));
    if (!wallet) throw new AppError('not_found', `there is no wallet ${id}`, { param: 'wallet' });
    if (wallet.currency !== entry.currency) {
      throw new AppError(
        'invalid_request',
        `wallet ${id} is kept in ${wallet.currency}, so ${entry.currency} can't be booked on it`,
        { param: 'currency' },
      );
    }
  }
}
