import { and, desc, eq, gte, lt } from 'drizzle-orm';
import { type OperationRecord, reviveOperation } from '../contract/operation.ts';
import type { Context } from './context.ts';
import type { Partitions } from './partitions.ts';
import { pastCursor, readPaging, toPage, toRecord } from './rows.ts';
import { operations } from './schema.ts';
import type { Store } from './types.ts';

export function createOperations({ db }: Context, partitions: Partitions): Store['operations'] {
  return {
    get: async (id) => {
      const [row] = await db.select().from(operations).where(eq(operations.id, id));
      return row && readOperation(row);
    },
    list: async (query) => {
      const paging = readPaging(query);
      const rows = await db
        .select()
        .from(operations)
        .where(
          and(
            query.organisation === undefined ? undefined : eq(operations.organisation, query.organisation),
            query.project === undefined ? undefined : eq(operations.project, query.project),
            query.key === undefined ? undefined : eq(operations.key, query.key),
            query.model === undefined ? undefined : eq(operations.model, query.model),
            query.status === undefined ? undefined : eq(operations.status, query.status as OperationRecord['status']),
            query.from_ms === undefined ? undefined : gte(operations.at_ms, Math.ceil(query.from_ms)),
            query.to_ms === undefined ? undefined : lt(operations.at_ms, Math.ceil(query.to_ms)),
            // The row comparison alone would read every day's partition.
            paging.after === undefined ? undefined : lt(operations.at_ms, paging.after.at_ms + 1),
            pastCursor(paging, 'desc', operations.at_ms, operations.id),
          ),
        )
        .orderBy(desc(operations.at_ms), desc(operations.id))
        .limit(paging.limit + 1);
      return toPage(rows.map(readOperation), paging, (operation) => operation);
    },
    sweep: (before_ms) => partitions.sweep(before_ms),
  };
}

/** Amounts inside `attempts` and `holds` are strings in the row. */
function readOperation(row: typeof operations.$inferSelect): OperationRecord {
  return reviveOperation(toRecord<Record<string, unknown>>(row));
}
