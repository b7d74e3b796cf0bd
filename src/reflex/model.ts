/** A trained model: intents by SVM, calibrated confidence, an out-of-scope test, slots; as bytes and back. */
import { AppError } from '../base/errors.ts';
import {
  type ConfidenceModel,
  confidenceOf,
  fitConfidence,
  fitScope,
  type HeldOut,
  type ScopeModel,
  scopeScore,
  scopeSignals,
} from './calibrate.ts';
import { marginsOf, type QuantizedWeights, quantize, quantizedMargins, random, trainSvm } from './classifier.ts';
import {
  type Counts,
  countFeatures,
  learnVocabulary,
  type SparseVector,
  tableOf,
  type Vocabulary,
  vectorOf,
} from './features.ts';
import { learnSlots, readerFromJson, type SlotReader, type SlotReaderJson } from './slots.ts';
import { type Example, LIMITS, OUT_OF_SCOPE, type Prediction } from './types.ts';

export interface TrainedModel {
  intents: string[];
  slotNames: string[];
  /** Size of what `trainModel` returned. */
  bytes: number;
  /** Under a millisecond for a sentence. */
  predict(text: string, now_ms: number): Omit<Prediction, 'ms'>;
}

interface Header {
  version: 1;
  intents: string[];
  confidence: ConfidenceModel;
  scope?: ScopeModel;
  slots: SlotReaderJson;
  features: number;
}

const MAGIC = 'RFX1';
/** Weights of one model, in numbers: bounds memory to 160 MB while training. */
const MAX_WEIGHTS = 40_000_000;
/** Dual variables of one model, in numbers (400 MB while training). */
const MAX_ALPHAS = 100_000_000;
const LARGE = 5_000;
/** Examples above which one held-out fold is enough. */
const ONE_FOLD = 3_000;
const SEED = 20_260_901;

export interface TrainModelOptions {
  epochs?: number;
  /** false leaves out the held-out folds: no calibration, no out-of-scope test. */
  calibrate?: boolean;
}

/**
 * Trains and serialises. Takes seconds of CPU for thousands of examples: call it in a worker. Deterministic.
 * Throws AppError `invalid_request` without an intent, `too_large` where examples × intents pass 100 million.
 */
export function trainModel(examples: readonly Example[], options: TrainModelOptions = {}): Uint8Array<ArrayBuffer> {
  const intents = [...new Set(examples.map((example) => example.intent))]
    .filter((intent) => intent !== OUT_OF_SCOPE)
    .sort();
  if (intents.length === 0)
    throw new AppError('invalid_request', 'examples name no intent to learn.', { param: 'examples' });
  if (examples.length * intents.length > MAX_ALPHAS) {
    throw new AppError(
      'too_large',
      `${examples.length} examples of ${intents.length} intents are more than one model can learn; split it into several.`,
      { param: 'examples' },
    );
  }
  const index = new Map(intents.map((intent, at) => [intent, at]));
  const labels = Int32Array.from(examples, (example) => index.get(example.intent) ?? -1);
  const counts = examples.map((example) => countFeatures(example.text));
  const epochs = options.epochs ?? (examples.length > LARGE ? 8 : 15);
  const heldOut =
    options.calibrate === false
      ? { confidence: [], scope: [] }
      : holdOut(counts, labels, intents.length, Math.min(epochs, 6));
  const { hashes, idf, weights } = fit(counts, labels, intents.length, epochs);
  const header: Header = {
    version: 1,
    intents,
    confidence: fitConfidence(heldOut.confidence),
    scope: fitScope(heldOut.scope),
    slots: learnSlots(examples.filter((example) => example.slots?.length)).toJson(),
    features: hashes.length,
  };
  return encode(header, hashes, idf, quantize(weights, intents.length));
}

function fit(counts: readonly Counts[], labels: Int32Array, classes: number, epochs: number) {
  const limit = Math.max(1_000, Math.floor(MAX_WEIGHTS / classes));
  const { hashes, idf } = learnVocabulary(counts, counts.length > LARGE ? 2 : 1, limit);
  const vocabulary = tableOf(hashes, idf);
  const vectors = counts.map((one) => vectorOf(one, vocabulary));
  const weights = trainSvm(vectors, labels, {
    classes,
    features: hashes.length,
    cost: classes === 2 ? 0.3 : 1,
    epochs,
    seed: SEED,
  });
  return { hashes, idf, vocabulary, weights };
}

/** One split into fifths; `fold` is what the model does not learn from. */
interface Split {
  /** Fifth of each example, 0 to 4. */
  part: Int32Array;
  /** Fifth of each intent. */
  group: Int32Array;
}

function splitOf(examples: number, classes: number): Split {
  const next = random(SEED + 1);
  const fifth = () => Math.floor(next() * 5);
  return { part: Int32Array.from({ length: examples }, fifth), group: Int32Array.from({ length: classes }, fifth) };
}

/**
 * Margins of examples that the model did not learn from. Folds for the out-of-scope test leave a fifth of the intents out as well:
 * their examples stand for what nobody thought of. Large sets make one fold do for both, since an intent more or less changes little there.
 */
function holdOut(
  counts: readonly Counts[],
  labels: Int32Array,
  classes: number,
  epochs: number,
): { confidence: HeldOut[]; scope: HeldOut[] } {
  const split = splitOf(counts.length, classes);
  const run = (folds: readonly number[], leaveOut: boolean) =>
    folds.flatMap((fold) => runFold(counts, labels, split, fold, leaveOut && classes >= 5, epochs));
  if (counts.length > ONE_FOLD) {
    const both = run([0], true);
    return { confidence: both, scope: both };
  }
  return { confidence: run([0, 1], false), scope: run([2, 3, 4], true) };
}

