/** Which option of an enum a text means: feelings, ranks, acts, languages; else a trained model, earlier examples, and words. */
import {
  moodOf,
  rankActs,
  rankMoods,
  rankOf,
  rankStances,
  type Scored,
  truthOf,
  weightOf,
} from '../../analysis/labels.ts';
import { detectLanguage, languageCode } from '../../analysis/language.ts';
import { isStopWord } from '../../analysis/stop-words.ts';
import { topicWords } from '../../analysis/topics.ts';
import { embedOne, similarity } from '../../text/embed.ts';
import { hanMeanings, meanings } from '../../text/lexicon.ts';
import { meanVector } from '../../text/similar-words.ts';
import { fold, hasHan, splitIdentifier, stem, words } from '../../text/text.ts';
import { type Json, OUT_OF_SCOPE } from '../../types.ts';
import type { Answer, Ask } from '../field-reader.ts';
import { isObject } from '../validate.ts';
import type { Document } from './document.ts';
import { kindOf } from './kinds.ts';
import { readNumberField } from './numbers.ts';
import { purposeOf } from './purpose.ts';
import { readTruth } from './truths.ts';

const OTHER =
  /^(?:other|others|misc|miscellaneous|unknown|none|general|unspecified|n\/?a|其他|其它|未知|无|通用|oos)$/i;

/** Options best first; only those that something speaks for. */
/** Of two labels, the one that stands for the lack of the other. */
const UNMARKED = /^(?:ham|normal|legit|legitimate|clean|safe|benign|正常)$|^(?:not|non|no)[_\s-]|^(?:非|不|无|未)/i;

export function chooseOption(
  options: readonly Json[],
  about: readonly string[],
  ask: Ask,
  document: Document,
): Answer[] {
  const labels = options.map((option) => (option === null ? '' : String(option)));
  const scored =
    byKind(labels, document) ??
    byModel(labels, document) ??
    byShots(options, ask.path, document) ??
    byMeaning(options, labels, ask, document) ??
    byWords(labels, about, ask, document);
  return scored.map(({ index, score }) => ({
    value: options[index]!,
    confidence: Math.min(0.97, score),
    start: 0,
    end: 0,
  }));
}

function byKind(labels: readonly string[], document: Document): Scored[] | undefined {
  const index = document.kind === undefined ? -1 : labels.findIndex((label) => kindOf(label) === document.kind);
  return index < 0 ? undefined : [{ index, score: 0.9 }];
}

/** A trained model whose intents are the labels knows best. */
function byModel(labels: readonly string[], document: Document): Scored[] | undefined {
  if (document.isPart) return undefined;
  const prediction = document.prediction();
  if (!prediction) return undefined;
  const at = (name: string) => labels.findIndex((label) => label !== '' && sameName(label, name));
  const best = at(prediction.best);
  if (best < 0) return undefined;
  const other = prediction.intent === OUT_OF_SCOPE ? labels.findIndex((label) => OTHER.test(label)) : -1;
  const first = { index: other >= 0 ? other : best, score: other >= 0 ? prediction.outOfScope : prediction.confidence };
  return other >= 0 ? [first, { index: best, score: prediction.confidence / 2 }] : [first];
}

function sameName(a: string, b: string): boolean {
  return fold(a) === fold(b) || splitIdentifier(a).join('_') === splitIdentifier(b).join('_');
}

const DIMENSIONS = 512;
const MOST_SHOTS = 64;

/** The answers of similar texts earlier in the conversation. */
function byShots(options: readonly Json[], path: string, document: Document): Scored[] | undefined {
  const { shots } = document.around;
  if (shots.length === 0 || document.isPart) return undefined;
  const own = embedOne(document.text, DIMENSIONS);
  const scores = options.map(() => 0);
  for (const shot of shots.slice(-MOST_SHOTS)) {
    const value = valueAt(shot.value, path);
    const index = value === undefined ? -1 : options.indexOf(value);
    if (index < 0) continue;
    const near = similarity(own, embedOne(shot.text, DIMENSIONS));
    scores[index] = Math.max(scores[index]!, near);
  }
  const ranked = scores.map((score, index) => ({ score, index })).sort((a, b) => b.score - a.score);
  // A stray word in common says nothing; then the labels themselves know more.
  if (ranked[0]!.score < 0.3 || ranked[0]!.score - (ranked[1]?.score ?? 0) < 0.05) return undefined;
  return ranked
    .filter((one) => one.score > 0.2)
    .map(({ score, index }) => ({ index, score: Math.min(0.9, score + 0.2) }));
}

