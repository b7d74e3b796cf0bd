/**
 * Sparse features of a text: words, light stems and character n-grams, each a 32-bit hash.
 *
 * English: words and stems one and two at a time, characters two to five inside " word ".
 * Chinese: words of the runtime's dictionary one and two at a time, characters one to three inside a run.
 */
import { fold, stem, words } from './text.ts';
import { LIMITS } from './types.ts';

export const GROUPS = 3;
const WORDS = 0;
const STEMS = 1;
const CHARACTERS = 2;

/** Hash → how often, one table a group. */
export type Counts = [Map<number, number>, Map<number, number>, Map<number, number>];

const PRIME = 0x01000193;
const BASIS = 0x811c9dc5;
const SPACE = 32;

function extend(hash: number, text: string): number {
  let out = hash;
  for (let index = 0; index < text.length; index++) out = Math.imul(out ^ text.charCodeAt(index), PRIME);
  return out;
}

/** FNV's low bits are weak; every feature is mixed once before it is used. */
function mix(hash: number): number {
  let out = hash ^ (hash >>> 16);
  out = Math.imul(out, 0x85ebca6b);
  out ^= out >>> 13;
  out = Math.imul(out, 0xc2b2ae35);
  return (out ^ (out >>> 16)) >>> 0;
}

const SALT = [1, 2, 3, 4, 5, 6].map((salt) => Math.imul(BASIS ^ salt, PRIME));

/** Features of the first 4,000 characters. */
export function countFeatures(text: string): Counts {
  const counts: Counts = [new Map(), new Map(), new Map()];
  const add = (group: 0 | 1 | 2, hash: number) => {
    const key = mix(hash);
    counts[group].set(key, (counts[group].get(key) ?? 0) + 1);
  };
  let previousWord = '|';
  let previousStem = '|';
  let run = '';
  let runEnd = -1;
  const own = words(text.slice(0, LIMITS.featureChars));
  for (const word of own) {
    if (word.han) {
      if (word.start !== runEnd) {
        addCharacters(run, 1, 3, add);
        run = '';
      }
      run += word.text;
      runEnd = word.end;
      add(WORDS, extend(SALT[0]!, word.text));
      add(WORDS, extend(extend(SALT[1]!, previousWord) ^ SPACE, word.text));
      previousWord = word.text;
      previousStem = word.text;
      continue;
    }
    const form = stem(word.text);
    add(WORDS, extend(SALT[0]!, word.text));
    if (previousWord !== '|') add(WORDS, extend(extend(SALT[1]!, previousWord) ^ SPACE, word.text));
    add(STEMS, extend(SALT[2]!, form));
    add(STEMS, extend(extend(SALT[3]!, previousStem) ^ SPACE, form));
    addCharacters(` ${word.text} `, 2, 5, add);
    previousWord = word.text;
    previousStem = form;
  }
  addCharacters(run, 1, 3, add);
  if (own.length > 0) add(own.at(-1)!.han ? WORDS : STEMS, extend(extend(SALT[3]!, previousStem) ^ SPACE, '|'));
  // Marks that carry feeling or ask; one each, however many stand there.
  for (const mark of new Set(
    fold(text.slice(0, LIMITS.featureChars)).match(/[!?~。…]|\p{Extended_Pictographic}/gu) ?? [],
  ))
    add(CHARACTERS, extend(SALT[5]!, mark));
  return counts;
}

function addCharacters(run: string, min: number, max: number, add: (group: 0 | 1 | 2, hash: number) => void): void {
  for (let start = 0; start < run.length; start++) {
    let hash = SALT[4]!;
    for (let length = 1; length <= max && start + length <= run.length; length++) {
      hash = Math.imul(hash ^ run.charCodeAt(start + length - 1), PRIME);
      if (length >= min) add(CHARACTERS, hash ^ length);
    }
  }
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

/** A table from hashes and their idf, rows in that order. */
export function tableOf(hashes: Uint32Array, idf: Float32Array): Vocabulary {
  let capacity = 16;
  while (capacity < hashes.length * 2) capacity *= 2;
  const keys = new Uint32Array(capacity);
  const rows = new Uint32Array(capacity);
  hashes.forEach((hash, row) => {
    const at = place(keys, hash);
    keys[at] = hash === 0 ? 1 : hash;
    rows[at] = row;
  });
  return { size: hashes.length, keys, rows, idf };
}

/** The features seen in at least `minimum` texts, at most `limit` of them (the most frequent), with hashes in row order. */
export function learnVocabulary(
  texts: readonly Counts[],
  minimum: number,
  limit: number,
): { hashes: Uint32Array; idf: Float32Array } {
  const df = new Map<number, number>();
  for (const groups of texts)
    for (const group of groups) for (const hash of group.keys()) df.set(hash, (df.get(hash) ?? 0) + 1);
  let kept = [...df].filter(([, count]) => count >= minimum);
  if (kept.length > limit) kept = kept.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, limit);
  kept.sort((a, b) => a[0] - b[0]);
  const count = texts.length;
  return {
    hashes: Uint32Array.from(kept, ([hash]) => hash),
    idf: Float32Array.from(kept, ([, seen]) => Math.sqrt(Math.log((1 + count) / (1 + seen)) + 1)),
  };
}

export interface SparseVector {
  rows: Int32Array;
  values: Float32Array;
  /** Share of the text's features that the vocabulary does not know, 0 to 1; 1 for a text without features. */
  unseen: number;
  /** Distinct features of the text. */
  features: number;
}

/** Weights (1 + ln tf) · idf^0.5, each group to length 1, then the whole to length 1. */
export function vectorOf(counts: Counts, vocabulary: Vocabulary): SparseVector {
  const capacity = counts[0].size + counts[1].size + counts[2].size;
  const rows = new Int32Array(capacity);
  const values = new Float32Array(capacity);
  let length = 0;
  let groups = 0;
  let known = 0;
  for (const group of counts) {
    const from = length;
    let norm = 0;
    for (const [hash, count] of group) {
      const row = rowOf(vocabulary, hash);
      if (row < 0) continue;
      known++;
      const value = (1 + Math.log(count)) * vocabulary.idf[row]!;
      rows[length] = row;
      values[length++] = value;
      norm += value * value;
    }
    if (norm === 0) continue;
    groups++;
    const scale = 1 / Math.sqrt(norm);
    for (let index = from; index < length; index++) values[index]! *= scale;
  }
  const scale = groups > 0 ? 1 / Math.sqrt(groups) : 0;
  for (let index = 0; index < length; index++) values[index]! *= scale;
  return {
    rows: rows.subarray(0, length),
    values: values.subarray(0, length),
    unseen: capacity === 0 ? 1 : 1 - known / capacity,
    features: capacity,
  };
}
