/** Honest confidence: a temperature for the margins and a bend of the result, both fit on examples that the model did not learn from. */
import { fitLogistic } from './logistic.ts';

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

/** confidence = sigmoid(slope · logit(probability of the best) + shift) (Platt, 1999). */
export interface ConfidenceModel {
  slope: number;
  shift: number;
}

export const PLAIN_CONFIDENCE: ConfidenceModel = { slope: 1, shift: 0 };

/** `probability` that the model gave its best class, and whether that was right. */
export function fitConfidence(heldOut: readonly { probability: number; right: boolean }[]): ConfidenceModel {
  // Without enough errors there is nothing to mend, and a fit would run away.
  if (heldOut.filter((one) => !one.right).length < 10) return PLAIN_CONFIDENCE;
  const [slope, shift] = fitLogistic(
    heldOut.map((one) => [logit(one.probability), 1]),
    heldOut.map((one) => (one.right ? 1 : 0)),
    heldOut.map(() => 1),
  );
  // More margin must never mean less confidence.
  return slope! > 0.05 ? { slope: slope!, shift: shift! } : PLAIN_CONFIDENCE;
}

export function confidenceOf(model: ConfidenceModel, probability: number): number {
  return 1 / (1 + Math.exp(-(model.slope * logit(probability) + model.shift)));
}

function logit(probability: number): number {
  const kept = Math.min(1 - 1e-6, Math.max(1e-6, probability));
  return Math.log(kept / (1 - kept));
}

export const USUAL_TEMPERATURE = 4;

/** The T with the smallest negative log likelihood on held-out examples; the usual one where there are too few to tell. */
export function fitTemperature(
  heldOut: readonly { margins: Float32Array; label: number }[],
  usual = USUAL_TEMPERATURE,
): number {
  const known = heldOut.filter((one) => one.label >= 0);
  if (known.length < 10) return usual;
  // Where a few held-out examples are all right, the best T is endless: ten examples' worth of belief hold it near the usual.
  const loss = (temperature: number) =>
    known.reduce(
      (sum, one) => sum - Math.log(Math.max(1e-12, softmax(one.margins, temperature)[one.label]!)),
      10 * Math.log(temperature / usual) ** 2,
    );
  let low = Math.log(0.3);
  let high = Math.log(12);
  for (let step = 0; step < 16; step++) {
    const a = low + (high - low) * 0.382;
    const b = low + (high - low) * 0.618;
    if (loss(Math.exp(a)) < loss(Math.exp(b))) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}
