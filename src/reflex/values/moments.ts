/**
 * Dates, times of day and durations in running text, English and Chinese. A simple reader of our own:
 * what it can't read with certainty it leaves alone.
 */
import { foldSameLength } from '../text/text.ts';
import { parseChineseNumber, readNumbers } from './numbers.ts';

export interface Span<T> {
  value: T;
  start: number;
  end: number;
}

/** `iso` is YYYY-MM-DD. */
export type DateSpan = Span<string>;
/** HH:MM or HH:MM:SS on the 24-hour clock. */
export type TimeSpan = Span<string>;
/** Seconds. */
export type DurationSpan = Span<number>;

interface Day {
  year: number;
  month: number;
  day: number;
  /** 0 Monday … 6 Sunday. */
  weekday: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Formatters are dear to make, and zones are few; a caller can't make this grow without end. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format) return format;
  try {
    format = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone });
  } catch {
    return formatOf('UTC');
  }
  if (formats.size > 600) formats.clear();
  formats.set(timeZone, format);
  return format;
}

/** Today in a zone. An unknown zone counts as UTC. */
export function today(now_ms: number, timeZone = 'UTC'): Day {
  const parts = formatOf(timeZone).formatToParts(now_ms);
  const part = (type: string) => Number(parts.find((entry) => entry.type === type)?.value);
  return dayOf(Date.UTC(part('year'), part('month') - 1, part('day')));
}

function dayOf(utc_ms: number): Day {
  const date = new Date(utc_ms);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: (date.getUTCDay() + 6) % 7,
  };
}

function plus(day: Day, days: number): Day {
  return dayOf(Date.UTC(day.year, day.month - 1, day.day + days));
}

function iso(day: { year: number; month: number; day: number }): string {
  return `${String(day.year).padStart(4, '0')}-${String(day.month).padStart(2, '0')}-${String(day.day).padStart(2, '0')}`;
}

