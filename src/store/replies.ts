import { and, eq, gt, lte, sql } from 'drizzle-orm';
import type { Context } from './context.ts';
import { chunksOf, toRecords } from './rows.ts';
import { replies } from './schema.ts';
import type { Store, StoredReply } from './types.ts';

const CHUNK = 500;
const CHUNK_CHARACTERS = 4_000_000;

export function createReplies({ db }: Context): Store['replies'] {
  return {
    get: async (key, path, idempotencyKey) => {
      const [row] = await db
        .select()
        .from(replies)
        .where(and(eq(replies.key, key), eq(replies.path, path), eq(replies.idempotencyKey, idempotencyKey)));
      return row;
    },
    put: async (stored) => {
      const last = new Map(
        stored.map((reply) => [JSON.stringify([reply.key, reply.path, reply.idempotencyKey]), reply]),
      );
      const rows = [...last.values()];
      await db.transaction(async (tx) => {
        for (const chunk of chunksOf(rows, CHUNK, (reply) => reply.sealed.length, CHUNK_CHARACTERS)) {
          await tx
            .insert(replies)
            .values(chunk)
            .onConflictDoUpdate({
              target: [replies.key, replies.path, replies.idempotencyKey],
              set: {
                bodyHash: sql`excluded.body_hash`,
                operation: sql`excluded.operation`,
                status: sql`excluded.status`,
                sealed: sql`excluded.sealed`,
                expiresAt_ms: sql`excluded.expires_at_ms`,
              },
            });
        }
      });
    },
    live: async (now_ms) =>
      toRecords<StoredReply>(await db.select().from(replies).where(gt(replies.expiresAt_ms, now_ms))),
    sweep: async (now_ms) => {
      const gone = await db.delete(replies).where(lte(replies.expiresAt_ms, now_ms));
      return gone.count;
    },
  };
}
