/** Hours and days of an IANA time zone, and the buckets of a report in it. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type RangeName = '24h' | '7d' | '30d' | '90d';
export const RANGES: readonly RangeName[] = ['24h', '7d', '30d', '90d'];

export interface Range {
  name: RangeName;
  step: 'hour' | 'day';
  from_ms: number;
  to_ms: number;
  /** Beginnings of the buckets, oldest first. */
  buckets: number[];
}

/** Making a format takes many times as long as using it. */
const formats = new Map<string, { offset: Intl.DateTimeFormat; day: Intl.DateTimeFormat }>();

function formatsOf(timezone: string): { offset: Intl.DateTimeFormat; day: Intl.DateTimeFormat } {
  let found = formats.get(timezone);
  if (!found) {
    found = {
      offset: new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'longOffset' }),
      day: new Intl.DateTimeFormat('en-CA', { timeZone: timezone, year: 'numeric', month: '2-digit', day: '2-digit' }),
    };
    formats.set(timezone, found);
  }
  return found;
}

/** Minutes by which a zone's clocks are ahead of UTC at a moment. */
export function offsetMinutes(at_ms: number, timezone: string): number {
  const parts = formatsOf(timezone).offset.formatToParts(at_ms);
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(parts.find((part) => part.type === 'timeZoneName')?.value ?? '');
  if (!match) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

export function hourStart(at_ms: number, timezone: string): number {
  const offset_ms = offsetMinutes(at_ms, timezone) * 60_000;
  return Math.floor((at_ms + offset_ms) / HOUR_MS) * HOUR_MS - offset_ms;
}

/** `2026-11-24`, the calendar day of a moment. */
export function dayOf(at_ms: number, timezone: string): string {
  return formatsOf(timezone).day.format(at_ms);
}

/** When a calendar day begins. The offset is that of the day's own first hour, not of the clocks' later change. */
export function dayStart(day: string, timezone: string): number {
  const utc_ms = Date.parse(`${day}T00:00:00Z`);
  const guess_ms = utc_ms - offsetMinutes(utc_ms, timezone) * 60_000;
  return utc_ms - offsetMinutes(guess_ms, timezone) * 60_000;
}

export function rangeOf(name: RangeName, now_ms: number, timezone: string): Range {
  if (name === '24h' || name === '7d') {
    const hours = name === '24h' ? 24 : 7 * 24;
    const last_ms = hourStart(now_ms, timezone);
    const buckets = Array.from({ length: hours }, (_, index) => last_ms - (hours - 1 - index) * HOUR_MS);
    return { name, step: 'hour', from_ms: buckets[0]!, to_ms: last_ms + HOUR_MS, buckets };
  }
  const days = name === '30d' ? 30 : 90;
  // Calendar days are counted in UTC, where each has 24 hours.
  const today_ms = Date.parse(`${dayOf(now_ms, timezone)}T00:00:00Z`);
  const startOf = (index: number): number =>
    dayStart(new Date(today_ms - (days - 1 - index) * DAY_MS).toISOString().slice(0, 10), timezone);
  const buckets = Array.from({ length: days }, (_, index) => startOf(index));
  return { name, step: 'day', from_ms: buckets[0]!, to_ms: startOf(days), buckets };
}

/** When the bucket of a report's row begins: `2026-11-24` in the zone, or `2026-11-24T09:00+08:00`. */
export function bucketTime(label: string, timezone: string): number {
  return label.length === 10 ? dayStart(label, timezone) : Date.parse(label);
}

/** Indices of the buckets that get a label on the axis: midnights for a week, round hours for a day, else evenly from the last one back. */
export function axisLabels(range: Range, timezone: string, most: number): number[] {
  const { buckets } = range;
  if (range.step === 'hour') {
    const every =
      range.name === '7d' ? (most < 7 ? 48 : 24) : ([2, 3, 4, 6, 12].find((hours) => 24 / hours <= most) ?? 12);
    // Hours since a local midnight, so that two days' marks are of even days.
    const hourOf = (at_ms: number): number => Math.floor((at_ms / 60_000 + offsetMinutes(at_ms, timezone)) / 60);
    return buckets.flatMap((at_ms, index) => (hourOf(at_ms) % every === 0 ? [index] : []));
  }
  const every = Math.ceil(buckets.length / most);
  return buckets.flatMap((_, index) => ((buckets.length - 1 - index) % every === 0 ? [index] : []));
}
