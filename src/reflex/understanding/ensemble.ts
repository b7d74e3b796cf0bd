/** Linear machines and small networks that judge a text together. */
import { softmax } from './calibrate.ts';
import { type QuantizedWeights, quantize, quantizedMargins, trainSvm } from './classifier.ts';
import type { SparseVector } from './features.ts';
import { mlpScores, type QuantizedMlp, quantizeMlp, type SparseInput, trainMlp } from './mlp.ts';

export interface Plan {
  classes: number;
  /** Rows that vectors may name. */
  features: number;
  /** The networks read only rows under this: those seen once teach them nothing. */
  networkFeatures: number;
  /** Rows under this are those of the words' meaning. */
  meaningFeatures: number;
  networks: number;
  hidden: number;
  epochs: number;
  networkEpochs: number;
  seed: number;
}

export interface Ensemble {
  linear: QuantizedWeights;
  networks: QuantizedMlp[];
  /** Rows under this are those of the words' meaning. */
  meaningFeatures: number;
}

/** Of one text, by class. */
export interface Scores {
  margins: Float32Array;
  /** Mean of the networks' scores before the softmax; empty without networks. */
  logits: Float32Array;
}

/** How scores become one probability a class. */
export interface Blend {
  /** softmax(temperature · margins). */
  temperature: number;
  networkTemperature: number;
  /** Share of the linear machines in the mean, 0 to 1. */
  share: number;
}

export interface Progress {
  phase: string;
  done: number;
  of: number;
}

export function trainEnsemble(
  vectors: readonly SparseVector[],
  labels: Int32Array,
  plan: Plan,
  onStep: () => void = () => {},
): Ensemble {
  const { classes, features, seed } = plan;
  const linear = quantize(
    trainSvm(vectors, labels, {
      classes,
      features,
      cost: classes === 2 ? 0.3 : 1,
      epochs: plan.epochs,
      seed,
      onEpoch: onStep,
    }),
    classes,
  );
  const networks: QuantizedMlp[] = [];
  if (plan.networks > 0) {
    const inputs = vectors.map((vector) => networkInput(vector, plan.networkFeatures, plan.meaningFeatures));
    for (let one = 0; one < plan.networks; one++) {
      const mlp = trainMlp(inputs, labels, {
        classes,
        features: plan.networkFeatures,
        hidden: plan.hidden,
        epochs: plan.networkEpochs,
        steady: plan.meaningFeatures,
        seed: seed + 101 * (one + 1),
        onEpoch: onStep,
      });
      networks.push(quantizeMlp(mlp));
    }
  }
  return { linear, networks, meaningFeatures: plan.meaningFeatures };
}

/** Steps that `trainEnsemble` reports at most. */
export function stepsOf(plan: Plan): number {
  return plan.epochs + plan.networks * plan.networkEpochs;
}

/** To a network the meaning of the words counts as much as this many other groups. */
const MEANING_WEIGHT = 2;

/** The rows that networks know, at length one again. */
function networkInput(vector: SparseVector, features: number, meaningFeatures: number): SparseInput {
  const rows = new Int32Array(vector.rows.length);
  const values = new Float32Array(vector.rows.length);
  let length = 0;
  let square = 0;
  for (let at = 0; at < rows.length; at++) {
    const row = vector.rows[at]!;
    if (row >= features) continue;
    const value = vector.values[at]! * (row < meaningFeatures ? MEANING_WEIGHT : 1);
    square += value * value;
    rows[length] = row;
    values[length++] = value;
  }
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
  for (let at = 0; at < length; at++) values[at]! *= scale;
  return { rows: rows.slice(0, length), values: values.slice(0, length) };
}

export function scoresOf(vector: SparseVector, { linear, networks, meaningFeatures }: Ensemble): Scores {
  const margins = quantizedMargins(vector, linear);
  if (networks.length === 0) return { margins, logits: new Float32Array(0) };
  const input = networkInput(vector, networks[0]!.features, meaningFeatures);
  const logits = new Float32Array(margins.length);
  for (const network of networks) {
    const own = mlpScores(input, network);
    for (let one = 0; one < logits.length; one++) logits[one]! += own[one]! / networks.length;
  }
  return { margins, logits };
}

export interface Blended {
  members: Float64Array[];
  mean: Float64Array;
}

export function blend({ margins, logits }: Scores, how: Blend): Blended {
  const linear = softmax(margins, how.temperature);
  if (logits.length === 0) return { members: [linear], mean: linear };
  const network = softmax(logits, how.networkTemperature);
  return {
    members: [linear, network],
    mean: linear.map((value, one) => how.share * value + (1 - how.share) * network[one]!),
  };
}
