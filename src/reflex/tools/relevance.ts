/**
 * Whether a text asks for a tool: how much of what the text says the tool's words cover, how much of the tool's name
 * the text says, and how well its parameters could be filled.
 */

import { isObject } from '../schema/validate.ts';
import { hanMeanings, isFunctionWord, meanings } from '../text/lexicon.ts';
import { hasHan, splitIdentifier } from '../text/text.ts';
import type { Json, ReflexTool } from '../types.ts';
import type { Filled } from './fill.ts';
import { wordsOf } from './parameters.ts';
import { rarity, stemOf } from './rarity.ts';
import { unitOf } from './units.ts';
import type { Token, Utterance } from './utterance.ts';

/** A tool's words: stem → how much it stands for the tool, 0 to 1. */
export interface Profile {
  terms: Map<string, number>;
  /** Meanings of the lexicon, likewise. */
  meanings: Map<string, number>;
  /** Beginnings of five letters, likewise. */
  prefixes: Map<string, number>;
  names: readonly string[];
  description: readonly string[];
}

export function profileOf(tool: ReflexTool): Profile {
  const profile: Profile = { terms: new Map(), meanings: new Map(), prefixes: new Map(), names: [], description: [] };
  profile.names = contentOf(splitIdentifier(tool.name));
  const description = (tool.description ?? '').slice(0, 1_500);
  const firstSentence = /^[^.]{0,300}/.exec(description)?.[0] ?? '';
  profile.description = contentOf(wordsOf(firstSentence)).slice(0, 25);
  addWords(profile, profile.names, 1);
  addWords(profile, profile.description, 0.9);
  addWords(profile, contentOf(wordsOf(description)), 0.8);
  addParameters(profile, tool.parameters, 0);
  return profile;
}

function contentOf(list: readonly string[]): string[] {
  return [...new Set(list.filter((word) => !isFunctionWord(word) && !/^\d+$/.test(word)))];
}

function addParameters(profile: Profile, schema: Json | undefined, depth: number): void {
  if (depth > 3 || !isObject(schema) || !isObject(schema.properties)) return;
  for (const [name, part] of Object.entries(schema.properties).slice(0, 40)) {
    addWords(profile, contentOf(splitIdentifier(name)), 0.75);
    if (!isObject(part)) continue;
    if (typeof part.description === 'string')
      addWords(profile, contentOf(wordsOf(part.description.slice(0, 300))), 0.55);
    const items = isObject(part.items) ? part.items : {};
    for (const options of [part.enum, items.enum])
      for (const option of Array.isArray(options) ? options.slice(0, 40) : [])
        if (typeof option === 'string') addWords(profile, contentOf(splitIdentifier(option)), 0.75);
    addParameters(profile, part, depth + 1);
    addParameters(profile, items, depth + 1);
  }
}

function addWords(profile: Profile, list: readonly string[], weight: number): void {
  const raise = (map: Map<string, number>, key: string, by: number) => map.set(key, Math.max(map.get(key) ?? 0, by));
  for (const word of list) {
    if (hasHan(word)) for (const { meaning } of hanMeanings(word)) raise(profile.meanings, meaning, weight * 0.8);
    raise(profile.terms, stemOf(word), weight);
    for (const meaning of meanings(word)) raise(profile.meanings, meaning, weight * 0.8);
    if (word.length >= 6) raise(profile.prefixes, word.slice(0, 5), weight * 0.7);
    // "grow" and "growth".
    if (word.length >= 5) raise(profile.prefixes, word.slice(0, 4), weight * 0.7);
  }
}

function match(token: Token, profile: Profile): number {
  const exact = profile.terms.get(token.stem);
  if (exact !== undefined) return exact;
  const beginning = token.low.length >= 6 ? token.low.slice(0, 5) : token.low.length === 4 ? token.low : '';
  let best = profile.prefixes.get(beginning) ?? 0;
  for (const meaning of meanings(token.low)) best = Math.max(best, profile.meanings.get(meaning) ?? 0);
  return best;
}

export const FEATURES = [
  'cover',
  'matched',
  'unmatched',
  'name',
  'described',
  'filled',
  'strength',
  'missing',
] as const;
export type Features = Record<(typeof FEATURES)[number], number>;

export function featuresOf(profile: Profile, utterance: Utterance, filled: Filled | undefined): Features {
  let matched = 0;
  let unmatched = 0;
  const hit = new Set<string>();
  const hitMeanings = new Set<string>();
  for (const token of utterance.tokens) {
    if (!token.isWord || token.isValue || isFunctionWord(token.low)) continue;
    const weight = rarity(token.low);
    const by = match(token, profile);
    if (by > 0) {
      matched += weight * by;
      hit.add(token.stem);
      hit.add(token.low.slice(0, 5));
      for (const meaning of meanings(token.low)) hitMeanings.add(meaning);
    } else if (!filled?.spans.some((span) => span.start < token.end && token.start < span.end) && !unitOf(token.low))
      unmatched += weight;
  }
  const share = (list: readonly string[]) => {
    let have = 0;
    let all = 0;
    for (const word of list) {
      const weight = rarity(word);
      all += weight;
      if (hit.has(stemOf(word)) || (word.length >= 6 && hit.has(word.slice(0, 5)))) have += weight;
      else if (meanings(word).some((meaning) => hitMeanings.has(meaning))) have += weight * 0.8;
    }
    return all === 0 ? 0 : have / all;
  };
  return {
    cover: matched + unmatched === 0 ? 0 : matched / (matched + unmatched),
    matched: Math.min(3, matched) / 3,
    unmatched: Math.min(4, unmatched) / 4,
    name: share(profile.names),
    described: share(profile.description),
    filled: filled && filled.missing.length === 0 && filled.strength > 0 ? 1 : 0,
    strength: Math.max(0, Math.min(1, (filled?.weakest ?? 0) / 4)),
    missing: filled ? Math.min(1, filled.missing.length / 2) : 0,
  };
}

/** Fitted by logistic regression on requests written for the purpose. */
const WEIGHTS: Features = {
  cover: 2.7,
  matched: 2.1,
  unmatched: -2,
  name: 1.6,
  described: 1.5,
  filled: 1,
  strength: 1.6,
  missing: -0.7,
};
const BIAS = -2.8;

/** Log odds that the text asks for the tool. */
export function relevance(features: Features): number {
  let sum = BIAS;
  for (const name of FEATURES) sum += WEIGHTS[name] * features[name];
  return sum;
}
