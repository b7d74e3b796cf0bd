/**
 * One text, read for the values in it. A field of a schema asks for its value; what it takes is marked, so that
 * no two fields get the same words.
 */
import { feelingOf, feelings, hanMeanings, isFunctionWord, meanings } from './lexicon.ts';
import { addTerms, type Terms } from './terms.ts';
import { foldSameLength, hasHan, splitIdentifier, stem, type Word, words } from './text.ts';
import { type Json, type JsonObject, LIMITS, type SlotSpan } from './types.ts';
import {
  type DateSpan,
  type DurationSpan,
  readDates,
  readDurations,
  readTimes,
  type TimeSpan,
  today,
  withoutOverlap,
} from './values/moments.ts';
import { type NumberValue, readNumbers } from './values/numbers.ts';

/** A number with what later questions about it need, worked out once. */
interface PlacedNumber extends NumberValue {
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

/** A place in a schema that wants a value. */
export interface Field {
  name: string;
  description: string;
  schema: JsonObject;
  /** Names of the fields beside it. */
  siblings: readonly string[];
}

export function isFree(reading: Reading, span: { start: number; end: number }): boolean {
  return !reading.taken.some((other) => other.start < span.end && span.start < other.end);
}

function isInside(span: { start: number; end: number }, holders: readonly { start: number; end: number }[]): boolean {
  return holders.some((holder) => holder.start < span.end && span.start < holder.end);
}

const termCache = new WeakMap<Field, Terms>();

export function fieldTerms(field: Field): Terms {
  let terms = termCache.get(field);
  if (!terms) {
    terms = new Map();
    addTerms(terms, field.name, 1);
    addTerms(terms, field.description.slice(0, 500), 0.5);
    termCache.set(field, terms);
  }
  return terms;
}

/** Whether the field's own name says it is about one of these meanings or words. */
export function isAbout(field: Field, ...wanted: string[]): boolean {
  const names = splitIdentifier(field.name);
  return wanted.some((one) =>
    one.startsWith('#')
      ? names.some(
          (name) =>
            meanings(name).includes(one) || (hasHan(name) && hanMeanings(name).some((entry) => entry.meaning === one)),
        )
      : names.includes(one),
  );
}

// ---------------------------------------------------------------- enums

interface Occurrence {
  score: number;
  start: number;
  end: number;
}

/** How well an option is named in the text. 0: not at all. */
function optionScore(option: string, reading: Reading): Occurrence {
  const folded = foldSameLength(option);
  const exact = occurrence(reading, folded) ?? occurrence(reading, splitIdentifier(option).join(' '));
  if (exact) return { ...exact, score: 10 + folded.length };
  const parts = splitIdentifier(option).filter((part) => !isFunctionWord(part));
  const stems = parts.map(stem);
  const isNamed = stems.length > 0 && stems.every((part) => reading.stems.has(part));
  const hit = isNamed ? reading.words.filter((word) => stems.includes(stem(word.text))) : [];
  if (hit.length > 0) return { score: 5 + hit.length, start: hit[0]!.start, end: hit.at(-1)!.end };
  const wanted = new Set(
    parts.flatMap((part) => [
      ...meanings(part),
      ...(hasHan(part) ? hanMeanings(part).map((entry) => entry.meaning) : []),
    ]),
  );
  if (wanted.size === 0) for (const meaning of meanings(folded)) wanted.add(meaning);
  let best: Occurrence = { score: 0, start: 0, end: 0 };
  for (const place of meaningPlaces(reading)) {
    if (!wanted.has(place.meaning)) continue;
    const score = 2 + (place.end - place.start) * 0.1 + (isFree(reading, place) ? 0 : -1.5);
    if (score > best.score) best = { score, start: place.start, end: place.end };
  }
  return best;
}

/** A whole-word occurrence; Chinese may stand anywhere. */
function occurrence(reading: Reading, needle: string): { start: number; end: number } | undefined {
  if (needle === '') return undefined;
  for (let at = reading.folded.indexOf(needle); at >= 0; at = reading.folded.indexOf(needle, at + 1)) {
    const end = at + needle.length;
    const bounded =
      hasHan(needle) ||
      (!/[a-z0-9]/.test(reading.folded[at - 1] ?? ' ') && !/[a-z0-9]/.test(reading.folded[end] ?? ' '));
    if (bounded && isFree(reading, { start: at, end })) return { start: at, end };
  }
  return undefined;
}

const placesCache = new WeakMap<Reading, { meaning: string; start: number; end: number }[]>();

function meaningPlaces(reading: Reading): { meaning: string; start: number; end: number }[] {
  let places = placesCache.get(reading);
  if (places) return places;
  places = [];
  for (const word of reading.words) {
    if (word.han) continue;
    for (const meaning of meanings(word.text)) places.push({ meaning, start: word.start, end: word.end });
  }
  for (const run of reading.folded.matchAll(/\p{Script=Han}+/gu)) {
    for (const { meaning, word, at } of hanMeanings(run[0]))
      places.push({ meaning, start: run.index + at, end: run.index + at + word.length });
  }
  placesCache.set(reading, places);
  return places;
}

/** Options of an enum from the best named in the text to the worst, with their scores. */
export function rankOptions(options: readonly Json[], reading: Reading): { option: Json; found: Occurrence }[] {
  const labels = options.map((option) => String(option).toLowerCase());
  const felt = labels.map((label) => feelingOf(label) ?? feelingOf(splitIdentifier(label)[0] ?? ''));
  const scored = options.map((option, index) => {
    if (typeof option === 'number') {
      const number = reading.numbers.find((one) => one.value === option && isFree(reading, one));
      return { option, found: { score: number ? 10 : 0, start: number?.start ?? 0, end: number?.end ?? 0 } };
    }
    if (typeof option !== 'string') return { option, found: { score: 0, start: 0, end: 0 } };
    const found = optionScore(option, reading);
    return {
      option,
      found: felt[index] === undefined ? found : { ...found, score: found.score >= 10 ? found.score : 0 },
    };
  });
  if (felt.filter((one) => one !== undefined).length >= 2) addFeelings(scored, felt, reading);
  return scored.sort((a, b) => b.found.score - a.found.score);
}

function addFeelings(
  scored: { option: Json; found: Occurrence }[],
  felt: readonly (string | undefined)[],
  reading: Reading,
): void {
  const counts = feelings(reading.words);
  const difference = (counts.get('#positive') ?? 0) - (counts.get('#negative') ?? 0);
  scored.forEach((entry, index) => {
    const feeling = felt[index];
    if (feeling === undefined || entry.found.score >= 10) return;
    let score = 0;
    if (feeling === '#positive') score = difference;
    else if (feeling === '#negative') score = -difference;
    else if (feeling === '#neutral') score = difference === 0 ? 0.5 : 0;
    else score = (counts.get(feeling) ?? 0) * 2;
    entry.found = { score: Math.max(0, score), start: 0, end: 0 };
  });
}

// ---------------------------------------------------------------- booleans

const ON =
  /打开|开启|启用|开一?下|开着|(?<![离分公召展])开(?![车会始心放户])|\b(?:turn(?:ed)? (?:\w+ ){0,3}on|switch (?:\w+ ){0,3}on|on|open|enable|start|activate)\b/;
const OFF =
  /关闭|关掉|关上|停用|停止|关一?下|(?<![相有无机])关(?!于|心|注|系)|\b(?:turn(?:ed)? (?:\w+ ){0,3}off|switch (?:\w+ ){0,3}off|off|close|disable|stop|deactivate|shut)\b/;
const YES = /^\s*(?:yes|yeah|yep|sure|true|ok|okay|是|是的|对|对的|好|好的|要|需要|可以|行)[.。!！]?\s*$/;
const NO = /^\s*(?:no|nope|false|not? thanks|否|不|不是|不要|不用|不需要|不行)[.。!！]?\s*$/;
const NEGATION =
  /(?:不要|不用|不加|不需要|没有|别|不|无|去|免|\bno|\bnot|\bwithout|\bdon'?t|\bskip|\bhold the)\s*(?:\w+\s)?$/;

export function readBoolean(field: Field, reading: Reading): Found | undefined {
  const text = reading.folded;
  const whole = { start: 0, end: text.length };
  if (YES.test(text)) return { value: true, ...whole };
  if (NO.test(text)) return { value: false, ...whole };
  if (isAbout(field, '#on', '#open', '#off', '#close', 'power', 'enabled', 'state', 'switch', 'active', 'status')) {
    const inverse = isAbout(field, 'off', 'closed', 'disabled', 'close');
    const off = OFF.exec(text);
    const on = ON.exec(text);
    const match = off && (!on || off.index <= on.index) ? off : on;
    if (match) return { value: (match === on) !== inverse, start: match.index, end: match.index };
  }
  const own = new Set(
    splitIdentifier(field.name)
      .filter((part) => !['is', 'has', 'with', 'need', 'needs', 'should', 'want'].includes(part))
      .flatMap((part) => [stem(part), part, ...meanings(part)]),
  );
  const names = [...own].filter((part) => !part.startsWith('#'));
  const places = [
    ...meaningPlaces(reading).filter((place) => own.has(place.meaning)),
    ...reading.words.filter((word) => names.includes(word.text) || names.includes(stem(word.text))),
  ];
  const place = places.find((one) => isFree(reading, one));
  if (!place) return undefined;
  return {
    value: !NEGATION.test(text.slice(Math.max(0, place.start - 14), place.start)),
    start: place.start,
    end: place.end,
  };
}

// ---------------------------------------------------------------- numbers

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
  return best && { value: best.value, start: best.number.start, end: best.number.end };
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

// ---------------------------------------------------------------- strings

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}/;
const URL_TEXT = /https?:\/\/[^\s"'<>，。）)]{1,2000}/;
const PHONE = /(?<![\d.])(?:\+\d{1,3}[- ]?)?(?:1[3-9]\d{9}|\(?\d{3,4}\)?[- ]\d{3,4}[- ]?\d{3,4})(?!\d)/;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const IPV4 = /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])/;
const CODE = /(?<![A-Za-z0-9])(?=[A-Za-z-]*\d)[A-Za-z0-9][A-Za-z0-9-]{2,40}(?![A-Za-z0-9])/;
const QUOTED =
  /"([^"]{1,500})"|“([^”]{1,500})”|「([^」]{1,500})」|『([^』]{1,500})』|《([^》]{1,500})》|(?<![A-Za-z])'([^']{1,500})'(?![A-Za-z])|‘([^’]{1,500})’/g;

