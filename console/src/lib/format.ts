/** Everything a reader sees of numbers and times, in one locale and one time zone. */
import { splitDecimal } from './decimal.ts';

export interface Format {
  locale: string;
  timezone: string;
  /** 1,284,930 */
  whole(value: number): string;
  /** 1.28M, 128万 */
  compact(value: number): string;
  /** As `compact`, from a thousand on; for scales. */
  short(value: number): string;
  /** 12.5% */
  percent(share: number): string;
  /** +12.5%, −3% */
  change(share: number): string;
  /** 412 ms, 1.24 s, 2 min 5 s; undefined becomes a dash. */
  duration(ms: number | undefined): string;
  /** 14:03:22 */
  clock(at_ms: number): string;
  /** 14:00 */
  hour(at_ms: number): string;
  /** 24 Nov, 11月24日 */
  day(at_ms: number): string;
  /** Mon 24, 24日周一 */
  weekday(at_ms: number): string;
  /** 24 Nov, 14:03 */
  moment(at_ms: number): string;
  /** 24 Nov 2026, 14:03:22 GMT+8 */
  full(at_ms: number): string;
  /** Every digit of an amount, the integer part grouped, with two places at least: 12.50, 0.001234. */
  money(text: string): string;
}

const DASH = '–';
/** A locale's English dates are day first, which no reader takes for a month. */
const DATE_LOCALE: Record<string, string> = { en: 'en-GB' };

export function createFormat(locale: string, timezone: string): Format {
  const dates = DATE_LOCALE[locale] ?? locale;
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 3 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const change = new Intl.NumberFormat(locale, {
    style: 'percent',
    maximumFractionDigits: 1,
    signDisplay: 'exceptZero',
  });
  const seconds = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const date = (options: Intl.DateTimeFormatOptions): ((at_ms: number) => string) => {
    const format = new Intl.DateTimeFormat(dates, { timeZone: timezone, ...options });
    return (at_ms) => format.format(at_ms);
  };
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const day = { day: 'numeric', month: 'short' } as const;
  return {
    locale,
    timezone,
    whole: (value) => whole.format(value),
    compact: (value) => (Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value)),
    short: (value) => compact.format(value),
    percent: (share) => percent.format(share),
    change: (share) => change.format(share).replace('-', '−'),
    duration(ms) {
      if (ms === undefined) return DASH;
      if (ms < 999.5) return `${whole.format(ms)} ms`;
      if (ms < 59_995) return `${seconds.format(ms / 1000)} s`;
      const rounded = Math.round(ms / 1000);
      return `${whole.format(Math.floor(rounded / 60))} min ${rounded % 60} s`;
    },
    clock: date({ ...time, second: '2-digit' }),
    hour: date(time),
    day: date(day),
    weekday: date({ weekday: 'short', day: 'numeric' }),
    moment: date({ ...day, ...time }),
    full: date({ ...day, ...time, year: 'numeric', second: '2-digit', timeZoneName: 'short' }),
    money(text) {
      const { negative, integer, fraction } = splitDecimal(text);
      return `${negative ? '−' : ''}${whole.format(BigInt(integer))}.${fraction.padEnd(2, '0')}`;
    },
  };
}

/**
 * The digits of a meter's register: at least nine, in groups of three, so that the number has room to grow.
 * `lead` are the zeros in front, with their separators.
 */
export function registerDigits(total: number): { lead: string; digits: string } {
  const plain = Math.max(0, Math.floor(total)).toString();
  const width = Math.max(9, Math.ceil(plain.length / 3) * 3);
  const grouped = plain.padStart(width, '0').replace(/(\d)(?=(\d{3})+$)/g, '$1,');
  const significant = plain === '0' ? 1 : plain.length;
  let seen = 0;
  let index = grouped.length;
  while (seen < significant) if (grouped[--index] !== ',') seen++;
  return { lead: grouped.slice(0, index), digits: grouped.slice(index) };
}
