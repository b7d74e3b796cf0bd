/**
 * Sparse features of a text in groups: words, light stems, character n-grams, and (where slots were marked) the text without their values.
 * Each feature is a 32-bit hash, salted by its kind.
 *
 * English: words and stems one and two at a time, characters two to five inside " word ".
 * Chinese: words of the runtime's dictionary one and two at a time, characters one to three inside a run.
 */
import { BASIS, mix, PRIME } from '../text/hash.ts';
import { fold, stem, type Word, words } from '../text/text.ts';
import { rowsOfWord, wordTable } from '../text/word-table.ts';
import { LIMITS, type SlotSpan } from '../types.ts';

/** What a group holds. The order is that of the hashes in `TextFeatures`. */
export const WORDS = 0;
export const STEMS = 1;
export const CHARACTERS = 2;
export const FRAMES = 3;
export const GROUPS = 4;

/** Distinct features of a text: those of group g stand from `ends[g - 1]` (0) to `ends[g]`. */
export interface TextFeatures {
  hashes: Uint32Array;
  /** How often each occurs. */
  counts: Float32Array;
  ends: number[];
  /** What the table of English words knows of it, in order: row of the table, and hash of the word as a feature. */
  meanings: { rows: Int32Array; hashes: Uint32Array };
}

const SPACE = 32;

function extend(hash: number, text: string): number {
  let out = hash;
  for (let index = 0; index < text.length; index++) out = Math.imul(out ^ text.charCodeAt(index), PRIME);
  return out;
}

const SALT = Array.from({ length: 10 }, (_, salt) => Math.imul(BASIS ^ (salt + 1), PRIME));
const [WORD, WORD_PAIR, STEM, STEM_PAIR, CHARACTER, MARK, FRAME, SLOT, SLOT_PAIR, FRAME_PAIR] = SALT as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
const EDGE = '|';

type Bags = Map<number, number>[];

function add(bag: Map<number, number>, hash: number): void {
  const key = mix(hash) >>> 0;
  bag.set(key, (bag.get(key) ?? 0) + 1);
}

function pair(salt: number, left: string, right: string): number {
  return extend(Math.imul(extend(salt, left) ^ SPACE, PRIME), right);
}

/** Features of the first 4,000 characters. `spans` are slots marked in them; without it the group of frames stays empty. */
export function featuresOf(text: string, spans?: readonly SlotSpan[]): TextFeatures {
  const read = text.slice(0, LIMITS.featureChars);
  const own = words(read);
  const bags: Bags = Array.from({ length: GROUPS }, () => new Map<number, number>());
  addWords(own, bags);
  addStems(own, bags);
  addCharacters(own, bags[CHARACTERS]!);
  addMarks(read, bags[CHARACTERS]!);
  if (spans && spans.length > 0) addFrames(own, spans, bags[FRAMES]!);
  return { ...pack(bags), meanings: meaningsOf(own) };
}

function meaningsOf(own: readonly Word[]): TextFeatures['meanings'] {
  const rows: number[] = [];
  const hashes: number[] = [];
  for (const word of own) {
    if (word.han) continue;
    for (const row of rowsOfWord(word.text)) {
      rows.push(row);
      hashes.push(mix(extend(WORD, word.text)) >>> 0);
    }
  }
  return { rows: Int32Array.from(rows), hashes: Uint32Array.from(hashes) };
}

function addWords(own: readonly Word[], bags: Bags): void {
  let previous = EDGE;
  for (const word of own) {
    add(bags[WORDS]!, extend(WORD, word.text));
    // Stems carry the edges of English sentences.
    if (previous !== EDGE || word.han) add(bags[WORDS]!, pair(WORD_PAIR, previous, word.text));
    previous = word.text;
  }
  if (own.at(-1)?.han) add(bags[WORDS]!, pair(WORD_PAIR, previous, EDGE));
}

function addStems(own: readonly Word[], bags: Bags): void {
  let previous = EDGE;
  for (const word of own) {
    const form = word.han ? word.text : stem(word.text);
    if (!word.han) {
      add(bags[STEMS]!, extend(STEM, form));
      add(bags[STEMS]!, pair(STEM_PAIR, previous, form));
    }
    previous = form;
  }
  if (own.length > 0 && !own.at(-1)!.han) add(bags[STEMS]!, pair(STEM_PAIR, previous, EDGE));
}

function addCharacters(own: readonly Word[], bag: Map<number, number>): void {
  let run = '';
  let runEnd = -1;
  for (const word of own) {
    if (!word.han) {
      addGrams(` ${word.text} `, 2, 5, bag);
      continue;
    }
    if (word.start !== runEnd) {
      addGrams(run, 1, 3, bag);
      run = '';
    }
    run += word.text;
    runEnd = word.end;
  }
  addGrams(run, 1, 3, bag);
}

function addGrams(run: string, min: number, max: number, bag: Map<number, number>): void {
  for (let start = 0; start < run.length; start++) {
    let hash = CHARACTER;
    for (let length = 1; length <= max && start + length <= run.length; length++) {
      hash = Math.imul(hash ^ run.charCodeAt(start + length - 1), PRIME);
      if (length >= min) add(bag, hash ^ length);
    }
  }
}

