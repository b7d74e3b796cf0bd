/** Numbers in running text: digits, English and Chinese number words, fractions of a hundred. */
import { foldSameLength } from '../text/text.ts';

export interface NumberValue {
  value: number;
  start: number;
  end: number;
  /** Written as a percentage; `value` is 20 for "20%" and 百分之二十. */
  percent: boolean;
  /** What stands right behind: 度, °, kg, people … folded, at most one word. */
  unit: string;
  /** A lone 一 or "a" that may be an article rather than a number. */
  weak: boolean;
}

const ZH_DIGITS: Record<string, number> = {
  零: 0,
  〇: 0,
  一: 1,
  二: 2,
  两: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
  幺: 1,
  俩: 2,
};
const ZH_UNITS: Record<string, number> = { 十: 10, 百: 100, 千: 1000 };
const ZH_SCALES: [string, number][] = [
  ['亿', 100_000_000],
  ['万', 10_000],
];
/** Longer runs are no numbers; the bound also keeps reading linear. */
const ZH_NUMBER = /[零〇一二两三四五六七八九十百千万亿]{1,24}(?:点[零〇一二两三四五六七八九]{1,24})?/y;
const DIGITS = /\d{1,3}(?:,\d{3}){1,8}(?!\d)(?:\.\d{1,30})?|\d{1,30}(?!\d)(?:\.\d{1,30})?|\.\d{1,30}/y;

/**
 * A Chinese numeral as a number: 十二 12, 一百二 120, 两万 20000, 零点五 0.5, 二零二六 2026.
 * undefined where it is none.
 */
export function parseChineseNumber(text: string): number | undefined {
  if (text === '半') return 0.5;
  const [whole = '', fraction] = text.split('点');
  const integer = parseChineseInteger(whole);
  if (integer === undefined) return undefined;
  if (fraction === undefined) return integer;
  const digits = [...fraction].map((character) => ZH_DIGITS[character]);
  if (digits.length === 0 || digits.some((digit) => digit === undefined)) return undefined;
  return Number(`${integer}.${digits.join('')}`);
}

function parseChineseInteger(text: string): number | undefined {
  if (text === '') return undefined;
  const characters = [...text];
  if (characters.every((character) => character in ZH_DIGITS)) {
    return Number(characters.map((character) => ZH_DIGITS[character]).join(''));
  }
  for (const [unit, scale] of ZH_SCALES) {
    const at = text.lastIndexOf(unit);
    if (at < 0) continue;
    const left = parseChineseInteger(text.slice(0, at));
    const right = parseTail(text.slice(at + 1), scale);
    return left === undefined || right === undefined ? undefined : left * scale + right;
  }
  return parseSection(characters);
}

/** What stands behind 万 or 亿: 三万五 is 35,000, 三万零五 30,005. */
function parseTail(text: string, scale: number): number | undefined {
  if (text === '') return 0;
  if (text.length === 1 && text in ZH_DIGITS) return (ZH_DIGITS[text]! * scale) / 10;
  return parseChineseInteger(text.replace(/^[零〇]/, ''));
}

/** Below ten thousand: 一百二 is 120, 一百零二 102, 十二 12. */
function parseSection(characters: readonly string[]): number | undefined {
  let total = 0;
  let digit: number | undefined;
  let lastUnit = 0;
  let zero = false;
  for (const character of characters) {
    const unit = ZH_UNITS[character];
    if (unit !== undefined) {
      if (digit === undefined && total > 0) return undefined;
      total += (digit ?? 1) * unit;
      lastUnit = unit;
      digit = undefined;
      zero = false;
    } else if (ZH_DIGITS[character] === 0) zero = true;
    else if (digit !== undefined) return undefined;
    else digit = ZH_DIGITS[character];
  }
  if (digit === undefined) return total;
  return total + (!zero && lastUnit > 10 ? digit * (lastUnit / 10) : digit);
}

const EN_SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const EN_TENS: Record<string, number> = {
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
};
const EN_SCALES: Record<string, number> = { hundred: 100, thousand: 1000, million: 1_000_000, billion: 1_000_000_000 };
const EN_WORD = /[a-z]+/y;

