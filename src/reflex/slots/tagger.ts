/**
 * The slot tagger: learns from marked examples which stretches of a text are which slot.
 * A conditional random field (crf.ts) over words or characters gives every span its probability;
 * read are the spans that together promise the best F1, not the single likeliest labelling.
 */
import { AppError } from '../../base/errors.ts';
import { hashText } from '../text/hash.ts';
import { type Example, LIMITS, type SlotSpan } from '../types.ts';
import { random, shuffle } from '../understanding/classifier.ts';
import type { Span } from '../values/moments.ts';
import {
  bestSpans,
  type Crf,
  denseFrom,
  type LabelledSequence,
  type Sequence,
  type SpanChance,
  spanChances,
  trainCrf,
} from './crf.ts';
import { type TokenFeatures, tokenFeatures } from './tagger-features.ts';
import { packTagger, type TaggerParts, unpackTagger } from './tagger-file.ts';
import { KnownWords, ownOf, type TokenLabels } from './tagger-known.ts';
import { RowTable } from './tagger-rows.ts';
import { poolsOf, type Spanned, swapValues } from './tagger-swap.ts';
import { type Token, tokenize } from './tagger-tokens.ts';

export interface Tagger {
  /** Slot names, sorted. */
  names: string[];
  /** Slots in order, none overlapping another, none empty; `value` is the text covered. Reads the first 4,000 characters. */
  read(text: string, intent?: string): SlotSpan[];
  toBytes(): Uint8Array<ArrayBuffer>;
}

export interface TrainTaggerOptions {
  /** What each example is conditioned on; left out or undefined: nothing. Read with the same kind of intent (predicted or none) as it was trained with. */
  intents?: readonly (string | undefined)[];
  /** 8 unless said; more for small sets, fewer for large ones. */
  epochs?: number;
  seed?: number;
}

const EPOCHS = 8;
/** Tokens of all examples together; what goes beyond is left out. Bounds memory to about 500 MB. */
const MAX_TOKENS = 240_000;
/** Tokens up to which every feature counts, however rare. */
const SMALL = 3_000;
/** Tokens up to which values are swapped four times over; from `MANY` on there is no need to. */
const TINY = 1_000;
const MANY = 60_000;
/** Share of a small set's copies that begin with their first value. */
const CUT = 0.25;
/** Tokens (copies counted) up to which all epochs are run. */
const LARGE = 50_000;
/** Spans less likely than this are never looked at. */
const LEAST = 0.02;
/** The chance from which on a span is worth its risk: a little under half of the F1 one hopes for. */
const THRESHOLD = 0.36;
/** Longer texts are read in pieces, so that memory stays small. */
const PIECE = 160;

interface Marked extends TokenLabels {
  text: string;
  tokens: Token[];
  intent: string | undefined;
  /** Left as it is for training to find known values; otherwise what the example itself told is taken off. */
  familiar: boolean;
}

/** Deterministic; about 2 CPU seconds for 1,000 sentences, under 25 for 15,000. Slots that touch another are left out. */
export function trainTagger(examples: readonly Example[], options: TrainTaggerOptions = {}): Tagger {
  const names = [...new Set(examples.flatMap((example) => (example.slots ?? []).map((slot) => slot.name)))].sort();
  const seed = options.seed ?? 1;
  const index = new Map(names.map((name, at) => [name, at]));
  const all = names.length === 0 ? [] : markWithin(examples, index, options.intents, seed);
  const known = new KnownWords();
  const own = known.learn(all);
  const tokens = all.reduce((sum, one) => sum + one.tokens.length, 0);
  const copies = copiesOf(all, tokens, seed + 1);
  const features = [...all, ...copies].map((one, at) =>
    tokenFeatures({
      ...one,
      known,
      own: one.familiar ? undefined : (own[at] ?? ownOf(one, known)),
    }),
  );
  const rows = RowTable.learn(
    features.map((one) => one.hashes),
    tokens < SMALL ? 1 : 2,
  );
  const sequences: LabelledSequence[] = features.map((one, at) => ({
    ...sequenceOf(one, rows),
    labels: (all[at] ?? copies[at - all.length]!).labels,
  }));
  const epochs = options.epochs ?? epochsFor(sequences.length, tokens);
  const crf = trainCrf(sequences, {
    slots: names.length,
    rows: rows.size,
    epochs,
    seed,
    dropout: 0.3,
    rate: 0.05 * Math.sqrt(Math.max(1, EPOCHS / epochs)),
    decay: 1e-5,
    averaged: 0.6,
    dense: denseFrom(sequences, rows.size, names.length, tokens < SMALL ? 2 : 8, epochs),
  });
  return taggerOf({ names, known, rows, crf });
}

