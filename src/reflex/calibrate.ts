/** Honest confidence: a temperature for the margins, and a score for what belongs to no intent, both fit on held-out examples. */

export interface ScopeModel {
  /** Of each signal, in the order of `scopeSignals`. */
  means: number[];
  deviations: number[];
  /** One weight a signal, then the bias. */
  weights: number[];
  /** Scores from here on are out of scope. */
  threshold: number;
}

/** softmax(T · margins), probabilities by class. */
export function softmax(margins: Float32Array, temperature: number): Float64Array {
  let top = -Infinity;
  for (const margin of margins) if (margin > top) top = margin;
  const out = new Float64Array(margins.length);
  let sum = 0;
  for (let index = 0; index < margins.length; index++) {
    out[index] = Math.exp(temperature * (margins[index]! - top));
    sum += out[index]!;
  }
  for (let index = 0; index < out.length; index++) out[index]! /= sum;
  return out;
}

export interface HeldOut {
  margins: Float32Array;
  /** Index of the true class in `margins`; -1 for out of scope. */
  label: number;
  unseen: number;
  features: number;
}

/** confidence = sigmoid(slope · logit(softmax(T · margins) of the best) + shift). */
export interface ConfidenceModel {
  temperature: number;
  slope: number;
  shift: number;
}

/** A temperature bends all confidences alike; slope and shift (Platt) mend what is too sure at the top and too shy at the bottom. */
export function fitConfidence(heldOut: readonly HeldOut[]): ConfidenceModel {
  const model = { temperature: fitTemperature(heldOut), slope: 1, shift: 0 };
  const known = heldOut.filter((one) => one.label >= 0);
  const rows = known.map((one) => {
    const top = one.margins.indexOf(one.margins.reduce((best, margin) => Math.max(best, margin), -Infinity));
    return { row: [logit(softmax(one.margins, model.temperature)[top]!), 1], right: top === one.label ? 1 : 0 };
  });
  // Without enough errors there is nothing to mend, and a fit would run away.
  if (rows.filter((one) => !one.right).length < 10) return model;
  const [slope, shift] = newton(
    rows.map((one) => one.row),
    rows.map((one) => one.right),
    rows.map(() => 1),
  );
  // More margin must never mean less confidence.
  return slope! > 0.05 ? { ...model, slope: slope!, shift: shift! } : model;
}

export function confidenceOf(model: ConfidenceModel, margins: Float32Array, top: number): number {
  const probability = softmax(margins, model.temperature)[top]!;
  return 1 / (1 + Math.exp(-(model.slope * logit(probability) + model.shift)));
}

function logit(probability: number): number {
  const kept = Math.min(1 - 1e-6, Math.max(1e-6, probability));
  return Math.log(kept / (1 - kept));
}

const USUAL_TEMPERATURE = 4;

