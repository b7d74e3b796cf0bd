/** Small conversions between records and the wire. */
import { AppError } from '../../base/errors.ts';
import type { Pico } from '../../base/money.ts';

export function iso(at_ms: number): string {
  return new Date(at_ms).toISOString();
}

/** Milliseconds of a moment that the schema has checked. */
export function moment(text: string): number {
  return Date.parse(text);
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
