/** Whether a Chinese text asks for a tool: shared words and meanings, the topic, and how well the parameters are filled. */
import { isObject } from '../schema/validate.ts';
import { hanMeanings, isFunctionWord, meanings } from '../text/lexicon.ts';
import { fold, hasHan, splitIdentifier, words } from '../text/text.ts';
import type { Json, ReflexTool } from '../types.ts';
import type { Filled } from './fill.ts';
import type { HanText, Piece } from './han-text.ts';
import { topicsOfText, topicsOfTool } from './han-topics.ts';
import { bilingualOf, PARTICLES } from './han-words.ts';

/** A tool's words: word, bigram or meaning → how much it stands for the tool, 0 to 1. */
export interface HanProfile {
  words: Map<string, number>;
  meanings: Map<string, number>;
  bigrams: Map<string, number>;
  topics: readonly number[];
  /** It has a yes-or-no parameter: on and off are both its business. */
  isSwitch: boolean;
  /** It takes no parameters. */
  isBare: boolean;
}

export function hanProfileOf(tool: ReflexTool): HanProfile {
  const profile: HanProfile = {
    words: new Map(),
    meanings: new Map(),
    bigrams: new Map(),
    topics: [],
    isSwitch: false,
    isBare: true,
  };
  const name = splitIdentifier(tool.name).join(' ');
  const description = (tool.description ?? '').slice(0, 600);
  profile.topics = topicsOfTool(`${name} ${fold(description.slice(0, 80))}`);
  add(profile, name, 1);
  add(profile, description, 0.9);
  addParameters(profile, tool.parameters, 0);
  return profile;
}

function addParameters(profile: HanProfile, schema: Json | undefined, depth: number): void {
  if (depth > 3 || !isObject(schema) || !isObject(schema.properties)) return;
  for (const [name, part] of Object.entries(schema.properties).slice(0, 40)) {
    profile.isBare = false;
    add(profile, splitIdentifier(name).join(' '), 0.5);
    if (!isObject(part)) continue;
    if (part.type === 'boolean') profile.isSwitch = true;
    if (typeof part.description === 'string') add(profile, part.description.slice(0, 200), 0.6);
    const items = isObject(part.items) ? part.items : {};
    for (const options of [part.enum, items.enum])
      for (const option of Array.isArray(options) ? options.slice(0, 40) : [])
        if (typeof option === 'string') add(profile, splitIdentifier(option).join(' '), 0.7);
    addParameters(profile, part, depth + 1);
  }
}

function add(profile: HanProfile, text: string, weight: number): void {
  const raise = (map: Map<string, number>, key: string, by: number) => map.set(key, Math.max(map.get(key) ?? 0, by));
  for (const word of words(text)) {
    if (!word.han) {
      if (isFunctionWord(word.text)) continue;
      raise(profile.words, word.text, weight);
      for (const meaning of [...meanings(word.text), ...bilingualOf(word.text)])
        raise(profile.meanings, meaning, weight * 0.85);
    } else if (!PARTICLES.has(word.text) && !isFunctionWord(word.text))
      raise(profile.words, word.text, weight * (word.text.length > 1 ? 1 : 0.5));
  }
  for (const run of text.match(/\p{Script=Han}+/gu) ?? []) {
    for (let at = 0; at + 1 < run.length; at++) raise(profile.bigrams, run.slice(at, at + 2), weight * 0.7);
    for (const { meaning, word } of hanMeanings(run))
      raise(profile.meanings, meaning, weight * (word.length > 1 ? 0.85 : 0.5));
  }
}

/** Meanings of nearly every tool: they tell little alone. */
const GENERIC = new Set(
  '#get #set #create #search #help #number #name #day #question #answer #person #user #on #off #status #second #minute #hour #text #all #up #yes #no #small #large #open #close #time #date #money #price #amount #find #first #once #none #temperature'.split(
    ' ',
  ),
);

const HAN_FEATURES = [
  'matched',
  'cover',
  'unmatched',
  'verb',
  'topic',
  'strange',
  'filled',
  'strength',
  'missing',
  'optional',
  'against',
] as const;
export type HanFeatures = Record<(typeof HAN_FEATURES)[number], number>;

/** As much as two characters of a name or description in a row stand for a tool. */
const OWN = 0.6;

const topicCache = new WeakMap<HanText, number[]>();

