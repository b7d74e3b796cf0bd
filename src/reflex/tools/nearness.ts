/** How close a mention stands to the words of a parameter. */
import { isFunctionWord, meanings } from '../text/lexicon.ts';
import type { Parameter } from './parameters.ts';
import type { Mention, Token, Utterance } from './utterance.ts';

/** Adjectives and verbs that stand for a measure, by stem of its noun. */
const NOUNS: Record<string, string> = {
  wide: 'width',
  high: 'height',
  tall: 'height',
  long: 'length',
  deep: 'depth',
  old: 'age',
  aged: 'age',
  weigh: 'weight',
  weighs: 'weight',
  weighing: 'weight',
  heavy: 'weight',
  cost: 'price',
  costs: 'price',
  costing: 'price',
  fast: 'speed',
  expensive: 'price',
};

const BEFORE = 8;
const AFTER = 5;

interface Near {
  token: Token;
  /** 1 is the neighbour; links and other values count as more. */
  distance: number;
  isAfter: boolean;
}

const nearCache = new WeakMap<Mention, Near[]>();

export function wordsNear(mention: Mention, utterance: Utterance): Near[] {
  let near = nearCache.get(mention);
  if (near) return near;
  near = [];
  let distance = 0;
  for (let index = mention.from - 1; index >= 0 && index >= mention.from - BEFORE - 4; index--) {
    const token = utterance.tokens[index]!;
    if (/^[.?!;]$/.test(token.text)) break;
    if (token.text === ',' || token.low === 'and' || token.low === 'or') distance += 1;
    else if (token.isValue) distance += 1.5;
    else if (token.isWord) {
      distance += isFunctionWord(token.low) ? 0.4 : 1;
      // "two coats if one": the coats belong to the two.
      const owned = utterance.tokens[index - 1]?.isValue === true ? 2 : 0;
      near.push({ token, distance: Math.max(1, distance) + owned, isAfter: false });
    }
    if (distance > BEFORE) break;
  }
  distance = 0;
  for (let index = mention.to; index < utterance.tokens.length && index < mention.to + AFTER + 3; index++) {
    const token = utterance.tokens[index]!;
    if (/^[.?!;:,]$/.test(token.text) || token.isValue || token.low === 'and' || token.low === 'or') break;
    if (!token.isWord) continue;
    distance += isFunctionWord(token.low) ? 0.4 : 1;
    near.push({ token, distance: Math.max(1, distance), isAfter: true });
    if (distance > AFTER) break;
  }
  nearCache.set(mention, near);
  return near;
}

/** 0 where no word of the parameter stands near; about 3 where its own name does. */
export function nearness(parameter: Parameter, mention: Mention, utterance: Utterance): number {
  const best = new Map<string, number>();
  for (const { token, distance, isAfter } of wordsNear(mention, utterance)) {
    let key = token.stem;
    let weight = parameter.terms.get(key) ?? parameter.terms.get(NOUNS[token.low] ?? '') ?? 0;
    if (weight === 0) {
      const known = meanings(token.low);
      const meaning = known.length > 0 && !isFunctionWord(token.low) ? sharedMeaning(parameter, known) : undefined;
      if (meaning === undefined) continue;
      key = meaning;
      weight = 0.4;
    }
    const value = (weight * (isAfter ? 2.6 : 3)) / (1 + (isAfter ? 0.35 : 0.3) * (distance - 1));
    best.set(key, Math.max(best.get(key) ?? 0, value));
  }
  const sorted = [...best.values()].sort((a, b) => b - a);
  return sorted.reduce((sum, value, index) => sum + value / (1 + index * 0.5), 0);
}

const meaningsCache = new WeakMap<Parameter, Set<string>>();

function sharedMeaning(parameter: Parameter, known: readonly string[]): string | undefined {
  let own = meaningsCache.get(parameter);
  if (!own) {
    own = new Set(parameter.names.flatMap((name) => (isFunctionWord(name) ? [] : meanings(name))));
    meaningsCache.set(parameter, own);
  }
  return known.find((meaning) => own.has(meaning));
}

/** The words right before a mention, nearest first, articles left out; `=` and `:` count as words here. */
export function leadsOf(mention: Mention, utterance: Utterance, count = 2): string[] {
  const out: string[] = [];
  for (let index = mention.from - 1; index >= 0 && out.length < count; index--) {
    const token = utterance.tokens[index]!;
    if (/^(?:the|a|an|my|our|your|this|that|some|any|"|'|“|‘|\(|\[)$/.test(token.low)) continue;
    out.push(token.low);
  }
  return out;
}
