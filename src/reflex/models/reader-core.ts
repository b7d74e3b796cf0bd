/** Models in memory and what is asked of them; runs in a thread of its own (reader.worker.ts). */
import { AppError } from '../../base/errors.ts';
import { type ChatModel, completeChat } from '../chat/chat.ts';
import { type Embedded, embed, embedOne, similarity } from '../text/embed.ts';
import {
  type Change,
  OUT_OF_SCOPE,
  type Prediction,
  type ReflexReply,
  type ReflexRequest,
  type ReplyTable,
} from '../types.ts';
import { loadModel, type TrainedModel } from '../understanding/model.ts';
import { isEnglish, openVectors, type SentenceVectors } from '../understanding/vectors.ts';
import { type Corrections, createCorrections } from './corrections.ts';
import { unpackReplies } from './pack.ts';

/** Vectors of texts that a chat asked for; a chat asks for few. */
const MAX_ROUNDS = 64;
const REPLY_DIMENSIONS = 512;

export interface LoadCall {
  do: 'load';
  name: string;
  /** Nothing where the model was never trained. */
  model?: Uint8Array;
  replies: Uint8Array;
  /** All since the training. */
  changes: Change[];
  vectorsFolder?: string;
}

export type ReaderCall =
  | LoadCall
  | { do: 'change'; name: string; changes: Change[] }
  | { do: 'drop'; name: string }
  | { do: 'predict'; name: string; texts: readonly string[]; now_ms: number }
  | { do: 'complete'; name?: string; request: ReflexRequest; otherModels?: readonly string[]; now_ms: number }
  | { do: 'embed'; texts: readonly string[]; dimensions?: number };

export type ReaderAnswer<C extends ReaderCall> = C extends { do: 'predict' }
  ? Prediction[]
  : C extends { do: 'complete' }
    ? ReflexReply
    : C extends { do: 'embed' }
      ? Embedded
      : undefined;

interface Entry {
  trained?: TrainedModel;
  vectors?: SentenceVectors;
  replies: ReplyTable;
  corrections: Corrections;
}

export interface ReaderCore {
  answer<C extends ReaderCall>(call: C): Promise<ReaderAnswer<C>>;
}

