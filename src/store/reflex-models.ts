import { and, asc, count, desc, eq, gt, inArray, lte, notInArray, sql } from 'drizzle-orm';
import { AppError } from '../base/errors.ts';
import { bumpRevision, type Context, type Db } from './context.ts';
import { chunksOf } from './rows.ts';
import { counters, reflexBlocks, reflexChanges, reflexModels, reflexVersions } from './schema.ts';
import { storableJson } from './text.ts';
import type { Store, StoredReflexModel, StoredReflexVersion } from './types.ts';

const REVISION = 'reflex';
const CHUNK = 100;
const CHANGES_PER_MS = 1_000;
const CHUNK_CHARACTERS = 500_000;
/** Of those that were activated, beside the newest: versions have megabytes. */
const MOST_BY_HAND = 10;

/** Reflex models: what they learnt, version by version, and what was added since. */
export function createReflexModels({ db, clock }: Context): Store['reflex'] {
  /** The model's row, locked until the transaction ends; makes it where there is none. */
  async function advance(tx: Db, model: string, project: string, step: { versions?: number; changes?: number }) {
    const [row] = await tx
      .insert(reflexModels)
      .values({
        model,
        project,
        active: 0,
        lastVersion: step.versions ?? 0,
        // Another process may still work on a model of this name that was removed: no number of its changes comes again.
        lastChange: clock.now() * CHANGES_PER_MS + (step.changes ?? 0),
        createdAt_ms: clock.now(),
      })
      .onConflictDoUpdate({
        target: reflexModels.model,
        set: {
          lastVersion: sql`${reflexModels.lastVersion} + ${step.versions ?? 0}`,
          lastChange: sql`${reflexModels.lastChange} + ${step.changes ?? 0}`,
        },
      })
      .returning({ lastVersion: reflexModels.lastVersion, lastChange: reflexModels.lastChange });
    return row!;
  }

  return {
    list: async () => {
      const rows = await db
        .select({ model: reflexModels, version: reflexVersions })
        .from(reflexModels)
        .leftJoin(
          reflexVersions,
          and(eq(reflexVersions.model, reflexModels.model), eq(reflexVersions.version, reflexModels.active)),
        )
        .orderBy(asc(reflexModels.createdAt_ms), asc(reflexModels.model));
      return rows.map(
        ({ model: { model, project, createdAt_ms }, version }): StoredReflexModel => ({
          model,
          project,
          createdAt_ms,
          ...(version && { active: toVersion(version) }),
        }),
      );
    },
    versions: async (model) => {
      const rows = await db
        .select()
        .from(reflexVersions)
        .where(eq(reflexVersions.model, model))
        .orderBy(desc(reflexVersions.version));
      return rows.map(toVersion);
    },
    reserve: (model, project) =>
      db.transaction(async (tx) => (await advance(tx, model, project, { versions: 1 })).lastVersion),
    putBlock: async (model, version, part, position, bytes) => {
      await db.insert(reflexBlocks).values({ model, version, part, position, bytes });
    },
    block: async (model, version, part, position) => {
      const [row] = await db
        .select({ bytes: reflexBlocks.bytes })
        .from(reflexBlocks)
        .where(
          and(
            eq(reflexBlocks.model, model),
            eq(reflexBlocks.version, version),
            eq(reflexBlocks.part, part),
            eq(reflexBlocks.position, position),
          ),
        );
      return row?.bytes;
    },
    commit: async (model, version, { blocks, changes, keep, over }) => {
      await db.transaction(async (tx) => {
        const activated = await tx
          .update(reflexModels)
          .set({ active: version.version })
          .where(and(eq(reflexModels.model, model), over === undefined ? undefined : eq(reflexModels.active, over)));
        const [found] = await tx
          .select({ blocks: count() })
          .from(reflexBlocks)
          .where(and(eq(reflexBlocks.model, model), eq(reflexBlocks.version, version.version)));
        if (activated.count === 0 || found!.blocks !== blocks)
          throw new AppError('conflict', 'The model was removed or trained anew while this training was stored.');
        await tx.insert(reflexVersions).values({ model, ...version });
        if (changes.length > 0) {
          const learnt = await tx
            .delete(reflexChanges)
            .where(and(eq(reflexChanges.model, model), inArray(reflexChanges.id, [...changes])));
          if (over !== undefined && learnt.count !== changes.length)
            throw new AppError('conflict', 'The model was removed or trained anew while this training was stored.');
        }
        await dropOld(tx, model, version.version, keep);
        await bumpRevision(tx, REVISION);
      });
    },
    activate: async (model, version) =>
      db.transaction(async (tx) => {
        const [found] = await tx
          .select({ version: reflexVersions.version })
          .from(reflexVersions)
          .where(and(eq(reflexVersions.model, model), eq(reflexVersions.version, version)));
        if (!found) return false;
        await tx.update(reflexModels).set({ active: version }).where(eq(reflexModels.model, model));
        await tx
          .update(reflexVersions)
          .set({ facts: sql`(${reflexVersions.facts}::jsonb || '{"kept": true}'::jsonb)::json` })
          .where(and(eq(reflexVersions.model, model), eq(reflexVersions.version, version)));
        await bumpRevision(tx, REVISION);
        return true;
      }),
    append: (model, project, changes) =>
      db.transaction(async (tx) => {
        const { lastChange } = await advance(tx, model, project, { changes: changes.length });
        const first = lastChange - changes.length + 1;
        // A few at a time: what thousands of rows take to be written as a statement would hold up others.
        for (let at = 0; at < changes.length; at += CHUNK) {
          const rows = changes.slice(at, at + CHUNK).map((change, index) => ({
            model,
            id: first + at + index,
            change: JSON.parse(storableJson(JSON.stringify(change))) as unknown,
          }));
          for (const chunk of chunksOf(rows, CHUNK, (row) => JSON.stringify(row.change).length, CHUNK_CHARACTERS))
            await tx.insert(reflexChanges).values(chunk);
        }
        await bumpRevision(tx, REVISION);
        return lastChange;
      }),
    changes: async ({ model, after } = {}) =>
      db
        .select()
        .from(reflexChanges)
        .where(
          and(
            model === undefined ? undefined : eq(reflexChanges.model, model),
            after === undefined ? undefined : gt(reflexChanges.id, after),
          ),
        )
        .orderBy(asc(reflexChanges.model), asc(reflexChanges.id)),
    remove: async (model) =>
      db.transaction(async (tx) => {
        const gone = await tx.delete(reflexModels).where(eq(reflexModels.model, model));
        if (gone.count > 0) await bumpRevision(tx, REVISION);
        return gone.count > 0;
      }),
    revision: async () => {
      const [row] = await db.select().from(counters).where(eq(counters.name, REVISION));
      return row?.value ?? 0;
    },
  };
}

function toVersion({ version, hash, createdAt_ms, facts }: typeof reflexVersions.$inferSelect): StoredReflexVersion {
  return { version, hash, createdAt_ms, facts };
}

/** Versions past the newest `keep` that were never activated by hand, and blocks that a training that was killed has left: those older than the one that answers. */
async function dropOld(tx: Db, model: string, active: number, keep: number): Promise<void> {
  const all = await tx
    .select({
      version: reflexVersions.version,
      isKept: sql<boolean>`coalesce(${reflexVersions.facts} ->> 'kept', '') = 'true'`,
    })
    .from(reflexVersions)
    .where(eq(reflexVersions.model, model))
    .orderBy(desc(reflexVersions.version));
  const recent = all.slice(0, keep);
  const byHand = all.slice(keep).filter((row) => row.isKept);
  const kept = [...recent, ...byHand.slice(0, MOST_BY_HAND)].map((row) => row.version);
  await tx.delete(reflexVersions).where(and(eq(reflexVersions.model, model), notInArray(reflexVersions.version, kept)));
  await tx
    .delete(reflexBlocks)
    .where(
      and(eq(reflexBlocks.model, model), lte(reflexBlocks.version, active), notInArray(reflexBlocks.version, kept)),
    );
}
