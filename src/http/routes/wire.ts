/** Small conversions between records and the wire. */
import { AppError } from '../../base/errors.ts';
import { formatDecimal, type Pico } from '../../base/money.ts';
import { USAGE_FIELDS, type UsageVector } from '../../contract/usage.ts';

/** Parts that are shown even where they are 0. */
const ALWAYS = new Set<string>([
  'input',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'output',
  'reasoning',
  'audio_in',
  'audio_out',
  'image_in',
  'image_out',
]);

export function iso(at_ms: number): string {
  return new Date(at_ms).toISOString();
}

/** Milliseconds of a moment that the schema has checked. */
export function moment(text: string): number {
  return Date.parse(text);
}

export function usageView(usage: UsageVector): Record<string, number> {
  const view: Record<string, number> = {};
  for (const field of USAGE_FIELDS) {
    const value = usage[field] ?? 0;
    if (value !== 0 || ALWAYS.has(field)) view[field] = value;
  }
  return view;
}

export function amountsView(amounts: Readonly<Record<string, Pico>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([currency, pico]) => [currency, formatDecimal(pico)]));
}

export function addAmount(into: Record<string, Pico>, currency: string, pico: Pico): void {
  into[currency] = (into[currency] ?? 0n) + pico;
}

export function notFound(what: string, id: string): AppError {
  return new AppError('not_found', `There is no ${what} ${id.replace(/[^\p{L}\p{N}._:/@-]/gu, '?').slice(0, 100)}.`);
}

/** The fields that are set, without those that are undefined. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
