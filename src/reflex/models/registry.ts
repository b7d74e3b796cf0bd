/** Reflex's models by name: train, correct, predict, chat, save and load. What takes time runs in other threads. */
import { type Clock, systemClock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { StoredReflexChange, StoredReflexVersion } from '../../store/index.ts';
import { completeChat } from '../chat/chat.ts';
import { type Embedded, embed } from '../text/embed.ts';
import {
  type Change,
  type Example,
  LIMITS,
  type ModelInfo,
  OUT_OF_SCOPE,
  type Prediction,
  type ReflexReply,
  type ReflexRequest,
  type TrainingProgress,
} from '../types.ts';
import type { TrustTable } from '../understanding/trust.ts';
import { checkBounds, parseExamples } from './examples.ts';
import {
  type Artefact,
  type Batch,
  encodeExport,
  namesOf,
  parseChange,
  type ReadBody,
  type ReadChanges,
  readBody,
  readChanges,
  readTexts,
  type TrainJob,
} from './jobs.ts';
import { createReader } from './reader.ts';
import { factsOf, memoryStorage, type ReflexStorage, readPart, saveVersion } from './storage.ts';
import { type RunOptions, runJob } from './train.ts';

export interface ReflexOptions {
  clock?: Clock;
  /** Where models outlive the process; in memory where there is none. */
  storage?: ReflexStorage;
  /** Folder of the optional part with English vectors; undefined where it is not there. */
  vectorsFolder?: () => string | undefined;
  /** The project of a model's name, for the store. */
  projectOf?: (name: string) => string;
  /** Called when work in the background fails; the model goes on with what it has. */
  onError?: (name: string, error: unknown) => void;
  /** A background training begins when this long nothing was added; at the latest after ten times as long. */
  quiet_ms?: number;
  /** Trains; a worker thread unless tests hand in something else. */
  train?: (job: TrainJob, options: RunOptions) => Promise<Artefact>;
}

export interface CompleteOptions {
  /** Large models that can be asked instead; named where Reflex says what it is. */
  otherModels?: readonly string[];
}

export interface TrainOptions {
  signal?: AbortSignal;
  /** Reads texts with English vectors too. Throws AppError `conflict` where that part is not installed. */
  vectors?: boolean;
  onProgress?: (progress: TrainingProgress) => void;
}

export interface ModelVersion {
  version: number;
  active: boolean;
  hash: string;
  created_ms: number;
  examples: number;
  intents: number;
  slots: number;
  bytes: number;
  train_s: number;
  vectors: boolean;
}

export interface Reflex {
  /** Names, without the `reflex/` before them; `default` is always there. */
  models(): string[];
  /** undefined where there is no such model. */
  get(name: string): ModelInfo | undefined;
  /** How far the model's confidence can be relied on; undefined where there is no such model or it has learnt nothing. */
  trust(name: string): TrustTable | undefined;
  /** Resolves when the models of the last run are known; begins with it where nobody has. Rejects where the storage does. */
  restore(): Promise<void>;
  /** False until `restore` has resolved. */
  readonly restored: boolean;
  /** Sees what other processes have trained, added and removed. Costs one small query while there is nothing new. */
  sync(): Promise<void>;
  /** Starts the thread that answers before it is needed. */
  warm(): void;
  /** Reads a body with `examples`, in another thread where it is large; its other fields are not checked. Throws AppError that names the field. */
  readBody(body: Uint8Array): Promise<ReadBody>;
  /** Reads a body of changes in the same way. */
  readChanges(body: Uint8Array): Promise<ReadChanges>;
  /** Reads a body with `texts` in the same way. */
  readTexts(body: Uint8Array): Promise<Record<string, unknown>>;
  /** Replaces the model's examples and trains it in a worker. The old model answers until then. Trainings run one after another. */
  train(name: string, examples: readonly Example[] | Batch, options?: TrainOptions): Promise<ModelInfo>;
  /** Counts from the next prediction on, once it has resolved is kept, and is trained in the background. Makes the model where there is none. */
  addExamples(name: string, examples: readonly Example[]): Promise<ModelInfo>;
  /** addExamples that can also take examples back. */
  change(name: string, changes: readonly Change[]): Promise<ModelInfo>;
  /** Throws AppError `model_not_found`; `conflict` while the model has learnt nothing. */
  predict(name: string, texts: readonly string[]): Promise<Prediction[]>;
  /** See completeChat. Throws AppError `model_not_found`. */
  complete(name: string, request: ReflexRequest, options?: CompleteOptions): Promise<ReflexReply>;
  /** See embed. */
  embed(texts: readonly string[], dimensions?: number): Promise<Embedded>;
  /** Newest first. Throws AppError `model_not_found`. */
  versions(name: string): Promise<ModelVersion[]>;
  /** Goes back (or forth) to a version that is kept. Throws AppError `not_found`. */
  activate(name: string, version: number): Promise<ModelInfo>;
  /** Model and examples as bytes, in parts that follow each other. Throws AppError `model_not_found`. */
  export(name: string): Promise<Uint8Array[]>;
  /** Takes the bytes over: they may be empty afterwards. Throws AppError `invalid_request` where they are no export. */
  import(name: string, bytes: Uint8Array): Promise<ModelInfo>;
  /** false where there is no such model. `default` goes back to untrained. Stops its training. */
  remove(name: string): Promise<boolean>;
  /** Resolves when no training runs or waits; those that wait for quiet begin at once. */
  settled(): Promise<void>;
  /** Stops trainings; background ones are dropped, awaited ones reject. */
  close(): Promise<void>;
}

interface Pending {
  id: number;
  change: Change;
}

interface Entry {
  name: string;
  /** What answers; undefined while untrained. */
  version?: StoredReflexVersion;
  /** Newer than that version, in the order of their ids. */
  pending: Pending[];
  /** Changes are kept one after another, so that they come here in the order of their ids. */
  keeping: Promise<unknown>;
  /** The version was made by another release, which nothing here reads; its examples are trained anew. */
  isStale: boolean;
  /** Whether the reader has it as it stands here. */
  isLoaded: boolean;
  loading?: Promise<void>;
  /** Changes on their way to the reader, a few at a time: each is read by the model, and others' calls come between. */
  telling: Promise<void>;
  /** Counts what the reader was given and lost; what was on its way to one of before stops. */
  generation: number;
  toldGeneration: number;
  lastUsed: number;
  quiet?: NodeJS.Timeout;
  firstChange_ms?: number;
  retrainQueued: boolean;
  /** Calls that are teaching it. */
  teachers: number;
  /** When its row in the storage was made, once that was read. */
  storedAt_ms?: number;
  stop: AbortController;
}

const DEFAULT = 'default';
const MAX_MODELS = 1_000;
const MAX_PENDING = 2_000;
/** Serialised models in memory; those used longest ago leave first and are read from the storage when they are asked again. */
const MAX_LOADED_BYTES = 512 * 1024 * 1024;
const QUIET_MS = 1_500;
const LONGEST_WAIT = 10;
/** A body that this thread reads itself, in a millisecond or two. */
const SMALL_BODY_BYTES = 32 * 1024;
const SMALL_TEXTS_BYTES = 64 * 1024;
/** Characters that this thread embeds or answers itself while no model is in play. */
const SMALL_CHARS = 2_000;
/** Changes of one message to the reader, which judges each of them: other calls come between. */
const CHANGES_PER_TURN = 16;
/** While more changes wait for the training they count for their own texts alone: to judge each would take longer than to train. */
const MOST_JUDGED = 256;
/** Texts of one message to the reader, for the same reason. */
const TEXTS_PER_TURN = 32;
const CHARS_PER_TURN = 8_000;
const BUSY = (): AppError => new AppError('overloaded', 'Tokenworks is stopping.');

export function createReflex(options: ReflexOptions = {}): Reflex {
  const clock = options.clock ?? systemClock;
  const storage = options.storage ?? memoryStorage(() => clock.now());
  const train = options.train ?? runJob<TrainJob>;
  const quiet_ms = options.quiet_ms ?? QUIET_MS;
  const projectOf = options.projectOf ?? (() => DEFAULT);
  const entries = new Map<string, Entry>([[DEFAULT, newEntry(DEFAULT)]]);
  const reader = createReader(() => {
    for (const entry of entries.values()) entry.isLoaded = false;
  });
  /** Names whose model is being taken out of the storage: what is kept for a new one of the name comes after. */
  const removals = new Map<string, Promise<unknown>>();
  let queue: Promise<unknown> = Promise.resolve();
  let storing: Promise<unknown> = Promise.resolve();
  let restoring: Promise<void> | undefined;
  let isRestored = false;
  /** Of the storage when all of it was read last. */
  let seenRevision: number | undefined;
  let isClosed = false;
  let uses = 0;

  function entryOf(name: string): Entry {
    const entry = entries.get(name);
    if (!entry) throw new AppError('model_not_found', `There is no model reflex/${name}.`, { param: 'model' });
    return entry;
  }

  function entryFor(name: string): Entry {
    if (name.trim() === '' || name.length > LIMITS.nameChars)
      throw new AppError('invalid_request', `name must have 1 to ${LIMITS.nameChars} characters.`, { param: 'name' });
    let entry = entries.get(name);
    if (!entry) {
      if (entries.size >= MAX_MODELS)
        throw new AppError('too_large', `Reflex holds ${MAX_MODELS} models at most; remove one first.`, {
          param: 'name',
        });
      entry = newEntry(name, removals.get(name));
      entries.set(name, entry);
    }
    return entry;
  }

  /** One training at a time: others wait their turn. */
  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(work, work);
    queue = turn.catch(() => undefined);
    return turn;
  }

  /** What reads all of the storage and what stores a version take turns; neither waits for a training. */
  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = storing.then(work, work);
    storing = turn.catch(() => undefined);
    return turn;
  }

  function vectorsFolder(): string {
    const folder = options.vectorsFolder?.();
    if (folder === undefined)
      throw new AppError(
        'conflict',
        'English vectors are not installed here; run `npx tokenworks add vectors` on the server.',
        { param: 'vectors' },
      );
    return folder;
  }

  // -------------------------------------------------------------- what the reader holds

  /** Resolves when the reader answers for the entry as it stands. */
  async function ensureLoaded(entry: Entry): Promise<void> {
    entry.lastUsed = ++uses;
    while (!entry.isLoaded) {
      entry.loading ??= load(entry).finally(() => {
        entry.loading = undefined;
      });
      await entry.loading;
    }
    const { telling, generation } = entry;
    await telling;
    // A newer version came meanwhile, or it made room for another model.
    if (!entry.isLoaded || entry.generation !== generation) await ensureLoaded(entry);
  }

  async function load(entry: Entry): Promise<void> {
    const { version } = entry;
    const [model, replies] = version
      ? await Promise.all([
          readPart(storage, entry.name, version.version, 'model'),
          readPart(storage, entry.name, version.version, 'replies'),
        ])
      : [undefined, new Uint8Array(0)];
    // Another version may answer by now: then that one is to be loaded.
    if (entry.version !== version) return;
    if (version && model!.length !== factsOf(version).bytes) {
      // Another process may have removed it, or pushed it out by newer trainings.
      await exclusive(syncAll);
      if (entry.stop.signal.aborted) throw entry.stop.signal.reason;
      if (entry.version !== version) return;
      throw new AppError('internal_error', `reflex/${entry.name} can't be read back from the store.`);
    }
    await give(entry, model, replies).catch((error: unknown) => renew(entry, error));
  }

  /** A model of another release: what it learnt from is here, so it can be learnt again. */
  function renew(entry: Entry, error: unknown): never {
    if (!isUnreadable(error)) throw error;
    entry.isStale = true;
    retrain(entry);
    throw new AppError(
      'conflict',
      `reflex/${entry.name} was made by another version of Tokenworks and is being trained anew; try again in a minute.`,
      { param: 'model', retryAfter_s: 60 },
    );
  }

  async function give(entry: Entry, model: Uint8Array | undefined, replies: Uint8Array): Promise<void> {
    // Changes that come after this line are sent by themselves.
    entry.isLoaded = true;
    entry.generation++;
    makeRoom(entry);
    try {
      const loaded = reader.ask({
        do: 'load',
        name: entry.name,
        model,
        replies,
        ...(entry.version && factsOf(entry.version).vectors && { vectorsFolder: vectorsFolder() }),
      });
      tell(
        entry,
        entry.pending.map(({ change }) => change),
      );
      await loaded;
    } catch (error) {
      entry.isLoaded = false;
      throw error;
    }
  }

  /** Gives changes to the reader after those before them; who asks the model waits for all. */
  function tell(entry: Entry, changes: readonly Change[]): void {
    const { generation } = entry;
    const isCurrent = (): boolean => entry.isLoaded && entry.generation === generation;
    const before = generation === entry.toldGeneration ? entry.telling : Promise.resolve();
    entry.toldGeneration = generation;
    entry.telling = (async () => {
      await before;
      for (let at = 0; at < changes.length && isCurrent(); at += CHANGES_PER_TURN)
        await reader.ask({
          do: 'change',
          name: entry.name,
          changes: changes.slice(at, at + CHANGES_PER_TURN),
          isJudged: entry.pending.length <= MOST_JUDGED,
        });
    })();
    entry.telling.catch((error: unknown) => {
      if (!isCurrent()) return;
      entry.isLoaded = false;
      if (!isClosed) options.onError?.(entry.name, error);
    });
  }

  function makeRoom(newest: Entry): void {
    const loaded = [...entries.values()].filter((one) => one.isLoaded).sort((a, b) => a.lastUsed - b.lastUsed);
    let bytes = loaded.reduce((sum, one) => sum + sizeOf(one), 0);
    for (const one of loaded) {
      if (bytes <= MAX_LOADED_BYTES) return;
      if (one === newest) continue;
      bytes -= sizeOf(one);
      forget(one);
    }
  }

  function forget(entry: Entry): void {
    if (!entry.isLoaded) return;
    entry.isLoaded = false;
    void reader.ask({ do: 'drop', name: entry.name }).catch(() => {});
  }

  // -------------------------------------------------------------- learning

  /**
   * Stores what was learnt and lets it answer. `learnt` are the changes that it has in it, `over` the version whose examples it stands on
   * (0: none). Throws AppError `conflict` where another version answers by now.
   */
  async function adopt(entry: Entry, artefact: Artefact, learnt: readonly Pending[], over?: number): Promise<void> {
    const ids = learnt.map(({ id }) => id);
    await exclusive(async () => {
      // Removed while others stored: to store it now would bring it back.
      entry.stop.signal.throwIfAborted();
      const version = await saveVersion(
        storage,
        { model: entry.name, project: projectOf(entry.name), now_ms: clock.now(), changes: ids, over },
        artefact,
      );
      const done = new Set(ids);
      entry.version = version;
      entry.isStale = false;
      entry.pending = entry.pending.filter(({ id }) => !done.has(id));
      // What the reader has is that of the version before.
      entry.isLoaded = false;
    });
    entry.stop.signal.throwIfAborted();
    entry.lastUsed = ++uses;
    // Calls that came before this go on with the old one.
    try {
      await give(entry, artefact.model, artefact.replies);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      entry.isStale = true;
      retrain(entry);
    }
  }

  function addPending(entry: Entry, added: readonly Pending[]): void {
    const known = new Set(entry.pending.map(({ id }) => id));
    const fresh = added.filter(({ id }) => !known.has(id));
    if (fresh.length === 0) return;
    entry.pending = [...entry.pending, ...fresh].sort((a, b) => a.id - b.id);
    if (entry.isLoaded) {
      tell(
        entry,
        fresh.map(({ change }) => change),
      );
    }
    retrainSoon(entry);
  }

  function retrainSoon(entry: Entry): void {
    if (isClosed || entry.retrainQueued) return;
    entry.firstChange_ms ??= clock.mono();
    const longest_ms = entry.firstChange_ms + LONGEST_WAIT * quiet_ms - clock.mono();
    clearTimeout(entry.quiet);
    entry.quiet = setTimeout(() => retrain(entry), Math.max(0, Math.min(quiet_ms, longest_ms)));
    entry.quiet.unref();
  }

  function retrain(entry: Entry): void {
    clearTimeout(entry.quiet);
    entry.quiet = undefined;
    entry.firstChange_ms = undefined;
    if (entry.retrainQueued || isClosed) return;
    entry.retrainQueued = true;
    enqueue(async () => {
      entry.retrainQueued = false;
      if ((entry.pending.length === 0 && !entry.isStale) || entry.stop.signal.aborted || !isReady(entry)) return;
      const { version } = entry;
      const learnt = [...entry.pending];
      const packed = version && (await readPart(storage, entry.name, version.version, 'packed'));
      const isWithVectors = version !== undefined && factsOf(version).vectors;
      const artefact = await train(
        {
          do: 'train',
          packed,
          changes: learnt.map(({ change }) => change),
          ...(isWithVectors && { vectorsFolder: vectorsFolder() }),
        },
        { signal: entry.stop.signal, keepAlive: false, move: true },
      );
      // What was trained, activated or imported meanwhile stands on other examples.
      if (entry.version !== version) return retrainSoon(entry);
      entry.stop.signal.throwIfAborted();
      await adopt(entry, artefact, learnt, version?.version ?? 0);
    }).catch(async (error: unknown) => {
      if (entry.stop.signal.aborted) return;
      options.onError?.(entry.name, error);
      // Another process was first: what it stored is seen, and what it had not learnt is trained upon that.
      if (error instanceof AppError && error.code === 'conflict') {
        await exclusive(syncAll).catch((failure: unknown) => options.onError?.(entry.name, failure));
        if (entry.pending.length > 0) retrainSoon(entry);
      }
    });
  }

  /** A model that is made for this work is gone again where nobody taught it anything. */
  async function teach<T>(name: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    const entry = entryFor(name);
    entry.teachers++;
    try {
      return await work(entry);
    } finally {
      entry.teachers--;
      const isEmpty = entry.teachers === 0 && !entry.version && entry.pending.length === 0;
      if (isEmpty && name !== DEFAULT && entries.get(name) === entry) entries.delete(name);
    }
  }

  function change(name: string, changes: readonly Change[]): Promise<ModelInfo> {
    return teach(name, async (entry) => {
      const turn = entry.keeping.then(() => keep(entry, changes));
      entry.keeping = turn.catch(() => undefined);
      await turn;
      return infoOf(entry);
    });
  }

  async function keep(entry: Entry, changes: readonly Change[]): Promise<void> {
    const count = totalExamples(entry) + changes.filter((one) => 'add' in one).length;
    if (count > LIMITS.examples)
      throw new AppError('too_large', `A model may have ${LIMITS.examples} examples at most.`, { param: 'examples' });
    if (entry.pending.length + changes.length > MAX_PENDING)
      throw new AppError(
        'overloaded',
        `More than ${MAX_PENDING} changes wait for training; try again when it is done, or train anew.`,
        { param: 'examples', retryAfter_s: 10 },
      );
    checkNames(entry, changes);
    if (changes.length === 0) return;
    entry.stop.signal.throwIfAborted();
    const last = await storage.append(entry.name, projectOf(entry.name), [...changes]);
    // Removed meanwhile: that waits for this, and takes it away with the rest.
    entry.stop.signal.throwIfAborted();
    addPending(
      entry,
      changes.map((one, index) => ({ id: last - changes.length + 1 + index, change: one })),
    );
  }

  // -------------------------------------------------------------- answering

  function needsReading(request: ReflexRequest): boolean {
    return (
      (request.tools?.length ?? 0) > 0 ||
      (request.responseFormat !== undefined && request.responseFormat.type !== 'text') ||
      request.messages.reduce((sum, message) => sum + message.text.length, 0) > SMALL_CHARS
    );
  }

  async function restoreAll(): Promise<void> {
    await exclusive(syncAll);
    isRestored = true;
  }

  async function syncAll(): Promise<void> {
    // What changes here while the storage is read is newer than what it answers.
    const before = new Map([...entries.values()].map((entry) => [entry, stateOf(entry)]));
    // Read first: what changes from here on is a reason to read again.
    const revision = await storage.revision();
    const [models, changes] = [await storage.list(), await storage.changes()];
    const stored = new Set(models.map(({ model }) => model));
    const byModel = Map.groupBy(changes, ({ model }) => model);
    for (const { model, active, createdAt_ms } of models) {
      // On its way out of the storage.
      if (removals.has(model)) continue;
      const known = entries.get(model);
      // Removed and made anew elsewhere: its changes are numbered from the beginning.
      if (known?.storedAt_ms !== undefined && known.storedAt_ms !== createdAt_ms) drop(known);
      if (!entries.has(model) && entries.size >= MAX_MODELS) continue;
      const entry = entryFor(model);
      entry.storedAt_ms = createdAt_ms;
      syncOne(entry, active, byModel.get(model) ?? [], before);
    }
    for (const [entry, was] of before) if (!stored.has(entry.name) && was.isStored) drop(entry);
    seenRevision = revision;
  }

  function syncOne(
    entry: Entry,
    active: StoredReflexVersion | undefined,
    stored: readonly StoredReflexChange[],
    before: ReadonlyMap<Entry, EntryState>,
  ): void {
    // A model that was removed and made anew elsewhere begins with the same number.
    if (active && (active.version !== entry.version?.version || active.hash !== entry.version.hash)) {
      entry.version = active;
      entry.isStale = false;
      forget(entry);
    }
    const ids = new Set(stored.map(({ id }) => id));
    const isDone = ({ id }: Pending): boolean => !ids.has(id) && before.get(entry)?.ids.has(id) === true;
    if (entry.pending.some(isDone)) {
      entry.pending = entry.pending.filter((one) => !isDone(one));
      forget(entry);
    }
    addPending(
      entry,
      stored.map(({ id, change: one }) => ({ id, change: one as Change })),
    );
  }

  function drop(entry: Entry): void {
    clearTimeout(entry.quiet);
    entry.stop.abort(new AppError('conflict', `reflex/${entry.name} was removed.`));
    forget(entry);
    if (entries.get(entry.name) !== entry) return;
    if (entry.name === DEFAULT) entries.set(DEFAULT, newEntry(DEFAULT, removals.get(DEFAULT)));
    else entries.delete(entry.name);
  }

  return {
    models: () => [...entries.keys()],
    get: (name) => {
      const entry = entries.get(name);
      return entry && infoOf(entry);
    },
    trust: (name) => {
      const entry = entries.get(name);
      if (!entry || !isReady(entry)) return undefined;
      return (entry.version && factsOf(entry.version).trust) ?? [];
    },
    restore() {
      restoring ??= restoreAll().catch((error: unknown) => {
        restoring = undefined;
        throw error;
      });
      return restoring;
    },
    get restored() {
      return isRestored;
    },
    sync: () =>
      exclusive(async () => {
        if ((await storage.revision()) !== seenRevision) await syncAll();
      }),
    warm: () => reader.start(),
    async readBody(body) {
      if (body.length <= SMALL_BODY_BYTES) return readBody(body);
      return runJob({ do: 'read', body }, { move: true });
    },
    async readChanges(body) {
      if (body.length <= SMALL_BODY_BYTES) return readChanges(body);
      return runJob({ do: 'changes', body }, { move: true });
    },
    async readTexts(body) {
      if (body.length <= SMALL_TEXTS_BYTES) return readTexts(body);
      return runJob({ do: 'texts', body }, { move: true });
    },
    async train(name, given, { signal, vectors, onProgress } = {}) {
      const isBatch = !Array.isArray(given);
      const examples = isBatch ? undefined : parseExamples(given);
      if (examples ? !examples.some(({ intent }) => intent !== OUT_OF_SCOPE) : (given as Batch).count === 0)
        throw new AppError('invalid_request', 'examples name no intent to learn.', { param: 'examples' });
      const folder = vectors ? vectorsFolder() : undefined;
      const packed = examples ? Buffer.from(JSON.stringify(examples), 'utf8') : (given as Batch).packed;
      return teach(name, (entry) => {
        const replaced = [...entry.pending];
        const both = signal ? AbortSignal.any([signal, entry.stop.signal]) : entry.stop.signal;
        return enqueue(async () => {
          const artefact = await train(
            { do: 'train', packed, changes: [], ...(folder !== undefined && { vectorsFolder: folder }) },
            { signal: both, keepAlive: true, onProgress },
          );
          both.throwIfAborted();
          await adopt(entry, artefact, replaced);
          return infoOf(entry);
        });
      });
    },
    async addExamples(name, given) {
      return change(
        name,
        parseExamples(given).map((add) => ({ add })),
      );
    },
    async change(name, changes) {
      return change(
        name,
        changes.map((one, index) => parseChange(one, 'add' in one ? 'examples' : `remove[${index}]`)),
      );
    },
    async predict(name, texts) {
      const entry = entryOf(name);
      if (texts.length > LIMITS.texts)
        throw new AppError(
          'invalid_request',
          `texts may hold ${LIMITS.texts} texts at most; send the rest in another call.`,
          { param: 'texts' },
        );
      if (!isReady(entry))
        throw new AppError('conflict', `reflex/${name} has learnt nothing yet; give it examples first.`, {
          param: 'model',
        });
      const predictions: Prediction[] = [];
      for (const slice of slices(texts)) {
        await ensureLoaded(entry);
        predictions.push(...(await reader.ask({ do: 'predict', name, texts: slice, now_ms: clock.now() })));
      }
      return predictions;
    },
    async complete(name, request, given = {}) {
      const entry = entryOf(name);
      const { otherModels } = given;
      const now_ms = clock.now();
      if (isReady(entry)) {
        await ensureLoaded(entry);
        return reader.ask({ do: 'complete', name, request, otherModels, now_ms });
      }
      if (needsReading(request)) return reader.ask({ do: 'complete', request, otherModels, now_ms });
      return completeChat(request, { now_ms, otherModels });
    },
    async embed(texts, dimensions) {
      const chars = texts.reduce((sum, text) => sum + text.length, 0);
      // Refusals need no other thread, nor do megabytes that will be refused.
      if (chars <= SMALL_CHARS || chars > LIMITS.embedChars || texts.length > LIMITS.texts)
        return embed(texts, dimensions);
      return reader.ask({ do: 'embed', texts, dimensions });
    },
    async versions(name) {
      const entry = entryOf(name);
      return (await storage.versions(name)).map((version) => versionOf(version, entry.version?.version));
    },
    async activate(name, number) {
      const entry = entryOf(name);
      await exclusive(async () => {
        const version = (await storage.versions(name)).find((one) => one.version === number);
        if (!version || !(await storage.activate(name, number)))
          throw new AppError('not_found', `reflex/${name} has no version ${number}; list those that are kept.`, {
            param: 'version',
          });
        entry.stop.signal.throwIfAborted();
        if (entry.version?.version === number) return;
        entry.version = version;
        forget(entry);
      });
      return infoOf(entry);
    },
    async export(name) {
      const entry = entryOf(name);
      const { version } = entry;
      const [model, packed] = version
        ? await Promise.all([
            readPart(storage, name, version.version, 'model'),
            readPart(storage, name, version.version, 'packed'),
          ])
        : [new Uint8Array(0), new Uint8Array(0)];
      return encodeExport(
        { model, packed, facts: version ? factsOf(version) : { train_s: 0, vectors: false } },
        entry.pending.map((one) => one.change),
      );
    },
    async import(name, bytes) {
      const read = await runJob({ do: 'import', bytes }, { move: true });
      if (read.facts.vectors) vectorsFolder();
      return teach(name, async (entry) => {
        const replaced = [...entry.pending];
        // In the queue, so that no training of the old examples comes after it.
        await enqueue(async () => {
          if (read.model.length > 0) await adopt(entry, read, replaced);
        });
        return change(name, read.changes);
      });
    },
    async remove(name) {
      const entry = entries.get(name);
      if (!entry) return false;
      // From here on the name is free: what is kept for it again waits until this is done.
      const done = entry.keeping.then(() => exclusive(() => storage.remove(name)));
      const settled = done.catch(() => undefined);
      removals.set(name, settled);
      drop(entry);
      try {
        await done;
      } finally {
        if (removals.get(name) === settled) removals.delete(name);
      }
      return true;
    },
    async settled() {
      let seen: unknown;
      do {
        for (const entry of entries.values()) if (entry.quiet) retrain(entry);
        seen = queue;
        await queue;
      } while (seen !== queue || [...entries.values()].some((entry) => entry.quiet));
    },
    async close() {
      isClosed = true;
      for (const entry of entries.values()) {
        clearTimeout(entry.quiet);
        entry.quiet = undefined;
        entry.stop.abort(BUSY());
      }
      await queue;
      await reader.close();
    },
  };
}

