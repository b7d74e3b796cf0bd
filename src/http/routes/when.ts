import { AppError } from '../../base/errors.ts';
import { checkTimezone, periodBounds } from '../../billing/index.ts';

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };
const MAX_AGE_MS = 3660 * 86_400_000;

export interface Range {
  from_ms: number;
  to_ms: number;
}

/**
 * The time range of a report. `from` and `to` are ISO 8601 times, days (`2026-11-24`) or months in the time zone, or ages (`7d`, `24h`);
 * a day or month as `to` is included. Throws AppError `invalid_request`.
 */
export function readRange(
  query: { from?: string; to?: string },
  timezone: string,
  now_ms: number,
  defaultAge_ms: number,
): Range {
  checkTimezone(timezone);
  const from_ms = query.from === undefined ? now_ms - defaultAge_ms : readWhen('from', query.from, timezone, now_ms);
  const to_ms = query.to === undefined ? now_ms + 1 : readWhen('to', query.to, timezone, now_ms);
  if (from_ms > to_ms) throw new AppError('invalid_request', 'from is later than to.', { param: 'from' });
  return { from_ms, to_ms };
}

function readWhen(param: 'from' | 'to', text: string, timezone: string, now_ms: number): number {
  const age = /^(\d{1,6})([mhdw])$/.exec(text);
  if (age) {
    const age_ms = Number(age[1]) * UNIT_MS[age[2]!]!;
    if (age_ms <= MAX_AGE_MS) return now_ms - age_ms;
  }
  if (text === 'now') return now_ms + 1;
  if (/^\d{4}-\d{2}(-\d{2})?$/.test(text)) {
    const bounds = periodBounds(text, timezone);
    return param === 'from' ? bounds.from_ms : bounds.to_ms;
  }
  const at_ms = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at_ms)) return at_ms;
  throw new AppError(
    'invalid_request',
    `${param} must be an ISO 8601 time, a day such as "2026-11-24", a month, or an age such as "7d" or "24h".`,
    { param },
  );
}