export function valueAt(value: Json | undefined, path: string): Json | undefined {
  let node = value;
  for (const part of path === '' ? [] : path.split('.')) {
    if (Array.isArray(node)) node = node[Number(part)];
    else if (isObject(node) && Object.hasOwn(node, part)) node = node[part];
    else return undefined;
  }
  return node;
}

function byMeaning(
  options: readonly Json[],
  labels: readonly string[],
  ask: Ask,
  document: Document,
): Scored[] | undefined {
  const purpose = purposeOf(ask.name);
  const codes = labels.map(languageCode);
  if (purpose === 'language' || codes.filter(Boolean).length >= Math.max(2, labels.length - 1)) {
    const found = detectLanguage(document.text);
    const index = codes.indexOf(found.code);
    return index < 0 ? [] : [{ index, score: found.confidence }];
  }
  const truths = labels.map(truthOf);
  if (
    truths.includes(true) &&
    truths.includes(false) &&
    labels.length <= 3 &&
    options.every((option) => typeof option !== 'number')
  ) {
    const found = readTruth(ask, document);
    const unsure = labels.findIndex((_, index) => truths[index] === undefined);
    if (found === undefined && unsure >= 0) return [{ index: unsure, score: 0.4 }];
    return [{ index: truths.indexOf(found ?? false), score: found === undefined ? 0.4 : 0.7 }];
  }
  if (options.filter((option) => option !== null).every((option) => typeof option === 'number'))
    return byNumber(options, ask, document);
  const quoted = stated(labels, ask, document);
  if (quoted) return quoted;
  const stances = rankStances(labels, document.sentiment());
  if (stances) return stances;
  const acts = purpose === 'emotion' ? undefined : rankActs(labels, document.text, document.sentiment());
  if (acts && acts.length > 0) return acts;
  const moods = rankMoods(labels, document.profile());
  if (moods)
    return moods.length > 0
      ? moods
      : labels.flatMap((label, index) => (moodOf(label) === 'neutral' ? [{ index, score: 0.3 }] : []));
  const ranks = labels.map(rankOf);
  if (
    ranks.filter((one) => one !== undefined).length >= Math.max(2, labels.length - 1) &&
    (purpose === 'weight' || purpose === 'strength' || /urgen|sever|priorit|紧急|严重|优先/i.test(ask.description))
  )
    return byRank(
      ranks,
      purpose === 'strength'
        ? 1 + 4 * Math.min(1, Math.abs(document.sentiment().score) * 1.2)
        : weightOf(document.text, document.sentiment()),
    );
  return undefined;
}

/** `Priority: high` in so many words. */
function stated(labels: readonly string[], ask: Ask, document: Document): Scored[] | undefined {
  const name = splitIdentifier(ask.name).join(' ');
  const line = document.labelled().find((one) => splitIdentifier(one.label).join(' ') === name);
  const index = line ? labels.findIndex((label) => sameName(label, line.value)) : -1;
  return index < 0 ? undefined : [{ index, score: 0.95 }];
}

function byNumber(options: readonly Json[], ask: Ask, document: Document): Scored[] {
  const numbers = options.filter((option) => typeof option === 'number');
  const bounded = { ...ask, schema: { ...ask.schema, minimum: Math.min(...numbers), maximum: Math.max(...numbers) } };
  const found = readNumberField(numbers.every(Number.isInteger) ? 'integer' : 'number', bounded, document, []);
  for (const { value, confidence } of found) {
    const index = options.indexOf(value);
    if (index >= 0) return [{ index, score: confidence }];
  }
  return [];
}

