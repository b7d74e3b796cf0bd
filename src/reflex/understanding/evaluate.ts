/** What a model is worth, measured on examples it has not seen. */

import { type Clock, systemClock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { type Example, OUT_OF_SCOPE, type Prediction, type SlotSpan } from '../types.ts';
import type { Progress } from './ensemble.ts';
import { loadModel, trainModel } from './model.ts';
import { isEnglish, type SentenceVectors } from './vectors.ts';

export interface EvalReport {
  /** Training examples. */
  examples: number;
  train_s: number;
  /** Over in-scope lines, before the out-of-scope test. */
  accuracy: number;
  /** Mean F1 over the intents of the in-scope lines. */
  macro_f1: number;
  /** Share of out-of-scope lines that were recognised, at the model's own threshold. null without such lines. */
  oos_recall: number | null;
  /** Share of in-scope lines that were kept, at the model's own threshold. */
  in_scope_kept: number;
  /** Over exact spans with the right name. null where no line has slots. */
  slot_f1: number | null;
  /** Expected calibration error over in-scope lines, 15 bins of equal width. */
  ece: number;
  /** The largest share of in-scope lines, the surest first, of which 95 % are right. */
  coverage_at_95: number;
  p50_ms: number;
  p99_ms: number;
  model_bytes: number;
}

export interface EvalInput {
  train: readonly Example[];
  test: readonly Example[];
  /** English sentence vectors; their time counts. */
  vectors?: SentenceVectors;
  clock?: Clock;
  onProgress?: (progress: Progress) => void;
}

interface Outcome {
  example: Example;
  prediction: Omit<Prediction, 'ms'>;
  ms: number;
}

/** Predictions before the clock counts, so that what is measured is code that runs warm. */
const WARM_UP = 200;

/** Trains in this thread (seconds for thousands of examples) and predicts every test line. Rejects with AppError `invalid_request` where there is nothing to measure. */
export async function evaluate({
  train,
  test,
  vectors,
  clock = systemClock,
  onProgress,
}: EvalInput): Promise<EvalReport> {
  if (!test.some((example) => example.intent !== OUT_OF_SCOPE))
    throw new AppError('invalid_request', 'The test has no in-scope line: nothing to measure.', { param: 'test' });
  const started = clock.mono();
  const bytes = await trainModel(train, { vectors, onProgress });
  const train_s = (clock.mono() - started) / 1_000;
  const model = loadModel(bytes);
  const predict = async (text: string) => {
    const vector = vectors && isEnglish(text) ? (await vectors.embed([text]))[0] : undefined;
    return model.predict(text, clock.now(), vector);
  };
  for (const example of test.slice(0, WARM_UP)) await predict(example.text);
  const outcomes: Outcome[] = [];
  for (const example of test) {
    const from = clock.mono();
    const prediction = await predict(example.text);
    outcomes.push({ example, prediction, ms: clock.mono() - from });
  }
  return { examples: train.length, train_s, ...figuresOf(outcomes), model_bytes: bytes.length };
}

function figuresOf(outcomes: readonly Outcome[]) {
  const inside = outcomes.filter(({ example }) => example.intent !== OUT_OF_SCOPE);
  const outside = outcomes.filter(({ example }) => example.intent === OUT_OF_SCOPE);
  const right = ({ prediction, example }: Outcome) => prediction.best === example.intent;
  const isOut = ({ prediction }: Outcome) => prediction.intent === OUT_OF_SCOPE;
  const sure = inside.map((one): [number, boolean] => [one.prediction.confidence, right(one)]);
  const times = outcomes.map((one) => one.ms).sort((a, b) => a - b);
  return {
    accuracy: inside.filter(right).length / inside.length,
    macro_f1: macroF1(inside.map(({ example, prediction }) => [example.intent, prediction.best])),
    oos_recall: outside.length === 0 ? null : outside.filter(isOut).length / outside.length,
    in_scope_kept: inside.filter((one) => !isOut(one)).length / inside.length,
    slot_f1: slotF1(
      outcomes
        .filter(({ example }) => example.slots !== undefined)
        .map(({ example, prediction }) => [example.slots!, prediction.slots]),
    ),
    ece: calibrationError(sure),
    coverage_at_95: coverageAt(sure, 0.95),
    p50_ms: times[Math.floor(times.length * 0.5)]!,
    p99_ms: times[Math.min(times.length - 1, Math.floor(times.length * 0.99))]!,
  };
}

/** Pairs of true and predicted label. */
export function macroF1(pairs: readonly (readonly [string, string])[]): number {
  const truths = new Map<string, number>();
  const guesses = new Map<string, number>();
  const hits = new Map<string, number>();
  for (const [truth, guess] of pairs) {
    truths.set(truth, (truths.get(truth) ?? 0) + 1);
    guesses.set(guess, (guesses.get(guess) ?? 0) + 1);
    if (truth === guess) hits.set(truth, (hits.get(truth) ?? 0) + 1);
  }
  const scores = [...truths].map(
    ([label, count]) => (2 * (hits.get(label) ?? 0)) / (count + (guesses.get(label) ?? 0)),
  );
  return scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
}

/** Pairs of true and found spans; null where nobody wanted any. */
export function slotF1(pairs: readonly (readonly [readonly SlotSpan[], readonly SlotSpan[]])[]): number | null {
  const key = (slot: SlotSpan) => `${slot.name}\t${slot.start}\t${slot.end}`;
  let wanted = 0;
  let found = 0;
  let hits = 0;
  for (const [truth, guess] of pairs) {
    const keys = new Set(truth.map(key));
    wanted += keys.size;
    found += guess.length;
    hits += guess.filter((slot) => keys.has(key(slot))).length;
  }
  return wanted === 0 ? null : (2 * hits) / (wanted + found);
}

/** Pairs of confidence and whether it was right. */
export function calibrationError(pairs: readonly (readonly [number, boolean])[]): number {
  const bins = Array.from({ length: 15 }, () => ({ confidence: 0, right: 0 }));
  for (const [confidence, right] of pairs) {
    const bin = bins[Math.min(14, Math.floor(confidence * 15))]!;
    bin.confidence += confidence;
    bin.right += right ? 1 : 0;
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0) / Math.max(1, pairs.length);
}

/** The largest share of the pairs, the surest first, of which at least `precision` are right. Equal confidences go together. */
function coverageAt(pairs: readonly (readonly [number, boolean])[], precision: number): number {
  const sorted = [...pairs].sort((a, b) => b[0] - a[0]);
  let right = 0;
  let covered = 0;
  sorted.forEach(([confidence, hit], at) => {
    right += hit ? 1 : 0;
    const last = at + 1 === sorted.length || sorted[at + 1]![0] < confidence;
    if (last && right / (at + 1) >= precision) covered = at + 1;
  });
  return covered / Math.max(1, sorted.length);
}
