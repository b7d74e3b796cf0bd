/**
 * A small neural classifier over sparse vectors: weighted sum of feature embeddings → ReLU → softmax.
 * Trained one example at a time; row-wise AdaGrad (Duchi et al., "Adaptive Subgradient Methods", JMLR 2011, one accumulator a row) with linear decay.
 */
import { random, shuffle } from './classifier.ts';

/** A vector as the network reads it. */
export interface SparseInput {
  rows: Int32Array;
  values: Float32Array;
}

export interface MlpOptions {
  classes: number;
  features: number;
  hidden: number;
  epochs: number;
  /** Rows under this are never dropped: the meaning of the words says something only as a whole. */
  steady?: number;
  seed: number;
  embeddingRate?: number;
  outputRate?: number;
  hiddenDropout?: number;
  featureDropout?: number;
  smoothing?: number;
  onEpoch?: (epoch: number) => void;
}

/** Embeddings row-major `features × hidden`, then hidden bias; output `classes × hidden`, then its bias. */
export interface Mlp {
  classes: number;
  hidden: number;
  embeddings: Float32Array;
  hiddenBias: Float32Array;
  output: Float32Array;
  outputBias: Float32Array;
}

/** `labels[i]` is the class of `inputs[i]`; -1 belongs to none and is learnt as an even spread over all. */
export function trainMlp(inputs: readonly SparseInput[], labels: Int32Array, options: MlpOptions): Mlp {
  const { classes, features, hidden, epochs } = options;
  const embeddingRate = options.embeddingRate ?? 0.09;
  const outputRate = options.outputRate ?? 0.03;
  const hiddenDropout = options.hiddenDropout ?? 0.2;
  const featureDropout = options.featureDropout ?? 0.5;
  const smoothing = options.smoothing ?? 0.05;
  const steady = options.steady ?? 0;
  const next = random(options.seed);
  const embeddings = new Float32Array(features * hidden);
  for (let index = 0; index < embeddings.length; index++) embeddings[index] = (next() - 0.5) * 0.2;
  const hiddenBias = new Float32Array(hidden);
  const output = new Float32Array(classes * hidden);
  const scale = Math.sqrt(6 / (hidden + classes));
  for (let index = 0; index < output.length; index++) output[index] = (next() * 2 - 1) * scale;
  const outputBias = new Float32Array(classes);
  const rowSums = new Float32Array(features);
  const hiddenSums = new Float32Array(hidden);
  const outputSums = new Float32Array(classes);
  const biasSums = new Float32Array(classes);
  const order = Int32Array.from(inputs.keys());
  const longest = inputs.reduce((most, one) => Math.max(most, one.rows.length), 0);
  const keptRows = new Int32Array(longest);
  const keptValues = new Float32Array(longest);
  const active = new Float32Array(hidden);
  const units = new Int32Array(hidden);
  const back = new Float32Array(hidden);
  const scores = new Float32Array(classes);
  const featureScale = 1 / (1 - featureDropout);
  const hiddenScale = 1 / (1 - hiddenDropout);
  const total = epochs * inputs.length;
  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    shuffle(order, next);
    for (const sample of order) {
      const decay = Math.max(0.02, 1 - step++ / total);
      const { rows, values } = inputs[sample]!;
      let kept = 0;
      for (let index = 0; index < rows.length; index++) {
        const stays = rows[index]! < steady;
        if (!stays && next() < featureDropout) continue;
        keptRows[kept] = rows[index]! * hidden;
        keptValues[kept++] = stays ? values[index]! : values[index]! * featureScale;
      }
      active.set(hiddenBias);
      for (let index = 0; index < kept; index++) {
        const base = keptRows[index]!;
        const value = keptValues[index]!;
        for (let unit = 0; unit < hidden; unit++) active[unit]! += value * embeddings[base + unit]!;
      }
      // Units that are off or dropped take no part in this step.
      let alive = 0;
      for (let unit = 0; unit < hidden; unit++) {
        if (active[unit]! <= 0 || next() < hiddenDropout) continue;
        active[alive] = active[unit]! * hiddenScale;
        units[alive++] = unit;
      }
      let top = -Infinity;
      for (let one = 0; one < classes; one++) {
        const base = one * hidden;
        let sum = outputBias[one]!;
        for (let at = 0; at < alive; at++) sum += active[at]! * output[base + units[at]!]!;
        scores[one] = sum;
        if (sum > top) top = sum;
      }
      let mass = 0;
      for (let one = 0; one < classes; one++) {
        const value = Math.exp(scores[one]! - top);
        scores[one] = value;
        mass += value;
      }
      const label = labels[sample]!;
      const low = label < 0 ? 1 / classes : smoothing / classes;
      back.fill(0, 0, alive);
      for (let one = 0; one < classes; one++) {
        const error = scores[one]! / mass - low - (one === label ? 1 - smoothing : 0);
        if (error < 1e-4 && error > -1e-4) continue;
        const base = one * hidden;
        let size = 0;
        for (let at = 0; at < alive; at++) {
          const unit = units[at]!;
          const weight = output[base + unit]!;
          back[at]! += error * weight;
          size += active[at]! * active[at]!;
        }
        outputSums[one]! += (error * error * size) / hidden;
        const rate = ((outputRate * decay) / Math.sqrt(outputSums[one]! + 1e-8)) * error;
        for (let at = 0; at < alive; at++) output[base + units[at]!]! -= rate * active[at]!;
        biasSums[one]! += error * error;
        outputBias[one]! -= ((outputRate * decay) / Math.sqrt(biasSums[one]! + 1e-8)) * error;
      }
      let size = 0;
      for (let at = 0; at < alive; at++) {
        back[at]! *= hiddenScale;
        size += back[at]! * back[at]!;
      }
      if (size === 0) continue;
      for (let at = 0; at < alive; at++) {
        const unit = units[at]!;
        hiddenSums[unit]! += back[at]! * back[at]!;
        hiddenBias[unit]! -= ((outputRate * decay) / Math.sqrt(hiddenSums[unit]! + 1e-8)) * back[at]!;
      }
      const mean = size / hidden;
      for (let index = 0; index < kept; index++) {
        const base = keptRows[index]!;
        const value = keptValues[index]!;
        const row = base / hidden;
        rowSums[row]! += value * value * mean;
        const rate = ((embeddingRate * decay) / Math.sqrt(rowSums[row]! + 1e-10)) * value;
        for (let at = 0; at < alive; at++) embeddings[base + units[at]!]! -= rate * back[at]!;
      }
    }
    options.onEpoch?.(epoch);
  }
  return { classes, hidden, embeddings, hiddenBias, output, outputBias };
}

