import { and, eq, lte, sql } from 'drizzle-orm';
import { type Context, write } from './context.ts';
import { chunksOf, toRecord } from './rows.ts';
import { captures } from './schema.ts';
import { storable } from './text.ts';
import type { CapturedCall, Store } from './types.ts';

const CHUNK = 500;
const CHUNK_CHARACTERS = 4_000_000;

export function createCaptures(context: Context): Store['captures'] {
  const { db } = context;
  return {
    put: async (calls) => {
      const last = new Map(calls.map((call) => [call.operation, call]));
      const rows = [...last.values()].map((call) => ({
        ...call,
        request: storable(call.request),
        reply: storable(call.reply),
      }));
      await db.transaction(async (tx) => {
        for (const chunk of chunksOf(
          rows,
          CHUNK,
          (call) => call.request.length + call.reply.length,
          CHUNK_CHARACTERS,
        )) {
          await tx
            .insert(captures)
            .values(chunk)
            .onConflictDoUpdate({
              target: captures.operation,
              set: { request: sql`excluded.request`, reply: sql`excluded.reply` },
            });
        }
      });
    },
    get: async (operation) => {
      const [row] = await db.select().from(captures).where(eq(captures.operation, operation));
      return row && toRecord<CapturedCall>(row);
    },
    purgeUser: (project, user, audit) =>
      // A purge that found nothing is on record too: that it was asked for is what an auditor looks for.
      write(context, audit, false, async (tx) => {
        const gone = await tx.delete(captures).where(and(eq(captures.project, project), eq(captures.user, user)));
        return { count: gone.count };
      }).then(({ count }) => count),
    sweep: async (now_ms) => (await db.delete(captures).where(lte(captures.expiresAt_ms, now_ms))).count,
  };
}
