import { asc } from 'drizzle-orm';
import { type Context, write } from './context.ts';
import { toRecords } from './rows.ts';
import { fxRates } from './schema.ts';
import type { Store } from './types.ts';

export function createFxRates(context: Context): Store['fxRates'] {
  return {
    list: async () =>
      toRecords(await context.db.select().from(fxRates).orderBy(asc(fxRates.effectiveFrom_ms), asc(fxRates.id))),
    insert: async (rate, audit) => {
      await write(context, audit, true, async (tx) => {
        await tx.insert(fxRates).values(rate);
        return true;
      });
    },
  };
}