function first(pattern: RegExp, reading: Reading): Found | undefined {
  const match = pattern.exec(reading.text);
  if (!match) return undefined;
  const found = { value: match[0], start: match.index, end: match.index + match[0].length };
  return isFree(reading, found) ? found : undefined;
}

/** The offset of a zone at a wall-clock time, as RFC 3339 writes it. */
function zoneOffset(utc_ms: number, timeZone: string | undefined): string {
  if (timeZone === undefined || timeZone === 'UTC') return 'Z';
  try {
    const name = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
      .formatToParts(utc_ms)
      .find((part) => part.type === 'timeZoneName')?.value;
    return /[+-]\d\d:\d\d/.exec(name ?? '')?.[0] ?? 'Z';
  } catch {
    return 'Z';
  }
}

export function readDateTime(reading: Reading, whole: boolean): Found | undefined {
  const date = reading.dates.find((span) => isFree(reading, span));
  const time = reading.times.find((span) => isFree(reading, span));
  if (!time && !(date && whole)) return undefined;
  const now = today(reading.now_ms, reading.timeZone);
  const day =
    date?.value ??
    `${String(now.year).padStart(4, '0')}-${String(now.month).padStart(2, '0')}-${String(now.day).padStart(2, '0')}`;
  const clock = time ? (time.value.length === 5 ? `${time.value}:00` : time.value) : '00:00:00';
  const offset = zoneOffset(Date.parse(`${day}T${clock}Z`), reading.timeZone);
  const spans = [date, time].filter((span) => span !== undefined);
  return {
    value: `${day}T${clock}${offset}`,
    start: Math.min(...spans.map((span) => span.start)),
    end: Math.max(...spans.map((span) => span.end)),
  };
}

