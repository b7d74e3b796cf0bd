/** From labelled features to an ensemble with calibrated confidence and an out-of-scope test. */
import {
  type ConfidenceModel,
  confidenceOf,
  fitConfidence,
  fitTemperature,
  PLAIN_CONFIDENCE,
  softmax,
  USUAL_TEMPERATURE,
} from './calibrate.ts';
import { random } from './classifier.ts';
import {
  type Blend,
  blend,
  type Ensemble,
  type Plan,
  type Progress,
  type Scores,
  scoresOf,
  stepsOf,
  trainEnsemble,
} from './ensemble.ts';
import {
  type LearntVocabulary,
  learnCentre,
  learnVocabulary,
  type SparseVector,
  type TextFeatures,
  tableOf,
  type Vocabulary,
  vectorOf,
} from './features.ts';
import { type Likeness, learnNeighbours, likenessOf, type Neighbours } from './neighbours.ts';
import { fitScope, type ScopeModel, scopeScore, signalsOf } from './scope.ts';
import { type Judged, type TrustTable, tableOfTrust } from './trust.ts';

/** What is learnt from: one entry an example. */
export interface Material {
  features: readonly TextFeatures[];
  /** Sentence vectors of length 1, where there are any. */
  dense?: readonly (Float32Array | undefined)[];
  /** 0 without sentence vectors. */
  dimensions: number;
  /** -1: belongs to none. */
  labels: Int32Array;
  classes: number;
  /** Share of the time for networks that is theirs, 0 to 1: taggers need some too. 1 unless said. */
  networkShare?: number;
}

export interface IntentModel {
  hashes: Uint32Array;
  idf: Float32Array;
  ensemble: Ensemble;
  blend: Blend;
  confidence: ConfidenceModel;
  scope?: ScopeModel;
  trust: TrustTable;
  neighbours: Neighbours;
  /** Mean of the examples' word meanings; empty where they are not used. */
  centre: Float32Array;
  /** `classes × dimensions`, each row of length 1: of sentence vectors, without them of the words' meanings. */
  meanings?: Float32Array;
}

export interface FitOptions {
  epochs?: number;
  calibrate?: boolean;
  onProgress?: (progress: Progress) => void;
}

const SEED = 20_260_901;
/** Weights of the linear machines, in numbers: bounds the artefact, and memory while training to 100 MB. */
const MAX_WEIGHTS = 22_000_000;
/** Where more different features were seen, those seen once are left out. */
const MANY_FEATURES = 70_000;
/** Multiplications that all networks of the final fit may cost: about 20 s of one core. */
const NETWORK_COST = 8e9;
const MAX_NETWORKS = 6;
/** Embeddings of all networks, in bytes. */
const MAX_EMBEDDINGS = 14_000_000;
/** A network learns nothing from less. */
const FEW_EXAMPLES = 60;

/** How many networks pay for themselves: as many as time and space allow, none for a handful of examples. */
function planOf(
  vectors: readonly SparseVector[],
  features: number,
  repeated: number,
  meaningFeatures: number,
  classes: number,
  cost: number,
  epochs?: number,
): Plan {
  const examples = vectors.length;
  const hidden = classes === 2 ? 64 : 96;
  const networkEpochs = 10;
  const length = vectors.reduce((sum, vector) => sum + vector.rows.length, 0) / Math.max(1, examples);
  const each = examples * networkEpochs * hidden * (length + classes) * 0.7;
  const afforded = Math.min(MAX_NETWORKS, Math.floor(cost / each));
  const networks = examples < FEW_EXAMPLES || classes < 2 ? 0 : afforded;
  const space = Math.floor(MAX_EMBEDDINGS / (hidden * Math.max(1, networks)));
  return {
    classes,
    features,
    networkFeatures: Math.min(examples > 5_000 ? repeated : features, space),
    meaningFeatures,
    networks,
    hidden,
    epochs: epochs ?? 12,
    networkEpochs,
    seed: SEED,
  };
}

interface Fitted {
  hashes: Uint32Array;
  idf: Float32Array;
  vocabulary: Vocabulary;
  plan: Plan;
  ensemble: Ensemble;
  neighbours: Neighbours;
  meanings?: Float32Array;
}

