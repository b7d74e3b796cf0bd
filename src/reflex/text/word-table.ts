/**
 * A general table of English words: a direction in meaning and a group of like words for each of the 40,000 most frequent.
 * It is made by scripts/word-table.ts and read as it is, once in a process, when first asked for (about two milliseconds).
 * Words of other languages have no entry.
 *
 * Layout of words-en.bin, little-endian: u32 magic, words, dimensions, bytes of text; by word in alphabetical order u16 group,
 * u8 16·log2(1 + rank by frequency), i8 × dimensions; then the words, one a line.
 */
import { readFileSync } from 'node:fs';
import { stem } from './text.ts';

const MAGIC = 0x54575731;
const HEAD = 16;
const SUBGROUP_BITS = 4;

export interface WordTable {
  /** Models learnt with one version can't be read with another. */
  version: number;
  words: number;
  dimensions: number;
  /** Row of a folded word, or of its plainest form where only that is known; -1 for what no entry stands for. */
  rowOf(word: string): number;
  wordAt(row: number): string;
  /** Adds the row's direction, of length one, times `weight` to `sum`. */
  addTo(sum: Float32Array, row: number, weight: number): void;
  /** Like words share a group: the fine one of 1,024, and the coarse one of 64 that it lies in. */
  groupsOf(row: number): { fine: number; coarse: number };
  /** Rank by frequency, 0 the most frequent; right to a few per cent. */
  rankOf(row: number): number;
}

let table: WordTable | undefined;

/** The table that comes with the program. */
export function wordTable(): WordTable {
  table ??= readWordTable(readFileSync(new URL('./words-en.bin', import.meta.url)));
  return table;
}

/** Throws where the bytes are no such table. */
export function readWordTable(bytes: Uint8Array): WordTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD || view.getUint32(0, true) !== MAGIC) throw new Error('This is no table of word vectors.');
  const [words, dimensions, length] = [4, 8, 12].map((at) => view.getUint32(at, true)) as [number, number, number];
  const ranks = HEAD + words * 2;
  const vectors = HEAD + words * 3;
  const text = vectors + words * dimensions;
  if (bytes.length !== text + length) throw new Error('The table of word vectors is cut short.');
  const directions = new Int8Array(bytes.buffer, bytes.byteOffset + vectors, words * dimensions);
  const starts = startsOf(bytes.subarray(text), words);
  const find = (word: string): number => {
    let low = 0;
    let high = words - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compare(word, bytes, text + starts[middle]!, text + starts[middle + 1]! - 1);
      if (order === 0) return middle;
      if (order < 0) high = middle - 1;
      else low = middle + 1;
    }
    return -1;
  };
  return {
    version: MAGIC,
    words,
    dimensions,
    rowOf(word) {
      const row = find(word);
      if (row >= 0) return row;
      for (const form of plainForms(word)) {
        const plain = find(form);
        if (plain >= 0) return plain;
      }
      return -1;
    },
    wordAt: (row) => Buffer.from(bytes.subarray(text + starts[row]!, text + starts[row + 1]! - 1)).toString('latin1'),
    addTo(sum, row, weight) {
      const from = row * dimensions;
      let square = 0;
      for (let at = 0; at < dimensions; at++) square += directions[from + at]! ** 2;
      const scale = square > 0 ? weight / Math.sqrt(square) : 0;
      for (let at = 0; at < dimensions; at++) sum[at]! += scale * directions[from + at]!;
    },
    groupsOf(row) {
      const fine = view.getUint16(HEAD + row * 2, true);
      return { fine, coarse: fine >> SUBGROUP_BITS };
    },
    rankOf: (row) => Math.round(2 ** (bytes[ranks + row]! / 16) - 1),
  };
}

/** Where each word begins, and one past the last line's end. */
function startsOf(text: Uint8Array, words: number): Uint32Array {
  const starts = new Uint32Array(words + 1);
  let word = 1;
  for (let at = 0; at < text.length; at++) if (text[at] === 10 && word < words) starts[word++] = at + 1;
  starts[words] = text.length + 1;
  return starts;
}

function compare(word: string, bytes: Uint8Array, from: number, to: number): number {
  const length = Math.min(word.length, to - from);
  for (let at = 0; at < length; at++) {
    const order = word.charCodeAt(at) - bytes[from + at]!;
    if (order !== 0) return order;
  }
  return word.length - (to - from);
}

/** What an unknown word may be a form of, the likeliest first. */
function plainForms(word: string): string[] {
  if (word.length < 4 || word.length > 30 || !/^[a-z]+$/.test(word)) return [];
  const bare = word.replace(/(?:ing|ed|ers?|es|ly)$/, '');
  return [
    word.replace(/s$/, ''),
    word.replace(/ies$/, 'y'),
    bare,
    `${bare}e`,
    bare.replace(/(.)\1$/, '$1'),
    word.replace(/^(?:un|re)/, ''),
    stem(word),
  ].filter((form) => form !== word && form.length > 2);
}

const CONTRACTION = /^([a-z]{0,20}?)(n't|'[a-z]{1,2})$/;
/** What stands for an ending, and for what is left before one. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ["n't", 'not'],
  ["'s", 'is'],
  ["'m", 'am'],
  ["'re", 'are'],
  ["'ve", 'have'],
  ["'ll", 'will'],
  ["'d", 'would'],
  ['ca', 'can'],
  ['wo', 'will'],
]);

/** A folded word's rows: two for “what's” or “don't”, none for what the table does not know. */
export function rowsOfWord(word: string, of: WordTable = wordTable()): number[] {
  if (!/^[a-z'’]{1,40}$/.test(word)) return [];
  const plain = word.replaceAll('’', "'");
  const parts = CONTRACTION.exec(plain)?.slice(1).filter(Boolean);
  const rows = parts ? parts.map((part) => of.rowOf(SHORT.get(part) ?? part)) : [of.rowOf(plain)];
  return rows.filter((row) => row >= 0);
}
