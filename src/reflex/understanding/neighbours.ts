/** How like a text is to what each class was taught: to its nearest example, and to all of them together. */

import { random } from './classifier.ts';
import { type SparseVector, STEMS, WORDS } from './features.ts';

/** Examples by word: of row r those from `starts[r]` to `starts[r + 1]` in `samples`, with their weight (1/255) in `weights`. */
export interface Neighbours {
  classes: number;
  starts: Uint32Array;
  samples: Uint16Array;
  weights: Uint8Array;
  /** Class of each example. */
  labels: Uint16Array;
  /** By class: length of the sum of its examples' vectors. */
  lengths: Float32Array;
}

export interface Likeness {
  /** By class: cosine to its nearest example. */
  nearest: Float32Array;
  /** By class: cosine to the sum of its examples. */
  centroid: Float32Array;
}

const MAX_SAMPLES = 20_000;

/** Words and stems of a vector, at length one; characters add bulk and little sense here. */
function wordsOf(vector: SparseVector): { count: number; scale: number } {
  const count = vector.ends[Math.max(WORDS, STEMS)]!;
  let square = 0;
  for (let index = 0; index < count; index++) square += vector.values[index]! ** 2;
  return { count, scale: square > 0 ? 1 / Math.sqrt(square) : 0 };
}

function lengthOf(sum: ReadonlyMap<number, number>): number {
  let square = 0;
  for (const value of sum.values()) square += value * value;
  return Math.sqrt(square);
}

/** `labels` as for the classifiers; examples of none are left out, and above 20,000 so is an even share of the rest. */
export function learnNeighbours(
  vectors: readonly SparseVector[],
  labels: Int32Array,
  classes: number,
  features: number,
): Neighbours {
  const next = random(77);
  const inside = [...vectors.keys()].filter((sample) => labels[sample]! >= 0);
  const share = MAX_SAMPLES / inside.length;
  const kept = (share >= 1 ? inside : inside.filter(() => next() < share)).slice(0, 65_535);
  const starts = new Uint32Array(features + 1);
  for (const sample of kept) {
    const { count } = wordsOf(vectors[sample]!);
    for (let index = 0; index < count; index++) starts[vectors[sample]!.rows[index]! + 1]!++;
  }
  for (let row = 0; row < features; row++) starts[row + 1]! += starts[row]!;
  const at = starts.slice();
  const samples = new Uint16Array(starts[features]!);
  const weights = new Uint8Array(starts[features]!);
  const sums = Array.from({ length: classes }, () => new Map<number, number>());
  kept.forEach((sample, position) => {
    const vector = vectors[sample]!;
    const { count, scale } = wordsOf(vector);
    const sum = sums[labels[sample]!]!;
    for (let index = 0; index < count; index++) {
      const row = vector.rows[index]!;
      const value = vector.values[index]! * scale;
      const place = at[row]!++;
      samples[place] = position;
      weights[place] = Math.round(value * 255);
      sum.set(row, (sum.get(row) ?? 0) + value);
    }
  });
  return {
    classes,
    starts,
    samples,
    weights,
    labels: Uint16Array.from(kept, (sample) => labels[sample]!),
    lengths: Float32Array.from(sums, lengthOf),
  };
}

/** Time grows with the number of examples that share a word: about 0.1 ms for 15,000. */
export function likenessOf(vector: SparseVector, known: Neighbours): Likeness {
  const { count, scale } = wordsOf(vector);
  const similarity = new Float32Array(known.labels.length);
  for (let index = 0; index < count; index++) {
    const row = vector.rows[index]!;
    const value = (vector.values[index]! * scale) / 255;
    const end = known.starts[row + 1]!;
    for (let place = known.starts[row]!; place < end; place++)
      similarity[known.samples[place]!]! += value * known.weights[place]!;
  }
  const nearest = new Float32Array(known.classes);
  const centroid = new Float32Array(known.classes);
  for (let sample = 0; sample < similarity.length; sample++) {
    const label = known.labels[sample]!;
    const value = similarity[sample]!;
    if (value > nearest[label]!) nearest[label] = value;
    centroid[label]! += value;
  }
  for (let one = 0; one < known.classes; one++) if (known.lengths[one]! > 0) centroid[one]! /= known.lengths[one]!;
  return { nearest, centroid };
}