function byRank(ranks: readonly (number | undefined)[], wanted: number): Scored[] {
  const known = ranks.filter((one) => one !== undefined);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const at = low + ((wanted - 1) / 4) * (high - low);
  const out: Scored[] = [];
  ranks.forEach((rank, index) => {
    if (rank !== undefined) out.push({ index, score: 0.7 / (1 + Math.abs(rank - at)) });
  });
  return out.sort((a, b) => b.score - a.score);
}

// ---------------------------------------------------------------- by words

interface OptionWords {
  /** Term → weight. English terms are stems; Chinese ones are found as they stand. */
  terms: Map<string, number>;
  /** Those of the label itself. */
  name: Set<string>;
}

const optionCache = new Map<string, OptionWords>();
const MOST_CACHED = 2_000;

/** The same labels come with every call of a schema; they are read once. */
function optionWords(label: string, about: string): OptionWords {
  const key = `${label}\n${about}`;
  let found = optionCache.get(key);
  if (!found) {
    found = readOption(label, about);
    if (optionCache.size >= MOST_CACHED) optionCache.clear();
    if (key.length < 1_000) optionCache.set(key, found);
  }
  return found;
}

const NAME_WEIGHT = 3;
const TOPIC_WEIGHT = 1;
/** What a function word of a label weighs beside its other words. */
const SMALL_SHARE = 0.2;
const ABOUT_WEIGHT = 1.3;

function readOption(label: string, about: string): OptionWords {
  const terms = new Map<string, number>();
  const add = (term: string, weight: number) => {
    if (term !== '' && (terms.get(term) ?? 0) < weight) terms.set(term, weight);
  };
  const addText = (text: string, weight: number) => {
    for (const word of words(text)) {
      if (word.han && word.text.length < 2 && text.length > 1) continue;
      // "what is your name" is told from "change your name" by its small words too.
      const isSmall = isStopWord(word.text);
      if (isSmall && weight < NAME_WEIGHT) continue;
      add(word.han ? word.text : stem(word.text), isSmall ? weight * SMALL_SHARE : weight);
      for (const meaning of isSmall ? [] : meanings(word.text)) add(meaning, weight * 0.5);
    }
  };
  const name = hasHan(label) ? label : splitIdentifier(label).join(' ');
  if (hasHan(label)) add(label, NAME_WEIGHT);
  addText(name, NAME_WEIGHT);
  const own = new Set([...terms.keys()].filter((term) => !term.startsWith('#')));
  for (const { meaning } of hasHan(label) ? hanMeanings(label) : []) add(meaning, NAME_WEIGHT * 0.5);
  addText(about.slice(0, 600), ABOUT_WEIGHT);
  for (const word of topicWords(label)) add(hasHan(word) ? word : stem(word), TOPIC_WEIGHT / Math.max(1, own.size - 1));
  return { terms, name: own };
}

/** What the field's description, or the prompt, says of a label: "billing: invoices and payments". */
function explained(label: string, texts: readonly string[]): string {
  const plain = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(
    `(?:^|[\\s"'\`(（,，;；、-])${plain}["'\`]?\\s*(?:[:：=（(]|[-–—]+\\s|means|是指|指|表示|即)\\s*([^\\n;；|)）]{2,200})`,
    'i',
  );
  for (const text of texts) {
    const match = pattern.exec(text);
    if (match) return match[1]!;
  }
  return '';
}

function byWords(labels: readonly string[], about: readonly string[], ask: Ask, document: Document): Scored[] {
  const scores = wordScores(labels, about, ask, document);
  const best = Math.max(...scores, 0);
  if (best < 0.8) return otherOf(labels);
  const close = closenessOf(labels, document);
  const joined = scores.map((score, index) => (score > 0 ? score + close[index]! : 0));
  const total = joined.reduce((sum, one) => sum + one, 0);
  return joined
    .map((score, index) => ({ index, score: (score / (total + 1)) * Math.min(1, 0.4 + best * 0.15) }))
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score);
}

/** What a cosine above `LEAST_CLOSE` between the meaning of the text and that of a label's name is worth, in words. */
const CLOSE_WEIGHT = 5;
const LEAST_CLOSE = 0.3;
const CLOSE_CHARS = 500;

