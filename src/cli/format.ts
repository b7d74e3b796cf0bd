import { formatDecimal, parseDecimal } from '../base/money.ts';

/** A whole number with its thousands set off: `1234567` → `1,234,567`. */
export function count(value: number | bigint | string | undefined): string {
  return String(value ?? 0).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Amounts per currency, exact: `0.001234 USD + 5 CNY`; nothing at all is `-`. */
export function money(amounts: Record<string, string> | undefined): string {
  const parts = Object.entries(amounts ?? {}).map(([currency, amount]) => `${amount} ${currency}`);
  return parts.length === 0 ? '-' : parts.join(' + ');
}

/** Sums of amounts per currency, exact. */
export function addMoney(all: readonly (Record<string, string> | undefined)[]): Record<string, string> {
  const sums: Record<string, bigint> = {};
  for (const amounts of all) {
    for (const [currency, amount] of Object.entries(amounts ?? {}))
      sums[currency] = (sums[currency] ?? 0n) + parseDecimal(amount);
  }
  return Object.fromEntries(Object.entries(sums).map(([currency, pico]) => [currency, formatDecimal(pico)]));
}

/** `2026-11-24T09:15:00.000Z` → `2026-11-24 09:15` in the machine's own time zone; what is no time is shown as it came. */
export function localTime(iso: string | undefined): string {
  if (!iso) return '';
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  // Rows that hold since ever begin at the epoch.
  if (at.getTime() === 0) return 'always';
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Milliseconds for people: `8 ms`, `1.2 s`. */
export function duration(value_ms: number | undefined | null): string {
  if (value_ms === undefined || value_ms === null) return '';
  return value_ms < 1000 ? `${Math.round(value_ms)} ms` : `${(value_ms / 1000).toFixed(1)} s`;
}

/** A share as a signed percentage: 0.25 → `+25 %`; nothing to compare with is `-`. */
export function change(share: number | null | undefined): string {
  if (share === null || share === undefined) return '-';
  const percent = share * 100;
  return `${percent >= 0 ? '+' : ''}${percent.toFixed(Math.abs(percent) < 10 ? 1 : 0)} %`;
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = size / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}
