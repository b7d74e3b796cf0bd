/** Versions of models as blocks in the store, and a store in memory for where there is none. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../../base/errors.ts';
import type { Store, StoredReflexChange, StoredReflexVersion } from '../../store/index.ts';
import type { Artefact, Facts } from './jobs.ts';

export type ReflexStorage = Store['reflex'];

/** Versions of a model that can be gone back to. */
export const KEPT_VERSIONS = 10;
/** What one statement carries: the driver writes and reads bytes as text, and this much takes it about a millisecond. */
const BLOCK_BYTES = 256 * 1024;
const PARTS = ['model', 'packed', 'replies'] as const;
type Part = (typeof PARTS)[number];

/**
 * Stores a version and makes it the one that answers. Throws AppError `conflict` where the model was removed meanwhile, and where
 * another version than `over` answers by now.
 */
export async function saveVersion(
  storage: ReflexStorage,
  {
    model,
    project,
    now_ms,
    changes,
    over,
  }: { model: string; project: string; now_ms: number; changes: readonly number[]; over?: number },
  artefact: Artefact,
): Promise<StoredReflexVersion> {
  const number = await storage.reserve(model, project);
  let blocks = 0;
  for (const part of PARTS) {
    const bytes = artefact[part];
    for (let at = 0, position = 0; at < bytes.length; at += BLOCK_BYTES, position++) {
      await storage.putBlock(model, number, part, position, bytes.subarray(at, at + BLOCK_BYTES));
      blocks++;
      await nextTurn();
    }
  }
  const version = {
    version: number,
    hash: artefact.hash,
    createdAt_ms: now_ms,
    facts: { ...artefact.facts },
  };
  await storage.commit(model, version, { blocks, changes, keep: KEPT_VERSIONS, over });
  return version;
}

/** A part of a version, in memory of its own. Empty where the version has none of it. */
export async function readPart(
  storage: ReflexStorage,
  model: string,
  version: number,
  part: Part,
): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  let size = 0;
  for (let position = 0; ; position++) {
    const block = await storage.block(model, version, part, position);
    if (!block) break;
    blocks.push(block);
    size += block.length;
    if (block.length < BLOCK_BYTES) break;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
    // Megabytes are copied in pieces as well.
    if (at % (4 * 1024 * 1024) === 0) await nextTurn();
  }
  return whole;
}

export function factsOf(version: StoredReflexVersion): Facts {
  return version.facts as unknown as Facts;
}

interface Kept {
  project: string;
  createdAt_ms: number;
  active: number;
  lastVersion: number;
  versions: StoredReflexVersion[];
  blocks: Map<string, Uint8Array>;
  changes: StoredReflexChange[];
}

/** Lives as long as the process: for tests, and where Reflex is used by itself. */
export function memoryStorage(now: () => number = Date.now): ReflexStorage {
  const models = new Map<string, Kept>();
  let revision = 0;
  let lastChange = 0;
  const keyOf = (version: number, part: string, position: number): string => `${version}/${part}/${position}`;
  const made = (model: string, project: string): Kept => {
    let kept = models.get(model);
    if (!kept) {
      kept = {
        project,
        createdAt_ms: now(),
        active: 0,
        lastVersion: 0,
        versions: [],
        blocks: new Map(),
        changes: [],
      };
      models.set(model, kept);
    }
    return kept;
  };
  const activeOf = (kept: Kept) => kept.versions.find(({ version }) => version === kept.active);

  return {
    list: async () =>
      [...models].map(([model, kept]) => {
        const active = activeOf(kept);
        return { model, project: kept.project, createdAt_ms: kept.createdAt_ms, ...(active && { active }) };
      }),
    versions: async (model) => [...(models.get(model)?.versions ?? [])].reverse(),
    reserve: async (model, project) => ++made(model, project).lastVersion,
    putBlock: async (model, version, part, position, bytes) => {
      made(model, '').blocks.set(keyOf(version, part, position), bytes.slice());
    },
    block: async (model, version, part, position) => models.get(model)?.blocks.get(keyOf(version, part, position)),
    commit: async (model, version, { changes, keep, over }) => {
      const kept = models.get(model);
      if (!kept) throw new AppError('conflict', 'The model was removed while this training was stored.');
      const isThere = changes.every((id) => kept.changes.some((change) => change.id === id));
      if (over !== undefined && (kept.active !== over || !isThere))
        throw new AppError('conflict', 'Another training was stored while this one went on.');
      const all = [...kept.versions, version];
      kept.versions = all.filter((one, index) => index >= all.length - keep || one.facts.kept === true);
      kept.active = version.version;
      kept.changes = kept.changes.filter(({ id }) => !changes.includes(id));
      const numbers = new Set(kept.versions.map((one) => one.version));
      for (const key of kept.blocks.keys())
        if (!numbers.has(Number(key.slice(0, key.indexOf('/'))))) kept.blocks.delete(key);
      revision++;
    },
    activate: async (model, version) => {
      const kept = models.get(model);
      if (!kept?.versions.some((one) => one.version === version)) return false;
      kept.versions = kept.versions.map((one) =>
        one.version === version ? { ...one, facts: { ...one.facts, kept: true } } : one,
      );
      kept.active = version;
      revision++;
      return true;
    },
    append: async (model, project, changes) => {
      const kept = made(model, project);
      for (const change of changes) kept.changes.push({ model, id: ++lastChange, change });
      revision++;
      return lastChange;
    },
    changes: async ({ model, after = 0 } = {}) =>
      [...models]
        .filter(([name]) => model === undefined || name === model)
        .flatMap(([, kept]) => kept.changes.filter(({ id }) => id > after)),
    remove: async (model) => {
      revision++;
      return models.delete(model);
    },
    revision: async () => revision,
  };
}