/** Reads an English number in words that begins at `at`; undefined where none does. */
function readEnglish(text: string, at: number): { value: number; end: number; weak: boolean } | undefined {
  let total = 0;
  let current = 0;
  let end = at;
  let found = false;
  let sawScale = false;
  let tens = false;
  let position = at;
  while (position < text.length) {
    EN_WORD.lastIndex = position;
    const word = EN_WORD.exec(text)?.[0];
    if (!word) break;
    const small = EN_SMALL.indexOf(word);
    if (small >= 0) {
      if (found && !sawScale && !(tens && small > 0 && small < 10)) break;
      current += small;
      tens = false;
      sawScale = false;
    } else if (word in EN_TENS) {
      if (found && !sawScale) break;
      current += EN_TENS[word]!;
      tens = true;
      sawScale = false;
    } else if (word in EN_SCALES && (found || position === at)) {
      const scale = EN_SCALES[word]!;
      if (position === at) break;
      if (scale === 100) current = (current || 1) * 100;
      else {
        total += (current || 1) * scale;
        current = 0;
      }
      sawScale = true;
      tens = false;
    } else if (
      word === 'a' &&
      position === at &&
      /^a (?:hundred|thousand|million|dozen)\b/.test(text.slice(at, at + 12))
    ) {
      current = 1;
      sawScale = true;
    } else if (word === 'dozen' && found) {
      current = (current || 1) * 12;
      sawScale = true;
    } else if (word === 'half' && !found) {
      return { value: 0.5, end: position + 4, weak: true };
    } else if (!(word === 'and' && sawScale)) break;
    if (word !== 'and') {
      found = true;
      end = position + word.length;
    }
    position += word.length;
    const gap = /^[ -]/.test(text.slice(position, position + 1)) ? 1 : 0;
    if (gap === 0) break;
    position += gap;
  }
  if (!found) return undefined;
  let value = total + current;
  const point = /^ point((?: (?:zero|one|two|three|four|five|six|seven|eight|nine))+)/.exec(text.slice(end, end + 60));
  if (point) {
    value = Number(
      `${value}.${point[1]!
        .trim()
        .split(' ')
        .map((word) => EN_SMALL.indexOf(word))
        .join('')}`,
    );
    end += point[0].length;
  }
  return { value, end, weak: false };
}

const NEGATIVE = /(?:零下|负|minus |negative |[-−])$/;

/** All numbers of a text in order; none overlaps another. Linear in the length of the text. */
export function readNumbers(text: string): NumberValue[] {
  const folded = foldSameLength(text);
  const out: NumberValue[] = [];
  let position = 0;
  while (position < folded.length) {
    const read = readAt(folded, position);
    if (!read) {
      position++;
      continue;
    }
    out.push(finish(folded, read));
    position = Math.max(position + 1, out.at(-1)!.end);
  }
  return out;
}

interface Read {
  value: number;
  start: number;
  end: number;
  percent: boolean;
  weak: boolean;
}

function readAt(folded: string, start: number): Read | undefined {
  const character = folded[start]!;
  const before = start > 0 ? folded[start - 1]! : ' ';
  if (/[\d.]/.test(character)) {
    if (/[a-z\d_]/.test(before)) return undefined;
    const fraction = readFraction(folded, start, before);
    if (fraction) return { ...fraction, start, percent: false, weak: false };
    DIGITS.lastIndex = start;
    const found = DIGITS.exec(folded)?.[0];
    if (!found) return undefined;
    const scale =
      { 十: 10, 百: 100, 千: 1000, 万: 10_000, 亿: 100_000_000, k: 1000 }[folded[start + found.length] ?? ''] ?? 1;
    if (
      scale === 1000 &&
      /[a-z]/.test(folded[start + found.length + 1] ?? ' ') &&
      folded[start + found.length] === 'k'
    ) {
      return {
        value: Number(found.replaceAll(',', '')),
        start,
        end: start + found.length,
        percent: false,
        weak: false,
      };
    }
    const end = start + found.length + (scale > 1 ? 1 : 0);
    return { value: multiply(found.replaceAll(',', ''), scale), start, end, percent: false, weak: false };
  }
  if (folded.startsWith('百分之', start)) {
    ZH_NUMBER.lastIndex = start + 3;
    DIGITS.lastIndex = start + 3;
    const numeral = ZH_NUMBER.exec(folded)?.[0];
    const digits = numeral ? undefined : DIGITS.exec(folded)?.[0];
    const value = numeral ? parseChineseNumber(numeral) : digits ? Number(digits.replaceAll(',', '')) : undefined;
    if (value === undefined) return undefined;
    return { value, start, end: start + 3 + (numeral ?? digits)!.length, percent: true, weak: false };
  }
  const share = readFraction(folded, start, before);
  if (share) return { ...share, start, percent: false, weak: false };
  if (folded.startsWith('一半', start)) return { value: 0.5, start, end: start + 2, percent: false, weak: true };
  ZH_NUMBER.lastIndex = start;
  const numeral = folded.startsWith('零下', start) ? undefined : ZH_NUMBER.exec(folded)?.[0];
  if (numeral) {
    const value = parseChineseNumber(numeral);
    if (value === undefined) return undefined;
    return {
      value,
      start,
      end: start + numeral.length,
      percent: false,
      weak: WEAK_ZH.test(folded.slice(start, start + numeral.length + 1)) || weakBefore(before, numeral),
    };
  }
  if (character === '半' && !/[半夜]/.test(folded[start + 1] ?? '') && !/[点多一两度]/.test(before)) {
    return { value: 0.5, start, end: start + 1, percent: false, weak: true };
  }
  if (/[a-z]/.test(character) && !/[a-z\d]/.test(before)) {
    const read = readEnglish(folded, start);
    if (read && !/[a-z\d]/.test(folded[read.end] ?? ' ')) return { ...read, start, percent: false };
  }
  return undefined;
}

