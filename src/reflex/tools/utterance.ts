/**
 * A text cut into what may be the value of a parameter: numbers with their units, lists, dates, quoted text, names,
 * phrases. Made once for a text, whatever the number of tools; a Chinese text is cut by `han-text.ts`.
 */
import { isFunctionWord } from '../text/lexicon.ts';
import { foldSameLength, hasHan, languageOf } from '../text/text.ts';
import type { Json } from '../types.ts';
import { readExtremes } from '../values/amounts.ts';
import { readDates, readDurations, readTimes } from '../values/moments.ts';
import { readNumbers } from '../values/numbers.ts';
import { type HanText, readHan } from './han-text.ts';
import { rarity, stemOf } from './rarity.ts';
import { currencyOf, type Unit, unitOf } from './units.ts';

export interface Token {
  text: string;
  low: string;
  stem: string;
  start: number;
  end: number;
  isWord: boolean;
  /** A Chinese word in an English text counts as a name. */
  isCapital: boolean;
  /** The first word of a sentence, where a capital letter means nothing and a verb often stands. */
  isOpening: boolean;
  /** Part of a number, date or time. */
  isValue: boolean;
}

export type MentionKind =
  | 'number'
  | 'numbers'
  | 'date'
  | 'time'
  | 'quoted'
  | 'name'
  | 'phrase'
  | 'code'
  | 'email'
  | 'url'
  | 'path'
  | 'expression'
  | 'json'
  /** "max" or "min": the end of a scale. */
  | 'extreme'
  /** What a marker such as "saying" leads to, up to the end. */
  | 'rest';

/** Something in the text that may be a value. `from` and `to` are token indices, `to` exclusive. */
export interface Mention {
  kind: MentionKind;
  value: Json;
  /** As written. */
  raw: string;
  start: number;
  end: number;
  from: number;
  to: number;
  unit?: Unit;
  /** ISO 4217, where the number is of money. */
  currency?: string;
  percent?: boolean;
  /** 1492, 2026: a number that is likely a year. */
  yearly?: boolean;
  /** "a", "half", "once": maybe no number at all. */
  weak?: boolean;
  /** Of several parts: "an hour and a half". */
  composed?: boolean;
  /** A marker led to it. */
  marked?: boolean;
  /** "monthly": how often in a year. */
  frequency?: boolean;
  /** A part of a date, time, list, code or quotation: only taken where nothing else is. */
  inner?: boolean;
}

export interface Utterance {
  text: string;
  tokens: Token[];
  mentions: Mention[];
  /** The text as Chinese, where it has any. */
  han?: HanText;
}

