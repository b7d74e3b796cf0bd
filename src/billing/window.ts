import { AppError } from '../base/errors.ts';
import type { BudgetWindow } from '../contract/records.ts';
import { checkTimezone, dayStart_ms, localTime } from './zone.ts';

/** From inclusive, to exclusive; milliseconds since 1970. */
export interface Bounds {
  from_ms: number;
  to_ms: number;
}

export interface WindowSpan extends Bounds {
  /** `total`, `2026-11` or `2026-11-24`. */
  key: string;
}

/** The window that never ends. */
const TOTAL: WindowSpan = { key: 'total', from_ms: 0, to_ms: Number.MAX_SAFE_INTEGER };

const pad = (value: number): string => String(value).padStart(2, '0');

const current = new Map<string, { day?: WindowSpan; month?: WindowSpan }>();

/**
 * The budget window that holds a moment, in the organisation's time zone. Called for every admission: the last span of each
 * zone is kept, so that only the first call of a day asks the time zone data.
 * Throws AppError `invalid_request` for an unknown zone.
 */
export function windowAt(window: BudgetWindow, timezone: string, at_ms: number): WindowSpan {
  if (window === 'total') return TOTAL;
  let spans = current.get(timezone);
  if (!spans) {
    checkTimezone(timezone);
    spans = {};
    current.set(timezone, spans);
  }
  const span = spans[window];
  if (span && at_ms >= span.from_ms && at_ms < span.to_ms) return span;
  const found = window === 'day' ? dayAt(timezone, at_ms) : monthAt(timezone, at_ms);
  spans[window] = found;
  return found;
}

/** `total`, `2026-11` or `2026-11-24`: the key under which a budget counts what happens at that moment. */
export function windowKey(window: BudgetWindow, timezone: string, at_ms: number): string {
  return window === 'total' ? 'total' : windowAt(window, timezone, at_ms).key;
}

/** Where the window that holds a moment begins and ends. A `total` window ends at Number.MAX_SAFE_INTEGER. */
export function windowBounds(window: BudgetWindow, timezone: string, at_ms: number): Bounds {
  const { from_ms, to_ms } = windowAt(window, timezone, at_ms);
  return { from_ms, to_ms };
}

/**
 * Bounds of a period as invoices and reports name it: `2026-11` (a month) or `2026-11-24` (a day), in a time zone;
 * a month with a change of clocks is an hour longer or shorter.
 * Throws AppError `invalid_request` (param `period` or `timezone`).
 */
export function periodBounds(period: string, timezone: string): Bounds {
  const match = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/.exec(period);
  const [year, month, day] = match ? match.slice(1).map((part) => (part === undefined ? undefined : Number(part))) : [];
  if (!year || !month || month > 12 || (day !== undefined && !isDay(year, month, day))) {
    throw new AppError(
      'invalid_request',
      `"${period}" is not a period; write a month such as "2026-11" or a day such as "2026-11-24".`,
      {
        param: 'period',
      },
    );
  }
  if (day !== undefined) {
    return { from_ms: dayStart_ms(timezone, year, month, day), to_ms: dayStart_ms(timezone, year, month, day + 1) };
  }
  return { from_ms: dayStart_ms(timezone, year, month, 1), to_ms: dayStart_ms(timezone, year, month + 1, 1) };
}

function isDay(year: number, month: number, day: number): boolean {
  return day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function dayAt(timezone: string, at_ms: number): WindowSpan {
  const { year, month, day } = localTime(timezone, at_ms);
  const from_ms = dayStart_ms(timezone, year, month, day);
  const to_ms = dayStart_ms(timezone, year, month, day + 1);
  return { key: `${year}-${pad(month)}-${pad(day)}`, from_ms, to_ms };
}

function monthAt(timezone: string, at_ms: number): WindowSpan {
  const { year, month } = localTime(timezone, at_ms);
  const from_ms = dayStart_ms(timezone, year, month, 1);
  const to_ms = dayStart_ms(timezone, year, month + 1, 1);
  return { key: `${year}-${pad(month)}`, from_ms, to_ms };
}
