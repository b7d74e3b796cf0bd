/** Does a text belong to any intent? A logistic regression over signs of novelty, fit on examples of intents that the model was not taught. */
import { softmax } from './calibrate.ts';
import { fitLogistic } from './logistic.ts';
import type { Likeness } from './neighbours.ts';

export interface Evidence {
  /** Of the support vector machines, by class. */
  margins: Float32Array;
  /** Probabilities by class of each member, then their mean. */
  members: Float64Array[];
  mean: Float64Array;
  /** Of the networks, by class; empty without. */
  logits: Float32Array;
  likeness: Likeness;
  /** By class: cosine of the text's sentence vector to the mean one. */
  meaning?: Float32Array;
  /** Share of the text's idf that was never seen. */
  unseen: number;
  features: number;
}

export interface ScopeModel {
  /** Products of all pairs of signals count as signals too. */
  pairs: boolean;
  /** Of each signal, in the order of `signalsOf`, then of their pairs. */
  means: number[];
  deviations: number[];
  /** One weight a signal, then the bias. */
  weights: number[];
  /** Scores from here on are out of scope. */
  threshold: number;
}

export interface Judged {
  signals: number[];
  /** true: belongs to no intent. */
  outside: boolean;
  /** An example that somebody marked as out of scope, not one of an intent left out. */
  real: boolean;
}

function topOf(values: ArrayLike<number>): number {
  let top = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[top]!) top = index;
  return top;
}

function gapOf(values: ArrayLike<number>, top: number): number {
  let second = -Infinity;
  for (let index = 0; index < values.length; index++)
    if (index !== top && values[index]! > second) second = values[index]!;
  return second === -Infinity ? 0 : values[top]! - second;
}

function entropyOf(probabilities: Float64Array): number {
  let entropy = 0;
  for (const probability of probabilities) if (probability > 1e-12) entropy -= probability * Math.log(probability);
  return entropy;
}

/** Logarithm of the summed exponentials: large where some class is well supported. */
function energyOf(logits: Float32Array): number {
  if (logits.length === 0) return 0;
  const top = logits[topOf(logits)]!;
  let mass = 0;
  for (const score of logits) mass += Math.exp(score - top);
  return top + Math.log(mass);
}

/** Which way each signal may count towards out of scope, in the order of `signalsOf`; 0: either way. */
const SIGNS = [-1, -1, 1, -1, -1, 1, -1, -1, 1, 0, -1, -1, -1, -1, -1, -1];

export function signalsOf(evidence: Evidence): number[] {
  const { margins, members, mean, likeness, meaning } = evidence;
  const best = topOf(mean);
  const first = topOf(margins);
  let mass = 0;
  for (const margin of margins) mass += Math.exp(5 * (margin - margins[first]!));
  return [
    margins[first]!,
    gapOf(margins, first),
    entropyOf(softmax(margins, 5)),
    margins[first]! + Math.log(mass) / 5,
    mean[best]!,
    entropyOf(mean),
    energyOf(evidence.logits),
    members.reduce((least, member) => Math.min(least, member[best]!), 1),
    evidence.unseen,
    Math.log(1 + evidence.features),
    likeness.centroid[topOf(likeness.centroid)]!,
    likeness.centroid[best]!,
    likeness.nearest[topOf(likeness.nearest)]!,
    likeness.nearest[best]!,
    ...(meaning ? [meaning[topOf(meaning)]!, meaning[best]!] : []),
  ];
}

/** Share of in-scope examples that the threshold should keep: a point above what is wanted (0.965), as held-out examples are easier than life. */
const KEPT = 0.976;
/**
 * Recall that will do. Where held-out examples are near copies of what was learnt (sentences from templates), both kinds fall apart
 * and the threshold would stand so close to the known that any new value is refused: it moves away until only this much is found.
 */
