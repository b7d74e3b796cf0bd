/** Features of each token for the slot tagger: 32-bit hashes, computed from integers wherever that is possible. */

import { BASIS, hashText, join, mix, PRIME } from '../text/hash.ts';
import { hanMeanings, meanings } from '../text/lexicon.ts';
import { stem } from '../text/text.ts';
import { kindsOf, MAX_KIND_TOKENS } from '../text/word-kinds.ts';
import { rowsOfWord, wordTable } from '../text/word-table.ts';
import { readDates, readDurations, readTimes } from '../values/moments.ts';
import { readNumbers } from '../values/numbers.ts';
import { type KnownWords, type Own, type Seen, type SeenValue, seenValues } from './tagger-known.ts';
import { type Token, tokenize } from './tagger-tokens.ts';

export interface TokenFeatures {
  /** Token t has `hashes[starts[t] … starts[t + 1])`. */
  starts: Int32Array;
  hashes: Uint32Array;
}

export interface FeatureInput {
  text: string;
  tokens: readonly Token[];
  known: KnownWords;
  /** What this very example added to `known`; taken off again, so that training sees what reading will see. */
  own?: Own;
  intent?: string;
}

const EDGE = hashText('\u0000edge');

/** Word-like segments over the tokens: which segment a token is in, and where. */
interface Segments {
  /** Hash of each segment. */
  hashes: number[];
  /** Segment of each token. */
  of: Int32Array;
  /** 0 alone, 1 first, 2 inside, 3 last. */
  place: Uint8Array;
}

const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });

function segmentsOf(text: string, tokens: readonly Token[]): Segments {
  const of = new Int32Array(tokens.length);
  const place = new Uint8Array(tokens.length);
  const hashes: number[] = [];
  let at = 0;
  for (const part of segmenter.segment(text)) {
    const end = part.index + part.segment.length;
    const from = at;
    while (at < tokens.length && tokens[at]!.start < end) at++;
    if (at === from) continue;
    let folded = '';
    for (let index = from; index < at; index++) {
      of[index] = hashes.length;
      place[index] = at - from === 1 ? 0 : index === from ? 1 : index === at - 1 ? 3 : 2;
      folded += tokens[index]!.text;
    }
    hashes.push(hashText(folded));
  }
  return { hashes, of, place };
}

/** Marks on tokens that lie in something that was recognised: 1 + place (0 alone, 1 first, 2 inside, 3 last); 0 elsewhere. */
function markSpans(tokens: readonly Token[], spans: readonly { start: number; end: number }[]): Uint8Array {
  const marks = new Uint8Array(tokens.length);
  let at = 0;
  for (const span of spans) {
    while (at < tokens.length && tokens[at]!.end <= span.start) at++;
    const from = at;
    while (at < tokens.length && tokens[at]!.start < span.end) at++;
    for (let index = from; index < at; index++)
      marks[index] = at - from === 1 ? 1 : index === from ? 2 : index === at - 1 ? 4 : 3;
  }
  return marks;
}

function shapeOf(token: Token): number {
  const length = Math.min(8, token.text.length);
  return { character: 100, word: 200, number: 300, mark: 400 }[token.kind] + (token.kind === 'character' ? 0 : length);
}

class Collector {
  readonly starts: Int32Array;
  private hashes = new Uint32Array(1024);
  private length = 0;

  constructor(tokens: number) {
    this.starts = new Int32Array(tokens + 1);
  }

  add(template: number, hash: number): void {
    if (this.length === this.hashes.length) {
      const grown = new Uint32Array(this.length * 2);
      grown.set(this.hashes);
      this.hashes = grown;
    }
    this.hashes[this.length++] = join(hash, template);
  }

  addAll(template: number, hashes: readonly number[] | undefined): void {
    if (hashes) for (const hash of hashes) this.add(template, hash);
  }

  close(token: number): void {
    this.starts[token + 1] = this.length;
  }

  done(): TokenFeatures {
    return { starts: this.starts, hashes: this.hashes.slice(0, this.length) };
  }
}