const ZH_FRACTION = /([一二两三四五六七八九十]{1,3}|\d{1,3})分之([一二两三四五六七八九十]{1,3}|\d{1,3})/y;
const SLASH = /(\d)\/([2-9]|10)(?![\d/.])/y;
const EN_FRACTION = /(?:(a|one|two|three|four) )(third|quarter|fifth)s?(?![a-z])/y;
const EN_PARTS: Record<string, number> = { third: 3, quarter: 4, fifth: 5 };

/** 三分之一, 3/4, two thirds. */
function readFraction(folded: string, start: number, before: string): { value: number; end: number } | undefined {
  for (const pattern of [ZH_FRACTION, SLASH, EN_FRACTION]) {
    pattern.lastIndex = start;
    const match = pattern.exec(folded);
    if (!match) continue;
    const number = (text: string) => (/^\d/.test(text) ? Number(text) : (parseChineseNumber(text) ?? Number.NaN));
    if (pattern === EN_FRACTION) {
      if (/[a-z\d]/.test(before) || /^ (?:of an hour|past|to)/.test(folded.slice(start + match[0].length)))
        return undefined;
      const count = match[1] === 'a' ? 1 : EN_SMALL.indexOf(match[1]!);
      return { value: count / EN_PARTS[match[2]!]!, end: start + match[0].length };
    }
    const [top, bottom] =
      pattern === SLASH ? [number(match[1]!), number(match[2]!)] : [number(match[2]!), number(match[1]!)];
    if (!(bottom > 0) || top >= bottom || (pattern === SLASH && /[\d/.]/.test(before))) return undefined;
    return { value: top / bottom, end: start + match[0].length };
  }
  return undefined;
}

/** 一下, 一些 … are no quantities. 一点 is one only before 五 and the like, which the numeral has eaten by then. */
const WEAK_ZH = /^(?:一[下些点样起直定共般旦切]|万一|千万)/;

/** 第一, 星期三, 周五 are no quantities, nor is a unit alone. */
function weakBefore(before: string, numeral: string): boolean {
  return /[周期拜统唯第]/.test(before) || /^[百千万亿]$/.test(numeral);
}

/** Decimal digits times a power of ten without the error of binary fractions (2.3 × 10,000). */
function multiply(digits: string, scale: number): number {
  return scale === 1 ? Number(digits) : Number(`${digits}e${Math.round(Math.log10(scale))}`);
}

function finish(folded: string, read: Read): NumberValue {
  let { start, end, value, percent } = read;
  const lead = NEGATIVE.exec(folded.slice(Math.max(0, start - 9), start));
  if (
    lead &&
    !/[a-z\d]/.test(folded[start - lead[0].length - 1] ?? ' ') &&
    !/\d$/.test(folded.slice(0, start - lead[0].length))
  ) {
    start -= lead[0].length;
    value = -value;
  }
  // 26度半, 三点五 are covered by the numeral; 两个半 and 度半 add a half.
  const half = /^(?:个半|度半)/.exec(folded.slice(end, end + 2));
  if (half) {
    value += 0.5;
    end += half[0] === '个半' ? 2 : 0;
  }
  // 三块五, 两块八毛: what stands behind the whole is tenths.
  const tenths = /^块([一二三四五六七八九\d])[毛角]?(?![\d.点百千万十个天人块])/.exec(folded.slice(end, end + 4));
  if (tenths && !percent) {
    const tenth = parseChineseNumber(tenths[1]!) ?? Number(tenths[1]);
    return {
      value: Number((value + tenth / 10).toFixed(10)),
      start,
      end: end + tenths[0].length,
      percent,
      unit: '块',
      weak: read.weak,
    };
  }
  // 十来个, 三十多人: about so many.
  if (/^[来几多余](?=[个人位块元度天份只件张米])/.test(folded.slice(end, end + 2))) end += 1;
  const sign = /^\s?(?:%|％|percent\b|per cent\b)/.exec(folded.slice(end, end + 10));
  if (sign) {
    percent = true;
    end += sign[0].length;
  }
  const unit = /^\s?(?:([a-z°℃$€]+)|(\p{Script=Han}{1,2}))/u.exec(folded.slice(end, end + 16));
  return { value, start, end, percent, unit: unit?.[1] ?? unit?.[2] ?? '', weak: read.weak };
}
