/** A Chinese text cut into pieces and values; made once for a text, whatever the number of tools. */
import { isFunctionWord, meanings } from '../text/lexicon.ts';
import { foldSameLength } from '../text/text.ts';
import { readExtremes, readSteps, type StepSpan } from '../values/amounts.ts';
import {
  type DateSpan,
  type DurationSpan,
  readDates,
  readDurations,
  readTimes,
  type TimeSpan,
} from '../values/moments.ts';
import { readNumbers } from '../values/numbers.ts';
import { CUES, JOINTS, MEASURES, meaningsOfWord, PARTICLES, VERBS } from './han-words.ts';
import { currencyOf, type Unit, unitOf } from './units.ts';

export interface Piece {
  text: string;
  start: number;
  end: number;
  kind: 'particle' | 'cue' | 'verb' | 'content' | 'number' | 'moment' | 'mark';
  meanings: readonly string[];
}

export interface HanNumber {
  value: number;
  /** `end` is behind the unit, `stop` before it. */
  start: number;
  end: number;
  stop: number;
  unit?: Unit;
  currency?: string;
  /** 杯, 位, 档 … */
  measure?: string;
  percent: boolean;
  weak: boolean;
  /** Part of a date, time or code, or the size of a step. */
  inner: boolean;
}

export interface HanText {
  text: string;
  folded: string;
  pieces: Piece[];
  numbers: HanNumber[];
  dates: DateSpan[];
  times: TimeSpan[];
  durations: DurationSpan[];
  steps: StepSpan[];
  extremes: { value: 'max' | 'min'; start: number; end: number }[];
  quoted: { value: string; start: number; end: number }[];
  codes: { value: string; start: number; end: number }[];
}

type Bounds = { start: number; end: number };
type Segment = Bounds & { text: string };

const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });
const QUOTED =
  /"([^"\n]{1,500})"|“([^”\n]{1,500})”|「([^」]{1,500})」|『([^』]{1,500})』|《([^》]{1,500})》|‘([^’\n]{1,500})’|'([^'\n]{1,500})'/g;
