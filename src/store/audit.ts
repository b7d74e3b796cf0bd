import { and, desc, eq, gte, lt } from 'drizzle-orm';
import type { AuditEntry } from '../contract/records.ts';
import { type Context, write } from './context.ts';
import { pastCursor, readPaging, toPage, toRecords } from './rows.ts';
import { audit } from './schema.ts';
import type { Store } from './types.ts';

export function createAudit(context: Context): Store['audit'] {
  return {
    list: async (query) => {
      const paging = readPaging(query);
      const rows = await context.db
        .select()
        .from(audit)
        .where(
          and(
            query.organisation === undefined ? undefined : eq(audit.organisation, query.organisation),
            query.actor === undefined ? undefined : eq(audit.actor, query.actor),
            query.action === undefined ? undefined : eq(audit.action, query.action),
            query.from_ms === undefined ? undefined : gte(audit.at_ms, query.from_ms),
            query.to_ms === undefined ? undefined : lt(audit.at_ms, query.to_ms),
            pastCursor(paging, 'desc', audit.at_ms, audit.id),
          ),
        )
        .orderBy(desc(audit.at_ms), desc(audit.id))
        .limit(paging.limit + 1);
      return toPage(toRecords<AuditEntry>(rows), paging, (entry) => entry);
    },
    append: async (entry) => {
      await write(context, entry, false, async () => true);
    },
  };
}