/** Pieces that are read in some milliseconds. */
function* slices(texts: readonly string[]): Generator<string[]> {
  let slice: string[] = [];
  let chars = 0;
  for (const text of texts) {
    if (slice.length >= TEXTS_PER_TURN || (slice.length > 0 && chars + text.length > CHARS_PER_TURN)) {
      yield slice;
      slice = [];
      chars = 0;
    }
    slice.push(text);
    chars += text.length;
  }
  if (slice.length > 0) yield slice;
}

function newEntry(name: string, after: Promise<unknown> = Promise.resolve()): Entry {
  return {
    name,
    pending: [],
    keeping: after,
    isStale: false,
    isLoaded: false,
    telling: Promise.resolve(),
    generation: 0,
    toldGeneration: 0,
    lastUsed: 0,
    retrainQueued: false,
    teachers: 0,
    stop: new AbortController(),
  };
}

/** What an entry had before the storage was read. */
interface EntryState {
  ids: ReadonlySet<number>;
  isStored: boolean;
}

function stateOf(entry: Entry): EntryState {
  return {
    ids: new Set(entry.pending.map(({ id }) => id)),
    isStored: entry.version !== undefined || entry.pending.length > 0,
  };
}

function isUnreadable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'invalid_request';
}

function sizeOf(entry: Entry): number {
  return entry.version ? factsOf(entry.version).bytes : 0;
}