/** A network with one byte an embedding and a scale a row. */
export interface QuantizedMlp {
  classes: number;
  features: number;
  hidden: number;
  embeddings: Int8Array;
  scales: Float32Array;
  hiddenBias: Float32Array;
  output: Float32Array;
  outputBias: Float32Array;
}

export function quantizeMlp(model: Mlp): QuantizedMlp {
  const { classes, hidden, hiddenBias, output, outputBias } = model;
  const features = model.embeddings.length / hidden;
  const embeddings = new Int8Array(model.embeddings.length);
  const scales = new Float32Array(features);
  for (let row = 0; row < features; row++) {
    const own = model.embeddings.subarray(row * hidden, (row + 1) * hidden);
    let most = 0;
    for (const value of own) if (Math.abs(value) > most) most = Math.abs(value);
    const scale = most / 127 || 1;
    scales[row] = scale;
    for (let unit = 0; unit < hidden; unit++) embeddings[row * hidden + unit] = Math.round(own[unit]! / scale);
  }
  return { classes, features, hidden, embeddings, scales, hiddenBias, output, outputBias };
}

/** Scores before the softmax. */
export function mlpScores(input: SparseInput, model: QuantizedMlp): Float32Array {
  const { classes, hidden, embeddings, output } = model;
  const active = model.hiddenBias.slice();
  for (let index = 0; index < input.rows.length; index++) {
    const row = input.rows[index]!;
    const base = row * hidden;
    const value = input.values[index]! * model.scales[row]!;
    for (let unit = 0; unit < hidden; unit++) active[unit]! += value * embeddings[base + unit]!;
  }
  const scores = model.outputBias.slice();
  for (let unit = 0; unit < hidden; unit++) if (active[unit]! < 0) active[unit] = 0;
  for (let one = 0; one < classes; one++) {
    const base = one * hidden;
    let sum = scores[one]!;
    for (let unit = 0; unit < hidden; unit++) sum += active[unit]! * output[base + unit]!;
    scores[one] = sum;
  }
  return scores;
}