/** The T with the smallest negative log likelihood on held-out examples; the usual one where there are too few to tell. */
export function fitTemperature(heldOut: readonly HeldOut[]): number {
  const known = heldOut.filter((one) => one.label >= 0);
  if (known.length < 10) return USUAL_TEMPERATURE;
  // Where a few held-out examples are all right, the best T is endless: ten examples' worth of belief hold it near the usual.
  const loss = (temperature: number) =>
    known.reduce(
      (sum, one) => sum - Math.log(Math.max(1e-12, softmax(one.margins, temperature)[one.label]!)),
      10 * Math.log(temperature / USUAL_TEMPERATURE) ** 2,
    );
  let low = Math.log(0.3);
  let high = Math.log(12);
  for (let step = 0; step < 40; step++) {
    const a = low + (high - low) * 0.382;
    const b = low + (high - low) * 0.618;
    if (loss(Math.exp(a)) < loss(Math.exp(b))) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}

/** Top margin, gap to the second, entropy and energy of the softmax, share of unseen features, length. */
export function scopeSignals(margins: Float32Array, unseen: number, features: number): number[] {
  let first = -Infinity;
  let second = -Infinity;
  for (const margin of margins) {
    if (margin > first) {
      second = first;
      first = margin;
    } else if (margin > second) second = margin;
  }
  const probabilities = softmax(margins, 5);
  let entropy = 0;
  let energy = 0;
  for (let index = 0; index < margins.length; index++) {
    const probability = probabilities[index]!;
    if (probability > 1e-12) entropy -= probability * Math.log(probability);
    energy += Math.exp(5 * (margins[index]! - first));
  }
  return [
    first,
    second === -Infinity ? 0 : first - second,
    entropy,
    first + Math.log(energy) / 5,
    unseen,
    Math.log(1 + features),
  ];
}

/** Share of in-scope examples that the threshold should keep: 1.5 points above what is wanted (0.965), as held-out examples are easier than life. */
const KEPT = 0.98;

/** Logistic regression over the signals by Newton's method. undefined with fewer than 10 examples of either kind. */
export function fitScope(heldOut: readonly HeldOut[]): ScopeModel | undefined {
  const outside = heldOut.filter((one) => one.label < 0);
  const inside = heldOut.filter((one) => one.label >= 0);
  if (outside.length < 10 || inside.length < 10) return undefined;
  const all = [...inside, ...outside];
  const raw = all.map((one) => scopeSignals(one.margins, one.unseen, one.features));
  const size = raw[0]!.length;
  const means = Array.from({ length: size }, (_, at) => raw.reduce((sum, row) => sum + row[at]!, 0) / raw.length);
  const deviations = means.map(
    (mean, at) => Math.sqrt(raw.reduce((sum, row) => sum + (row[at]! - mean) ** 2, 0) / raw.length) || 1,
  );
  const rows = raw.map((row) => [...row.map((value, at) => (value - means[at]!) / deviations[at]!), 1]);
  // Both kinds weigh alike, whatever their numbers.
  const importance = all.map((one) => 100 / (one.label < 0 ? outside.length : inside.length));
  const labels = all.map((one) => (one.label < 0 ? 1 : 0));
  const weights = signedNewton(rows, labels, importance);
  const scope: ScopeModel = { means, deviations, weights, threshold: 1 };
  const scores = inside
    .map((one) => scopeScore(scope, scopeSignals(one.margins, one.unseen, one.features)))
    .sort((a, b) => a - b);
  scope.threshold = Math.max(scores[Math.min(scores.length - 1, Math.ceil(scores.length * KEPT) - 1)]! + 1e-9, 0.05);
  return scope;
}

export function scopeScore(scope: ScopeModel, signals: readonly number[]): number {
  let sum = scope.weights.at(-1)!;
  signals.forEach((value, at) => {
    sum += (scope.weights[at]! * (value - scope.means[at]!)) / scope.deviations[at]!;
  });
  return 1 / (1 + Math.exp(-sum));
}

/** Which way each signal of `scopeSignals` may count: a larger margin never speaks for out of scope, more unseen features never against it. 0: either way. */
const SIGNS = [-1, -1, 1, -1, 1, 0, 0];

/** Few examples can make a signal look useful the wrong way round: such a signal is left out and the rest fit again. */
function signedNewton(rows: readonly number[][], labels: readonly number[], importance: readonly number[]): number[] {
  const used = SIGNS.map(() => true);
  while (true) {
    const weights = newton(
      rows.map((row) => row.map((value, at) => (used[at] ? value : 0))),
      labels,
      importance,
      1,
    );
    const wrong = weights.findIndex((weight, at) => used[at] && weight * SIGNS[at]! < -1e-9);
    if (wrong < 0) return weights.map((weight, at) => (used[at] ? weight : 0));
    used[wrong] = false;
  }
}

/** Weights of a logistic regression with L2, by Newton's method; `importance` by row. */
function newton(
  rows: readonly number[][],
  labels: readonly number[],
  importance: readonly number[],
  ridge = 1e-2,
): number[] {
  const size = rows[0]!.length;
  let weights = new Array<number>(size).fill(0);
  for (let step = 0; step < 25; step++) {
    const gradient = weights.map((weight) => weight * ridge);
    const hessian = weights.map((_, at) => weights.map((__, other) => (at === other ? ridge : 0)));
    rows.forEach((row, index) => {
      const label = labels[index]!;
      const weight = importance[index]!;
      const probability = 1 / (1 + Math.exp(-row.reduce((sum, value, at) => sum + value * weights[at]!, 0)));
      for (let at = 0; at < size; at++) {
        gradient[at]! += weight * (probability - label) * row[at]!;
        for (let other = 0; other < size; other++)
          hessian[at]![other]! += weight * probability * (1 - probability) * row[at]! * row[other]!;
      }
    });
    const move = solve(hessian, gradient);
    weights = weights.map((weight, at) => weight - Math.max(-4, Math.min(4, move[at]!)));
    if (Math.max(...move.map(Math.abs)) < 1e-6) break;
  }
  return weights;
}

/** Gaussian elimination with pivoting; the matrix is positive definite. */
function solve(matrix: readonly number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, index) => [...row, right[index]!]);
  const size = rows.length;
  for (let at = 0; at < size; at++) {
    let pivot = at;
    for (let row = at + 1; row < size; row++) if (Math.abs(rows[row]![at]!) > Math.abs(rows[pivot]![at]!)) pivot = row;
    [rows[at], rows[pivot]] = [rows[pivot]!, rows[at]!];
    for (let row = at + 1; row < size; row++) {
      const factor = rows[row]![at]! / rows[at]![at]!;
      for (let column = at; column <= size; column++) rows[row]![column]! -= factor * rows[at]![column]!;
    }
  }
  const out = new Array<number>(size).fill(0);
  for (let at = size - 1; at >= 0; at--) {
    let sum = rows[at]![size]!;
    for (let column = at + 1; column < size; column++) sum -= rows[at]![column]! * out[column]!;
    out[at] = sum / rows[at]![at]!;
  }
  return out;
}
