/**
 * One-vs-rest linear support vector machines with the squared hinge loss, trained by dual coordinate descent
 * (Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008, algorithm 1), all classes of a sample at once.
 */
import type { SparseVector } from './features.ts';

export interface TrainOptions {
  classes: number;
  features: number;
  /** Cost of a violated margin. */
  cost: number;
  epochs: number;
  seed: number;
  /** Called after each epoch with its number and the largest violation left. */
  onEpoch?: (epoch: number, violation: number) => void;
}

const TOLERANCE = 0.02;

/** A small deterministic generator (mulberry32), 0 up to but not including 1. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let out = Math.imul(state ^ (state >>> 15), state | 1);
    out ^= out + Math.imul(out ^ (out >>> 7), out | 61);
    return ((out ^ (out >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function shuffle(items: Int32Array, next: () => number): void {
  for (let index = items.length - 1; index > 0; index--) {
    const other = Math.floor(next() * (index + 1));
    const held = items[index]!;
    items[index] = items[other]!;
    items[other] = held;
  }
}

/**
 * Weights, feature-major: `weights[row × classes + class]`, the last row being the bias.
 * `labels[i]` is the class of `vectors[i]`; -1 belongs to none.
 */
export function trainSvm(vectors: readonly SparseVector[], labels: Int32Array, options: TrainOptions): Float32Array {
  const { classes, features, cost } = options;
  const weights = new Float32Array((features + 1) * classes);
  const alphas = new Float32Array(vectors.length * classes);
  const scores = new Float32Array(classes);
  const moved = new Int32Array(classes);
  const steps = new Float32Array(classes);
  const order = Int32Array.from(vectors.keys());
  const next = random(options.seed);
  const diagonal = 1 / (2 * cost);
  const bias = features * classes;
  const squares = Float32Array.from(vectors, (vector) =>
    vector.values.reduce((sum, value) => sum + value * value, 1 + diagonal),
  );
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    shuffle(order, next);
    let violation = 0;
    for (const sample of order) {
      const { rows, values } = vectors[sample]!;
      scoresInto(scores, rows, values, weights, classes, bias);
      const label = labels[sample]!;
      const base = sample * classes;
      const square = squares[sample]!;
      let count = 0;
      for (let one = 0; one < classes; one++) {
        const sign = one === label ? 1 : -1;
        const alpha = alphas[base + one]!;
        const gradient = sign * scores[one]! - 1 + diagonal * alpha;
        if (alpha === 0 && gradient >= 0) continue;
        const size = gradient < 0 ? -gradient : gradient;
        if (size > violation) violation = size;
        if (size < 1e-6) continue;
        const updated = Math.max(alpha - gradient / square, 0);
        if (updated === alpha) continue;
        alphas[base + one] = updated;
        moved[count] = one;
        steps[count++] = (updated - alpha) * sign;
      }
      if (count > 0) apply(weights, rows, values, classes, bias, moved, steps, count);
    }
    options.onEpoch?.(epoch, violation);
    if (violation < TOLERANCE) break;
  }
  return weights;
}

/** Four rows at a time, so that each score is loaded and stored a quarter as often. */
function scoresInto(
  scores: Float32Array,
  rows: Int32Array,
  values: Float32Array,
  weights: Float32Array,
  classes: number,
  bias: number,
): void {
  for (let one = 0; one < classes; one++) scores[one] = weights[bias + one]!;
  let index = 0;
  for (; index + 3 < rows.length; index += 4) {
    const a = rows[index]! * classes;
    const b = rows[index + 1]! * classes;
    const c = rows[index + 2]! * classes;
    const d = rows[index + 3]! * classes;
    const va = values[index]!;
    const vb = values[index + 1]!;
    const vc = values[index + 2]!;
    const vd = values[index + 3]!;
    for (let one = 0; one < classes; one++) {
      scores[one]! += va * weights[a + one]! + vb * weights[b + one]! + vc * weights[c + one]! + vd * weights[d + one]!;
    }
  }
  for (; index < rows.length; index++) {
    const base = rows[index]! * classes;
    const value = values[index]!;
    for (let one = 0; one < classes; one++) scores[one]! += value * weights[base + one]!;
  }
}

function apply(
  weights: Float32Array,
  rows: Int32Array,
  values: Float32Array,
  classes: number,
  bias: number,
  moved: Int32Array,
  steps: Float32Array,
  count: number,
): void {
  for (let at = 0; at < count; at++) weights[bias + moved[at]!]! += steps[at]!;
  for (let index = 0; index < rows.length; index++) {
    const base = rows[index]! * classes;
    const value = values[index]!;
    for (let at = 0; at < count; at++) weights[base + moved[at]!]! += steps[at]! * value;
  }
}

/** Weights as one byte each, with a scale a class. */
export interface QuantizedWeights {
  classes: number;
  bytes: Int8Array;
  scales: Float32Array;
}

export function quantize(weights: Float32Array, classes: number): QuantizedWeights {
  const scales = new Float32Array(classes);
  for (let index = 0; index < weights.length; index++) {
    const size = Math.abs(weights[index]!);
    const one = index % classes;
    if (size > scales[one]!) scales[one] = size;
  }
  for (let one = 0; one < classes; one++) scales[one] = (scales[one]! || 1) / 127;
  const bytes = new Int8Array(weights.length);
  for (let index = 0; index < weights.length; index++)
    bytes[index] = Math.round(weights[index]! / scales[index % classes]!);
  return { classes, bytes, scales };
}

export function quantizedMargins(vector: SparseVector, weights: QuantizedWeights): Float32Array {
  const { classes, bytes, scales } = weights;
  const scores = new Float32Array(classes);
  const bias = bytes.length - classes;
  for (let one = 0; one < classes; one++) scores[one] = bytes[bias + one]!;
  for (let index = 0; index < vector.rows.length; index++) {
    const base = vector.rows[index]! * classes;
    const value = vector.values[index]!;
    for (let one = 0; one < classes; one++) scores[one]! += value * bytes[base + one]!;
  }
  for (let one = 0; one < classes; one++) scores[one]! *= scales[one]!;
  return scores;
}