/** Throws AppError `invalid_request` where the bytes are not what `toBytes` gave. */
export function loadTagger(bytes: Uint8Array): Tagger {
  const parts = unpackTagger(bytes);
  if (typeof parts === 'string')
    throw new AppError('invalid_request', `These bytes are no slot tagger: ${parts}. Train the model again.`, {
      param: 'bytes',
    });
  return taggerOf(parts);
}

function taggerOf(parts: TaggerParts): Tagger {
  let packed: Uint8Array<ArrayBuffer> | undefined;
  return {
    names: [...parts.names],
    read: (text, intent) =>
      parts.names.length === 0 ? [] : readSlots(text.slice(0, LIMITS.featureChars), intent, parts),
    toBytes: () => {
      packed ??= packTagger(parts);
      return packed.slice();
    },
  };
}

function readSlots(text: string, intent: string | undefined, { names, known, rows, crf }: TaggerParts): SlotSpan[] {
  const tokens = tokenize(text);
  const sequence = sequenceOf(tokenFeatures({ text, tokens, known, intent }), rows);
  const out: SlotSpan[] = [];
  for (const { from, to } of piecesOf(tokens)) {
    for (const span of readPiece(crf, slice(sequence, from, to), to - from)) {
      const start = tokens[from + span.from]!.start;
      const end = tokens[from + span.to - 1]!.end;
      out.push({ name: names[span.slot]!, value: text.slice(start, end), start, end });
    }
  }
  return out;
}

function readPiece(crf: Crf, sequence: Sequence, tokens: number): SpanChance[] {
  return bestSpans(spanChances(crf, sequence, LEAST), tokens, THRESHOLD);
}

/** Stretches of at most 160 tokens, cut behind a sentence's end where there is one. */
function piecesOf(tokens: readonly Token[]): { from: number; to: number }[] {
  const out: { from: number; to: number }[] = [];
  let from = 0;
  while (from < tokens.length) {
    let to = Math.min(tokens.length, from + PIECE);
    if (to < tokens.length) {
      for (let at = to; at > from + PIECE / 2; at--) {
        if (!/^[.!?。…;,、]$/.test(tokens[at - 1]!.text)) continue;
        to = at;
        break;
      }
    }
    out.push({ from, to });
    from = to;
  }
  return out;
}

function slice({ starts, rows }: Sequence, from: number, to: number): Sequence {
  if (from === 0 && to === starts.length - 1) return { starts, rows };
  const first = starts[from]!;
  return { starts: starts.slice(from, to + 1).map((start) => start - first), rows: rows.subarray(first, starts[to]!) };
}

function sequenceOf({ starts, hashes }: TokenFeatures, table: RowTable): Sequence {
  const rows = new Int32Array(hashes.length);
  const out = new Int32Array(starts.length);
  let length = 0;
  for (let token = 0; token + 1 < starts.length; token++) {
    for (let index = starts[token]!; index < starts[token + 1]!; index++) {
      const row = table.rowOf(hashes[index]!);
      if (row >= 0) rows[length++] = row;
    }
    out[token + 1] = length;
  }
  return { starts: out, rows: rows.slice(0, length) };
}

