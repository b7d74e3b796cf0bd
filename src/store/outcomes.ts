import { and, desc, eq } from 'drizzle-orm';
import type { OutcomeRecord } from '../contract/records.ts';
import type { Context } from './context.ts';
import { pastCursor, readPaging, toPage, toRecord, toRecords } from './rows.ts';
import { outcomes } from './schema.ts';
import type { Store } from './types.ts';

export function createOutcomes({ db }: Context): Store['outcomes'] {
  return {
    append: async (outcome) => {
      const [added] = await db
        .insert(outcomes)
        .values(outcome)
        .onConflictDoNothing({ target: [outcomes.project, outcomes.idempotencyKey] })
        .returning();
      if (added) return toRecord<OutcomeRecord>(added);
      const [first] = await db
        .select()
        .from(outcomes)
        .where(and(eq(outcomes.project, outcome.project), eq(outcomes.idempotencyKey, outcome.idempotencyKey!)));
      return toRecord<OutcomeRecord>(first!);
    },
    list: async (query) => {
      const paging = readPaging(query);
      const rows = await db
        .select()
        .from(outcomes)
        .where(
          and(
            query.project === undefined ? undefined : eq(outcomes.project, query.project),
            query.kind === undefined ? undefined : eq(outcomes.kind, query.kind),
            pastCursor(paging, 'desc', outcomes.at_ms, outcomes.id),
          ),
        )
        .orderBy(desc(outcomes.at_ms), desc(outcomes.id))
        .limit(paging.limit + 1);
      return toPage(toRecords<OutcomeRecord>(rows), paging, (outcome) => outcome);
    },
  };
}
