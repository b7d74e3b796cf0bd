import { and, asc, eq, gt, isNull, or } from 'drizzle-orm';
import type { ApiKey } from '../contract/records.ts';
import { type Context, write } from './context.ts';
import { changed, pastCursor, readPaging, toPage, toRecord, toRecords } from './rows.ts';
import { keys } from './schema.ts';
import type { Store } from './types.ts';

export function createKeys(context: Context): Store['keys'] {
  const { db } = context;
  const find = async (where: ReturnType<typeof eq>): Promise<ApiKey | undefined> => {
    const [row] = await db.select().from(keys).where(where);
    return row && toRecord<ApiKey>(row);
  };
  return {
    get: (id) => find(eq(keys.id, id)),
    byHash: (hash) => find(eq(keys.hash, hash)),
    list: async (query = {}) => {
      const paging = readPaging(query);
      const rows = await db
        .select()
        .from(keys)
        .where(
          and(
            query.project === undefined ? undefined : eq(keys.project, query.project),
            query.revoked ? undefined : isNull(keys.revokedAt_ms),
            pastCursor(paging, 'asc', keys.createdAt_ms, keys.id),
          ),
        )
        .orderBy(asc(keys.createdAt_ms), asc(keys.id))
        .limit(paging.limit + 1);
      return toPage(toRecords<ApiKey>(rows), paging, (key) => ({ at_ms: key.createdAt_ms, id: key.id }));
    },
    active: async (now_ms) =>
      toRecords(
        await db
          .select()
          .from(keys)
          .where(and(isNull(keys.revokedAt_ms), or(isNull(keys.expiresAt_ms), gt(keys.expiresAt_ms, now_ms))))
          .orderBy(asc(keys.createdAt_ms), asc(keys.id)),
      ),
    create: async (key, audit) => {
      await write(context, audit, true, async (tx) => {
        await tx.insert(keys).values(key);
        return true;
      });
    },
    update: async (id, change, audit) => {
      const set = changed(change);
      if (!set) return find(eq(keys.id, id));
      return write(context, audit, true, async (tx) => {
        const [row] = await tx.update(keys).set(set).where(eq(keys.id, id)).returning();
        return row && toRecord<ApiKey>(row);
      });
    },
  };
}