function readFormat(format: string, reading: Reading): Found | undefined {
  const patterns: Record<string, RegExp> = {
    email: EMAIL,
    'idn-email': EMAIL,
    uri: URL_TEXT,
    url: URL_TEXT,
    iri: URL_TEXT,
    uuid: UUID,
    ipv4: IPV4,
  };
  if (patterns[format]) return first(patterns[format], reading);
  if (format === 'date') return reading.dates.find((span) => isFree(reading, span));
  if (format === 'time') {
    const time = reading.times.find((span) => isFree(reading, span));
    return time && { ...time, value: `${time.value.length === 5 ? `${time.value}:00` : time.value}Z` };
  }
  if (format === 'date-time') return readDateTime(reading, false);
  if (format === 'duration') {
    const duration = reading.durations.find((span) => isFree(reading, span));
    return duration && { ...duration, value: `PT${Math.round(duration.value)}S` };
  }
  return undefined;
}

const CONTENT = [
  'query',
  'q',
  'text',
  'content',
  'message',
  'body',
  'question',
  'keyword',
  'keywords',
  'prompt',
  'input',
  'sentence',
  'title',
  'subject',
  'note',
  'topic',
  'term',
  'summary',
  'description',
  'expression',
  'task',
  'comment',
  '内容',
  '文本',
  '问题',
  '关键词',
  '标题',
  '查询',
  '摘要',
];

