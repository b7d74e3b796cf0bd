/** How well a number, or a list of numbers, fits a parameter that wants one. */

import type { Json } from '../types.ts';
import { leadsOf, nearness, wordsNear } from './nearness.ts';
import type { Parameter } from './parameters.ts';
import { stemOf } from './rarity.ts';
import { convertUnit, type Dimension, measureOf, unitOf } from './units.ts';
import type { Mention, Utterance } from './utterance.ts';

export interface Scored {
  value: Json;
  score: number;
}

/** undefined where the number can't be the value at all. */
export function scoreNumber(parameter: Parameter, mention: Mention, utterance: Utterance): Scored | undefined {
  if (mention.kind === 'extreme') return scoreExtreme(parameter, mention, utterance);
  if (mention.kind !== 'number') return undefined;
  const value = wantedValue(parameter, mention);
  if (value === undefined || !inBounds(parameter, value)) return undefined;
  let score = 1 + nearness(parameter, mention, utterance);
  if (mention.composed) {
    if (parameter.dimension !== 'time') return undefined;
    score += 1.5;
  }
  if (mention.weak) score -= 1;
  if (mention.inner) score -= 2.5;
  score += assigned(parameter, mention, utterance);
  score += dimensionScore(parameter, mention, utterance) + yearScore(parameter, mention, utterance);
  if (mention.frequency) score += isFrequency(parameter) ? 3 : -4;
  return { value, score };
}

/** The bound that the schema states. */
function scoreExtreme(parameter: Parameter, mention: Mention, utterance: Utterance): Scored | undefined {
  const bound = mention.value === 'max' ? parameter.schema.maximum : parameter.schema.minimum;
  return typeof bound === 'number' ? { value: bound, score: 1.5 + nearness(parameter, mention, utterance) } : undefined;
}

function isFrequency(parameter: Parameter): boolean {
  return /compound|frequency|times|per.?year/.test(
    `${parameter.names.join(' ')} ${parameter.description.slice(0, 120)}`.toLowerCase(),
  );
}

/** "a = 2", "n: 5", "n is 5". */
function assigned(parameter: Parameter, mention: Mention, utterance: Utterance): number {
  const [link, name] = leadsOf(mention, utterance);
  const own = parameter.names.join('');
  if (link === own) return 4;
  if (name === own && link !== undefined && /^(?:=|:|is|of|equals|equal|to|at)$/.test(link)) return 5;
  // The article that a coefficient "a" looks like is no lead.
  const before = utterance.tokens[mention.from - 1]?.text;
  const letter = utterance.tokens[mention.from - 2]?.low;
  return (before === '=' || before === ':') && letter === own ? 5 : 0;
}

function inBounds({ schema, type }: Parameter, value: number): boolean {
  if (type === 'integer' && !Number.isInteger(value)) return false;
  const { minimum, maximum } = schema;
  return !(typeof minimum === 'number' && value < minimum) && !(typeof maximum === 'number' && value > maximum);
}

function wantedValue(parameter: Parameter, mention: Mention): number | undefined {
  const value = mention.value as number;
  if (mention.percent) return asShare(parameter) && value <= 100 ? Number(`${value}e-2`) : value;
  if (parameter.unit && mention.unit && parameter.unit.dimension === mention.unit.dimension) {
    const converted = convertUnit(value, mention.unit, parameter.unit);
    if (converted !== undefined && !(parameter.type === 'integer' && !Number.isInteger(converted))) return converted;
  }
  return value;
}

/** Whether 5% is to be given as 0.05. */
function asShare({ type, description, names, schema }: Parameter): boolean {
  const text = `${names.join(' ')} ${description}`.toLowerCase();
  if (/decimal|fraction|between 0 and 1|0 to 1|\b0\.\d/.test(text)) return true;
  if (type === 'integer' || /percent|%/.test(text)) return false;
  if (typeof schema.maximum === 'number') return schema.maximum <= 1;
  return type === 'number';
}

function wantedDimension(parameter: Parameter): Dimension | undefined {
  return parameter.dimension;
}

function dimensionScore(parameter: Parameter, mention: Mention, utterance: Utterance): number {
  const wanted = wantedDimension(parameter);
  const given: Dimension | undefined = mention.percent
    ? 'percent'
    : mention.currency
      ? 'money'
      : mention.unit?.dimension;
  if (given === undefined) return wanted === undefined || mention.yearly ? 0 : 0.2;
  if (wanted === 'temperature' && mention.unit?.name === 'degree') return 2;
  if (wanted === given) {
    const sameUnit = parameter.unit && mention.unit && parameter.unit.name === mention.unit.name;
    return sameUnit || !parameter.unit ? 2.5 : 1.5;
  }
  // "30 days" for a parameter `days`, whatever it measures.
  if (mention.unit && parameter.names.some((name) => unitOf(stemOf(name)) === mention.unit)) return 2.5;
  if (given === 'money' && parameter.names.some((name) => /^(?:amount|value|total|sum|spent|paid|worth)$/.test(name)))
    return 1;
  if (wanted === undefined) {
    const near = wordsNear(mention, utterance).some(
      ({ token, distance }) => distance <= 2.5 && (parameter.terms.get(token.stem) ?? 0) >= 0.8,
    );
    return near ? 0.5 : given === 'time' || given === 'percent' || given === 'money' ? -1.2 : -0.4;
  }
  // A rate may be written without its sign, but a length is no weight.
  if (wanted === 'percent' && given === 'money') return -2.5;
  return parameter.names.some((name) => measureOf(name)) ? -2.5 : -1;
}

function yearScore(parameter: Parameter, mention: Mention, utterance: Utterance): number {
  const wantsYear =
    parameter.role === 'year' ||
    /\byear (?:of|in|the|when|to)\b|\bthe year\b|\bthis year\b/.test(parameter.description.toLowerCase());
  if (!wantsYear) {
    if (!mention.yearly) return 0;
    return /^(?:in|since|from|during|year|by|until|after|before|of)$/.test(leadsOf(mention, utterance, 1)[0] ?? '')
      ? -2.5
      : -0.3;
  }
  const many = parameter.names.includes('years') || parameter.type === 'number';
  if (mention.yearly) return many ? -0.5 : 3;
  return many || mention.unit?.name === 'year' ? 0 : -4;
}
