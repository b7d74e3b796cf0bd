import { and, asc, eq, sql } from 'drizzle-orm';
import { AppError } from '../base/errors.ts';
import { type Context, write } from './context.ts';
import { toRecords } from './rows.ts';
import { prices } from './schema.ts';
import type { Store } from './types.ts';

/** Rows of one insert: a statement takes 65,535 parameters, and a price has ten. */
const CHUNK = 1_000;

export function createPrices(context: Context): Store['prices'] {
  const { db } = context;
  return {
    list: async (query = {}) => {
      const where = and(
        query.book === undefined ? undefined : eq(prices.book, query.book),
        query.provider === undefined ? undefined : eq(prices.provider, query.provider),
        query.model === undefined ? undefined : eq(prices.model, query.model),
      );
      return toRecords(
        await db.select().from(prices).where(where).orderBy(asc(prices.effectiveFrom_ms), asc(prices.id)),
      );
    },
    insert: (rows, audit) =>
      write(context, audit, true, async (tx) => {
        let added = 0;
        for (let start = 0; start < rows.length; start += CHUNK) {
          const chunk = rows.slice(start, start + CHUNK);
          added += (
            await tx
              .insert(prices)
              .values(chunk)
              .onConflictDoNothing({ target: prices.id })
              .returning({ id: prices.id })
          ).length;
        }
        return added;
      }),
    end: async (id, effectiveTo_ms, audit) => {
      const now_ms = context.clock.now();
      if (effectiveTo_ms < now_ms) {
        throw new AppError(
          'invalid_request',
          'a price can only be ended now or later, because calls were priced by it',
          { param: 'effective_to' },
        );
      }
      return write(context, audit, true, async (tx) => {
        const ended = await tx
          .update(prices)
          .set({ effectiveTo_ms })
          .where(
            and(
              eq(prices.id, id),
              sql`(${prices.effectiveTo_ms} is null or ${prices.effectiveTo_ms} > ${now_ms}::int8)`,
            ),
          )
          .returning({ id: prices.id });
        return ended.length > 0;
      });
    },
  };
}