export function isContent(field: Field): boolean {
  return isAbout(field, ...CONTENT);
}

/** The value of a string field without enum, or undefined where the text does not say it. */
export function readString(field: Field, reading: Reading): Found | undefined {
  const format = typeof field.schema.format === 'string' ? field.schema.format : undefined;
  if (format) return readFormat(format, reading);
  return (
    readNamedSlot(field, reading) ??
    readKind(field, reading) ??
    readQuoted(reading) ??
    readBehind(field, reading) ??
    leftover(readRest(field, reading))
  );
}

function leftover(found: Found | undefined): Found | undefined {
  return found && { ...found, leftover: true };
}

function readNamedSlot(field: Field, reading: Reading): Found | undefined {
  const name = splitIdentifier(field.name).join('_');
  const slot = reading.slots.find((one) => splitIdentifier(one.name).join('_') === name && isFree(reading, one));
  return slot && { value: slot.value, start: slot.start, end: slot.end };
}

/** Dates, times, addresses and codes that the field's name asks for. `null` value: asked for, but not in the text. */
function readKind(field: Field, reading: Reading): Found | undefined {
  if (isAbout(field, 'email', 'mail')) return first(EMAIL, reading);
  if (isAbout(field, 'url', 'uri', 'link', 'website')) return first(URL_TEXT, reading);
  if (isAbout(field, 'phone', 'mobile', 'tel', '手机', '电话')) return first(PHONE, reading);
  const free = <T extends { start: number; end: number }>(spans: readonly T[]) =>
    spans.find((span) => isFree(reading, span));
  if (isMoment(field)) {
    const dated = isAbout(field, 'date', 'day', '日期');
    if (isAbout(field, 'duration')) return undefined;
    if (dated && !isAbout(field, 'time', 'datetime')) return free(reading.dates);
    const time = free(reading.times);
    const date = field.siblings.some((name) =>
      splitIdentifier(name).some((part) => part === 'date' || part === 'day' || part === '日期'),
    )
      ? undefined
      : free(reading.dates);
    if (time && date)
      return {
        value: `${date.value} ${time.value}`,
        start: Math.min(date.start, time.start),
        end: Math.max(date.end, time.end),
      };
    return time ?? date;
  }
  if (isAbout(field, 'code', 'id', 'number', 'no', '编号', '单号', '号码'))
    return first(CODE, reading) ?? first(/\d+/, reading);
  return undefined;
}

/** Whether only a moment can be the value. */
export function isMoment(field: Field): boolean {
  return isAbout(field, 'date', 'day', 'time', 'datetime', 'when', 'at', '日期', '时间');
}

/** Kinds whose value has a form of its own: nothing else in the text may stand in for it. */
function isKind(field: Field): boolean {
  return (
    isMoment(field) || isAbout(field, 'email', 'url', 'uri', 'link', 'phone', 'mobile', 'id', 'code', '编号', '单号')
  );
}

function readQuoted(reading: Reading): Found | undefined {
  for (const match of reading.text.matchAll(QUOTED)) {
    const value = match.slice(1).find((group) => group !== undefined)!;
    const found = { value, start: match.index, end: match.index + match[0].length };
    if (isFree(reading, found)) return found;
  }
  return undefined;
}

/** Words that lead to a value, by what the field is about. */
function leads(field: Field): { en: string; zh: string } | undefined {
  if (isAbout(field, 'to', 'destination', 'dest', 'arrival', 'recipient', 'target', '目的地', '到达'))
    return { en: 'to|into|for|towards?', zh: '到|去|飞往|前往|往|飞|成|为|给' };
  if (isAbout(field, 'from', 'origin', 'source', 'departure', 'start', '出发地', '起点'))
    return { en: 'from', zh: '从|由' };
  if (isAbout(field, '#city', '#country', 'area', 'region', '城市', '地点'))
    return { en: 'in|at|near|for|to|around', zh: '在|到|去' };
  if (isAbout(field, '#person', '#name', '#user', 'to', '姓名', '联系人'))
    return {
      en: "name is|named|called|call|for|with|to|tell|i am|i'm",
      zh: '我叫|名叫|叫|姓名是|名字是|名字叫|给|联系人是',
    };
  return undefined;
}