function runFold(
  counts: readonly Counts[],
  labels: Int32Array,
  { part, group }: Split,
  fold: number,
  leaveOut: boolean,
  epochs: number,
): HeldOut[] {
  const isLeftOut = (label: number) => leaveOut && label >= 0 && group[label] === fold;
  const kept = [...new Set(labels)].filter((label) => label >= 0 && !isLeftOut(label)).sort((a, b) => a - b);
  const samples = [...labels.keys()];
  const train = samples.filter((sample) => part[sample] !== fold && !isLeftOut(labels[sample]!));
  if (kept.length === 0 || train.length === 0) return [];
  const position = new Map(kept.map((label, at) => [label, at]));
  const model = fit(
    train.map((sample) => counts[sample]!),
    Int32Array.from(train, (sample) => position.get(labels[sample]!) ?? -1),
    kept.length,
    epochs,
  );
  return samples
    .filter((sample) => part[sample] === fold || (isLeftOut(labels[sample]!) && part[sample]! % 2 === 0))
    .map((sample) => {
      const vector = vectorOf(counts[sample]!, model.vocabulary);
      return {
        margins: marginsOf(vector, model.weights, kept.length),
        label: position.get(labels[sample]!) ?? -1,
        unseen: vector.unseen,
        features: vector.features,
      };
    });
}

// ---------------------------------------------------------------- prediction

function modelOf(header: Header, vocabulary: Vocabulary, weights: QuantizedWeights, bytes: number): TrainedModel {
  const slots: SlotReader = readerFromJson(header.slots);
  return {
    intents: header.intents,
    slotNames: slots.names,
    bytes,
    predict(text, now_ms) {
      const vector = vectorOf(countFeatures(text), vocabulary);
      const margins = quantizedMargins(vector, weights);
      let top = 0;
      for (let at = 1; at < margins.length; at++) if (margins[at]! > margins[top]!) top = at;
      const best = header.intents[top]!;
      const { score, outside } = judgeScope(header.scope, margins, vector);
      return {
        best,
        intent: outside ? OUT_OF_SCOPE : best,
        confidence: vector.rows.length === 0 ? 0 : confidenceOf(header.confidence, margins, top),
        outOfScope: score,
        slots: slots.names.length === 0 ? [] : slots.read(text, best, now_ms),
      };
    },
  };
}

/** Without a fitted test, only a text of which next to nothing was ever seen is out of scope. */
function judgeScope(
  scope: ScopeModel | undefined,
  margins: Float32Array,
  vector: SparseVector,
): { score: number; outside: boolean } {
  if (vector.rows.length === 0) return { score: 1, outside: true };
  if (!scope) return { score: vector.unseen, outside: vector.unseen > 0.9 };
  const score = scopeScore(scope, scopeSignals(margins, vector.unseen, vector.features));
  return { score, outside: score >= scope.threshold };
}

// ---------------------------------------------------------------- bytes

/** `RFX1`, header length, header (JSON), then hashes, idf, scales and weights, each at a multiple of four. Little-endian. */
function encode(
  header: Header,
  hashes: Uint32Array,
  idf: Float32Array,
  weights: QuantizedWeights,
): Uint8Array<ArrayBuffer> {
  let json = Buffer.from(JSON.stringify(header), 'utf8');
  if (json.length % 4 !== 0) json = Buffer.concat([json, Buffer.alloc(4 - (json.length % 4), SPACE_BYTE)]);
  const out = new Uint8Array(
    8 + json.length + hashes.byteLength + idf.byteLength + weights.scales.byteLength + weights.bytes.byteLength,
  );
  out.set(Buffer.from(MAGIC, 'latin1'), 0);
  new DataView(out.buffer).setUint32(4, json.length, true);
  let at = 8;
  for (const part of [json, hashes, idf, weights.scales, weights.bytes]) {
    out.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return out;
}

const SPACE_BYTE = 32;

/** Throws AppError `invalid_request` where the bytes are no model of this format. */
export function loadModel(bytes: Uint8Array): TrainedModel {
  const fail = (what: string): never => {
    throw new AppError('invalid_request', `These bytes are no Reflex model: ${what}.`, { param: 'bytes' });
  };
  if (
    bytes.length < 12 ||
    bytes.length > LIMITS.modelBytes ||
    Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== MAGIC
  )
    return fail('the mark RFX1 is missing');
  // A copy of its own: typed arrays over it need an aligned start, and nobody else may change it.
  const own = bytes.slice();
  const length = new DataView(own.buffer).getUint32(4, true);
  if (length % 4 !== 0 || 8 + length > own.length) return fail('the header is cut');
  let header: Header;
  try {
    header = JSON.parse(Buffer.from(own.buffer, 8, length).toString('utf8')) as Header;
  } catch {
    return fail('the header is no JSON');
  }
  const classes = Array.isArray(header.intents) ? header.intents.length : 0;
  const { features } = header;
  if (
    header.version !== 1 ||
    classes === 0 ||
    !Number.isInteger(features) ||
    features < 0 ||
    !Array.isArray(header.slots) ||
    !(header.confidence?.temperature > 0)
  )
    return fail('the header lacks what it needs');
  let at = 8 + length;
  if (own.length !== at + features * 8 + classes * 4 + (features + 1) * classes)
    return fail('the length does not fit the header');
  const hashes = new Uint32Array(own.buffer, at, features);
  at += features * 4;
  const idf = new Float32Array(own.buffer, at, features);
  at += features * 4;
  const scales = new Float32Array(own.buffer, at, classes);
  at += classes * 4;
  const weights = new Int8Array(own.buffer, at, (features + 1) * classes);
  return modelOf(header, tableOf(hashes, idf), { classes, bytes: weights, scales }, own.length);
}