/** Of labels that words speak for, the one that means what the text does comes first. English only. */
function closenessOf(labels: readonly string[], document: Document): number[] {
  const own = meanVector(document.text.slice(0, CLOSE_CHARS));
  return labels.map((label) => {
    const other = own && !hasHan(label) ? meanVector(splitIdentifier(label)) : undefined;
    if (!own || !other) return 0;
    const cosine = own.reduce((sum, value, at) => sum + value * other[at]!, 0);
    return CLOSE_WEIGHT * Math.max(0, cosine - LEAST_CLOSE);
  });
}

function otherOf(labels: readonly string[]): Scored[] {
  const plain = labels.length === 2 ? labels.findIndex((label) => UNMARKED.test(label)) : -1;
  const index = plain >= 0 ? plain : labels.findIndex((label) => OTHER.test(label));
  return index < 0 ? [] : [{ index, score: plain >= 0 ? 0.5 : 0.2 }];
}

/** How much of the text speaks for each label. A term of several labels says less. */
function wordScores(labels: readonly string[], about: readonly string[], ask: Ask, document: Document): number[] {
  const texts = [ask.description.slice(0, 4_000), document.around.instructions.slice(0, 8_000)];
  const options = labels.map((label, index) =>
    optionWords(label, about[index] || (label === '' ? '' : explained(label, texts))),
  );
  const df = new Map<string, number>();
  for (const { terms } of options) for (const term of terms.keys()) df.set(term, (df.get(term) ?? 0) + 1);
  const counts = termCounts(document);
  return options.map(({ terms, name }) => {
    let score = 0;
    let covered = 0;
    for (const [term, weight] of terms) {
      const count = hasHan(term) ? occurrences(document.folded, term) : (counts.get(term) ?? 0);
      if (count === 0) continue;
      if (name.has(term)) covered++;
      score += weight * (1 + Math.log2(count) * 0.5) * rarity(df.get(term)!, labels.length);
    }
    // Meanings alone, as across languages, cover no words.
    return covered === 0 || name.size < 2 ? score : score * (1 - COVERAGE + (COVERAGE * covered) / name.size);
  });
}

/** How much of a long label has to stand in the text for it to count in full. */
const COVERAGE = 0.5;

/** What a term that several labels share is worth: 1 where only one has it. */
function rarity(shared: number, labels: number): number {
  if (shared <= 1 || labels <= 1) return 1;
  if (shared >= labels) return 0.1;
  return 1 - Math.log(shared) / Math.log(labels);
}

const countsCache = new WeakMap<Document, Map<string, number>>();

function termCounts(document: Document): Map<string, number> {
  let counts = countsCache.get(document);
  if (counts) return counts;
  counts = new Map();
  for (const word of document.words()) {
    if (word.han) for (const { meaning } of hanMeanings(word.text)) counts.set(meaning, (counts.get(meaning) ?? 0) + 1);
    else {
      const form = stem(word.text);
      counts.set(form, (counts.get(form) ?? 0) + 1);
      for (const meaning of meanings(word.text)) counts.set(meaning, (counts.get(meaning) ?? 0) + 1);
    }
  }
  countsCache.set(document, counts);
  return counts;
}

/** At most ten are counted. */
function occurrences(text: string, needle: string): number {
  let count = 0;
  for (
    let at = text.indexOf(needle);
    at >= 0 && count < 10 && at < 20_000;
    at = text.indexOf(needle, at + needle.length)
  )
    count++;
  return count;
}

/** Every option that the text speaks for. */
export function chooseAllOptions(
  options: readonly Json[],
  about: readonly string[],
  ask: Ask,
  document: Document,
): Json[] {
  const labels = options.map((option) => (option === null ? '' : String(option)));
  const known = byShots(options, ask.path, document) ?? byMeaning(options, labels, ask, document);
  if (known) return known.filter((one) => one.score >= 0.25).map((one) => options[one.index]!);
  const scores = wordScores(labels, about, ask, document);
  const best = Math.max(...scores, 0);
  if (best < 0.8) return [];
  return options.filter((_, index) => scores[index]! >= Math.max(0.8, best * 0.35));
}