function fit(material: Material, options: FitOptions, phase: string): Fitted {
  const { features, dense, dimensions, labels, classes } = material;
  const limit = Math.max(1_000, Math.floor(MAX_WEIGHTS / classes));
  const { hashes, idf, repeated } = knownFeatures(features, limit);
  const vocabulary = vocabularyOf(features, hashes, idf, dimensions);
  const vectors = features.map((one, at) => vectorOf(one, vocabulary, dense?.[at]));
  const rows = hashes.length + vocabulary.offset;
  const plan = planOf(
    vectors,
    rows,
    repeated + vocabulary.offset,
    vocabulary.centre.length,
    classes,
    NETWORK_COST * (material.networkShare ?? 1),
    options.epochs,
  );
  const of = stepsOf(plan);
  let done = 0;
  const ensemble = trainEnsemble(vectors, labels, plan, () => options.onProgress?.({ phase, done: ++done, of }));
  options.onProgress?.({ phase, done: of, of });
  return {
    hashes,
    idf,
    vocabulary,
    plan,
    ensemble,
    neighbours: learnNeighbours(vectors, labels, classes, rows),
    meanings: meaningsOf(dense ?? vectors.map((vector) => vector.meaning), labels, classes),
  };
}

function knownFeatures(features: readonly TextFeatures[], limit: number): LearntVocabulary {
  const all = learnVocabulary(features, 1, limit);
  if (all.hashes.length <= MANY_FEATURES) return all;
  const size = Math.max(all.repeated, MANY_FEATURES / 2);
  return { hashes: all.hashes.slice(0, size), idf: all.idf.slice(0, size), repeated: all.repeated };
}

function vocabularyOf(
  features: readonly TextFeatures[],
  hashes: Uint32Array,
  idf: Float32Array,
  dimensions: number,
): Vocabulary {
  const plain = tableOf(hashes, idf, dimensions);
  const centre = learnCentre(features, plain);
  return { ...plain, centre, offset: centre.length + dimensions };
}

/** The mean direction of each class's vectors; undefined where there are none. */
function meaningsOf(
  dense: readonly (Float32Array | undefined)[],
  labels: Int32Array,
  classes: number,
): Float32Array | undefined {
  const dimensions = dense.find((vector) => vector)?.length ?? 0;
  if (dimensions === 0) return undefined;
  const out = new Float32Array(classes * dimensions);
  dense.forEach((vector, sample) => {
    const label = labels[sample]!;
    if (!vector || label < 0) return;
    for (let at = 0; at < dimensions; at++) out[label * dimensions + at]! += vector[at]!;
  });
  for (let one = 0; one < classes; one++) {
    const row = out.subarray(one * dimensions, (one + 1) * dimensions);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    row.forEach((value, at) => {
      row[at] = value / length;
    });
  }
  return out;
}

/** cosine to each class's mean vector; all zero for a text without one, undefined in a model without. */
export function meaningOf(
  dense: Float32Array | undefined,
  meanings: Float32Array | undefined,
  classes: number,
): Float32Array | undefined {
  if (!meanings) return undefined;
  const out = new Float32Array(classes);
  if (!dense) return out;
  const size = dense.length;
  for (let one = 0; one < classes; one++) {
    let sum = 0;
    for (let at = 0; at < size; at++) sum += dense[at]! * meanings[one * size + at]!;
    out[one] = sum;
  }
  return out;
}

// ---------------------------------------------------------------- held-out examples

interface HeldOut extends Scores {
  /** Index of the true class in `margins`; -1 for out of scope. */
  label: number;
  /** Somebody marked it as out of scope. */
  real: boolean;
  likeness: Likeness;
  meaning?: Float32Array;
  unseen: number;
  features: number;
}

/** One split into fifths; `fold` is what the model does not learn from. */
interface Split {
  /** Fifth of each example, 0 to 4. */
  part: Int32Array;
  /** Fifth of each intent. */
  group: Int32Array;
}

function splitOf(labels: Int32Array, classes: number): Split {
  const next = random(SEED + 1);
  const fifth = () => Math.floor(next() * 5);
  return {
    part: Int32Array.from(labels, fifth),
    group: Int32Array.from({ length: classes }, (_, one) => one).map(fifth),
  };
}