/** The labels of an example's tokens. A slot takes every token that it touches; of two that share one, the longer stays. */
function mark(example: Example, index: ReadonlyMap<string, number>, intent: string | undefined): Marked {
  const spans = (example.slots ?? []).map(({ name, start, end }) => ({ value: index.get(name)!, start, end }));
  return markSpans(example.text.slice(0, LIMITS.featureChars), spans, intent);
}

function markSpans(text: string, spans: readonly Span<number>[], intent: string | undefined): Marked {
  const tokens = tokenize(text);
  const labels = new Uint16Array(tokens.length);
  for (const { value: slot, start, end } of [...spans].sort((a, b) => b.end - b.start - (a.end - a.start))) {
    const from = tokens.findIndex((token) => token.end > start);
    const to = tokens.findLastIndex((token) => token.start < end) + 1;
    if (from < 0 || to <= from || labels.subarray(from, to).some((label) => label > 0)) continue;
    labels.fill(2 + 2 * slot, from, to);
    labels[from] = 1 + 2 * slot;
  }
  const ids = Int32Array.from(tokens, (token) => hashText(token.text));
  return { text, tokens, ids, labels, intent, familiar: false };
}

function spansOf({ tokens, labels }: Marked): Span<number>[] {
  const out: Span<number>[] = [];
  labels.forEach((label, at) => {
    if (label === 0) return;
    if (label % 2 === 1) out.push({ value: (label - 1) >> 1, start: tokens[at]!.start, end: tokens[at]!.end });
    else out.at(-1)!.end = tokens[at]!.end;
  });
  return out;
}

/**
 * Copies with values swapped. In small sets every other copy may look its values up: with few examples
 * nearly each value stands in one of them only, and without that nobody would learn that a known value can be trusted.
 */
function copiesOf(marked: readonly Marked[], tokens: number, seed: number): Marked[] {
  const spanned = marked.map((one) => ({ text: one.text, spans: spansOf(one) }));
  const pools = poolsOf(spanned);
  const next = random(seed);
  const out: Marked[] = [];
  const rounds = tokens < TINY ? 4 : tokens < MANY ? 1 : 0;
  for (let round = 0; round < rounds; round++) {
    spanned.forEach((one, at) => {
      if (one.spans.length === 0) return;
      const swapped = swapValues(one, pools, next);
      const { text, spans } = tokens < SMALL && next() < CUT ? cutBefore(swapped) : swapped;
      const copy = markSpans(text, spans, marked[at]!.intent);
      out.push({ ...copy, familiar: tokens < SMALL && round % 2 === 0 && next() < 0.5 });
    });
  }
  return out;
}

/** A text from its first value on: people answer in fragments, and a few whole sentences would teach that no value comes first. */
function cutBefore({ text, spans }: Spanned): Spanned {
  const from = spans[0]!.start;
  return {
    text: text.slice(from),
    spans: spans.map(({ value, start, end }) => ({ value, start: start - from, end: end - from })),
  };
}

function epochsFor(sequences: number, tokens: number): number {
  if (sequences < 100) return Math.min(40, Math.ceil((EPOCHS * 100) / Math.max(1, sequences)));
  return Math.max(3, Math.min(EPOCHS, Math.round((EPOCHS * LARGE) / Math.max(1, tokens))));
}

/** Examples that the bound on tokens leaves room for, in their order: those without slots give way first, then chance decides. */
function markWithin(
  examples: readonly Example[],
  index: ReadonlyMap<string, number>,
  intents: TrainTaggerOptions['intents'],
  seed: number,
): Marked[] {
  const order = Int32Array.from(examples.keys());
  shuffle(order, random(seed));
  const slots = (at: number) => Number((examples[at]!.slots?.length ?? 0) > 0);
  const kept: { at: number; marked: Marked }[] = [];
  let left = MAX_TOKENS;
  for (const at of [...order].sort((a, b) => slots(b) - slots(a))) {
    const marked = mark(examples[at]!, index, intents?.[at]);
    left -= marked.tokens.length;
    if (left < 0) break;
    if (marked.tokens.length > 0) kept.push({ at, marked });
  }
  return kept.sort((a, b) => a.at - b.at).map(({ marked }) => marked);
}