const ENOUGH = { few: 0.6, many: 0.9 };
/** With fewer than this of either kind there is nothing to fit. */
const FEW = 10;
/** From this many of either kind on, pairs of signals have something to say. */
const MANY = 1_000;
/** With fewer than this a signal may look useful the wrong way round. */
const SURE = 300;

/** undefined with fewer than 10 examples of either kind. */
export function fitScope(judged: readonly Judged[]): ScopeModel | undefined {
  const outside = judged.filter((one) => one.outside);
  const inside = judged.filter((one) => !one.outside);
  if (outside.length < FEW || inside.length < FEW) return undefined;
  const pairs = Math.min(inside.length, outside.length) >= MANY;
  const raw = judged.map((one) => expand(one.signals, pairs));
  const size = raw[0]!.length;
  const means = Array.from({ length: size }, (_, at) => raw.reduce((sum, row) => sum + row[at]!, 0) / raw.length);
  const deviations = means.map(
    (mean, at) => Math.sqrt(raw.reduce((sum, row) => sum + (row[at]! - mean) ** 2, 0) / raw.length) || 1,
  );
  const weights = signedFit(
    raw.map((row) => [...row.map((value, at) => (value - means[at]!) / deviations[at]!), 1]),
    judged.map((one) => (one.outside ? 1 : 0)),
    importanceOf(judged),
    Math.min(inside.length, outside.length) < SURE,
  );
  const scope: ScopeModel = { pairs, means, deviations, weights, threshold: 1 };
  const scoresFrom = (own: readonly Judged[]) => own.map((one) => scopeScore(scope, one.signals)).sort((x, y) => x - y);
  scope.threshold = Math.max(
    quantile(scoresFrom(inside), KEPT) + 1e-9,
    quantile(scoresFrom(outside), 1 - (inside.length < MANY ? ENOUGH.few : ENOUGH.many)),
    0.05,
  );
  return scope;
}

/** Of sorted values. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1))]!;
}

function expand(signals: readonly number[], pairs: boolean): readonly number[] {
  if (!pairs) return signals;
  const out = [...signals];
  for (let left = 0; left < signals.length; left++)
    for (let right = left; right < signals.length; right++) out.push(signals[left]! * signals[right]!);
  return out;
}

/** Both kinds weigh alike, whatever their numbers; real out-of-scope examples as much as all that stand for them. */
function importanceOf(judged: readonly Judged[]): number[] {
  const real = judged.filter((one) => one.outside && one.real).length;
  const left = judged.filter((one) => one.outside && !one.real).length;
  const inside = judged.length - real - left;
  const share = real < FEW ? 0 : left < FEW ? 1 : 0.5;
  return judged.map((one) => {
    if (!one.outside) return WEIGHT / inside;
    if (share === 0 || share === 1) return WEIGHT / (real + left);
    return one.real ? (WEIGHT * share) / real : (WEIGHT * (1 - share)) / left;
  });
}

const WEIGHT = 30;

export function scopeScore(scope: ScopeModel, signals: readonly number[]): number {
  let sum = scope.weights.at(-1)!;
  expand(signals, scope.pairs).forEach((value, at) => {
    sum += (scope.weights[at]! * (value - scope.means[at]!)) / scope.deviations[at]!;
  });
  return 1 / (1 + Math.exp(-sum));
}

/** A signal that counts the wrong way round is left out and the rest fit again. */
function signedFit(
  rows: readonly number[][],
  labels: readonly number[],
  importance: readonly number[],
  signed: boolean,
): number[] {
  const size = rows[0]!.length - 1;
  const used = new Array<boolean>(size + 1).fill(true);
  while (true) {
    const weights = fitLogistic(
      rows.map((row) => row.map((value, at) => (used[at] ? value : 0))),
      labels,
      importance,
      1,
    );
    const wrong = signed ? weights.findIndex((weight, at) => at < size && used[at] && weight * SIGNS[at]! < -1e-9) : -1;
    if (wrong < 0) return weights.map((weight, at) => (used[at] ? weight : 0));
    used[wrong] = false;
  }
}
