/** A trained model: intents by an ensemble, calibrated confidence, an out-of-scope test, slots; as bytes and back. */
import { AppError } from '../../base/errors.ts';
import { loadTagger, type Tagger } from '../slots/tagger.ts';
import { wordTable } from '../text/word-table.ts';
import { type Example, OUT_OF_SCOPE, type Prediction } from '../types.ts';
import { decodeArtefact, encodeArtefact, notAModel, type Sections } from './artefact.ts';
import { type ConfidenceModel, confidenceOf } from './calibrate.ts';
import { type Blend, blend, type Ensemble, type Progress, scoresOf } from './ensemble.ts';
import { featuresOf, type SparseVector, tableOf, type Vocabulary, vectorOf } from './features.ts';
import { fitIntents, type IntentModel, jackknife, meaningOf } from './intents.ts';
import { likenessOf, type Neighbours } from './neighbours.ts';
import { type ScopeModel, scopeScore, signalsOf } from './scope.ts';
import { learnMarks, learnTagger } from './spans.ts';
import type { TrustTable } from './trust.ts';
import { isEnglish, type SentenceVectors } from './vectors.ts';

export interface TrainedModel {
  intents: string[];
  slotNames: string[];
  /** Size of what `trainModel` returned. */
  bytes: number;
  /** Each text's sentence vector should be handed to `predict`; without it the answer is worse. */
  needsVectors: boolean;
  /** About a millisecond for a sentence. `vector` as `SentenceVectors.embed` gives it. Holds no state. */
  predict(text: string, now_ms: number, vector?: Float32Array): Omit<Prediction, 'ms'>;
}

interface Header {
  version: 2;
  intents: string[];
  confidence: ConfidenceModel;
  blend: Blend;
  scope?: ScopeModel;
  /** Absent in models of before it was measured. */
  trust?: TrustTable;
  /** Networks and their hidden units. */
  networks: number;
  hidden: number;
  /** Of the sentence vectors it was trained with; 0 without. */
  dimensions: number;
  /** Version of the table of words that it was trained with; absent without one. */
  wordTable?: number;
}

/** Dual variables of one model, in numbers (400 MB while training). */
const MAX_ALPHAS = 100_000_000;

export interface TrainModelOptions {
  /** Of the linear machines. */
  epochs?: number;
  /** false leaves out the held-out folds: no calibration, no out-of-scope test. */
  calibrate?: boolean;
  onProgress?: (progress: Progress) => void;
}

/**
 * Trains and serialises. Takes seconds of CPU for thousands of examples: call it in a worker. Deterministic.
 * With `vectors`, English texts are embedded first (about 10 ms each).
 * Throws AppError `invalid_request` without an intent, `too_large` where examples × intents pass 100 million.
 */
