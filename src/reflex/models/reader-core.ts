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
import { partsOf } from './parts.ts';

/** Vectors of texts that a chat asked for; a chat asks for few. */
const MAX_ROUNDS = 64;
const REPLY_DIMENSIONS = 512;

export interface LoadCall {
  do: 'load';
  name: string;
  /** Nothing where the model was never trained. */
  model?: Uint8Array;
  replies: Uint8Array;
  vectorsFolder?: string;
}

export type ReaderCall =
  | LoadCall
  /** `isJudged`: the model reads them, so that they count for what is like them too. */
  | { do: 'change'; name: string; changes: Change[]; isJudged: boolean }
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
    entries.set(call.name, entry);
    return undefined;
  }

  async function change(entry: Entry, changes: readonly Change[], isJudged: boolean): Promise<undefined> {
    const texts = changes.map((one) => ('add' in one ? one.add.text : one.remove.text));
    const judged = entry.trained && isJudged ? await judge(entry, texts, 0) : [];
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
    const predictions: Prediction[] = [];
    for (const [at, text] of texts.entries()) {
      const started = performance.now();
      const prediction = predictOne(entry, text, now_ms, vectors?.[at]);
      const parts = await withVectors(entry, now_ms, new Map([[text, vectors?.[at]]]), (read) => partsOf(text, read));
      predictions.push({ ...prediction, ...(parts && { parts }), ms: share_ms + performance.now() - started });
    }
    return predictions;
  }

  /** Work that reads texts as it goes. Vectors come later than it can wait: it says which text it needs, and begins again. */
  async function withVectors<T>(
    entry: Entry,
    now_ms: number,
    known: Map<string, Float32Array | undefined>,
    work: (read: (text: string) => Omit<Prediction, 'ms'>) => T,
  ): Promise<T> {
    const read = (text: string): Omit<Prediction, 'ms'> => {
      if (entry.vectors && !known.has(text)) throw new NeedsVector(text);
      return predictOne(entry, text, now_ms, known.get(text));
    };
    for (let round = 0; round < MAX_ROUNDS; round++) {
      try {
        return work(read);
      } catch (error) {
        if (!(error instanceof NeedsVector)) throw error;
        known.set(error.text, (await vectorsFor(entry, [error.text]))?.[0]);
      }
    }
    throw new AppError('too_large', 'This request asks for more texts than a model with vectors reads at once.');
  }

  async function complete(call: Extract<ReaderCall, { do: 'complete' }>): Promise<ReflexReply> {
    const entry = call.name === undefined ? undefined : entryOf(call.name);
    const answer = (model: ChatModel | undefined) =>
      completeChat(call.request, { now_ms: call.now_ms, model, otherModels: call.otherModels });
    if (!entry) return answer(undefined);
    return withVectors(entry, call.now_ms, new Map(), (read) =>
      answer({
        predict: (text) => {
          const started = performance.now();
          return { ...read(text), ms: performance.now() - started };
        },
        parts: (text) => partsOf(text, read),
        replyFor: (intent, text) => replyFor(entry, intent, text),
      }),
    );
  }

  return {
    async answer<C extends ReaderCall>(call: C): Promise<ReaderAnswer<C>> {
      const given: ReaderCall = call;
      const answers = async (): Promise<unknown> => {
        switch (given.do) {
          case 'load':
            return load(given);
          case 'change':
            return change(entryOf(given.name), given.changes, given.isJudged);
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
  const learnt = entry.trained && humble(entry.trained.predict(text, now_ms, vector), entry.trained.intents.length);
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

/** Who knows one intent alone has never told anything apart, however well the text fits it. */
const MOST_OF_ONE = 0.9;

function humble(prediction: Omit<Prediction, 'ms'>, intents: number): Omit<Prediction, 'ms'> {
  if (intents > 1) return prediction;
  return { ...prediction, confidence: Math.min(prediction.confidence, MOST_OF_ONE * (1 - prediction.outOfScope)) };
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
