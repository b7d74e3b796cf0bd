/** The number of a text that a field wants. */
import { meanings } from '../text/lexicon.ts';
import type { Terms } from '../text/terms.ts';
import { splitIdentifier, stem, words } from '../text/text.ts';
import type { NumberValue } from '../values/numbers.ts';
import { type Field, fieldTerms, isAbout } from './field.ts';
import { type Found, isFree, type PlacedNumber, type Reading } from './text.ts';

const UNIT_SECONDS: [RegExp, number][] = [
  [/^(?:ms|milliseconds?|millis|毫秒)$/, 0.001],
  [/^(?:s|secs?|seconds?|秒|秒钟)$/, 1],
  [/^(?:mins?|minutes?|分钟)$/, 60],
  [/^(?:hrs?|hours?|小时)$/, 3600],
  [/^(?:days?|天|天数)$/, 86_400],
  [/^(?:weeks?|周)$/, 604_800],
];

/** The unit that a field wants durations in, seconds each; undefined where it is not about durations. */
function durationUnit(field: Field): number | undefined {
  const named = [
    ...splitIdentifier(field.name),
    ...splitIdentifier(field.description).slice(0, 60),
    ...words(field.description)
      .slice(0, 60)
      .map((word) => word.text),
  ];
  for (const word of named) {
    const unit = UNIT_SECONDS.find(([pattern]) => pattern.test(word));
    if (unit) return unit[1];
  }
  return isAbout(field, 'duration', 'timeout', 'length', 'timer', '时长') ? 1 : undefined;
}

export function readNumber(field: Field, reading: Reading, fits: (value: number) => boolean): Found | undefined {
  const unit = durationUnit(field);
  if (unit !== undefined) {
    for (const span of reading.durations) {
      const value = Number((span.value / unit).toPrecision(12));
      if (isFree(reading, span) && fits(value)) return { value, start: span.start, end: span.end };
    }
  }
  const wanted = fieldTerms(field);
  const isCount = isAbout(field, '#number', '#day');
  let best: { number: NumberValue; score: number; value: number } | undefined;
  for (const number of reading.numbers) {
    if (number.inMoment || (unit === undefined && number.inDuration && !isCount)) continue;
    if (!isFree(reading, number)) continue;
    const value = asWanted(number, field, fits);
    if (!fits(value)) continue;
    const score = numberScore(number, wanted, field);
    if (score >= 0 && (!best || score > best.score)) best = { number, score, value };
  }
  if (best) return { value: signed(best.value, field, reading, fits), start: best.number.start, end: best.number.end };
  return readExtreme(field, reading, fits);
}

/** A change downwards is negative where the field takes negative changes. */
function signed(value: number, field: Field, reading: Reading, fits: (value: number) => boolean): number {
  const { minimum } = field.schema;
  const isChange = isAbout(field, 'delta', 'change', 'step', 'offset', 'adjustment', 'by', 'increment');
  if (!isChange || value <= 0 || (typeof minimum === 'number' && minimum >= 0)) return value;
  return reading.steps.some((step) => step.value.direction < 0) && fits(-value) ? -value : value;
}

/** 最大 and "lowest" are the bounds that the schema states. */
function readExtreme({ schema }: Field, reading: Reading, fits: (value: number) => boolean): Found | undefined {
  for (const span of reading.extremes) {
    const bound = span.value === 'max' ? schema.maximum : schema.minimum;
    if (typeof bound === 'number' && fits(bound) && isFree(reading, span))
      return { value: bound, start: span.start, end: span.end };
  }
  return undefined;
}

/** "half" is 50 where per cent are wanted, and 50% is 0.5 where a share is. */
function asWanted(number: NumberValue, field: Field, fits: (value: number) => boolean): number {
  const isPercentField = PERCENT.test(`${field.name} ${field.description}`.toLowerCase());
  if (number.weak && number.value === 0.5 && isPercentField) return 50;
  return number.percent && !fits(number.value) ? number.value / 100 : number.value;
}

const PERCENT = /percent|percentage|百分|比例|%/;
const UNIT_MEANINGS: Record<string, string> = {
  度: '#temperature',
  '°': '#temperature',
  '℃': '#temperature',
  '°c': '#temperature',
  c: '#temperature',
  f: '#temperature',
  元: '#price',
  块: '#price',
  人: '#person',
  位: '#person',
  个: '#number',
  杯: '#number',
  份: '#number',
  件: '#number',
  张: '#number',
  瓶: '#number',
  盒: '#number',
  间: '#number',
  晚: '#day',
};

function numberScore(number: PlacedNumber, wanted: Terms, field: Field): number {
  let score = number.weak ? 0 : 1;
  const unitMeanings = [
    ...meanings(number.unit),
    ...meanings(stem(number.unit)),
    UNIT_MEANINGS[number.unit] ?? UNIT_MEANINGS[number.unit[0] ?? ''] ?? '',
  ];
  if (unitMeanings.some((meaning) => meaning !== '' && wanted.has(meaning))) score += 3;
  if (number.percent && PERCENT.test(`${field.name} ${field.description}`.toLowerCase())) score += 3;
  if (isAbout(field, 'id', 'code', 'phone') && number.end - number.start > 3) score += 2;
  for (const word of number.before) {
    if (wanted.has(stem(word.text)) || meanings(word.text).some((meaning) => wanted.has(meaning))) score += 1.5;
  }
  const foreign = unitMeanings.some(
    (meaning) => meaning === '#temperature' || meaning === '#price' || meaning === '#person',
  );
  if (foreign && score < 3 && field.siblings.length > 0) score -= 0.5;
  return score;
}
