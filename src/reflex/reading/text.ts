/**
 * One text, read for the values in it. A field of a schema asks for its value; what it takes is marked, so that
 * no two fields get the same words.
 */
import type { Terms } from '../text/terms.ts';
import { foldSameLength, stem, type Word, words } from '../text/text.ts';
import { type Json, LIMITS, type SlotSpan } from '../types.ts';
import { type ExtremeSpan, readExtremes, readSteps, type StepSpan } from '../values/amounts.ts';
import {
  type DateSpan,
  type DurationSpan,
  readDates,
  readDurations,
  readTimes,
  type TimeSpan,
  withoutOverlap,
} from '../values/moments.ts';
import { type NumberValue, readNumbers } from '../values/numbers.ts';

/** A number with what later questions about it need, worked out once. */
export interface PlacedNumber extends NumberValue {
  /** Up to four words before it. */
  before: Word[];
  inMoment: boolean;
  inDuration: boolean;
}

export interface Reading {
  text: string;
  folded: string;
  words: Word[];
  numbers: PlacedNumber[];
  stems: Set<string>;
  /** Words that are part of a number. */
  numeric: Set<Word>;
  /** Words that are part of a date or time. */
  dated: Set<Word>;
  dates: DateSpan[];
  times: TimeSpan[];
  durations: DurationSpan[];
  extremes: ExtremeSpan[];
  steps: StepSpan[];
  taken: { start: number; end: number }[];
  /** Words of the tool or schema itself: no field's value. */
  about: Terms;
  /** Spans that a trained model or examples named. */
  slots: SlotSpan[];
  now_ms: number;
  timeZone?: string;
}

export interface Found {
  value: Json;
  start: number;
  end: number;
  /** Only what was left of the text: anything that is known better goes before it. */
  leftover?: boolean;
}

export interface ReadingOptions {
  now_ms: number;
  timeZone?: string;
  about?: Terms;
  slots?: SlotSpan[];
}

export function readText(text: string, options: ReadingOptions): Reading {
  const short = text.slice(0, LIMITS.featureChars);
  const own = words(short);
  const dates = readDates(short, options.now_ms, options.timeZone);
  const times = readTimes(short);
  const durations = readDurations(short);
  const numbers = readNumbers(short);
  return {
    text: short,
    folded: foldSameLength(short),
    words: own,
    stems: new Set(own.map((word) => stem(word.text))),
    numeric: wordsIn(own, numbers),
    dated: wordsIn(own, withoutOverlap([...dates, ...times])),
    numbers: placeNumbers(numbers, own, [...dates, ...times], durations),
    dates,
    times,
    durations,
    extremes: readExtremes(short),
    steps: readSteps(short),
    taken: [],
    about: options.about ?? new Map(),
    slots: options.slots ?? [],
    now_ms: options.now_ms,
    timeZone: options.timeZone,
  };
}

type Bounds = { start: number; end: number };

/** Words that touch one of the spans; both are in order. */
function wordsIn(own: readonly Word[], spans: readonly Bounds[]): Set<Word> {
  const out = new Set<Word>();
  let at = 0;
  for (const word of own) {
    while (at < spans.length && spans[at]!.end <= word.start) at++;
    if (at < spans.length && spans[at]!.start < word.end) out.add(word);
  }
  return out;
}

function placeNumbers(
  numbers: readonly NumberValue[],
  own: readonly Word[],
  moments: readonly Bounds[],
  durations: readonly Bounds[],
): PlacedNumber[] {
  let next = 0;
  return numbers.map((number) => {
    while (next < own.length && own[next]!.end <= number.start) next++;
    return {
      ...number,
      before: own.slice(Math.max(0, next - 4), next),
      inMoment: isInside(number, moments),
      inDuration: isInside(number, durations),
    };
  });
}

export function isFree(reading: Reading, span: { start: number; end: number }): boolean {
  return !reading.taken.some((other) => other.start < span.end && span.start < other.end);
}

export function isInside(
  span: { start: number; end: number },
  holders: readonly { start: number; end: number }[],
): boolean {
  return holders.some((holder) => holder.start < span.end && span.start < holder.end);
}
