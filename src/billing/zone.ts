import { AppError } from '../base/errors.ts';

/** Civil time of an IANA zone, from the runtime's own time zone data. */

export interface LocalTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  /** 1 (Monday) to 7 (Sunday), as in ISO 8601. */
  weekday: number;
  /** Minutes since local midnight, by the wall clock. */
  minute: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface ZoneClock {
  format: Intl.DateTimeFormat;
  /** Minute → what the clocks are ahead of UTC. */
  offsets_ms: Map<number, number>;
}

/** Minutes whose offset is kept, per zone. Traffic asks for the same few again and again. */
const OFFSETS_KEPT = 1_000;

// Zones are few and their data never changes while the process runs, so this cache has no owner to be passed in.
const clocks = new Map<string, ZoneClock>();

function clockOf(timezone: string): ZoneClock {
  const known = clocks.get(timezone);
  if (known) return known;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new AppError(
      'invalid_request',
      `"${timezone}" is not a time zone; use an IANA name such as "Asia/Shanghai".`,
      {
        param: 'timezone',
      },
    );
  }
  const clock = { format, offsets_ms: new Map<number, number>() };
  clocks.set(timezone, clock);
  return clock;
}

/** Throws AppError `invalid_request` when `timezone` is no IANA zone that this runtime knows. */
export function checkTimezone(timezone: string): void {
  clockOf(timezone);
}

/** What the zone's clocks are ahead of UTC at that moment, in milliseconds. */
export function zoneOffset_ms(timezone: string, at_ms: number): number {
  const clock = clockOf(timezone);
  const slot = Math.floor(at_ms / MINUTE_MS);
  const known = clock.offsets_ms.get(slot);
  if (known !== undefined) return known;
  const fields: Record<string, number> = {};
  for (const part of clock.format.formatToParts(slot * MINUTE_MS)) {
    if (part.type !== 'literal') fields[part.type] = Number(part.value);
  }
  const local = Date.UTC(
    fields.year!,
    fields.month! - 1,
    fields.day!,
    fields.hour!,
    fields.minute!,
    fields.second ?? 0,
  );
  const offset_ms = local - slot * MINUTE_MS;
  if (clock.offsets_ms.size >= OFFSETS_KEPT) clock.offsets_ms.clear();
  clock.offsets_ms.set(slot, offset_ms);
  return offset_ms;
}

export function localTime(timezone: string, at_ms: number): LocalTime {
  const local = new Date(at_ms + zoneOffset_ms(timezone, at_ms));
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    weekday: local.getUTCDay() || 7,
    minute: local.getUTCHours() * 60 + local.getUTCMinutes(),
  };
}

/** The moment at which the zone's wall clock shows this; where clocks jump over it, the moment of the jump or up to the jump's length beside it. */
export function instantOf(timezone: string, year: number, month: number, day: number, minute: number): number {
  const wall_ms = Date.UTC(year, month - 1, day, 0, minute);
  const guess_ms = wall_ms - zoneOffset_ms(timezone, wall_ms);
  return wall_ms - zoneOffset_ms(timezone, guess_ms);
}

/**
 * The first moment of a local day. Where clocks jump over midnight (Africa/Cairo, America/Santiago) that is the jump itself.
 * `month` and `day` may overflow (month 13, day 32), as in Date.UTC.
 */
export function dayStart_ms(timezone: string, year: number, month: number, day: number): number {
  const wall_ms = Date.UTC(year, month - 1, day);
  const guess_ms = instantOf(timezone, year, month, day, 0);
  const reached = (at_ms: number): boolean => at_ms + zoneOffset_ms(timezone, at_ms) >= wall_ms;
  if (guess_ms + zoneOffset_ms(timezone, guess_ms) === wall_ms && !reached(guess_ms - 1)) return guess_ms;
  // Offsets lie between -12 h and +14 h, so the day begins within 15 h of its UTC midnight.
  let before_ms = wall_ms - DAY_MS;
  let after_ms = wall_ms + DAY_MS;
  while (after_ms - before_ms > 1) {
    const middle_ms = Math.floor((before_ms + after_ms) / 2);
    if (reached(middle_ms)) after_ms = middle_ms;
    else before_ms = middle_ms;
  }
  return after_ms;
}