/** What the features of a token are made from; one entry a token, or one a segment. */
interface View {
  count: number;
  tokens: readonly Token[];
  ids: Int32Array;
  stems: Int32Array;
  shapes: Int32Array;
  segments: Segments;
  /** Marks of numbers, dates, times and durations. */
  readers: readonly Uint8Array[];
  seen: readonly Seen[];
  values: readonly (readonly SeenValue[])[];
  meanings: readonly (readonly number[])[];
  things: readonly (readonly number[])[];
  /** Groups of like words (word-table.ts), 1 more than their number; 0 for what the table does not know. */
  alike: { fine: Int32Array; coarse: Int32Array };
  topics: readonly number[];
}

function viewOf({ text, tokens, known, own, intent }: FeatureInput): View {
  const ids = Int32Array.from(tokens, (token) => hashText(token.text));
  return {
    count: tokens.length,
    tokens,
    ids,
    stems: Int32Array.from(tokens, (token, at) => (token.kind === 'word' ? hashText(stem(token.text)) : ids[at]!)),
    shapes: Int32Array.from(tokens, shapeOf),
    segments: segmentsOf(text, tokens),
    readers: [readNumbers(text), readDates(text, 0), readTimes(text), readDurations(text)].map((spans) =>
      markSpans(tokens, spans),
    ),
    seen: Array.from(ids, (id) => known.word(id, own)),
    values: seenValues(ids, known, own),
    meanings: meaningsOf(tokens),
    things: thingsOf(ids),
    alike: alikeOf(tokens),
    topics: topicsOf(intent),
  };
}

/** About a hundred features a token. Linear in the length of the text. The first argument of `add` tells templates apart: no two may share one. */
export function tokenFeatures(input: FeatureInput): TokenFeatures {
  const view = viewOf(input);
  const out = new Collector(view.count);
  let pivot = EDGE;
  for (let at = 0; at < view.count; at++) {
    addNeighbours(out, view, at);
    addForms(out, view, at);
    addSegments(out, view, at);
    addReaders(out, view, at);
    addKnown(out, view, at);
    addMeanings(out, view, at);
    addAlike(out, view, at);
    // The last word that is seldom part of a slot: "to" or "from" decide several words further on.
    out.add(56, pivot);
    out.add(57, join(pivot, rarityOf(view, at)));
    addTopics(out, view, at);
    out.close(at);
    const { inside, outside } = view.seen[at]!;
    if (outside > 2 && inside * 4 < outside) pivot = view.ids[at]!;
  }
  return out.done();
}

function idAt({ ids, count }: View, at: number): number {
  return at < 0 || at >= count ? EDGE : ids[at]!;
}

function segmentAt({ segments }: View, at: number): number {
  return at < 0 || at >= segments.hashes.length ? EDGE : segments.hashes[at]!;
}

/** 0 to 3: how often the word was seen elsewhere. Words never seen are often values. */
function rarityOf({ seen, count }: View, at: number): number {
  return at < 0 || at >= count ? 3 : Math.min(3, seen[at]!.total);
}

