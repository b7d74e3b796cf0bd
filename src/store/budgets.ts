import { and, asc, desc, eq, sql } from 'drizzle-orm';
import type { Budget } from '../contract/records.ts';
import { type Context, write } from './context.ts';
import { changed, toRecord, toRecords } from './rows.ts';
import { budgetSpends, budgets } from './schema.ts';
import type { Store } from './types.ts';

/** How many windows of a budget are read at start: the open one, and those before it that calls may still settle into. */
const OPEN_WINDOWS = 3;

export function createBudgets(context: Context): Store['budgets'] {
  const { db } = context;
  const get = async (id: string): Promise<Budget | undefined> => {
    const [row] = await db.select().from(budgets).where(eq(budgets.id, id));
    return row && toRecord<Budget>(row);
  };
  return {
    get,
    list: async (query = {}) => {
      const where = and(
        query.scope === undefined ? undefined : sql`${budgets.scope} = ${query.scope}`,
        query.scopeId === undefined ? undefined : eq(budgets.scopeId, query.scopeId),
      );
      return toRecords(
        await db.select().from(budgets).where(where).orderBy(asc(budgets.createdAt_ms), asc(budgets.id)),
      );
    },
    create: async (budget, spent, audit) => {
      await write(context, audit, true, async (tx) => {
        await tx.insert(budgets).values(budget);
        if (spent) await tx.insert(budgetSpends).values({ ...spent, budget: budget.id });
        return true;
      });
    },
    update: async (id, change, audit) => {
      const set = changed(change);
      if (!set) return get(id);
      return write(context, audit, true, async (tx) => {
        const [row] = await tx.update(budgets).set(set).where(eq(budgets.id, id)).returning();
        return row && toRecord<Budget>(row);
      });
    },
    remove: (id, audit) =>
      write(context, audit, true, async (tx) => {
        await tx.delete(budgetSpends).where(eq(budgetSpends.budget, id));
        const gone = await tx.delete(budgets).where(eq(budgets.id, id)).returning({ id: budgets.id });
        return gone.length > 0;
      }),
    spends: async (query = {}) => {
      if (query.budget !== undefined) {
        return db
          .select()
          .from(budgetSpends)
          .where(eq(budgetSpends.budget, query.budget))
          .orderBy(asc(budgetSpends.window));
      }
      const ranked = db
        .select({
          budget: budgetSpends.budget,
          window: budgetSpends.window,
          spent_pico: budgetSpends.spent_pico,
          place:
            sql<number>`row_number() over (partition by ${budgetSpends.budget} order by ${budgetSpends.window} desc)`.as(
              'place',
            ),
        })
        .from(budgetSpends)
        .as('ranked');
      return db
        .select({ budget: ranked.budget, window: ranked.window, spent_pico: ranked.spent_pico })
        .from(ranked)
        .where(sql`${ranked.place} <= ${OPEN_WINDOWS}`)
        .orderBy(asc(ranked.budget), desc(ranked.window));
    },
  };
}
