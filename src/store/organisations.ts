import { asc, eq } from 'drizzle-orm';
import type { Organisation } from '../contract/records.ts';
import { type Context, write } from './context.ts';
import { changed, toRecord, toRecords } from './rows.ts';
import { organisations } from './schema.ts';
import type { Store } from './types.ts';

export function createOrganisations(context: Context): Store['organisations'] {
  const { db } = context;
  const get = async (id: string): Promise<Organisation | undefined> => {
    const [row] = await db.select().from(organisations).where(eq(organisations.id, id));
    return row && toRecord<Organisation>(row);
  };
  return {
    get,
    list: async () =>
      toRecords(await db.select().from(organisations).orderBy(asc(organisations.createdAt_ms), asc(organisations.id))),
    create: async (organisation, audit) => {
      await write(context, audit, true, async (tx) => {
        await tx.insert(organisations).values(organisation);
        return true;
      });
    },
    update: async (id, change, audit) => {
      const set = changed(change);
      if (!set) return get(id);
      return write(context, audit, true, async (tx) => {
        const [row] = await tx.update(organisations).set(set).where(eq(organisations.id, id)).returning();
        return row && toRecord<Organisation>(row);
      });
    },
  };
}
