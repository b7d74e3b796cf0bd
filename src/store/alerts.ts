import { and, asc, desc, eq, isNull } from 'drizzle-orm';
import type { AlertRecord } from '../contract/records.ts';
import type { Context } from './context.ts';
import { pastCursor, readPaging, toPage, toRecords } from './rows.ts';
import { alerts } from './schema.ts';
import type { Store } from './types.ts';

/** Undelivered alerts that are read at once; the rest follows when these are through. */
const DELIVERY_LIMIT = 1_000;

export function createAlerts({ db }: Context): Store['alerts'] {
  return {
    list: async (query) => {
      const paging = readPaging(query);
      const rows = await db
        .select()
        .from(alerts)
        .where(
          and(
            query.organisation === undefined ? undefined : eq(alerts.organisation, query.organisation),
            pastCursor(paging, 'desc', alerts.at_ms, alerts.id),
          ),
        )
        .orderBy(desc(alerts.at_ms), desc(alerts.id))
        .limit(paging.limit + 1);
      return toPage(toRecords<AlertRecord>(rows), paging, (alert) => alert);
    },
    append: async (alert) => {
      const added = await db
        .insert(alerts)
        .values(alert)
        .onConflictDoNothing({ target: alerts.id })
        .returning({ id: alerts.id });
      return added.length > 0;
    },
    delivered: async (id, at_ms) => {
      await db.update(alerts).set({ deliveredAt_ms: at_ms }).where(eq(alerts.id, id));
    },
    undelivered: async () =>
      toRecords(
        await db
          .select()
          .from(alerts)
          .where(isNull(alerts.deliveredAt_ms))
          .orderBy(asc(alerts.at_ms), asc(alerts.id))
          .limit(DELIVERY_LIMIT),
      ),
  };
}
