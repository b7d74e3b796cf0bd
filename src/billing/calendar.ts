import { z } from 'zod';
import { HOLIDAY_TABLES, type HolidayTable, isHoliday, isMovedWorkday } from './holidays.ts';
import { checkTimezone, instantOf, localTime, zoneOffset_ms } from './zone.ts';

const CLOCK = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$/;
const DAY_MINUTES = 24 * 60;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Opening hours repeat by the week, so a longer look ahead finds nothing new. */
const LOOK_AHEAD_MS = 8 * DAY_MS;

/** Hours of the week in which a price holds, or the complement of another calendar of the same price. */
export const CalendarRule = z.union([
  z.strictObject({
    timezone: z.string().refine(isTimezone, { error: 'is not an IANA time zone' }),
    /** 1 (Monday) to 7 (Sunday). */
    weekdays: z.array(z.int().min(1).max(7)).min(1),
    /** `HH:MM-HH:MM`, the start included, the end not. */
    windows: z
      .array(z.string().refine((text) => readWindow(text) !== undefined, { error: 'must be HH:MM-HH:MM, start first' }))
      .min(1),
    /** Days of this table are outside the calendar. */
    exclude: z.enum(HOLIDAY_TABLES).optional(),
    /** Weekend days that the holiday table makes working days count as such. Default false: only `weekdays` decides. */
    moved_workdays: z.boolean().optional(),
  }),
  z.strictObject({ not: z.string() }),
]);
export type CalendarRule = z.infer<typeof CalendarRule>;

export interface Calendar {
  holds(at_ms: number): boolean;
  /** The holiday table's name and year when that year is not in the table; the holidays then count as ordinary days. */
  assumption(at_ms: number): string | undefined;
  /** Moments in (from_ms, to_ms] at which the answer may change; at most 8 days ahead, where all hours have been seen. */
  edges(from_ms: number, to_ms: number): number[];
}

/** Compiles a price's calendars. Throws RangeError when a `not` names nothing or goes in a circle. */
export function compileCalendars(rules: Readonly<Record<string, CalendarRule>>): Map<string, Calendar> {
  const compiled = new Map<string, Calendar>();
  for (const name of Object.keys(rules)) compiled.set(name, compile(name, rules, new Set()));
  return compiled;
}

function compile(name: string, rules: Readonly<Record<string, CalendarRule>>, seen: Set<string>): Calendar {
  const rule = rules[name];
  if (!rule) throw new RangeError(`calendar "${name}" is not defined`);
  if (seen.has(name)) throw new RangeError(`calendar "${name}" is defined by itself`);
  if ('not' in rule) {
    const other = compile(rule.not, rules, new Set(seen).add(name));
    return { ...other, holds: (at_ms) => !other.holds(at_ms) };
  }
  const windows = rule.windows.map((text) => readWindow(text)!);
  return {
    holds(at_ms) {
      const time = localTime(rule.timezone, at_ms);
      if (!windows.some(([from, to]) => time.minute >= from && time.minute < to)) return false;
      if (!rule.exclude) return rule.weekdays.includes(time.weekday);
      if (isHoliday(rule.exclude, time.year, time.month, time.day)) return false;
      if (rule.weekdays.includes(time.weekday)) return true;
      return Boolean(rule.moved_workdays && isMovedWorkday(rule.exclude, time.year, time.month, time.day));
    },
    assumption(at_ms) {
      return rule.exclude && unknownYear(rule.exclude, rule.timezone, at_ms);
    },
    edges(from_ms, to_ms) {
      return edgesOf(rule.timezone, [0, ...windows.flat()], from_ms, Math.min(to_ms, from_ms + LOOK_AHEAD_MS));
    },
  };
}

function unknownYear(table: HolidayTable, timezone: string, at_ms: number): string | undefined {
  const { year, month, day } = localTime(timezone, at_ms);
  return isHoliday(table, year, month, day) === undefined ? `${table}:${year} unknown` : undefined;
}

/** Moments in (from_ms, to_ms] at which the wall clock shows one of these minutes of the day. */
function edgesOf(timezone: string, minutes: readonly number[], from_ms: number, to_ms: number): number[] {
  const edges: number[] = [];
  const first = localTime(timezone, from_ms);
  // Where no change of clocks lies between, a day is a day and no moment has to be looked up.
  const even = zoneOffset_ms(timezone, from_ms) === zoneOffset_ms(timezone, to_ms);
  const midnight_ms = from_ms - first.minute * MINUTE_MS - (((from_ms % MINUTE_MS) + MINUTE_MS) % MINUTE_MS);
  const days = Math.ceil((to_ms - from_ms) / DAY_MS);
  for (let day = 0; day <= days; day++) {
    for (const minute of minutes) {
      const edge_ms = even
        ? midnight_ms + day * DAY_MS + minute * MINUTE_MS
        : instantOf(timezone, first.year, first.month, first.day + day, minute);
      if (edge_ms > from_ms && edge_ms <= to_ms && !edges.includes(edge_ms)) edges.push(edge_ms);
    }
  }
  return edges;
}

/** Minutes of the day at which a window starts and ends. */
function readWindow(text: string): [number, number] | undefined {
  const match = CLOCK.exec(text);
  if (!match) return undefined;
  const from = Number(match[1]) * 60 + Number(match[2]);
  const to = Number(match[3]) * 60 + Number(match[4]);
  return from < to && to <= DAY_MINUTES ? [from, to] : undefined;
}

function isTimezone(name: string): boolean {
  try {
    checkTimezone(name);
    return true;
  } catch {
    return false;
  }
}