/** Addresses, links, codes and long runs of digits. */
const CODE =
  /https?:\/\/[^\s，。"'）)]{1,1000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}|(?<![A-Za-z0-9.])(?:(?=[A-Za-z-]{0,20}\d)[A-Za-z][A-Za-z0-9-]{2,40}|\d{5,30}(?![\d.万亿元块%]|\s*(?:元|块|美|日元|欧))|\d{3,4}-\d{3,4}-?\d{0,4}|[A-Z]{2,6}(?![A-Za-z]))/g;
/** 22度不对24度: what stands before is taken back. */
const TAKEN_BACK = /(?:不对|不是|错了|说错了|哦不|噢不|啊不|不不|算了)(?:[，,、。\s]|是|应该是|改成|换成|还是)*/g;

export function readHan(text: string, now_ms: number, timeZone?: string): HanText {
  const folded = foldSameLength(text);
  const quoted = [...text.matchAll(QUOTED)].map((match) => ({
    value: match.slice(1).find((group) => group !== undefined)!,
    start: match.index,
    end: match.index + match[0].length,
  }));
  const codes = [...text.matchAll(CODE)].map((match) => ({
    value: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }));
  const free = <T extends Bounds>(spans: readonly T[]) => spans.filter((span) => !touches(span, quoted));
  const dates = free(readDates(text, now_ms, timeZone)).filter((span) => !touches(span, codes));
  const times = free(readTimes(text)).filter((span) => !touches(span, codes));
  const durations = free(readDurations(text));
  const steps = free(readSteps(text)).filter((step) => !isQuoted(text, step));
  const segments = rejoin(
    text,
    [...segmenter.segment(text)].map(({ segment, index }) => ({
      text: segment,
      start: index,
      end: index + segment.length,
    })),
  );
  const numbers = readHanNumbers(text, folded, [...dates, ...times, ...codes], segments).filter(
    (number) => !touches(number, quoted),
  );
  const out: HanText = {
    text,
    folded,
    pieces: [],
    numbers,
    dates,
    times,
    durations,
    steps,
    extremes: free(readExtremes(text)),
    quoted,
    codes: free(codes),
  };
  takeBack(out);
  out.pieces = piecesOf(text, segments, out);
  return out;
}

export function touches(span: Bounds, others: readonly Bounds[]): boolean {
  return others.some((other) => other.start < span.end && span.start < other.end);
}

/** What has more is a table, no request. */
const MOST_NUMBERS = 60;

/** 加一份 adds a thing, it raises nothing. */
function isQuoted(text: string, step: StepSpan): boolean {
  return text[step.start] === '加' && step.value.size !== undefined && !/[度档格级%]/.test(text[step.end] ?? '');
}

function readHanNumbers(
  text: string,
  folded: string,
  moments: readonly Bounds[],
  segments: readonly Segment[],
): HanNumber[] {
  const reads = readNumbers(text)
    .slice(0, MOST_NUMBERS)
    .flatMap((read) => {
      // 十二点两位 reads as 12.2: what stands behind the time is a number of its own.
      const moment = moments.find((one) => read.start < one.end && one.end < read.end);
      if (!moment) return [read];
      return readNumbers(text.slice(moment.end, read.end + 4))
        .slice(0, 1)
        .map((one) => ({ ...one, start: one.start + moment.end, end: one.end + moment.end }));
    });
  return reads.flatMap((read) => {
    if (/^[百千万亿]$/.test(text.slice(read.start, read.end))) return [];
    const found: HanNumber = {
      value: read.value,
      start: read.start,
      end: read.end,
      stop: read.end,
      percent: read.percent,
      weak: read.weak,
      inner: false,
    };
    const sign = /[$€£¥₹￥]$/.exec(text.slice(0, read.start));
    if (sign) found.currency = currencyOf(sign[0] === '￥' ? '元' : sign[0]);
    // A numeral inside a longer word is a part of a name.
    const holder = segments.find((one) => one.start <= read.start && read.end < one.end && !/\d/.test(one.text));
    const tail = folded.slice(read.end, read.end + 8);
    const approx = /^(?:来|多|几)(?=\p{Script=Han})/u.exec(tail)?.[0].length ?? 0;
    const unit = read.percent ? undefined : unitBehind(tail.slice(approx));
    if (unit) {
      found.end += approx + unit.length;
      found.unit = unit.unit;
      found.currency = found.currency ?? unit.currency;
      found.measure = unit.measure;
    } else if (read.unit === '块' && /[一二三四五六七八九\d][毛角]?$/.test(folded.slice(0, read.end)))
      found.currency = 'CNY';
    if (!found.unit && !found.currency && !found.measure && holder && holder.end > read.end && text[read.end] !== '半')
      found.weak = true;
    if (/^半/.test(folded.slice(found.end)) && found.unit?.name === 'degree') found.end += 1;
    const numeral = text.slice(read.start, read.end);
    const next = text[read.end] ?? '';
    const isBare = !found.unit && !found.currency && !found.measure && !read.percent;
    // 三亚, 国贸三期: a numeral that is part of a name.
    if (isBare && /^[一二三四五六七八九十]$/.test(numeral) && HAN.test(next) && !/[的吧呢了到至块和，]/.test(next))
      found.weak = true;
    if (
      /^[期号层站]$/.test(found.measure ?? '') &&
      /^\p{Script=Han}$/u.test(text[read.start - 1] ?? '') &&
      !/[调到第选坐]/.test(text[read.start - 1]!)
    )
      found.inner = true;
    if (/^[第]$/.test(text[read.start - 1] ?? '')) found.inner = true;
    if (touches(read, moments)) found.inner = true;
    return [found];
  });
}

interface Behind {
  length: number;
  unit?: Unit;
  currency?: string;
  measure?: string;
}

function unitBehind(tail: string): Behind | undefined {
  const gap = /^\s?/.exec(tail)![0].length;
  const rest = tail.slice(gap);
  const latin = /^[a-z°℃%$€/²³]{1,6}/.exec(rest)?.[0];
  if (latin) {
    const unit = unitOf(latin);
    const currency = currencyOf(latin);
    return unit
      ? { length: gap + latin.length, unit }
      : currency
        ? { length: gap + latin.length, currency }
        : undefined;
  }
  for (let length = Math.min(5, rest.length); length > 0; length--) {
    const word = rest.slice(0, length);
    const currency = currencyOf(word);
    if (currency) return { length: gap + length + (/^钱/.test(rest.slice(length)) ? 1 : 0), currency };
    const unit = unitOf(word);
    if (unit) return { length: gap + length, unit, measure: MEASURES.has(word) ? word : undefined };
    if (MEASURES.has(word))
      return {
        length: gap + length + (word === '个' && /^人(?!民|气)/.test(rest.slice(1)) ? 1 : 0),
        measure: word === '个' && /^人(?!民|气)/.test(rest.slice(1)) ? '人' : word,
      };
  }
  return undefined;
}

/** What is corrected in the same breath counts no more. */
function takeBack(han: HanText): void {
  for (const match of han.text.matchAll(TAKEN_BACK)) {
    const end = match.index + match[0].length;
    for (const spans of [han.numbers, han.times, han.dates] as { start: number; end: number }[][]) {
      const later = spans.find((span) => span.start >= end && span.start - end <= 3);
      const before = later && spans.findLast((span) => span.end <= match.index + 1);
      if (before) spans.splice(spans.indexOf(before), 1);
    }
  }
}

function piecesOf(text: string, segments: readonly Segment[], han: HanText): Piece[] {
  const values: (Bounds & { kind: Piece['kind'] })[] = [
    ...han.dates.map(({ start, end }) => ({ start, end, kind: 'moment' as const })),
    ...han.times.map(({ start, end }) => ({ start, end, kind: 'moment' as const })),
    ...han.durations.map(({ start, end }) => ({ start, end, kind: 'number' as const })),
    ...han.numbers
      .filter((one) => !one.inner && !(one.weak && !one.unit && !one.measure))
      .map(({ start, end }) => ({ start, end, kind: 'number' as const })),
  ].sort((a, b) => a.start - b.start || b.end - a.end);
  const out: Piece[] = [];
  const put = (start: number, end: number, kind: Piece['kind'] | undefined) => {
    const part = text.slice(start, end);
    if (part.trim() === '') return;
    const word = foldSameLength(part);
    out.push({ text: word, start, end, kind: kind ?? kindOf(word), meanings: kind ? [] : meaningsOfWord(word) });
  };
  let at = 0;
  const words = (end: number) => {
    for (const one of segments) {
      const start = Math.max(at, one.start);
      const stop = Math.min(end, one.end);
      if (start >= stop) continue;
      for (const [from, to] of split(text.slice(start, stop))) put(start + from, start + to, undefined);
    }
  };
  for (const value of values) {
    if (value.end <= at) continue;
    if (value.start > at) words(value.start);
    put(Math.max(at, value.start), value.end, value.kind);
    at = value.end;
  }
  words(text.length);
  settle(out);
  return out;
}

/** Single characters that are verbs or particles in some places and parts of words in others: 洗发水, 评审会, 来杯. */
function settle(pieces: Piece[]): void {
  const isSingle = (piece: Piece | undefined) =>
    piece?.kind === 'content' && piece.text.length === 1 && HAN.test(piece.text);
  pieces.forEach((piece, index) => {
    if (piece.text.length > 1) return;
    const before = pieces[index - 1];
    const after = pieces[index + 1];
    if (/^[骑走开跑飞坐乘赶送带搬寄游驶]$/.test(piece.text) && after && /^[到往去回]$/.test(after.text))
      piece.kind = 'verb';
    else if (piece.kind === 'verb' && isSingle(before) && isSingle(after) && before!.end === piece.start)
      piece.kind = 'content';
    else if (
      piece.text === '会' &&
      (isSingle(after) || (before?.kind === 'content' && before.text !== '会' && (!after || after.kind === 'mark')))
    )
      piece.kind = 'content';
    else if (
      piece.kind === 'content' &&
      MEASURES.has(piece.text) &&
      (before?.kind === 'verb' || before?.kind === 'cue') &&
      after &&
      after.kind !== 'mark'
    )
      piece.kind = 'number';
  });
}

/** 给我, 去机场: the runtime's dictionary sometimes leaves a leading verb or pronoun on what follows. */
function split(word: string): [number, number][] {
  if (word.length < 2 || isWord(word) || !HAN.test(word)) return [[0, word.length]];
  const rest = word.slice(1);
  if (/^[骑走开跑飞坐乘赶送带搬寄游驶][到往去回]$/.test(word))
    return [
      [0, 1],
      [1, 2],
    ];
  const isHead = word.length > 2 ? LOOSE.test(word[0]!) : LOOSE.test(word[0]!) && (isWord(rest) || MEASURES.has(rest));
  if (!isHead) return [[0, word.length]];
  return [[0, 1], ...split(rest).map(([from, to]): [number, number] => [from + 1, to + 1])];
}

const HAN = /\p{Script=Han}/u;
const LOOSE = /[我你把给帮去到从在叫让跟订买加来放不点回挂租约]/;
const LONGEST = 5;

/** Segments joined, or cut anew, where the lexicon knows a word: 联系 + 人, 副 + 驾车. */
function rejoin(text: string, segments: readonly Segment[]): Segment[] {
  const out: Segment[] = [];
  let at = 0;
  for (const one of segments) {
    if (one.end <= at) continue;
    let start = Math.max(one.start, at);
    while (start < one.end) {
      const word = HAN.test(text[start]!) ? wordAt(text, start, one.end - start) : undefined;
      const end = word ? start + word : one.end;
      out.push({ text: text.slice(start, end), start, end });
      start = end;
      at = end;
      if (word) break;
    }
    if (at < one.end) out.push({ text: text.slice(at, one.end), start: at, end: one.end });
    at = Math.max(at, one.end);
  }
  return out;
}

/** Length of the longest known word that begins here and is longer than the runtime's own. */
function wordAt(text: string, start: number, least: number): number | undefined {
  for (let length = LONGEST; length > Math.max(1, least); length--) {
    const word = text.slice(start, start + length);
    if (word.length === length && isWord(word)) return length;
  }
  return undefined;
}

function isWord(word: string): boolean {
  return known(word) || meaningsOfWord(word).length > 0;
}

function known(word: string): boolean {
  return PARTICLES.has(word) || CUES.has(word) || VERBS.has(word);
}

const ASKS =
  /^#(?:play|navigate|open|close|on|off|search|get|set|create|delete|book|order|send|call|remind|translate|convert)$/;

/** English words in a Chinese text. */
function latinKind(word: string): Piece['kind'] {
  if (/^(?:to|from|in|at|for)$/.test(word)) return 'cue';
  if (isFunctionWord(word)) return 'particle';
  return meanings(word).some((meaning) => ASKS.test(meaning)) ? 'verb' : 'content';
}

function kindOf(word: string): Piece['kind'] {
  if (JOINTS.test(word) && !/\p{L}/u.test(word)) return 'mark';
  if (!/[\p{L}\p{N}]/u.test(word)) return 'mark';
  if (CUES.has(word)) return 'cue';
  if (VERBS.has(word)) return 'verb';
  if (PARTICLES.has(word)) return 'particle';
  if (!HAN.test(word)) return latinKind(word);
  return 'content';
}
