/** Amounts are decimal strings on the wire and stay exact here: no amount becomes a JS number, except a ratio for the length of a bar. */

const DECIMAL = /^(-)?(\d+)(?:\.(\d+))?$/;

export interface DecimalParts {
  negative: boolean;
  integer: string;
  /** Without trailing zeros; '' when there is none. */
  fraction: string;
}

/** Throws RangeError when `text` is no decimal. */
export function splitDecimal(text: string): DecimalParts {
  const match = DECIMAL.exec(text);
  if (!match) throw new RangeError(`"${text}" is not a decimal number`);
  return {
    negative: match[1] !== undefined,
    integer: match[2]!.replace(/^0+(?=\d)/, ''),
    fraction: (match[3] ?? '').replace(/0+$/, ''),
  };
}

/** Both as integers of the same scale. */
function align(a: string, b: string): [bigint, bigint, number] {
  const [left, right] = [splitDecimal(a), splitDecimal(b)];
  const scale = Math.max(left.fraction.length, right.fraction.length);
  const whole = (parts: DecimalParts): bigint => {
    const value = BigInt(parts.integer + parts.fraction.padEnd(scale, '0'));
    return parts.negative ? -value : value;
  };
  return [whole(left), whole(right), scale];
}

function write(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const integer = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${integer}${fraction ? `.${fraction}` : ''}`;
}

export function addDecimals(a: string, b: string): string {
  const [left, right, scale] = align(a, b);
  return write(left + right, scale);
}

export function subtractDecimals(a: string, b: string): string {
  const [left, right, scale] = align(a, b);
  return write(left - right, scale);
}

export function compareDecimals(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = align(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `part ÷ whole` to four places, for a bar or a percentage; 0 when `whole` is not above 0. */
export function ratioOf(part: string, whole: string): number {
  const [left, right] = align(part, whole);
  if (right <= 0n) return 0;
  return Number((left * 10_000n) / right) / 10_000;
}

/** Currency → decimal string. */
export type Amounts = Record<string, string>;

/** Sums per currency; currencies are never mixed. */
export function addAmounts(all: readonly Amounts[]): Amounts {
  const sum: Amounts = {};
  for (const amounts of all) {
    for (const [currency, amount] of Object.entries(amounts)) sum[currency] = addDecimals(sum[currency] ?? '0', amount);
  }
  return sum;
}
