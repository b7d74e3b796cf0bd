import { type Amounts, splitDecimal } from '../lib/decimal.ts';
import type { Format } from '../lib/format.ts';

interface AmountProps {
  value: string;
  currency?: string;
  format: Format;
  /** Places of the column, so that decimal points stand in one line. */
  places?: number;
}

const CENTS = 2;

/** One amount, every digit of it; the places past the second are quieter. */
export function Amount({ value, currency, format, places }: AmountProps) {
  const inColumn = places !== undefined;
  const shown = format.money(value);
  const cents = shown.lastIndexOf('.') + 1 + CENTS;
  const rest = shown.slice(cents);
  return (
    <span className="whitespace-nowrap" data-amount={value} data-currency={currency}>
      {shown.slice(0, cents)}
      {(rest || inColumn) && (
        <span
          className="inline-block text-left text-ink-3"
          style={inColumn ? { minWidth: `${Math.max(0, places - CENTS)}ch` } : undefined}
        >
          {rest}
        </span>
      )}
      {(currency || inColumn) && (
        <span className={`ml-1 text-2xs text-ink-3 ${inColumn ? 'inline-block w-[2.2rem] text-left' : ''}`}>
          {currency}
        </span>
      )}
    </span>
  );
}

/** Amounts per currency, one a line; nothing at all is a plain 0. */
export function AmountList({ amounts, format, places }: { amounts: Amounts; format: Format; places?: number }) {
  const entries = Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return <Amount value="0" format={format} places={places} />;
  return entries.map(([currency, value]) => (
    <div key={currency}>
      <Amount value={value} currency={currency} format={format} places={places} />
    </div>
  ));
}

/** Room that a column of amounts takes at least, given the places it has to show. */
export function columnPlaces(all: readonly Amounts[]): number {
  let places = CENTS;
  for (const amounts of all) {
    for (const amount of Object.values(amounts)) places = Math.max(places, splitDecimal(amount).fraction.length);
  }
  return places;
}