function addNeighbours(out: Collector, view: View, at: number): void {
  const [back3, back2, before, w0, after, next2, next3] = [-3, -2, -1, 0, 1, 2, 3].map((by) => idAt(view, at + by)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const left = join(before, w0);
  const right = join(w0, after);
  out.add(1, 0);
  out.add(2, w0);
  out.add(3, before);
  out.add(4, after);
  out.add(5, back2);
  out.add(6, next2);
  out.add(7, back3);
  out.add(8, next3);
  out.add(9, left);
  out.add(10, right);
  out.add(11, join(back2, before));
  out.add(12, join(after, next2));
  out.add(13, join(before, after));
  out.add(14, join(left, after));
  out.add(15, join(back2, left));
  out.add(16, join(right, next2));
  out.add(17, join(join(back3, back2), before));
  out.add(18, join(join(after, next2), next3));
}

function addForms(out: Collector, { tokens, shapes, stems, count }: View, at: number): void {
  const shape = shapes[at]!;
  out.add(19, shape);
  out.add(20, join(shape, shapes[at - 1] ?? 0));
  out.add(21, join(shape, shapes[at + 1] ?? 0));
  out.add(22, at === 0 ? 1 : at === count - 1 ? 2 : 0);
  out.add(23, Math.min(count, 12));
  if (tokens[at]!.kind !== 'word') return;
  out.add(24, stems[at]!);
  out.add(25, stems[at - 1] ?? EDGE);
  out.add(26, stems[at + 1] ?? EDGE);
  addAffixes(out, tokens[at]!.text);
}

function addSegments(out: Collector, view: View, at: number): void {
  const own = view.segments.of[at]!;
  const place = view.segments.place[at]!;
  const [back2, before, segment, after, next2] = [-2, -1, 0, 1, 2].map((by) => segmentAt(view, own + by)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  out.add(27, join(segment, place));
  out.add(28, place);
  out.add(29, before);
  out.add(30, after);
  out.add(31, join(before, segment));
  out.add(32, join(segment, after));
  out.add(33, join(before, after));
  out.add(34, join(back2, before));
  out.add(35, join(after, next2));
  out.add(36, join(view.ids[at]!, place));
}

function addReaders(out: Collector, view: View, at: number): void {
  view.readers.forEach((marks, reader) => {
    if (marks[at]! > 0) {
      const mark = reader * 8 + marks[at]!;
      out.add(37, mark);
      out.add(38, join(mark, idAt(view, at - 1)));
      for (const topic of view.topics) out.add(39, join(topic, mark));
    }
    const before = marks[at - 1] ?? 0;
    const after = marks[at + 1] ?? 0;
    if (before > 0) out.add(40, reader * 8 + before);
    if (after > 0) out.add(41, reader * 8 + after);
  });
}

function addKnown(out: Collector, view: View, at: number): void {
  const rarity = rarityOf(view, at);
  out.add(42, rarity);
  out.add(43, join(rarity, idAt(view, at - 1)));
  out.add(44, join(rarity, idAt(view, at + 1)));
  out.add(45, rarity * 16 + rarityOf(view, at - 1) * 4 + rarityOf(view, at + 1));
  out.addAll(46, view.seen[at]!.slots);
  out.addAll(47, view.seen[at - 1]?.slots);
  out.addAll(48, view.seen[at + 1]?.slots);
  for (const value of view.values[at]!) {
    out.add(49, value.mark);
    out.add(50, value.slot);
    out.add(51, value.exact);
    for (const topic of view.topics) out.add(52, join(topic, value.mark));
  }
}

function addMeanings(out: Collector, view: View, at: number): void {
  out.addAll(53, view.meanings[at]);
  out.addAll(54, view.meanings[at - 1]);
  out.addAll(55, view.meanings[at + 1]);
  for (const thing of view.things[at]!) {
    out.add(90, thing);
    out.add(91, thing >> 2);
    out.add(92, join(thing, idAt(view, at - 1)));
    out.add(93, join(thing, idAt(view, at + 1)));
    for (const topic of view.topics) out.add(94, join(topic, thing));
  }
  out.addAll(95, view.things[at - 1]);
  out.addAll(96, view.things[at + 1]);
}

/** What a word never seen may be, by the words that it is used like. */
function addAlike(out: Collector, { alike: { fine, coarse }, ids, count, topics }: View, at: number): void {
  const own = fine[at]!;
  const kind = coarse[at]!;
  const before = coarse[at - 1] ?? 0;
  const after = coarse[at + 1] ?? 0;
  if (own > 0) {
    out.add(100, own);
    out.add(101, kind);
    out.add(102, join(kind, at === 0 ? EDGE : ids[at - 1]!));
    out.add(103, join(kind, at === count - 1 ? EDGE : ids[at + 1]!));
    out.add(104, join(kind, before + 1));
    out.add(105, join(kind, after + 1));
    for (const topic of topics) {
      out.add(106, join(topic, own));
      out.add(107, join(topic, kind));
    }
  }
  if (before > 0) {
    out.add(108, fine[at - 1]!);
    out.add(109, before);
  }
  if (after > 0) {
    out.add(110, fine[at + 1]!);
    out.add(111, after);
  }
}

function addTopics(out: Collector, view: View, at: number): void {
  const before = idAt(view, at - 1);
  const w0 = view.ids[at]!;
  const after = idAt(view, at + 1);
  for (const topic of view.topics) {
    out.add(58, topic);
    out.add(59, join(topic, w0));
    out.add(60, join(topic, before));
    out.add(61, join(topic, after));
    out.add(62, join(topic, segmentAt(view, view.segments.of[at]!)));
    out.add(63, join(topic, rarityOf(view, at)));
    out.add(64, join(topic, view.segments.place[at]!));
    out.add(65, join(topic, view.shapes[at]!));
    out.add(66, join(topic, join(before, w0)));
    out.add(67, join(topic, join(before, after)));
    out.add(68, join(topic, join(at === 0 ? 1 : 0, at === view.count - 1 ? 1 : 0)));
  }
}

function addAffixes(out: Collector, text: string): void {
  const length = Math.min(4, text.length - 1);
  let hash = BASIS;
  for (let size = 1; size <= length; size++) {
    hash = Math.imul(hash ^ text.charCodeAt(size - 1), PRIME);
    if (size > 1) out.add(70 + size, mix(hash));
  }
  hash = BASIS;
  for (let size = 1; size <= length; size++) {
    hash = Math.imul(hash ^ text.charCodeAt(text.length - size), PRIME);
    out.add(80 + size, mix(hash));
  }
}

function alikeOf(tokens: readonly Token[]): View['alike'] {
  const fine = new Int32Array(tokens.length);
  const coarse = new Int32Array(tokens.length);
  tokens.forEach((token, at) => {
    const row = token.kind === 'word' ? (rowsOfWord(token.text)[0] ?? -1) : -1;
    if (row < 0) return;
    const groups = wordTable().groupsOf(row);
    fine[at] = groups.fine + 1;
    coarse[at] = groups.coarse + 1;
  });
  return { fine, coarse };
}

/** The intent and its domain, hashed apart. */
function topicsOf(intent: string | undefined): number[] {
  if (intent === undefined) return [];
  const domain = /^[^._:/-]+(?=[._:/-])/.exec(intent)?.[0];
  return domain === undefined ? [hashText(`i ${intent}`)] : [hashText(`i ${intent}`), hashText(`d ${domain}`)];
}

/** Meanings of the general lexicon, per token. */
function meaningsOf(tokens: readonly Token[]): number[][] {
  const out: number[][] = tokens.map((token) =>
    token.kind === 'word' ? meanings(token.text).map((meaning) => hashText(meaning)) : [],
  );
  for (let from = 0; from < tokens.length; from++) {
    if (tokens[from]!.kind !== 'character') continue;
    let to = from + 1;
    while (to < tokens.length && tokens[to]!.kind === 'character' && tokens[to]!.start === tokens[to - 1]!.end) to++;
    let run = '';
    const index: number[] = [];
    for (let at = from; at < to; at++) {
      for (let unit = 0; unit < tokens[at]!.text.length; unit++) index.push(at);
      run += tokens[at]!.text;
    }
    for (const { meaning, word, at } of hanMeanings(run)) {
      const hash = hashText(meaning);
      for (let unit = at; unit < at + word.length; unit++) out[index[unit]!]!.push(join(hash, unit === at ? 1 : 2));
    }
    from = to - 1;
  }
  return out;
}

/** Kind × place of the longest known names of things over each token. */
function thingsOf(ids: Int32Array): number[][] {
  const out: number[][] = Array.from(ids, () => []);
  const lengths: number[][] = Array.from(ids, () => []);
  for (let from = 0; from < ids.length; from++) {
    let hash = 0;
    for (let to = from + 1; to <= Math.min(ids.length, from + MAX_KIND_TOKENS); to++) {
      hash = join(hash, ids[to - 1]!);
      for (const kind of kindsOf(hash, idsOf)) {
        for (let at = from; at < to; at++) {
          const place = to - from === 1 ? 0 : at === from ? 1 : at === to - 1 ? 3 : 2;
          const held = out[at]!.findIndex((thing) => thing >> 2 === kind);
          if (held < 0) {
            out[at]!.push(kind * 4 + place);
            lengths[at]!.push(to - from);
          } else if (lengths[at]![held]! < to - from) {
            out[at]![held] = kind * 4 + place;
            lengths[at]![held] = to - from;
          }
        }
      }
    }
  }
  return out;
}

function idsOf(text: string): number[] {
  return tokenize(text).map((token) => hashText(token.text));
}