export function createReaderCore(): ReaderCore {
  const entries = new Map<string, Entry>();
  /** The vectors of one folder are the same for every model. */
  const opened = new Map<string, Promise<SentenceVectors>>();

  function vectorsOf(folder: string): Promise<SentenceVectors> {
    let vectors = opened.get(folder);
    if (!vectors) {
      vectors = openVectors(folder);
      vectors.catch(() => opened.delete(folder));
      opened.set(folder, vectors);
    }
    return vectors;
  }

  async function load(call: LoadCall): Promise<undefined> {
    const trained = call.model && call.model.length > 0 ? loadModel(call.model) : undefined;
    const vectors =
      trained?.needsVectors && call.vectorsFolder !== undefined ? await vectorsOf(call.vectorsFolder) : undefined;
    const entry: Entry = { trained, vectors, replies: unpackReplies(call.replies), corrections: createCorrections() };
    await change(entry, call.changes);
    entries.set(call.name, entry);
    return undefined;
  }

  async function change(entry: Entry, changes: readonly Change[]): Promise<undefined> {
    const texts = changes.map((one) => ('add' in one ? one.add.text : one.remove.text));
    const judged = entry.trained ? await judge(entry, texts, 0) : [];
    for (const [at, one] of changes.entries()) entry.corrections.add(one, judged[at]);
    return undefined;
  }

  function entryOf(name: string): Entry {
    const entry = entries.get(name);
    if (!entry) throw new AppError('model_not_found', `There is no model reflex/${name}.`, { param: 'model' });
    return entry;
  }

  async function predict(name: string, texts: readonly string[], now_ms: number): Promise<Prediction[]> {
    const entry = entryOf(name);
    const began = performance.now();
    const vectors = await vectorsFor(entry, texts);
    // Vectors are made for all texts together: each bears its share.
    const share_ms = (performance.now() - began) / Math.max(1, texts.length);
    return texts.map((text, at) => {
      const started = performance.now();
      const prediction = predictOne(entry, text, now_ms, vectors?.[at]);
      return { ...prediction, ms: share_ms + performance.now() - started };
    });
  }

  async function complete(call: Extract<ReaderCall, { do: 'complete' }>): Promise<ReflexReply> {
    const entry = call.name === undefined ? undefined : entryOf(call.name);
    const answer = (model: ChatModel | undefined) =>
      completeChat(call.request, { now_ms: call.now_ms, model, otherModels: call.otherModels });
    if (!entry) return answer(undefined);
    const known = new Map<string, Float32Array | undefined>();
    const model: ChatModel = {
      predict: (text) => {
        if (entry.vectors && !known.has(text)) throw new NeedsVector(text);
        const started = performance.now();
        const prediction = predictOne(entry, text, call.now_ms, known.get(text));
        return { ...prediction, ms: performance.now() - started };
      },
      replyFor: (intent, text) => replyFor(entry, intent, text),
    };
    // Vectors come later than the chat can wait: it says which text it needs, and begins again.
    for (let round = 0; round < MAX_ROUNDS; round++) {
      try {
        return answer(model);
      } catch (error) {
        if (!(error instanceof NeedsVector)) throw error;
        known.set(error.text, (await vectorsFor(entry, [error.text]))?.[0]);
      }
    }
    throw new AppError('too_large', 'This request asks for more texts than a model with vectors reads at once.');
  }

  return {
    async answer<C extends ReaderCall>(call: C): Promise<ReaderAnswer<C>> {
      const given: ReaderCall = call;
      const answers = async (): Promise<unknown> => {
        switch (given.do) {
          case 'load':
            return load(given);
          case 'change':
            return change(entryOf(given.name), given.changes);
          case 'drop':
            entries.delete(given.name);
            return undefined;
          case 'predict':
            return predict(given.name, given.texts, given.now_ms);
          case 'complete':
            return complete(given);
          case 'embed':
            return embed(given.texts, given.dimensions);
        }
      };
      return (await answers()) as ReaderAnswer<C>;
    },
  };
}

class NeedsVector extends Error {
  readonly text: string;

  constructor(text: string) {
    super('a vector is needed');
    this.text = text;
  }
}

/** English texts have one, where the model reads vectors. */
async function vectorsFor(entry: Entry, texts: readonly string[]): Promise<(Float32Array | undefined)[] | undefined> {
  if (!entry.vectors) return undefined;
  const english = texts.filter(isEnglish);
  const found = await entry.vectors.embed(english);
  const byText = new Map(english.map((text, at) => [text, found[at]]));
  return texts.map((text) => byText.get(text));
}

async function judge(entry: Entry, texts: readonly string[], now_ms: number) {
  const vectors = await vectorsFor(entry, texts);
  return texts.map((text, at) => entry.trained!.predict(text, now_ms, vectors?.[at]));
}

function predictOne(entry: Entry, text: string, now_ms: number, vector?: Float32Array): Omit<Prediction, 'ms'> {
  const learnt = entry.trained?.predict(text, now_ms, vector);
  return (
    entry.corrections.correct(text, learnt) ?? {
      best: OUT_OF_SCOPE,
      intent: OUT_OF_SCOPE,
      confidence: 0,
      outOfScope: 1,
      slots: [],
    }
  );
}

function replyFor(entry: Entry, intent: string, text: string): string | undefined {
  const added = entry.corrections
    .examples()
    .flatMap((one) => (one.intent === intent && one.reply !== undefined ? [{ text: one.text, reply: one.reply }] : []));
  const all = [...added, ...(entry.replies.get(intent) ?? [])];
  if (all.length < 2) return all[0]?.reply;
  const vector = embedOne(text, REPLY_DIMENSIONS);
  const scored = all.map(({ text: other, reply }) => ({
    reply,
    near: similarity(vector, embedOne(other, REPLY_DIMENSIONS)),
  }));
  return scored.reduce((best, one) => (one.near > best.near ? one : best)).reply;
}
