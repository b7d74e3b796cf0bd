import type { Store } from '../store/index.ts';

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 86_400_000;
const DAYS_SHOWN = 30;
/** Days per window whose tokens are set against those of the window before. */
const GROWTH_DAYS = { day: 1, week: 7, month: 30 } as const;

/** What a gateway has counted and not yet booked, so that the barometer moves with every call. */
export interface LiveUsage {
  pendingTokens: number;
  pendingRequests: number;
  /** Tokens of the last 60 seconds, booked or not. */
  lastMinuteTokens: number;
}

export interface BarometerQuery {
  /** Absent: the whole installation. */
  organisation?: string;
  now: number;
  /** IANA zone of its days. */
  timezone: string;
  live?: LiveUsage;
}

export interface Barometer {
  at_ms: number;
  timezone: string;
  /** `last_minute` only where a gateway counts along. */
  tokens: { total: number; today: number; last_minute?: number };
  requests: { total: number; today: number };
  errors: number;
  /** Tokens per minute now: of the last minute where a gateway counts along, else the mean of the last two quarter-hours. */
  per_minute: number;
  /** The last 30 days in the time zone, oldest first, today last, days without usage included. */
  per_day: { day: string; tokens: number; requests: number }[];
  /** Change against the window before: 0.25 is a quarter more, null where there was nothing before. */
  growth: { day: number | null; week: number | null; month: number | null };
  /** Passed ones, ascending, and the next one, which has no time. */
  milestones: { tokens: number; at_ms?: number }[];
}

/** The state of the token stream, from the quarter-hour sums and, where given, a gateway's own counters. */
export async function barometer(store: Pick<Store, 'usage'>, query: BarometerQuery): Promise<Barometer> {
  const { organisation, now, timezone, live } = query;
  const to_ms = now + QUARTER_MS;
  const [totals, days, quarters, passed] = await Promise.all([
    store.usage.totals({ organisation }),
    store.usage.timeline({ organisation, from_ms: now - (DAYS_SHOWN + 1) * DAY_MS, to_ms, step: 'day', timezone }),
    store.usage.timeline({
      organisation,
      from_ms: now - 2 * GROWTH_DAYS.month * DAY_MS,
      to_ms,
      step: 'quarter',
      timezone,
    }),
    store.usage.milestones({ organisation }),
  ]);
  const perDay = fillDays(days, now, timezone);
  const today = perDay.at(-1)!;
  if (live) {
    today.tokens += live.pendingTokens;
    today.requests += live.pendingRequests;
  }
  const total = totals.tokens + (live?.pendingTokens ?? 0);
  return {
    at_ms: now,
    timezone,
    tokens: { total, today: today.tokens, ...(live && { last_minute: live.lastMinuteTokens }) },
    requests: { total: totals.requests + (live?.pendingRequests ?? 0), today: today.requests },
    errors: totals.errors,
    per_minute: live ? live.lastMinuteTokens : meanPerMinute(quarters, now),
    per_day: perDay,
    growth: {
      day: growth(quarters, now, GROWTH_DAYS.day),
      week: growth(quarters, now, GROWTH_DAYS.week),
      month: growth(quarters, now, GROWTH_DAYS.month),
    },
    milestones: withNext(passed, total),
  };
}

interface Bucket {
  at_ms: number;
  tokens: number;
  requests: number;
}

function fillDays(
  buckets: Bucket[],
  now: number,
  timezone: string,
): { day: string; tokens: number; requests: number }[] {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const found = new Map(buckets.map((bucket) => [format.format(bucket.at_ms), bucket]));
  const last = Date.parse(`${format.format(now)}T00:00:00Z`);
  return Array.from({ length: DAYS_SHOWN }, (_, index) => {
    // Calendar days are counted in UTC, where each has 24 hours.
    const day = new Date(last - (DAYS_SHOWN - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    const bucket = found.get(day);
    return { day, tokens: bucket?.tokens ?? 0, requests: bucket?.requests ?? 0 };
  });
}

function meanPerMinute(quarters: Bucket[], now: number): number {
  const from_ms = Math.floor(now / QUARTER_MS) * QUARTER_MS - QUARTER_MS;
  return Math.round((sum(quarters, from_ms, now) * MINUTE_MS) / (now - from_ms));
}

function growth(quarters: Bucket[], now: number, days: number): number | null {
  const end = (Math.floor(now / QUARTER_MS) + 1) * QUARTER_MS;
  const before = sum(quarters, end - 2 * days * DAY_MS, end - days * DAY_MS);
  if (before === 0) return null;
  return sum(quarters, end - days * DAY_MS, end) / before - 1;
}

function sum(buckets: Bucket[], from_ms: number, to_ms: number): number {
  let tokens = 0;
  for (const bucket of buckets) if (bucket.at_ms >= from_ms && bucket.at_ms < to_ms) tokens += bucket.tokens;
  return tokens;
}

function withNext(passed: { tokens: number; at_ms: number }[], total: number): { tokens: number; at_ms?: number }[] {
  const reached = Math.max(total, passed.at(-1)?.tokens ?? 0);
  for (let power = 1_000; power <= 1e15; power *= 10) {
    for (const step of [1, 2, 5]) {
      if (power * step > reached) return [...passed, { tokens: power * step }];
    }
  }
  return passed;
}
