/** Reflex's models by name: train, correct, predict, chat, save and load. */
import { type Clock, systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { type ChatModel, completeChat } from './chat.ts';
import { type Embedded, embed, embedOne, similarity } from './embed.ts';
import { checkBounds, parseExamples } from './examples.ts';
import { loadModel, type TrainedModel } from './model.ts';
import { trainInWorker } from './train.ts';
import {
  type Example,
  LIMITS,
  type ModelInfo,
  OUT_OF_SCOPE,
  type Prediction,
  type ReflexReply,
  type ReflexRequest,
} from './types.ts';

export interface ReflexOptions {
  clock?: Clock;
  /** Called when a background training fails; the model goes on with what it has. */
  onError?: (name: string, error: unknown) => void;
  /** Trains; a worker thread unless tests hand in something else. */
  train?: (examples: readonly Example[], options: { signal?: AbortSignal; keepAlive?: boolean }) => Promise<Uint8Array>;
}

export interface CompleteOptions {
  /** Large models that can be asked instead; named where Reflex says what it is. */
  otherModels?: readonly string[];
}

export interface Reflex {
  /** Names, without the `reflex/` before them; `default` is always there. */
  models(): string[];
  /** undefined where there is no such model. */
  get(name: string): ModelInfo | undefined;
  /** Replaces the model's examples and trains it in a worker. The old model answers until then. Trainings run one after another. */
  train(name: string, examples: readonly Example[], options?: { signal?: AbortSignal }): Promise<ModelInfo>;
  /** Works from the next prediction on (texts that are nearly the same get the new intent), and trains in the background. Makes the model where there is none. */
  addExamples(name: string, examples: readonly Example[]): ModelInfo;
  /** Throws AppError `model_not_found`; `conflict` while the model has learnt nothing. */
  predict(name: string, texts: readonly string[]): Prediction[];
  /** See completeChat. Throws AppError `model_not_found`. */
  complete(name: string, request: ReflexRequest, options?: CompleteOptions): ReflexReply;
  /** See embed. */
  embed(texts: readonly string[], dimensions?: number): Embedded;
  /** Model and examples as bytes. Throws AppError `model_not_found`. */
  export(name: string): Uint8Array;
  /** Throws AppError `invalid_request` where the bytes are no export. */
  import(name: string, bytes: Uint8Array): ModelInfo;
  /** false where there is no such model. `default` goes back to untrained. Stops its training. */
  remove(name: string): boolean;
  /** Resolves when no training runs or waits. */
  settled(): Promise<void>;
  /** Stops trainings; background ones are dropped, awaited ones reject. */
  close(): Promise<void>;
}

interface FastExample {
  example: Example;
  vector: Float32Array;
}

interface Entry {
  name: string;
  examples: Example[];
  trained?: TrainedModel;
  bytes?: Uint8Array;
  train_s: number;
  trained_ms: number;
  /** Examples newer than the trained model. */
  fast: FastExample[];
  /** Counts changes of the examples, so that a training that is overtaken is not taken for the newest. */
  generation: number;
  /** The generation at which all examples were replaced last. */
  replaced: number;
  retrainQueued: boolean;
  stop: AbortController;
}

const DEFAULT = 'default';
const MAX_MODELS = 1_000;
const FAST_DIMENSIONS = 512;
/** Two texts this much alike are the same wish; below, the trained model decides. */
const FAST_SIMILARITY = 0.8;
const MAX_FAST = 2_000;
const EXPORT_MAGIC = 'RFXE';

export function createReflex(options: ReflexOptions = {}): Reflex {
  const clock = options.clock ?? systemClock;
  const trainer = options.train ?? trainInWorker;
  const entries = new Map<string, Entry>([[DEFAULT, newEntry(DEFAULT)]]);
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;

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
      entry = newEntry(name);
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

  async function learn(examples: readonly Example[], signal: AbortSignal, keepAlive: boolean) {
    const started = clock.mono();
    const bytes = await trainer(examples, { signal, keepAlive });
    return { bytes, trained: loadModel(bytes), train_s: (clock.mono() - started) / 1_000, trained_ms: clock.now() };
  }

  function retrain(entry: Entry): void {
    if (entry.retrainQueued || closed) return;
    entry.retrainQueued = true;
    enqueue(async () => {
      entry.retrainQueued = false;
      const { generation, examples } = entry;
      const fresh = entry.fast.length;
      if (fresh === 0 || entry.stop.signal.aborted || !examples.some((example) => example.intent !== OUT_OF_SCOPE))
        return;
      const learnt = await learn(examples.slice(), entry.stop.signal, false);
      // train() or import() may have replaced everything meanwhile.
      if (entry.replaced > generation) return;
      Object.assign(entry, learnt);
      entry.fast.splice(0, fresh);
    }).catch((error: unknown) => {
      if (!entry.stop.signal.aborted) options.onError?.(entry.name, error);
    });
  }

  function replace(entry: Entry, examples: Example[]): void {
    entry.examples = examples;
    entry.fast = [];
    entry.generation++;
    entry.replaced = entry.generation;
  }

  function chatModel(entry: Entry): ChatModel | undefined {
    if (!isReady(entry)) return undefined;
    return {
      predict: (text) => predictOne(entry, text, clock),
      replyFor: (intent, text) => replyFor(entry, intent, text),
    };
  }

  return {
    models: () => [...entries.keys()],
    get: (name) => {
      const entry = entries.get(name);
      return entry && infoOf(entry);
    },
    async train(name, given, { signal } = {}) {
      const examples = parseExamples(given);
      if (!examples.some((example) => example.intent !== OUT_OF_SCOPE))
        throw new AppError('invalid_request', 'examples name no intent to learn.', { param: 'examples' });
      const isNew = !entries.has(name);
      const entry = entryFor(name);
      const both = signal ? AbortSignal.any([signal, entry.stop.signal]) : entry.stop.signal;
      try {
        const learnt = await enqueue(() => learn(examples, both, true));
        replace(entry, examples);
        Object.assign(entry, learnt);
        return infoOf(entry);
      } catch (error) {
        if (isNew && entries.get(name) === entry && !isReady(entry)) entries.delete(name);
        throw error;
      }
    },
    addExamples(name, given) {
      const examples = parseExamples(given);
      const entry = entryFor(name);
      if (entry.examples.length + examples.length > LIMITS.examples)
        throw new AppError('too_large', `A model may have ${LIMITS.examples} examples at most.`, { param: 'examples' });
      if (entry.fast.length + examples.length > MAX_FAST) {
        throw new AppError(
          'overloaded',
          `More than ${MAX_FAST} added examples wait for training; try again when it is done, or train anew.`,
          { param: 'examples', retryAfter_s: 10 },
        );
      }
      checkBounds([...entry.examples, ...examples]);
      entry.examples = [...entry.examples, ...examples];
      entry.generation++;
      for (const example of examples) entry.fast.push({ example, vector: embedOne(example.text, FAST_DIMENSIONS) });
      retrain(entry);
      return infoOf(entry);
    },
    predict(name, texts) {
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
      return texts.map((text) => predictOne(entry, text, clock));
    },
    complete: (name, request, given = {}) =>
      completeChat(request, { now_ms: clock.now(), model: chatModel(entryOf(name)), otherModels: given.otherModels }),
    embed: (texts, dimensions) => embed(texts, dimensions),
    export: (name) => encode(entryOf(name)),
    import(name, bytes) {
      const read = decode(bytes);
      const entry = entryFor(name);
      replace(entry, read.examples);
      Object.assign(entry, { trained: undefined, bytes: undefined, ...read.learnt });
      for (const example of read.examples.slice(read.examples.length - read.pending))
        entry.fast.push({ example, vector: embedOne(example.text, FAST_DIMENSIONS) });
      if (entry.fast.length > 0) retrain(entry);
      return infoOf(entry);
    },
    remove(name) {
      const entry = entries.get(name);
      if (!entry) return false;
      entry.stop.abort(new AppError('conflict', `reflex/${name} was removed.`));
      entries.delete(name);
      if (name === DEFAULT) entries.set(DEFAULT, newEntry(DEFAULT));
      return true;
    },
    async settled() {
      let seen: unknown;
      while (seen !== queue) {
        seen = queue;
        await queue;
      }
    },
    async close() {
      closed = true;
      for (const entry of entries.values()) entry.stop.abort(new AppError('overloaded', 'Tokenworks is stopping.'));
      await queue;
    },
  };
}

function newEntry(name: string): Entry {
  return {
    name,
    examples: [],
    train_s: 0,
    trained_ms: 0,
    fast: [],
    generation: 0,
    replaced: 0,
    retrainQueued: false,
    stop: new AbortController(),
  };
}

function isReady(entry: Entry): boolean {
  return entry.trained !== undefined || entry.fast.some((one) => one.example.intent !== OUT_OF_SCOPE);
}

function infoOf(entry: Entry): ModelInfo {
  const intents = new Set(entry.trained?.intents ?? []);
  const slotNames = new Set(entry.trained?.slotNames ?? []);
  for (const { example } of entry.fast) {
    if (example.intent !== OUT_OF_SCOPE) intents.add(example.intent);
    for (const slot of example.slots ?? []) slotNames.add(slot.name);
  }
  return {
    name: entry.name,
    examples: entry.examples.length,
    intents: [...intents].sort(),
    slotNames: [...slotNames].sort(),
    bytes: entry.bytes?.length ?? 0,
    train_s: entry.train_s,
    trained_ms: entry.trained_ms,
    pending: entry.fast.length,
  };
}

function predictOne(entry: Entry, text: string, clock: Clock): Prediction {
  const started = clock.mono();
  const learnt = entry.trained?.predict(text, clock.now());
  const near = nearestFast(entry.fast, text);
  const done = (prediction: Omit<Prediction, 'ms'>): Prediction => ({ ...prediction, ms: clock.mono() - started });
  if (near && (!learnt || near.similarity >= FAST_SIMILARITY)) {
    const { intent } = near.example;
    const isSame = near.similarity >= FAST_SIMILARITY;
    const best = intent === OUT_OF_SCOPE ? (learnt?.best ?? OUT_OF_SCOPE) : intent;
    const slots = intent === learnt?.best ? learnt.slots : slotsLike(near.example, text);
    return done({
      best,
      intent: isSame ? intent : OUT_OF_SCOPE,
      confidence: near.similarity,
      outOfScope: intent === OUT_OF_SCOPE ? near.similarity : 1 - near.similarity,
      slots,
    });
  }
  if (learnt) return done(learnt);
  return done({ best: OUT_OF_SCOPE, intent: OUT_OF_SCOPE, confidence: 0, outOfScope: 1, slots: [] });
}

function nearestFast(fast: readonly FastExample[], text: string): { example: Example; similarity: number } | undefined {
  if (fast.length === 0) return undefined;
  const vector = embedOne(text, FAST_DIMENSIONS);
  let best: { example: Example; similarity: number } | undefined;
  // The newest of equals wins: a correction replaces what it corrects.
  for (const one of fast) {
    const near = similarity(vector, one.vector);
    if (near >= (best?.similarity ?? 0)) best = { example: one.example, similarity: Math.min(1, Math.max(0, near)) };
  }
  return best;
}

/** The values of a like example that stand in this text too. */
function slotsLike(example: Example, text: string): Prediction['slots'] {
  return (example.slots ?? []).flatMap((slot) => {
    const value = example.text.slice(slot.start, slot.end);
    const start = text.indexOf(value);
    return start < 0 ? [] : [{ name: slot.name, value, start, end: start + value.length }];
  });
}

const MAX_REPLIES = 50;

function replyFor(entry: Entry, intent: string, text: string): string | undefined {
  const withReply: Example[] = [];
  for (let index = entry.examples.length - 1; index >= 0 && withReply.length < MAX_REPLIES; index--) {
    const example = entry.examples[index]!;
    if (example.intent === intent && example.reply !== undefined) withReply.push(example);
  }
  if (withReply.length === 0) return undefined;
  const vector = embedOne(text, FAST_DIMENSIONS);
  const scored = withReply.map((example) => ({
    example,
    near: similarity(vector, embedOne(example.text, FAST_DIMENSIONS)),
  }));
  return scored.reduce((best, one) => (one.near > best.near ? one : best)).example.reply;
}

// ---------------------------------------------------------------- bytes

interface ExportHeader {
  version: 1;
  examples: Example[];
  pending: number;
  train_s: number;
  trained_ms: number;
}

/** `RFXE`, header length, header (JSON), then the model's own bytes where it is trained. */
function encode(entry: Entry): Uint8Array {
  const header: ExportHeader = {
    version: 1,
    examples: entry.examples,
    pending: entry.fast.length,
    train_s: entry.train_s,
    trained_ms: entry.trained_ms,
  };
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return new Uint8Array(
    Buffer.concat([Buffer.from(EXPORT_MAGIC, 'latin1'), length, json, entry.bytes ?? Buffer.alloc(0)]),
  );
}

function decode(bytes: Uint8Array) {
  const fail = (what: string): never => {
    throw new AppError('invalid_request', `These bytes are no export of a Reflex model: ${what}.`, { param: 'bytes' });
  };
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 8 || buffer.toString('latin1', 0, 4) !== EXPORT_MAGIC) return fail('the mark RFXE is missing');
  const end = 8 + buffer.readUInt32LE(4);
  if (end > buffer.length) return fail('they are cut');
  let header: ExportHeader;
  try {
    header = JSON.parse(buffer.toString('utf8', 8, end)) as ExportHeader;
  } catch {
    return fail('the header is no JSON');
  }
  if (header.version !== 1 || !Number.isInteger(header.pending) || header.pending < 0)
    return fail('the header lacks what it needs');
  const examples = parseExamples(header.examples);
  const model = new Uint8Array(buffer.subarray(end));
  const learnt =
    model.length === 0
      ? {}
      : {
          bytes: model,
          trained: loadModel(model),
          train_s: Number(header.train_s) || 0,
          trained_ms: Number(header.trained_ms) || 0,
        };
  return { examples, pending: Math.min(header.pending, examples.length, MAX_FAST), learnt };
}