const TOKEN = /[\p{L}\p{N}_]+(?:['’.&-][\p{L}\p{N}]+)*|[^\s]/gu;
const MAX_MENTIONS = 300;

/** At most 4,000 characters are read. */
export function readUtterance(text: string, now_ms: number, timeZone?: string): Utterance {
  const short = text.slice(0, 4_000);
  if (hasHan(short) && languageOf(short) === 'zh')
    return { text: short, tokens: [], mentions: [], han: readHan(short, now_ms, timeZone) };
  const tokens = tokenise(short);
  const spans: Span[] = [];
  readPatterns(short, spans);
  const moments: Span[] = [
    ...readDates(short, now_ms, timeZone).map((span) => ({ ...span, kind: 'date' as const })),
    ...readTimes(short).map((span) => ({ ...span, kind: 'time' as const })),
  ];
  const quoted = spans.slice();
  spans.push(...moments);
  const numbers = readNumberMentions(short, [...quoted, ...moments]);
  spans.push(...numbers);
  spans.push(...readComposedDurations(short));
  for (const { value, start, end } of readExtremes(short)) spans.push({ kind: 'extreme', value, start, end });
  spans.push(...readRest(short, tokens));
  markValues(tokens, [...numbers, ...moments]);
  spans.push(
    ...readNumberLists(
      short,
      numbers.filter((number) => !number.inner),
    ),
  );
  spans.push(...readNames(short, tokens));
  spans.push(...readPhrases(short, tokens, quoted));
  return { text: short, tokens, mentions: place(spans.slice(0, MAX_MENTIONS), short, tokens) };
}

type Span = Omit<Mention, 'raw' | 'from' | 'to'>;

function tokenise(text: string): Token[] {
  const out: Token[] = [];
  let sentence = true;
  for (const match of text.matchAll(TOKEN)) {
    const word = match[0].slice(0, 200);
    const low = foldSameLength(word);
    const isWord = /[\p{L}\p{N}]/u.test(word);
    out.push({
      text: word,
      low,
      stem: stemOf(low.replace(/['’]s$/, '')),
      start: match.index,
      end: match.index + word.length,
      isWord,
      isCapital: /^[\p{Lu}\p{Script=Han}]/u.test(word) && !(sentence && (isFunctionWord(low) || rarity(low) < 0.5)),
      isOpening: sentence && isWord,
      isValue: false,
    });
    // The point of an abbreviation ends no sentence.
    sentence =
      /^[.?!:]$/.test(word) && !(word === '.' && /^(?:v|vs|st|mr|mrs|ms|dr|jr|no|[a-z])$/.test(out.at(-2)?.low ?? ''));
  }
  out.forEach((token, index) => {
    if (token.isOpening && token.isCapital && !out[index + 1]?.isCapital && out.length > 3) token.isCapital = false;
  });
  return out;
}

function place(spans: readonly Span[], text: string, tokens: readonly Token[]): Mention[] {
  return spans.flatMap((span) => {
    const from = tokens.findIndex((token) => token.end > span.start);
    if (from < 0) return [];
    let to = from;
    while (to < tokens.length && tokens[to]!.start < span.end) to++;
    return [{ ...span, raw: text.slice(span.start, span.end), from, to: Math.max(to, from + 1) }];
  });
}

function inside(span: { start: number; end: number }, holders: readonly { start: number; end: number }[]): boolean {
  return holders.some((holder) => holder.start < span.end && span.start < holder.end);
}

function markValues(tokens: readonly Token[], spans: readonly Span[]): void {
  for (const token of tokens) token.isValue = inside(token, spans);
}

// ---------------------------------------------------------------- patterns

const QUOTED =
  /"([^"\n]{1,1000})"|“([^”\n]{1,1000})”|「([^」]{1,500})」|《([^》]{1,500})》|(?<![A-Za-z0-9])'((?:[^'\n]|(?<=[a-z])'(?=[a-z])){1,1000})'(?![A-Za-z0-9])|‘([^’\n]{1,1000})’|`([^`\n]{1,1000})`/g;
const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}/g;
const URL_TEXT = /https?:\/\/[^\s"'<>，。）)]{1,1000}/g;
const PATH =
  /(?<![\w.])(?:~|\.{1,2}|[A-Za-z]:)?[\\/][\w.-]+(?:[\\/][\w.-]+)*|(?<![\w/@.])[\w-]{1,80}\.(?:[a-z]{2,4}\d?|[a-z]\d)(?![\w@])/g;
const CODE =
  /(?<![\w@./#-])#?(?=[A-Za-z-]{0,20}\d|[\d-]{1,20}[A-Za-z-])[A-Za-z0-9]{1,20}(?:-[A-Za-z0-9]{1,20}){0,5}(?![\w@])/g;
/** A formula: letters, numbers and at least one operator between them. */
const IP = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)/g;
const EXPRESSION =
  /(?<![\w.])(?:\d{1,9}(?:\.\d{1,9})?\s?\*?\s?)?(?:[a-z](?![a-z])|(?:sin|cos|tan|exp|log|ln|sqrt)\s?\([^()]{1,40}\))(?:(?:\^|\*\*)\(?-?\d{1,3}\)?)?(?:\s?[-+*/]\s?(?:\d{1,9}(?:\.\d{1,9})?\s?\*?\s?)?(?:(?:[a-z](?![a-z])|(?:sin|cos|tan|exp|log|ln|sqrt)\s?\([^()]{1,40}\))(?:(?:\^|\*\*)\(?-?\d{1,3}\)?)?)?){0,12}(?![\w^*])/g;

function readPatterns(text: string, spans: Span[]): void {
  const free = (start: number, end: number) => !inside({ start, end }, spans);
  for (const match of text.matchAll(QUOTED)) {
    const value = match.slice(1).find((group) => group !== undefined)!;
    spans.push({ kind: 'quoted', value, start: match.index, end: match.index + match[0].length });
  }
  for (const [start, end] of brackets(text)) {
    if (!free(start, end)) continue;
    const value = readBracket(text.slice(start, end));
    if (value !== undefined) spans.push({ kind: 'json', value, start, end });
  }
  for (const [kind, pattern] of [
    ['email', EMAIL],
    ['url', URL_TEXT],
    ['code', IP],
    ['path', PATH],
    ['code', CODE],
    ['expression', EXPRESSION],
  ] as const) {
    for (const match of text.matchAll(pattern)) {
      const end = match.index + match[0].trimEnd().length;
      if (!free(match.index, end)) continue;
      const value = text.slice(match.index, end);
      if (kind === 'expression' && (!/[-+*/^(]/.test(value) || isMeasure(value))) continue;
      if (kind === 'code' && pattern === CODE && !isCode(value)) continue;
      spans.push({ kind, value: kind === 'code' ? value.replace(/^#/, '') : value, start: match.index, end });
    }
  }
}

/** "3.2 m/s^2" is no formula. */
function isMeasure(value: string): boolean {
  const unit = value.toLowerCase().replace(/^[\d.]+\s?/, '');
  return unitOf(unit) !== undefined || /^[a-z]{1,3}\/[a-z]{1,3}/.test(unit);
}

/** 19-1257 and A-778 are codes; 10am, 5kg, 1990s, 2nd and 4-day are not. */
function isCode(value: string): boolean {
  if (/^\d+$/.test(value)) return value.startsWith('#');
  if (/^\d{4}-\d{1,2}(?:-\d{1,2})?$|^\d{1,2}-\d{1,2}-\d{4}$/.test(value)) return false;
  if (/^[12]\d\d0s$/.test(value) || /^\d{1,2}[bnt]$/i.test(value)) return true;
  if (/^\d+(?:st|nd|rd|th|s|am|pm|k|d|x)$/i.test(value)) return false;
  const unit = /^\d+-?([A-Za-z]+)(?:-[a-z]+)*$/.exec(value);
  if (unit && (unitOf(unit[1]!.toLowerCase()) || value.includes('-'))) return false;
  return !/^[a-z]+-\d+$/.test(value) || /\d{2}/.test(value);
}

/** Outermost [ ], ( ) and { } that close. */
function brackets(text: string): [number, number][] {
  const out: [number, number][] = [];
  const open: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    const closer = { '[': ']', '(': ')', '{': '}' }[character];
    if (closer) {
      if (open.length === 0) start = index;
      open.push(closer);
    } else if (open.length > 0 && character === open.at(-1)) {
      open.pop();
      if (open.length === 0) out.push([start, index + 1]);
    }
  }
  return out;
}

/** What stands in brackets, where it is a list or object: JSON, or bare words and numbers with commas. */
function readBracket(text: string): Json | undefined {
  const json = text.startsWith('(') ? `[${text.slice(1, -1)}]` : text;
  for (const attempt of [json, json.replaceAll("'", '"').replaceAll('(', '[').replaceAll(')', ']')]) {
    try {
      const value = JSON.parse(attempt) as Json;
      if (typeof value !== 'object' || value === null) return undefined;
      return Array.isArray(value) && value.length < 2 && text.startsWith('(') ? undefined : value;
    } catch {
      // Not JSON: tried the next way.
    }
  }
  if (!text.startsWith('[')) return undefined;
  const parts = text
    .slice(1, -1)
    .split(',')
    .map((part) => part.trim());
  return parts.every((part) => part !== '' && !/[[\]{}]/.test(part)) ? parts : undefined;
}

// ---------------------------------------------------------------- numbers

const FREQUENCIES: Record<string, number> = {
  daily: 365,
  weekly: 52,
  monthly: 12,
  quarterly: 4,
  semiannually: 2,
  biannually: 2,
  annually: 1,
  yearly: 1,
};

function readNumberMentions(text: string, holders: readonly Span[]): Span[] {
  const out: Span[] = readNumbers(text).map((number) => {
    let { start, end, value } = number;
    const tail = foldSameLength(text.slice(end, end + 40));
    const scientific = /^(?:e([+-]?\d{1,3})(?![\w.])|\s?(?:x|×|\*)\s?10\s?(?:\^|\*\*)\s?\(?(-?\d{1,3})\)?)/.exec(tail);
    if (scientific) {
      value = Number(`${value}e${scientific[1] ?? scientific[2]}`);
      end += scientific[0].length;
    }
    const scale =
      /^\s?-?(million|billion|trillion|thousand|hundred|mn|bn|k|m(?=\s(?:dollars|people|users)))(?![a-z])/.exec(
        foldSameLength(text.slice(end, end + 12)),
      );
    if (scale) {
      const power = { million: 6, mn: 6, m: 6, billion: 9, bn: 9, trillion: 12, thousand: 3, k: 3, hundred: 2 }[
        scale[1]!
      ]!;
      value = Number(`${value}e${power}`);
      end += scale[0].length;
    }
    const sign = /([$€£¥₹])\s?$/.exec(text.slice(Math.max(0, start - 2), start));
    if (sign) start -= sign[0].length;
    const found = readUnit(foldSameLength(text.slice(end, end + 40)));
    const currency = sign ? currencyOf(sign[1]!) : found.currency;
    const span: Span = { kind: 'number', value, start, end, weak: number.weak };
    if (number.percent) span.percent = true;
    if (currency) span.currency = currency;
    else if (found.unit) span.unit = found.unit;
    span.yearly =
      !currency && !found.unit && !number.percent && /^[12]\d{3}$/.test(text.slice(start, end)) && value < 2101;
    if (inside(number, holders) || text[start - 1] === '^') span.inner = true;
    return span;
  });
  for (const match of text.matchAll(/\b[A-Za-z]{5,12}\b/g)) {
    const value = FREQUENCIES[match[0].toLowerCase()];
    if (value !== undefined)
      out.push({
        kind: 'number',
        value,
        start: match.index,
        end: match.index + match[0].length,
        frequency: true,
        weak: true,
      });
  }
  return out;
}

/** The unit or currency right behind a number. */
function readUnit(tail: string): { unit?: Unit; currency?: string } {
  const words =
    /^[\s-]?((?:[\p{L}°℃²³μω€£$]|(?<=\p{L})[/^](?=[\p{L}\d])|(?<=\^)\d){1,14})(?:\s(\p{L}{1,12})(?:\s(\p{L}{1,12}))?)?/u.exec(
      tail,
    );
  if (!words) return {};
  const [, one, two, three] = words;
  for (const phrase of [two && three && `${one} ${two} ${three}`, two && `${one} ${two}`, one]) {
    if (!phrase) continue;
    const currency = currencyOf(phrase);
    const unit = unitOf(phrase);
    // Pounds weigh, unless a sign says otherwise.
    if (unit && phrase !== 'real') return { unit };
    if (currency && currency !== 'TRY') return { currency };
  }
  return {};
}

const SECOND = unitOf('second')!;

/** "an hour and a half", "1 hour 30 minutes": what is more than a number and a unit. */
function readComposedDurations(text: string): Span[] {
  return readDurations(text).flatMap(({ value, start, end }) =>
    /\band\b|^an? |half|\d\D+\d/.test(foldSameLength(text.slice(start, end)))
      ? [{ kind: 'number' as const, value, start, end, unit: SECOND, composed: true }]
      : [],
  );
}

const MARKER =
  /(?<![\w])(?:saying|that says?|which says|that reads|to say|with the (?:message|text|content))(?: that)?:?\s+(?=\S)|:\s+(?=\S)/gi;

function readRest(text: string, tokens: readonly Token[]): Span[] {
  const out: Span[] = [];
  const end = text.trimEnd().replace(/[.!]$/, '').length;
  for (const match of text.matchAll(MARKER)) {
    const start = match.index + match[0].length;
    if (end > start) out.push({ kind: 'rest', value: text.slice(start, end), start, end, marked: true });
  }
  const isContent = (token: Token) => token.isWord && rarity(token.low) > 0.12 && !token.isOpening;
  const first = tokens.findIndex(isContent);
  const last = tokens.findLastIndex(isContent);
  for (let from = first; from >= 0 && from < Math.min(last, first + 4); from++)
    if (isContent(tokens[from]!))
      out.push({
        kind: 'rest',
        value: text.slice(tokens[from]!.start, tokens[last]!.end),
        start: tokens[from]!.start,
        end: tokens[last]!.end,
      });
  return out;
}

/** Numbers one behind the other: "4, 8 and 15". */
function readNumberLists(text: string, numbers: readonly Span[]): Span[] {
  const out: Span[] = [];
  let run: Span[] = [];
  const flush = () => {
    if (run.length > 1)
      out.push({ kind: 'numbers', value: run.map((one) => one.value), start: run[0]!.start, end: run.at(-1)!.end });
    run = [];
  };
  for (const number of numbers) {
    if (number.frequency || number.weak) continue;
    const last = run.at(-1);
    if (
      last &&
      !/^[\s%]*(?:\p{L}{1,3}(?=\s*,))?\s*(?:,|;|and|&|,\s*and|or|)\s*$/u.test(text.slice(last.end, number.start))
    )
      flush();
    run.push(number);
  }
  flush();
  return out;
}

// ---------------------------------------------------------------- names and phrases

const LINK = new Set([
  'of',
  'the',
  'de',
  'da',
  'la',
  'le',
  'du',
  'del',
  'van',
  'von',
  'der',
  'den',
  'el',
  'al',
  'y',
  '&',
  'in',
  'and',
  "'",
  'v',
  'vs',
]);

/** Runs of capital words, with small words between them: "Battle of Hastings". */
function readNames(text: string, tokens: readonly Token[]): Span[] {
  const out: Span[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const first = tokens[index]!;
    if (!isNameWord(first)) continue;
    let last = index;
    for (let next = index + 1; next < tokens.length; next++) {
      const token = tokens[next]!;
      if (isNameWord(token) && !(token.low === 'i')) {
        last = next;
        continue;
      }
      if (token.isWord && /^\d{1,4}$/.test(token.text) && next === last + 1 && !token.isValue) last = next;
      else if (token.text === '.' && /^(?:v|vs|st|mr|mrs|ms|dr)$/.test(tokens[next - 1]!.low)) continue;
      else if (
        !(LINK.has(token.low) && next - last <= 2) ||
        !/^\s*$/.test(text.slice(tokens[next - 1]!.end, token.start))
      )
        break;
    }
    // "and", "in" and "the" may also stand between two names: both readings are offered.
    pushNames(text, tokens.slice(index, last + 1), out);
    const number = tokens[index - 1];
    if (number && /^\d{1,5}[a-z]?$/i.test(number.text) && number.end + 1 === first.start) {
      // A street address goes on behind its commas: "12 Elm Street, Springfield".
      const more = /^(?:, (?:\p{Lu}[\p{L}.'’-]{0,30} ?|\d{4,6}(?!\d)){1,4}){0,3}/u
        .exec(text.slice(tokens[last]!.end))![0]
        .trimEnd();
      for (const end of new Set([tokens[last]!.end, tokens[last]!.end + more.length]))
        out.push({ kind: 'name', value: text.slice(number.start, end), start: number.start, end });
    }
    index = last;
  }
  return out;
}

function isNameWord(token: Token): boolean {
  return token.isCapital && !token.isValue && token.low !== 'i' && !/^i['’]/.test(token.low);
}

function pushNames(text: string, run: readonly Token[], out: Span[]): void {
  const add = (part: readonly Token[]) => {
    const tokens = part.slice();
    while (tokens.length > 0 && !isNameWord(tokens.at(-1)!) && !/\d/.test(tokens.at(-1)!.text)) tokens.pop();
    while (tokens.length > 0 && !isNameWord(tokens[0]!)) tokens.shift();
    if (tokens.length === 0) return;
    const start = tokens[0]!.start;
    const end = tokens.at(-1)!.end - (/['’]s$/.test(tokens.at(-1)!.text) ? 2 : 0);
    if (!out.some((one) => one.start === start && one.end === end))
      out.push({ kind: 'name', value: text.slice(start, end), start, end });
  };
  add(run);
  for (const links of [['and'], ['in'], ['and', 'in'], ['and', 'in', 'the', 'of']]) {
    let part: Token[] = [];
    for (const token of run) {
      if (links.includes(token.low) || /['’]s$/.test(part.at(-1)?.text ?? '')) {
        add(part);
        part = links.includes(token.low) ? [] : [token];
      } else part.push(token);
    }
    add(part);
  }
  // "Oslo, Norway" and "Madison, WI" are one place.
  const last = out.at(-1)!;
  const before = out.findLast((one) => one.end < last.start && /^,\s?$/.test(text.slice(one.end, last.start)));
  if (before && before.kind === 'name')
    out.push({ kind: 'name', value: text.slice(before.start, last.end), start: before.start, end: last.end });
}

/** Runs of words that carry meaning, and each of their beginnings and ends. */
function readPhrases(text: string, tokens: readonly Token[], holders: readonly Span[]): Span[] {
  const out: Span[] = [];
  let run: Token[] = [];
  const flush = () => {
    for (let from = 0; from < Math.min(run.length, 6); from++) {
      for (let to = Math.min(run.length, from + 5); to > from; to--) {
        const start = run[from]!.start;
        const end = run[to - 1]!.end - (/['’]s$/.test(run[to - 1]!.text) ? 2 : 0);
        out.push({ kind: 'phrase', value: text.slice(start, end), start, end });
      }
    }
    run = [];
  };
  for (const token of tokens) {
    const last = run.at(-1);
    if (last && !/^[\s]*$/.test(text.slice(last.end, token.start))) flush();
    const breaks =
      (token.isOpening && tokens.length > 3) ||
      !token.isWord ||
      token.isValue ||
      rarity(token.low) <= 0.12 ||
      inside(token, holders);
    if (breaks) flush();
    else run.push(token);
  }
  flush();
  return out;
}