/** Above this, one fold does for both; up to a third of it there is time for five. */
const ONE_FOLD = 3_000;

/**
 * Scores of examples that the model did not learn from. Folds for the out-of-scope test leave a fifth of the intents out as well:
 * their examples stand for what nobody thought of. Large sets make one fold do for both, since an intent more or less changes little there.
 */
function holdOut(material: Material, options: FitOptions): { confidence: HeldOut[]; scope: HeldOut[] } {
  const { labels, classes } = material;
  const split = splitOf(labels, classes);
  const run = (folds: readonly number[], leaveOut: boolean) =>
    folds.flatMap((fold) => runFold(material, split, fold, leaveOut && classes >= 5, options));
  if (labels.length > ONE_FOLD) {
    const both = run([0], true);
    return { confidence: both, scope: both };
  }
  const few = labels.length <= ONE_FOLD / 3;
  const scope = run(few ? [2, 3, 4] : [1], true);
  // Those that are in scope say something about confidence as well.
  return { confidence: [...run(few ? [0, 1] : [0], false), ...scope], scope };
}

function runFold(
  material: Material,
  { part, group }: Split,
  fold: number,
  leaveOut: boolean,
  options: FitOptions,
): HeldOut[] {
  const { labels, features, dense, dimensions } = material;
  const isLeftOut = (label: number) => leaveOut && label >= 0 && group[label] === fold;
  // Real out-of-scope examples are rare and precious: half of them are judged in every fold.
  const isHeld = (sample: number) => (labels[sample]! < 0 ? (part[sample]! + fold) % 2 === 0 : part[sample] === fold);
  const kept = [...new Set(labels)].filter((label) => label >= 0 && !isLeftOut(label)).sort((a, b) => a - b);
  const samples = [...labels.keys()];
  const train = samples.filter((sample) => !isHeld(sample) && !isLeftOut(labels[sample]!));
  if (kept.length === 0 || !train.some((sample) => labels[sample]! >= 0)) return [];
  const position = new Map(kept.map((label, at) => [label, at]));
  const model = fit(
    {
      features: train.map((sample) => features[sample]!),
      dense: dense && train.map((sample) => dense[sample]),
      dimensions,
      labels: Int32Array.from(train, (sample) => position.get(labels[sample]!) ?? -1),
      classes: kept.length,
      networkShare: material.networkShare,
    },
    options,
    `fold ${fold}`,
  );
  return samples
    .filter((sample) => isHeld(sample) || (isLeftOut(labels[sample]!) && part[sample]! % 2 === 0))
    .map((sample) => {
      const vector = vectorOf(features[sample]!, model.vocabulary, dense?.[sample]);
      return {
        ...scoresOf(vector, model.ensemble),
        label: position.get(labels[sample]!) ?? -1,
        real: labels[sample]! < 0,
        likeness: likenessOf(vector, model.neighbours),
        meaning: meaningOf(dimensions > 0 ? dense?.[sample] : vector.meaning, model.meanings, kept.length),
        unseen: vector.unseen,
        features: vector.features,
      };
    });
}

/** Under this a jackknife would be wrong so often that the true class is the better stand-in. */
const FEW_TO_JACKKNIFE = 200;

/**
 * The class that a linear model which did not learn from an example gives it, one an example (-1 keeps none):
 * what a tagger will be told at serving time, mistakes included.
 */