/** Marks that carry feeling or ask; one each, however many stand there. */
function addMarks(text: string, bag: Map<number, number>): void {
  for (const mark of new Set(fold(text).match(/[!?~。…]|\p{Extended_Pictographic}/gu) ?? []))
    add(bag, extend(MARK, mark));
}

/** The slots' names, their pairs, and the sentence with each value replaced by its slot's name. */
function addFrames(own: readonly Word[], spans: readonly SlotSpan[], bag: Map<number, number>): void {
  const sorted = [...spans].sort((a, b) => a.start - b.start).slice(0, 20);
  for (const span of sorted) add(bag, extend(SLOT, span.name));
  for (let left = 0; left < sorted.length; left++)
    for (let right = left + 1; right < sorted.length; right++)
      add(bag, pair(SLOT_PAIR, sorted[left]!.name, sorted[right]!.name));
  const frame: string[] = [];
  let at = 0;
  for (const word of own) {
    while (at < sorted.length && sorted[at]!.end <= word.start) frame.push(`<${sorted[at++]!.name}>`);
    const inside = at < sorted.length && word.start < sorted[at]!.end && word.end > sorted[at]!.start;
    if (inside) continue;
    if (word.han) frame.push(...word.text);
    else frame.push(stem(word.text));
  }
  while (at < sorted.length) frame.push(`<${sorted[at++]!.name}>`);
  let previous = EDGE;
  let before = '';
  for (const token of [...frame, EDGE]) {
    if (token !== EDGE) add(bag, extend(FRAME, token));
    add(bag, pair(FRAME_PAIR, previous, token));
    if (before) add(bag, pair(FRAME_PAIR, `${before} ${previous}`, token));
    before = previous;
    previous = token;
  }
}

function pack(bags: Bags): Omit<TextFeatures, 'meanings'> {
  const size = bags.reduce((sum, bag) => sum + bag.size, 0);
  const hashes = new Uint32Array(size);
  const counts = new Float32Array(size);
  const ends: number[] = [];
  let at = 0;
  for (const bag of bags) {
    for (const [hash, count] of bag) {
      hashes[at] = hash;
      counts[at++] = count;
    }
    ends.push(at);
  }
  return { hashes, counts, ends };
}

/** Which hashes a model knows, as an open table over typed arrays: loading it costs nothing. */
export interface Vocabulary {
  size: number;
  /** Hash at each place of the table; 0 marks an empty place (a hash of 0 is stored as 1). */
  keys: Uint32Array;
  /** Row of the weights at each place. */
  rows: Uint32Array;
  /** By row: idf^0.5. */
  idf: Float32Array;
  /** The idf^0.5 of what was never seen: the most there is. */
  rarest: number;
  /** Mean of the examples' word meanings, taken off every text's; empty where words of the table are rare. */
  centre: Float32Array;
  /** Added to every row: the rows before are those of the words' meaning (`centre.length`) and of a sentence vector. */
  offset: number;
}

function place(keys: Uint32Array, hash: number): number {
  const mask = keys.length - 1;
  const key = hash === 0 ? 1 : hash;
  let at = key & mask;
  while (keys[at] !== 0 && keys[at] !== key) at = (at + 1) & mask;
  return at;
}

export function rowOf(vocabulary: Vocabulary, hash: number): number {
  const at = place(vocabulary.keys, hash);
  return vocabulary.keys[at] === 0 ? -1 : vocabulary.rows[at]!;
}

/** A table from hashes and their idf, rows in that order; `dimensions` are those of sentence vectors. */
export function tableOf(
  hashes: Uint32Array,
  idf: Float32Array,
  dimensions = 0,
  centre: Float32Array = new Float32Array(0),
): Vocabulary {
  let capacity = 16;
  while (capacity < hashes.length * 2) capacity *= 2;
  const keys = new Uint32Array(capacity);
  const rows = new Uint32Array(capacity);
  hashes.forEach((hash, row) => {
    const at = place(keys, hash);
    keys[at] = hash === 0 ? 1 : hash;
    rows[at] = row;
  });
  const rarest = idf.reduce((most, value) => Math.max(most, value), 1);
  return { size: hashes.length, keys, rows, idf, rarest, centre, offset: centre.length + dimensions };
}

export interface LearntVocabulary {
  /** The most frequent first, so that a limit is a prefix and a pass over the weights stays in the cache. */
  hashes: Uint32Array;
  idf: Float32Array;
  /** How many of them were seen at least twice. */
  repeated: number;
}

