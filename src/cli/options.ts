/** Readers of option values. Each throws WrongUsage that says what the option takes. */
import { type Money, parseDecimal, parseMoney } from '../base/money.ts';
import { WrongUsage } from './wrong-usage.ts';

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DATE = /^\d{4}-\d{2}(?:-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?)?$/;

export function wholeNumber(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new WrongUsage(`${option} takes a whole number from ${min} to ${max}, not "${text}".`);
    return value;
  };
}

/** `7d`, `24h`, `30m`, `2w` in milliseconds. */
export function span(option: string): (text: string) => number {
  return (text) => {
    const match = /^(\d{1,5})([mhdw])$/.exec(text);
    if (!match || Number(match[1]) === 0)
      throw new WrongUsage(`${option} takes a time such as 24h, 7d or 2w, not "${text}".`);
    return Number(match[1]) * UNIT_MS[match[2]!]!;
  };
}

/** A date or a time as the server reads it: `2026-11`, `2026-11-24`, `2026-11-24T08:00:00Z`. */
export function date(option: string): (text: string) => string {
  return (text) => {
    if (!DATE.test(text) || Number.isNaN(Date.parse(text)))
      throw new WrongUsage(`${option} takes a date such as 2026-11-24 or 2026-11-24T08:00:00Z, not "${text}".`);
    return text;
  };
}

export function amount(option: string): (text: string) => Money {
  return (text) => {
    try {
      const value = parseMoney(text);
      if (value.amount <= 0n) throw new RangeError('not positive');
      return value;
    } catch {
      throw new WrongUsage(`${option} takes an amount with a currency, such as "5 USD", not "${text}".`);
    }
  };
}

/** A decimal number, kept as the text it is. */
export function decimal(option: string): (text: string) => string {
  return (text) => {
    try {
      parseDecimal(text);
    } catch {
      throw new WrongUsage(`${option} takes a decimal number such as 0.06, not "${text}".`);
    }
    return text;
  };
}

export function oneOf<Value extends string>(option: string, values: readonly Value[]): (text: string) => Value {
  return (text) => {
    if (!values.includes(text as Value)) throw new WrongUsage(`${option} takes ${values.join(', ')}; not "${text}".`);
    return text as Value;
  };
}

/** Values after commas, and of options given more than once. */
export function list(text: string, before: string[] = []): string[] {
  return [
    ...before,
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ];
}