function addedTo(entry: Entry): Example[] {
  return entry.pending.flatMap(({ change }) => ('add' in change ? [change.add] : []));
}

function totalExamples(entry: Entry): number {
  return (entry.version ? factsOf(entry.version).examples : 0) + addedTo(entry).length;
}

function isReady(entry: Entry): boolean {
  return entry.version !== undefined || addedTo(entry).some(({ intent }) => intent !== OUT_OF_SCOPE);
}

/** Throws AppError `invalid_request` where the model would have more names than it may. */
function checkNames(entry: Entry, changes: readonly Change[]): void {
  const added = changes.flatMap((one) => ('add' in one ? [one.add] : []));
  const names = entry.version ? factsOf(entry.version) : { intents: [], slots: [] };
  checkBounds([
    ...names.intents.map((intent) => ({ text: '', intent })),
    ...(names.slots.length > 0
      ? [{ text: '', intent: OUT_OF_SCOPE, slots: names.slots.map((name) => ({ name, value: '', start: 0, end: 0 })) }]
      : []),
    ...addedTo(entry),
    ...added,
  ]);
}

function infoOf(entry: Entry): ModelInfo {
  const facts = entry.version && factsOf(entry.version);
  const added = namesOf(addedTo(entry));
  const merged = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])].sort();
  return {
    name: entry.name,
    examples: totalExamples(entry),
    intents: merged(facts?.intents ?? [], added.intents),
    slotNames: merged(facts?.slots ?? [], added.slots),
    bytes: facts?.bytes ?? 0,
    train_s: facts?.train_s ?? 0,
    trained_ms: entry.version?.createdAt_ms ?? 0,
    pending: entry.pending.length,
    version: entry.version?.version ?? 0,
    vectors: facts?.vectors ?? false,
  };
}

function versionOf(version: StoredReflexVersion, active: number | undefined): ModelVersion {
  const facts = factsOf(version);
  return {
    version: version.version,
    active: version.version === active,
    hash: version.hash,
    created_ms: version.createdAt_ms,
    examples: facts.examples,
    intents: facts.intents.length,
    slots: facts.slots.length,
    bytes: facts.bytes,
    train_s: facts.train_s,
    vectors: facts.vectors,
  };
}