export function jackknife(material: Material): Int32Array {
  const { labels, features, dense, dimensions, classes } = material;
  if (labels.length < FEW_TO_JACKKNIFE || classes < 2) return labels.slice();
  const folds = labels.length > ONE_FOLD * 2 ? 2 : 5;
  const next = random(SEED + 2);
  const part = Int32Array.from(labels, () => Math.floor(next() * folds));
  const out = labels.slice();
  for (let fold = 0; fold < folds; fold++) {
    const train = [...labels.keys()].filter((sample) => part[sample] !== fold);
    const trained = train.map((sample) => features[sample]!);
    const { hashes, idf } = learnVocabulary(trained, 2, Math.max(1_000, Math.floor(MAX_WEIGHTS / classes)));
    const vocabulary = vocabularyOf(trained, hashes, idf, dimensions);
    const vectors = train.map((sample) => vectorOf(features[sample]!, vocabulary, dense?.[sample]));
    const plan: Plan = {
      classes,
      features: hashes.length + vocabulary.offset,
      networkFeatures: 0,
      meaningFeatures: vocabulary.centre.length,
      networks: 0,
      hidden: 0,
      epochs: 8,
      networkEpochs: 0,
      seed: SEED,
    };
    const ensemble = trainEnsemble(
      vectors,
      Int32Array.from(train, (sample) => labels[sample]!),
      plan,
    );
    for (let sample = 0; sample < labels.length; sample++) {
      if (part[sample] !== fold || labels[sample]! < 0) continue;
      const { margins } = scoresOf(vectorOf(features[sample]!, vocabulary, dense?.[sample]), ensemble);
      out[sample] = margins.reduce((best, margin, at) => (margin > margins[best]! ? at : best), 0);
    }
  }
  return out;
}

// ---------------------------------------------------------------- calibration

const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
const USUAL_BLEND: Blend = { temperature: USUAL_TEMPERATURE, networkTemperature: 1, share: 0.4 };

function fitBlend(heldOut: readonly HeldOut[]): Blend {
  const known = heldOut.filter((one) => one.label >= 0);
  if (known.length < 10) return USUAL_BLEND;
  const temperature = fitTemperature(known);
  if (known[0]!.logits.length === 0) return { ...USUAL_BLEND, temperature };
  const networkTemperature = fitTemperature(
    known.map(({ logits, label }) => ({ margins: logits, label })),
    1,
  );
  const pairs = known.map((one) => [
    softmax(one.margins, temperature)[one.label]!,
    softmax(one.logits, networkTemperature)[one.label]!,
  ]);
  const loss = (share: number) =>
    pairs.reduce((sum, [a, b]) => sum - Math.log(Math.max(1e-12, share * a! + (1 - share) * b!)), 0);
  const share = SHARES.reduce((best, one) => (loss(one) < loss(best) ? one : best), USUAL_BLEND.share);
  return { temperature, networkTemperature, share };
}

function judge(one: HeldOut, how: Blend) {
  const { members, mean } = blend(one, how);
  return { signals: signalsOf({ ...one, members, mean }), outside: one.label < 0, real: one.real, mean };
}

/** Texts of intents that a fold left out stand for nothing that is asked in life, so they are not counted; real out-of-scope examples are. */
function judgeTrust(
  heldOut: readonly HeldOut[],
  how: Blend,
  confidence: ConfidenceModel,
  scope: ScopeModel | undefined,
): Judged[] {
  return heldOut
    .filter((one) => one.label >= 0 || one.real)
    .map((one) => {
      const { mean, signals } = judge(one, how);
      const top = mean.reduce((best, value, at) => (value > mean[best]! ? at : best), 0);
      return {
        confidence: confidenceOf(confidence, mean[top]!),
        right: top === one.label,
        given: !scope || scopeScore(scope, signals) < scope.threshold,
      };
    });
}

/** Takes most of a training's time. */
export function fitIntents(material: Material, options: FitOptions = {}): IntentModel {
  const heldOut = options.calibrate === false ? { confidence: [], scope: [] } : holdOut(material, options);
  const how = fitBlend(heldOut.confidence);
  const confident = heldOut.confidence
    .filter((one) => one.label >= 0)
    .map((one) => {
      const { mean } = judge(one, how);
      const top = mean.reduce((best, value, at) => (value > mean[best]! ? at : best), 0);
      return { probability: mean[top]!, right: top === one.label };
    });
  const { hashes, idf, vocabulary, ensemble, neighbours, meanings } = fit(material, options, 'fit');
  const confidence = confident.length > 0 ? fitConfidence(confident) : PLAIN_CONFIDENCE;
  const scope = fitScope(heldOut.scope.map((one) => judge(one, how)));
  return {
    hashes,
    idf,
    ensemble,
    neighbours,
    centre: vocabulary.centre,
    meanings,
    blend: how,
    confidence,
    scope,
    trust: tableOfTrust(judgeTrust(heldOut.confidence, how, confidence, scope)),
  };
}
