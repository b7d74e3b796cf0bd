import { sql } from 'drizzle-orm';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import type { PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/ids.ts';
import type { Sql } from './connections.ts';
import { audit as auditTable, counters } from './schema.ts';
import type { Audit } from './types.ts';

/** drizzle on a connection or in a transaction. */
export type Db = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

/** What every part of the store is built from. */
export interface Context {
  sql: Sql;
  db: Db;
  clock: Clock;
}

export const REVISION = 'revision';

/**
 * A write with its audit row in one transaction. `change` answers what it did; undefined, false or 0 mean that nothing was there to change,
 * and then nothing is recorded. `kept` says that gateways keep the thing in memory, so that `revision()` has to move.
 */
export async function write<T>(
  context: Context,
  audit: Audit | undefined,
  kept: boolean,
  change: (tx: Db) => Promise<T>,
): Promise<T> {
  return context.db.transaction(async (tx) => {
    const result = await change(tx);
    if (!result) return result;
    if (audit)
      await tx
        .insert(auditTable)
        .values({ ...audit, id: newId('aud', context.clock.now()), at_ms: context.clock.now() });
    if (kept) await bumpRevision(tx);
    return result;
  });
}

/** Last in its transaction, because the row stays locked until the end. A row and not a sequence: a sequence would move before the change can be seen. */
export async function bumpRevision(tx: Db, name: string = REVISION): Promise<void> {
  await tx
    .insert(counters)
    .values({ name, value: 1 })
    .onConflictDoUpdate({ target: counters.name, set: { value: sql`${counters.value} + 1` } });
}
