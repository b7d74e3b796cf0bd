/**
 * Money is a bigint of pico-units (10^-12) of a currency. No amount passes through a JS number.
 */
export type Pico = bigint;

export const PICO_PER_UNIT = 1_000_000_000_000n;
const DECIMAL = /^(-)?(\d+)(?:\.(\d+))?$/;

/** Reads a decimal string ("0.001234") exactly. Throws RangeError when it is no decimal or has more than 12 places. */
export function parseDecimal(text: string): Pico {
  const match = DECIMAL.exec(text.trim());
  if (!match) throw new RangeError(`"${text}" is not a decimal number`);
  const [, sign, units, fraction = ''] = match;
  if (fraction.length > 12 && /[1-9]/.test(fraction.slice(12))) {
    throw new RangeError(`"${text}" has more than 12 decimal places`);
  }
  const pico = BigInt(units!) * PICO_PER_UNIT + BigInt(fraction.slice(0, 12).padEnd(12, '0') || '0');
  return sign ? -pico : pico;
}

/** Writes pico-units as the shortest exact decimal string: `1230000000000n` → `"1.23"`. */
export function formatDecimal(pico: Pico): string {
  const sign = pico < 0n ? '-' : '';
  const absolute = pico < 0n ? -pico : pico;
  const units = absolute / PICO_PER_UNIT;
  const fraction = (absolute % PICO_PER_UNIT).toString().padStart(12, '0').replace(/0+$/, '');
  return fraction ? `${sign}${units}.${fraction}` : `${sign}${units}`;
}

export type Rounding = 'up' | 'down' | 'half_even';

/** `value × numerator ÷ denominator`, rounded as asked ("up" is away from zero). `denominator` must be positive. */
export function mulDiv(value: bigint, numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  if (denominator <= 0n) throw new RangeError('denominator must be positive');
  const product = value * numerator;
  const negative = product < 0n;
  const absolute = negative ? -product : product;
  let quotient = absolute / denominator;
  const remainder = absolute % denominator;
  if (remainder > 0n) {
    const twice = remainder * 2n;
    if (
      rounding === 'up' ||
      (rounding === 'half_even' && (twice > denominator || (twice === denominator && quotient % 2n === 1n)))
    ) {
      quotient += 1n;
    }
  }
  return negative ? -quotient : quotient;
}

/** An amount with its currency, as the wire writes it: `"0.05 USD"`. */
export interface Money {
  amount: Pico;
  currency: string;
}

/** Reads `"5 USD"` or `"0.05 CNY"`. Throws RangeError. */
export function parseMoney(text: string): Money {
  const match = /^(-?\d+(?:\.\d+)?)\s*([A-Za-z]{3})$/.exec(text.trim());
  if (!match) throw new RangeError(`"${text}" is not an amount with a currency, such as "5 USD"`);
  return { amount: parseDecimal(match[1]!), currency: match[2]!.toUpperCase() };
}