function readBehind(field: Field, reading: Reading): Found | undefined {
  const lead = leads(field);
  if (!lead) return undefined;
  for (const pattern of [new RegExp(`\\b(?:${lead.en})\\s+`, 'g'), new RegExp(`(?:${lead.zh})`, 'g')]) {
    for (const match of reading.folded.matchAll(pattern)) {
      const span = contentFrom(reading, match.index + match[0].length);
      if (span) return { value: reading.text.slice(span.start, span.end), ...span };
    }
  }
  return undefined;
}

/** The run of content words that begins at `at` (an article may come before it). */
function contentFrom(reading: Reading, at: number): { start: number; end: number } | undefined {
  const from = reading.words.findIndex((word) => word.start >= at);
  if (from < 0 || reading.words[from]!.start - at > 1) return undefined;
  let index = from;
  if (/^(?:the|a|an|my)$/.test(reading.words[index]!.text)) index++;
  const run: Word[] = [];
  for (; index < reading.words.length; index++) {
    const word = reading.words[index]!;
    const previous = run.at(-1);
    if (previous && !/^[\s'’-]*$/.test(reading.text.slice(previous.end, word.start))) break;
    if (!isValueWord(word, reading)) break;
    run.push(word);
  }
  if (run.length === 0) return undefined;
  const span = { start: run[0]!.start, end: run.at(-1)!.end };
  return isFree(reading, span) ? span : undefined;
}

function isValueWord(word: Word, reading: Reading): boolean {
  if (isFunctionWord(word.text) || isAboutWord(word, reading)) return false;
  return !reading.dated.has(word) && isFree(reading, word);
}

function isAboutWord(word: Word, reading: Reading): boolean {
  const { about } = reading;
  if (about.has(word.text) || about.has(stem(word.text))) return true;
  // A capital letter marks a name, whatever the word means.
  if (/^[A-Z]/.test(word.raw) && word.start > 0) return false;
  return meanings(word.text).some((meaning) => about.has(meaning));
}

/** What is left of the text when the words of the tool, function words and other fields' values are gone. */
function readRest(field: Field, reading: Reading): Found | undefined {
  if (isKind(field)) return undefined;
  if (isContent(field)) return readContent(reading);
  const runs: { start: number; end: number; words: number; capital: boolean }[] = [];
  for (const word of reading.words) {
    if (!isValueWord(word, reading) || reading.numeric.has(word)) continue;
    const last = runs.at(-1);
    if (last && /^[\s'’-]*$/.test(reading.text.slice(last.end, word.start))) {
      last.end = word.end;
      last.words++;
    } else
      runs.push({ start: word.start, end: word.end, words: 1, capital: /^[A-Z]/.test(word.raw) && word.start > 0 });
  }
  const run = runs.sort(
    (a, b) => Number(b.capital) - Number(a.capital) || b.end - b.start - (a.end - a.start) || a.start - b.start,
  )[0];
  return run && { value: reading.text.slice(run.start, run.end), start: run.start, end: run.end };
}

const MARKER = /(?:\b(?:saying|that says|says|about|named|called|titled)\s+|内容是|内容为|关于|说|[:：]\s*)(?=\S)/;

function readContent(reading: Reading): Found | undefined {
  const marker = MARKER.exec(reading.text);
  if (marker) {
    const start = marker.index + marker[0].length;
    const end = reading.text.trimEnd().replace(/[。.!！]$/, '').length;
    if (end > start && isFree(reading, { start, end })) return { value: reading.text.slice(start, end), start, end };
  }
  const content = reading.words.filter(
    (word) => !isFunctionWord(word.text) && !isAboutWord(word, reading) && isFree(reading, word),
  );
  if (content.length === 0) return undefined;
  const start = content[0]!.start;
  const end = content.at(-1)!.end;
  return { value: reading.text.slice(start, end), start, end };
}

/** Parts of a list: "milk, eggs and bread", 牛奶、鸡蛋和面包. */
export function splitList(text: string): string[] {
  return text
    .split(/\s*(?:,|，|、|;|；|\band\b|和|以及|跟)\s*/)
    .map((part) => part.trim())
    .filter(Boolean);
}