export function trainModel(
  examples: readonly Example[],
  options: TrainModelOptions & { vectors: SentenceVectors },
): Promise<Uint8Array<ArrayBuffer>>;
export function trainModel(
  examples: readonly Example[],
  options?: TrainModelOptions & { vectors?: undefined },
): Uint8Array<ArrayBuffer>;
export function trainModel(
  examples: readonly Example[],
  options?: TrainModelOptions & { vectors?: SentenceVectors },
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
export function trainModel(
  examples: readonly Example[],
  options: TrainModelOptions & { vectors?: SentenceVectors } = {},
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  const { vectors, ...rest } = options;
  const intents = intentsOf(examples);
  if (!vectors) return train(examples, intents, rest);
  return embedAll(examples, vectors, rest.onProgress).then((dense) =>
    train(examples, intents, rest, vectors.dimensions, dense),
  );
}

function intentsOf(examples: readonly Example[]): string[] {
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
  return intents;
}

const EMBED_AT_ONCE = 32;

async function embedAll(
  examples: readonly Example[],
  vectors: SentenceVectors,
  onProgress: TrainModelOptions['onProgress'],
): Promise<(Float32Array | undefined)[]> {
  const out: (Float32Array | undefined)[] = examples.map(() => undefined);
  const english = [...examples.keys()].filter((at) => isEnglish(examples[at]!.text));
  for (let from = 0; from < english.length; from += EMBED_AT_ONCE) {
    const some = english.slice(from, from + EMBED_AT_ONCE);
    const found = await vectors.embed(some.map((at) => examples[at]!.text));
    some.forEach((at, index) => {
      out[at] = found[index];
    });
    onProgress?.({ phase: 'vectors', done: Math.min(from + EMBED_AT_ONCE, english.length), of: english.length });
  }
  return out;
}

function train(
  examples: readonly Example[],
  intents: string[],
  options: TrainModelOptions,
  dimensions = 0,
  dense?: readonly (Float32Array | undefined)[],
): Uint8Array<ArrayBuffer> {
  const index = new Map(intents.map((intent, at) => [intent, at]));
  const report = options.onProgress ?? (() => {});
  const hasSlots = examples.some((example) => example.slots?.length);
  const marks = learnMarks(examples, report);
  const material = {
    features: examples.map((example, at) => featuresOf(example.text, marks?.spans[at])),
    dense,
    dimensions,
    labels: Int32Array.from(examples, (example) => index.get(example.intent) ?? -1),
    classes: intents.length,
    networkShare: hasSlots ? 0.5 : 1,
  };
  const guesses = hasSlots ? Array.from(jackknife(material), (one) => intents[one] ?? OUT_OF_SCOPE) : [];
  const tagger = hasSlots ? learnTagger(examples, guesses, report) : undefined;
  const model = fitIntents(material, options);
  const header: Header = {
    version: 2,
    intents,
    confidence: model.confidence,
    blend: model.blend,
    scope: model.scope,
    trust: model.trust,
    networks: model.ensemble.networks.length,
    hidden: model.ensemble.networks[0]?.hidden ?? 0,
    dimensions,
    wordTable: model.centre.length > 0 ? wordTable().version : undefined,
  };
  const sections = sectionsOf(model);
  if (marks) sections.marks = marks.tagger.toBytes();
  if (tagger) sections.tagger = tagger.toBytes();
  return encodeArtefact(header, sections);
}

// ---------------------------------------------------------------- bytes

function sectionsOf(model: IntentModel): Sections {
  const { linear, networks } = model.ensemble;
  const sections: Sections = {
    hashes: model.hashes,
    idf: model.idf,
    'linear.scales': linear.scales,
    'linear.bytes': linear.bytes,
    'near.starts': model.neighbours.starts,
    'near.samples': model.neighbours.samples,
    'near.weights': model.neighbours.weights,
    'near.labels': model.neighbours.labels,
    'near.lengths': model.neighbours.lengths,
  };
  if (model.centre.length > 0) sections.centre = model.centre;
  if (model.meanings) sections.meanings = model.meanings;
  networks.forEach((network, at) => {
    sections[`network${at}.embeddings`] = network.embeddings;
    sections[`network${at}.scales`] = network.scales;
    sections[`network${at}.hiddenBias`] = network.hiddenBias;
    sections[`network${at}.output`] = network.output;
    sections[`network${at}.outputBias`] = network.outputBias;
  });
  return sections;
}

/** Hands out sections of the right type and length, or says what is wrong. */
function reader(sections: Sections) {
  return <T extends Sections[string]>(name: string, type: new (length: number) => T, length?: number): T => {
    const section = sections[name];
    if (!(section instanceof type)) throw notAModel(`${name} is missing`);
    if (length !== undefined && section.length !== length) throw notAModel(`${name} has the wrong length`);
    return section;
  };
}

/** How confident the model must be for a wanted precision; empty where that was not measured. Reads the header alone. */
export function trustOf(bytes: Uint8Array): TrustTable {
  const { trust } = decodeArtefact(bytes).header as Partial<Header>;
  return Array.isArray(trust) ? trust : [];
}

/** Throws AppError `invalid_request` where the bytes are no model of this format. */
export function loadModel(bytes: Uint8Array): TrainedModel {
  const { header: raw, sections } = decodeArtefact(bytes);
  const header = raw as Header;
  const classes = Array.isArray(header?.intents) ? header.intents.length : 0;
  if (
    header?.version !== 2 ||
    classes === 0 ||
    !(header.blend?.temperature > 0) ||
    typeof header.confidence?.slope !== 'number' ||
    !Number.isInteger(header.networks) ||
    !Number.isInteger(header.dimensions)
  )
    throw notAModel('the header lacks what it needs');
  const take = reader(sections);
  const hashes = take('hashes', Uint32Array);
  const centre = centreOf(header, sections.centre);
  const rows = hashes.length + centre.length + header.dimensions;
  const starts = take('near.starts', Uint32Array, rows + 1);
  const places = starts.at(-1)!;
  const networks = Array.from({ length: header.networks }, (_, at) => {
    const scales = take(`network${at}.scales`, Float32Array);
    return {
      classes,
      features: scales.length,
      hidden: header.hidden,
      scales,
      embeddings: take(`network${at}.embeddings`, Int8Array, scales.length * header.hidden),
      hiddenBias: take(`network${at}.hiddenBias`, Float32Array, header.hidden),
      output: take(`network${at}.output`, Float32Array, classes * header.hidden),
      outputBias: take(`network${at}.outputBias`, Float32Array, classes),
    };
  });
  return modelOf({
    header,
    bytes: bytes.length,
    vocabulary: tableOf(hashes, take('idf', Float32Array, hashes.length), header.dimensions, centre),
    ensemble: {
      linear: {
        classes,
        scales: take('linear.scales', Float32Array, classes),
        bytes: take('linear.bytes', Int8Array, (rows + 1) * classes),
      },
      networks,
      meaningFeatures: centre.length,
    },
    neighbours: {
      classes,
      starts,
      samples: take('near.samples', Uint16Array, places),
      weights: take('near.weights', Uint8Array, places),
      labels: take('near.labels', Uint16Array),
      lengths: take('near.lengths', Float32Array, classes),
    },
    meanings: sections.meanings && take('meanings', Float32Array, classes * (header.dimensions || centre.length)),
    marks: sections.marks && loadTagger(take('marks', Uint8Array)),
    tagger: sections.tagger && loadTagger(take('tagger', Uint8Array)),
  });
}

function centreOf(header: Header, centre: Sections[string] | undefined): Float32Array {
  if (header.wordTable === undefined) return new Float32Array(0);
  const table = wordTable();
  if (header.wordTable !== table.version)
    throw new AppError('invalid_request', 'The model was trained with another table of words. Train it again.', {
      param: 'bytes',
    });
  if (!(centre instanceof Float32Array) || centre.length !== table.dimensions)
    throw notAModel('centre is missing or has the wrong length');
  return Float32Array.from(centre);
}

// ---------------------------------------------------------------- prediction

interface Parts {
  header: Header;
  bytes: number;
  vocabulary: Vocabulary;
  ensemble: Ensemble;
  neighbours: Neighbours;
  meanings?: Float32Array;
  /** Marks slots before the intent is known. */
  marks?: Tagger;
  /** Reads slots once it is. */
  tagger?: Tagger;
}

function modelOf({ header, bytes, vocabulary, ensemble, neighbours, meanings, marks, tagger }: Parts): TrainedModel {
  return {
    intents: header.intents,
    slotNames: tagger?.names ?? [],
    bytes,
    needsVectors: header.dimensions > 0,
    predict(text, _now_ms, dense) {
      const own = header.dimensions > 0 && dense?.length === header.dimensions && isEnglish(text) ? dense : undefined;
      const vector = vectorOf(featuresOf(text, marks?.read(text)), vocabulary, own);
      const scores = scoresOf(vector, ensemble);
      const { members, mean } = blend(scores, header.blend);
      let top = 0;
      for (let at = 1; at < mean.length; at++) if (mean[at]! > mean[top]!) top = at;
      const best = header.intents[top]!;
      const { score, outside } = judgeScope(header.scope, vector, () =>
        signalsOf({
          margins: scores.margins,
          logits: scores.logits,
          members,
          mean,
          likeness: likenessOf(vector, neighbours),
          meaning: meaningOf(header.dimensions > 0 ? own : vector.meaning, meanings, header.intents.length),
          unseen: vector.unseen,
          features: vector.features,
        }),
      );
      return {
        best,
        intent: outside ? OUT_OF_SCOPE : best,
        confidence: vector.known === 0 && !own ? 0 : confidenceOf(header.confidence, mean[top]!),
        outOfScope: score,
        slots: tagger?.read(text, best) ?? [],
      };
    },
  };
}

/** Without a fitted test, only a text of which next to nothing was ever seen is out of scope. */
function judgeScope(
  scope: ScopeModel | undefined,
  vector: SparseVector,
  signals: () => number[],
): { score: number; outside: boolean } {
  if (vector.known === 0) return { score: 1, outside: true };
  if (!scope) return { score: vector.unseen, outside: vector.unseen > 0.9 };
  const score = scopeScore(scope, signals());
  return { score, outside: score >= scope.threshold };
}