function valid(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

const ZH_NUM = '(?:\\d{1,4}|[零〇一二两三四五六七八九十]{1,4})';
const WEEKDAYS_EN = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const MONTHS_EN = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';
const ZH_WEEKDAYS = '一二三四五六日天';

const number = (text: string): number => (/^\d/.test(text) ? Number(text) : (parseChineseNumber(text) ?? Number.NaN));

type DateRule = [
  RegExp,
  (match: RegExpExecArray, now: Day) => Day | { year: number; month: number; day: number } | undefined,
];

/** A date without a year is the next one to come, today included. */
function coming(now: Day, month: number, day: number): { year: number; month: number; day: number } | undefined {
  for (const year of [now.year, now.year + 1, now.year + 2, now.year + 3, now.year + 4]) {
    if (valid(year, month, day) && (year > now.year || month > now.month || (month === now.month && day >= now.day)))
      return { year, month, day };
  }
  return undefined;
}

const exact = (year: number, month: number, day: number) =>
  valid(year, month, day) ? { year, month, day } : undefined;

const DATE_RULES: DateRule[] = [
  [/(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/g, (m) => exact(Number(m[1]), Number(m[2]), Number(m[3]))],
  [
    // Month first, as in the United States, unless only the other order is a date.
    /(?<![\d/.-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?![\d/-])/g,
    (m) => exact(Number(m[4]), Number(m[1]), Number(m[3])) ?? exact(Number(m[4]), Number(m[3]), Number(m[1])),
  ],
  [
    new RegExp(`(?:(${ZH_NUM}|明|今|去|后)年)?(${ZH_NUM})月(${ZH_NUM})[日号]?`, 'g'),
    (m, now) => {
      const relative: Record<string, number> = { 今: 0, 明: 1, 后: 2, 去: -1 };
      if (m[1] === undefined) return coming(now, number(m[2]!), number(m[3]!));
      const year = m[1] in relative ? now.year + relative[m[1]]! : number(m[1]);
      return exact(year < 100 ? 2000 + year : year, number(m[2]!), number(m[3]!));
    },
  ],
  [/大后天/g, (_, now) => plus(now, 3)],
  [/后天|day after tomorrow/g, (_, now) => plus(now, 2)],
  [/明天|明日|明儿|明(?=早|晚)|\btomorrow\b/g, (_, now) => plus(now, 1)],
  [/今天|今日|今儿|今(?=早|晚)|\btoday\b|\btonight\b|\bthis (?:morning|afternoon|evening)\b/g, (_, now) => now],
  [/大前天/g, (_, now) => plus(now, -3)],
  [/前天|day before yesterday/g, (_, now) => plus(now, -2)],
  [/昨天|昨日|昨(?=晚)|\byesterday\b/g, (_, now) => plus(now, -1)],
  [
    new RegExp(`(上上|下下|上|下|这|本)?(?:个)?(?:周|星期|礼拜)([${ZH_WEEKDAYS}])`, 'g'),
    (m, now) => {
      const weekday = Math.min(6, ZH_WEEKDAYS.indexOf(m[2]!));
      const weeks: Record<string, number> = { 上上: -2, 上: -1, 这: 0, 本: 0, 下: 1, 下下: 2 };
      if (m[1] !== undefined) return plus(now, weeks[m[1]]! * 7 + weekday - now.weekday);
      return plus(now, (weekday - now.weekday + 7) % 7);
    },
  ],
  [
    // "next Friday" is the Friday of next week; "Friday" and "this Friday" the next one to come.
    new RegExp(
      `\\b(?:(next|last|this|on|coming) )?(${WEEKDAYS_EN.map((day) => `${day}s?`).join('|')}|mon|tues?|wed|thur?s?|fri)\\b`,
      'g',
    ),
    (m, now) => {
      const weekday = WEEKDAYS_EN.findIndex((day) => m[2]!.startsWith(day.slice(0, 3)));
      if (m[1] === 'next') return plus(now, 7 + weekday - now.weekday);
      if (m[1] === 'last') return plus(now, -7 + weekday - now.weekday);
      return plus(now, (weekday - now.weekday + 7) % 7);
    },
  ],
  [
    new RegExp(`\\b${MONTH} (\\d{1,2})(?:st|nd|rd|th)?\\b(?!:)(?:,? (\\d{4})\\b)?`, 'g'),
    (m, now) => monthDay(now, m[1]!, m[2]!, m[3]),
  ],
  [
    new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${MONTH}(?![a-z])(?:,? (\\d{4})\\b)?`, 'g'),
    (m, now) => monthDay(now, m[2]!, m[1]!, m[3]),
  ],
  [
    new RegExp(`(${ZH_NUM})天(?:之后|以后|后)|\\bin (\\d{1,3}|two|three|four|five|six|seven|ten) days\\b`, 'g'),
    (m, now) => plus(now, m[1] ? number(m[1]) : (readNumbers(m[2]!)[0]?.value ?? Number.NaN)),
  ],
  [
    /\b(?:in )?(\d{1,3}|an?|one|two|three|four|five|six|seven|ten) (day|week|month|year)s? (from now|ago|later)\b|\bin (\d{1,3}|an?|one|two|three|four|five|six|seven|ten) (week|month|year)s?\b/g,
    (m, now) => {
      const word = m[1] ?? m[4]!;
      const count = /^an?$/.test(word) ? 1 : (readNumbers(word)[0]?.value ?? Number.NaN);
      const signed = m[3] === 'ago' ? -count : count;
      const unit = m[2] ?? m[5]!;
      if (unit === 'day' || unit === 'week') return plus(now, signed * (unit === 'week' ? 7 : 1));
      return plusMonths(now, signed * (unit === 'year' ? 12 : 1));
    },
  ],
  [
    new RegExp(
      `(${ZH_NUM})(?:个)?(天|周|星期|礼拜|月|年)(?:之前|以前|前)|(${ZH_NUM})(?:个)?(周|星期|礼拜|月|年)(?:之后|以后|后)`,
      'g',
    ),
    (m, now) => {
      const count = number((m[1] ?? m[3])!) * (m[1] ? -1 : 1);
      const unit = (m[2] ?? m[4])!;
      if (unit === '月' || unit === '年') return plusMonths(now, count * (unit === '年' ? 12 : 1));
      return plus(now, count * (unit === '天' ? 1 : 7));
    },
  ],
  [/下个?(?:周|星期|礼拜)(?![一二三四五六日天末])|\bnext week\b/g, (_, now) => plus(now, 7 - now.weekday)],
  [/(?:这个?|本)?周末|\b(?:this )?weekend\b/g, (_, now) => plus(now, now.weekday > 5 ? 0 : 5 - now.weekday)],
  [
    new RegExp(`(?<![月\\d])(${ZH_NUM})[号](?![线楼院店码])`, 'g'),
    (m, now) => {
      const day = number(m[1]!);
      if (!(day >= 1 && day <= 31)) return undefined;
      const month = day >= now.day ? now.month : (now.month % 12) + 1;
      return exact(month < now.month ? now.year + 1 : now.year, month, day);
    },
  ],
];

/** The same day of another month, or the last one that it has. */
function plusMonths(now: Day, months: number): Day {
  const last = new Date(Date.UTC(now.year, now.month + months, 0)).getUTCDate();
  return dayOf(Date.UTC(now.year, now.month - 1 + months, Math.min(now.day, last)));
}

function monthDay(now: Day, month: string, day: string, year: string | undefined) {
  const at = MONTHS_EN.indexOf(month.slice(0, 3)) + 1;
  return year ? exact(Number(year), at, Number(day)) : coming(now, at, Number(day));
}

/** Dates of a text, in order, none overlapping another. Relative ones count from now in `timeZone`. */
export function readDates(text: string, now_ms: number, timeZone?: string): DateSpan[] {
  const folded = foldSameLength(text);
  const now = today(now_ms, timeZone);
  const found: DateSpan[] = [];
  for (const [pattern, read] of DATE_RULES) {
    for (const match of folded.matchAll(pattern)) {
      const day = read(match as RegExpExecArray, now);
      if (!day || !Number.isFinite(day.year + day.month + day.day)) continue;
      found.push({ value: iso(day), start: match.index, end: match.index + match[0].length });
    }
  }
  return withoutOverlap(found);
}

const AM = '(凌晨|清晨|早上|早晨|早|上午|中午|午后|下午|傍晚|晚上|晚间|晚|夜里|半夜)?';
const TIME_RULES: [RegExp, (match: RegExpExecArray) => string | undefined][] = [
  [
    /(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2}))?\s?(am|pm|a\.m\.|p\.m\.)?(?![\d:])/g,
    (m) => clock(Number(m[1]), Number(m[2]), m[4], m[3] ? Number(m[3]) : undefined),
  ],
  [/\b(\d{1,2})\s?(am|pm|a\.m\.|p\.m\.)(?![a-z])/g, (m) => clock(Number(m[1]), 0, m[2])],
  [
    /\b(\d{1,2}) o'?clock(?: (am|pm|in the morning|in the afternoon|in the evening|at night))?/g,
    (m) => clock(Number(m[1]), 0, m[2]),
  ],
  [
    /\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?: (thirty|fifteen|forty[- ]five))? (am|pm|a\.m\.|p\.m\.|o'?clock|in the morning|in the afternoon|in the evening|at night)(?![a-z])/g,
    (m) =>
      clock(
        readNumbers(m[1]!)[0]?.value ?? Number.NaN,
        m[2] ? (readNumbers(m[2].replace('-', ' '))[0]?.value ?? 0) : 0,
        m[3],
      ),
  ],
  [
    /\b(?:at|by|until|before|after) (\d{1,2})(?= (?:in the|tomorrow|today|tonight|on|for)|[.,?!]|$)/g,
    (m) => clock(Number(m[1]), 0, undefined),
  ],
  [/\bnoon\b|\bmidday\b/g, () => '12:00'],
  [/\bmidnight\b|午夜|零点(?![一二三四五六七八九])/g, () => '00:00'],
  [
    new RegExp(
      `${AM}(${ZH_NUM})(?:点钟|点整|点|时(?!候|间))(?:(半)|(一刻)|(三刻)|(${ZH_NUM})分?)?(?![个度多位人名])`,
      'g',
    ),
    (m) => {
      const minute = m[3] ? 30 : m[4] ? 15 : m[5] ? 45 : m[6] ? number(m[6]) : 0;
      return clock(number(m[2]!), minute, m[1]);
    },
  ],
  [/中午(?![一二三十\d])/g, () => '12:00'],
];

function clock(hour: number, minute: number, half: string | undefined, second?: number): string | undefined {
  if (!Number.isInteger(hour) || !Number.isInteger(minute) || hour > 24 || minute > 59 || (second ?? 0) > 59)
    return undefined;
  let out = hour;
  if (half !== undefined) {
    const late = /^p|afternoon|evening|night|午后|下午|傍晚|晚/.test(half);
    if (late && out < 12) out += 12;
    else if (/^中午/.test(half) && out < 11) out += 12;
    else if (/^a|morning|凌晨|夜里|半夜/.test(half) && out === 12) out = 0;
  }
  if (out === 24) out = 0;
  const base = `${String(out).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
  return second === undefined ? base : `${base}:${String(second).padStart(2, '0')}`;
}

/** Times of day of a text, in order. */
export function readTimes(text: string): TimeSpan[] {
  const folded = foldSameLength(text);
  const found: TimeSpan[] = [];
  for (const [pattern, read] of TIME_RULES) {
    for (const match of folded.matchAll(pattern)) {
      const value = read(match as RegExpExecArray);
      if (value !== undefined)
        found.push({
          value,
          start: match.index + (/^(?:at|by|until|before|after) /.exec(match[0])?.[0].length ?? 0),
          end: match.index + match[0].length,
        });
    }
  }
  return withoutOverlap(found);
}

const SECONDS: [RegExp, number][] = [
  [/^\s?(?:个)?(?:小时|钟头)/, 3600],
  [/^\s?-?(?:hours?|hrs?|h)(?![a-z])/, 3600],
  [/^\s?分钟|^\s?分(?![之店公享])/, 60],
  [/^\s?-?(?:minutes?|mins?)(?![a-z])/, 60],
  [/^\s?秒钟?/, 1],
  [/^\s?-?(?:seconds?|secs?)(?![a-z])/, 1],
  [/^\s?天(?!后|之后|以后)/, 86_400],
  [/^\s?-?days?(?![a-z])/, 86_400],
  [/^\s?(?:个)?(?:星期|礼拜)(?![一二三四五六日天])|^\s?周(?![一二三四五六日天末])/, 604_800],
  [/^\s?-?weeks?(?![a-z])/, 604_800],
];

/** Durations of a text in seconds, neighbours joined: "1 hour 30 minutes", 两个半小时, 半小时, half an hour. */
export function readDurations(text: string): DurationSpan[] {
  const folded = foldSameLength(text);
  const found: DurationSpan[] = [];
  const add = (value: number, start: number, end: number) => {
    const last = found.at(-1);
    if (last && /^(?:\s|,|and|又|零)*$/.test(folded.slice(last.end, start))) {
      last.value += value;
      last.end = end;
    } else found.push({ value, start, end });
  };
  const fixed: DurationSpan[] = [];
  for (const [pattern, value] of [
    [/\bhalf an hour\b|(?<!个)半个?(?:小时|钟头)/g, 1800],
    [/\b(?:a|one) quarter of an hour\b|一刻钟/g, 900],
    [/\ban hour and a half\b/g, 5400],
    [/\ban hour\b(?! and a half)/g, 3600],
    [/\ba minute\b/g, 60],
  ] as const) {
    for (const match of folded.matchAll(pattern))
      fixed.push({ value, start: match.index, end: match.index + match[0].length });
  }
  const whole = withoutOverlap(fixed);
  for (const read of readNumbers(text)) {
    if (read.percent || read.value < 0 || whole.some((span) => span.start < read.end && read.start < span.end))
      continue;
    // The number reader takes 个 of 两个半 with it; the unit stands behind whatever it left.
    const rest = folded.slice(read.end, read.end + 12);
    const unit = SECONDS.find(([pattern]) => pattern.test(rest));
    if (!unit) continue;
    let end = read.end + unit[0].exec(rest)![0].length;
    let value = read.value;
    const half = /^(?:半| and a half)/.exec(folded.slice(end, end + 11));
    if (half) {
      value += 0.5;
      end += half[0].length;
    }
    add(value * unit[1], read.start, end);
  }
  return withoutOverlap([...found, ...whole]);
}

/** Longest first; what touches a span already kept is dropped; in order of the text. */
export function withoutOverlap<T extends { start: number; end: number }>(spans: readonly T[]): T[] {
  const kept: T[] = [];
  for (const span of [...spans].sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)) {
    if (!kept.some((other) => other.start < span.end && span.start < other.end)) kept.push(span);
  }
  return kept.sort((a, b) => a.start - b.start);
}
