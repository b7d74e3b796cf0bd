import { formatDecimal, type Pico } from '../base/money.ts';
import { TOKEN_FIELDS, USAGE_FIELDS, type UsageVector } from './usage.ts';

/** Parts that are shown even where they are 0. */
const ALWAYS = new Set<string>(TOKEN_FIELDS);

export function usageView(usage: UsageVector): Record<string, number> {
  const view: Record<string, number> = {};
  for (const field of USAGE_FIELDS) {
    const value = usage[field] ?? 0;
    if (value !== 0 || ALWAYS.has(field)) view[field] = value;
  }
  return view;
}

/** Currency → decimal text. */
export function amountsView(amounts: Readonly<Record<string, Pico>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([currency, pico]) => [currency, formatDecimal(pico)]));
}