export function hanFeaturesOf(profile: HanProfile, han: HanText, filled: Filled | undefined): HanFeatures {
  let matched = 0;
  let unmatched = 0;
  let verb = 0;
  let isNamed = false;
  for (const piece of han.pieces.slice(0, 200)) {
    const by = match(piece, profile);
    if (piece.kind === 'content') {
      const inside = filled?.spans.some((span) => span.start < piece.end && piece.start < span.end);
      const weight = piece.text.length > 1 ? 1 : 0.5;
      if (by >= OWN && piece.text.length > 1) isNamed = true;
      if (by > 0) matched += weight * by;
      else if (!inside) unmatched += weight;
    } else if (piece.kind === 'verb' || piece.kind === 'cue') verb = Math.max(verb, by);
  }
  let said = topicCache.get(han);
  if (!said) {
    said = topicsOfText(han.folded.slice(0, 1_000));
    topicCache.set(han, said);
  }
  // What the tool itself names is its topic, whatever trade it is of.
  const topic = Math.max(isNamed ? 0.8 : 0, ...profile.topics.map((one) => said[one]!));
  const other = Math.max(0, ...said.filter((_, index) => !profile.topics.includes(index)));
  return {
    matched: Math.min(3, matched) / 3,
    cover: matched / (matched + unmatched + 0.3),
    unmatched: Math.min(5, unmatched) / 5,
    verb,
    topic,
    strange: topic >= other ? 0 : other - topic,
    filled:
      !filled || filled.missing.length > 0
        ? 0
        : filled.strength > 0
          ? 1
          : topic >= 0.8
            ? profile.isBare
              ? 1
              : 0.5
            : 0,
    strength: Math.max(0, Math.min(1, (filled?.weakest ?? 0) / 5)),
    missing: filled ? Math.min(1, filled.missing.length / 2) : 0,
    optional: Math.min(3, filled?.spans.length ?? 0) / 3,
    against: isAgainst(profile, han) ? 1 : 0,
  };
}

const OPPOSITES = [
  ['#open', '#close'],
  ['#on', '#off'],
  ['#play', '#stop'],
  ['#create', '#delete'],
  ['#raise', '#lower'],
  ['#book', '#cancel'],
] as const;

/** A tool that only opens is not meant where the text closes, and the other way round. */
function isAgainst(profile: HanProfile, { pieces }: HanText): boolean {
  const verbs = pieces.filter((piece) => piece.kind === 'verb').flatMap((piece) => piece.meanings);
  const has = (meaning: string) => (profile.meanings.get(meaning) ?? 0) >= 0.3;
  return OPPOSITES.some(([one, other]) =>
    [
      [one, other],
      [other, one],
    ].some(
      ([own, said]) => has(own!) && !has(said!) && verbs.includes(said!) && !verbs.includes(own!) && !profile.isSwitch,
    ),
  );
}

function match(piece: Piece, profile: HanProfile): number {
  if (piece.kind === 'mark' || piece.kind === 'particle' || piece.kind === 'number' || piece.kind === 'moment')
    return 0;
  let best = profile.words.get(piece.text) ?? 0;
  for (const meaning of piece.meanings)
    best = Math.max(
      best,
      (profile.meanings.get(meaning) ?? 0) * (GENERIC.has(meaning) && piece.kind !== 'verb' ? 0.4 : 1),
    );
  if (best < 0.7 && hasHan(piece.text))
    for (let at = 0; at + 1 < piece.text.length; at++)
      best = Math.max(best, profile.bigrams.get(piece.text.slice(at, at + 2)) ?? 0);
  if (piece.meanings.length > 0 && piece.meanings.every((meaning) => GENERIC.has(meaning)))
    best = Math.min(best, piece.kind === 'verb' ? 0.6 : 0.4);
  return best;
}

/** Fitted by logistic regression on requests written for the purpose. */
const WEIGHTS: HanFeatures = {
  matched: 0.4,
  cover: 1.2,
  unmatched: -1.1,
  verb: 1.3,
  topic: 2.9,
  strange: -2,
  filled: 1.7,
  strength: 1.4,
  missing: -0.9,
  optional: 1.4,
  against: -4,
};
const BIAS = -3.4;

/** Log odds that the text asks for the tool. */
export function hanRelevance(features: HanFeatures): number {
  let sum = BIAS;
  for (const name of HAN_FEATURES) sum += WEIGHTS[name] * features[name];
  return sum;
}