/** The features seen in at least `minimum` texts, at most `limit` of them. */
export function learnVocabulary(texts: readonly TextFeatures[], minimum: number, limit: number): LearntVocabulary {
  const df = new Map<number, number>();
  for (const { hashes } of texts) for (const hash of hashes) df.set(hash, (df.get(hash) ?? 0) + 1);
  const kept = [...df]
    .filter(([, count]) => count >= minimum)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, limit);
  const count = texts.length;
  const once = kept.findIndex(([, seen]) => seen < 2);
  return {
    hashes: Uint32Array.from(kept, ([hash]) => hash),
    idf: Float32Array.from(kept, ([, seen]) => Math.sqrt(Math.log((1 + count) / (1 + seen)) + 1)),
    repeated: once < 0 ? kept.length : once,
  };
}

/** Share of the examples that must have a word of the table for its meanings to be learnt from. */
const ENOUGH_MEANINGS = 0.3;

/** The mean direction of the texts' words; empty where too few texts have any that the table knows. */
export function learnCentre(texts: readonly TextFeatures[], vocabulary: Vocabulary): Float32Array {
  const known = texts.filter(({ meanings }) => meanings.rows.length > 0);
  if (known.length < texts.length * ENOUGH_MEANINGS || known.length === 0) return new Float32Array(0);
  const centre = new Float32Array(wordTable().dimensions);
  for (const text of known) {
    const own = directionOf(text, vocabulary, centre.length);
    for (let at = 0; at < centre.length; at++) centre[at]! += own[at]! / known.length;
  }
  return centre;
}

/** Sum of the words' directions, weighted by idf, at length one; all zero for a text without words of the table. */
function directionOf({ meanings }: TextFeatures, vocabulary: Vocabulary, dimensions: number): Float32Array {
  const sum = new Float32Array(dimensions);
  const table = wordTable();
  meanings.rows.forEach((word, at) => {
    const row = rowOf(vocabulary, meanings.hashes[at]!);
    table.addTo(sum, word, (row < 0 ? vocabulary.rarest : vocabulary.idf[row]!) ** 2);
  });
  return toUnit(sum);
}

function toUnit(vector: Float32Array): Float32Array {
  let square = 0;
  for (const value of vector) square += value * value;
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
  for (let at = 0; at < vector.length; at++) vector[at]! *= scale;
  return vector;
}

/** How a text's meaning differs from that of most: of length one, or all zero. */
function meaningOf(text: TextFeatures, vocabulary: Vocabulary): Float32Array {
  const { centre } = vocabulary;
  if (text.meanings.rows.length === 0 || centre.length === 0) return new Float32Array(centre.length);
  const own = directionOf(text, vocabulary, centre.length);
  for (let at = 0; at < own.length; at++) own[at]! -= centre[at]!;
  return toUnit(own);
}

export interface SparseVector {
  rows: Int32Array;
  values: Float32Array;
  /** Share of the text's features that the vocabulary does not know, weighted by idf, 0 to 1; 1 for a text without features. */
  unseen: number;
  /** Distinct features of the text. */
  features: number;
  /** How many of them the vocabulary knows. */
  known: number;
  /** Of each group of the text, where its rows end. */
  ends: number[];
  /** Direction of its words, of length one or all zero; empty where the vocabulary has no centre. */
  meaning: Float32Array;
}

/** Weights (1 + ln tf) · idf^0.5, each group to length 1, then the whole to length 1; The meaning of its words and `dense`, of length 1, are groups too, in the first rows. */
export function vectorOf(text: TextFeatures, vocabulary: Vocabulary, dense?: Float32Array): SparseVector {
  const capacity = text.hashes.length;
  const meaning = meaningOf(text, vocabulary);
  const words = meaning.length;
  const rows = new Int32Array(capacity + words + (dense?.length ?? 0));
  const values = new Float32Array(rows.length);
  const ends: number[] = [];
  let length = 0;
  let groups = 0;
  let seen = 0;
  let all = 0;
  let at = 0;
  for (let group = 0; group < GROUPS; group++) {
    const from = length;
    let norm = 0;
    for (; at < text.ends[group]!; at++) {
      const row = rowOf(vocabulary, text.hashes[at]!);
      const idf = row < 0 ? vocabulary.rarest : vocabulary.idf[row]!;
      all += idf;
      if (row < 0) continue;
      seen += idf;
      const value = (1 + Math.log(text.counts[at]!)) * idf;
      rows[length] = row + vocabulary.offset;
      values[length++] = value;
      norm += value * value;
    }
    ends.push(length);
    if (norm === 0) continue;
    groups++;
    const scale = 1 / Math.sqrt(norm);
    for (let index = from; index < length; index++) values[index]! *= scale;
  }
  const known = length;
  const addDense = (group: Float32Array, from: number) => {
    groups++;
    group.forEach((value, at) => {
      rows[length] = from + at;
      values[length++] = value;
    });
  };
  if (meaning.some((value) => value !== 0)) addDense(meaning, 0);
  if (dense) addDense(dense, words);
  const scale = groups > 0 ? 1 / Math.sqrt(groups) : 0;
  for (let index = 0; index < length; index++) values[index]! *= scale;
  return {
    rows: rows.slice(0, length),
    values: values.slice(0, length),
    unseen: all === 0 ? 1 : 1 - seen / all,
    features: capacity,
    known,
    ends,
    meaning,
  };
}
