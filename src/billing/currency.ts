import { mulDiv, PICO_PER_UNIT, type Pico } from '../base/money.ts';

/** Decimal places of a currency's smallest unit where they are not two (ISO 4217, list one). */
const PLACES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
  ),
  ...Object.fromEntries('BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3])),
  ...Object.fromEntries('CLF UYW'.split(' ').map((code) => [code, 4])),
};

/** Decimal places of the currency's smallest unit: 0 for JPY, 3 for KWD, 2 for most. */
export function minorPlaces(currency: string): number {
  return Object.hasOwn(PLACES, currency) ? PLACES[currency]! : 2;
}

/** One smallest unit of the currency, in pico-units. */
export function minorUnit_pico(currency: string): Pico {
  return PICO_PER_UNIT / 10n ** BigInt(minorPlaces(currency));
}

/** `amount × numerator ÷ denominator`, rounded once, half to even, to the currency's smallest unit; in pico-units. */
export function roundToMinor(amount: Pico, currency: string, numerator = 1n, denominator = 1n): Pico {
  const unit = minorUnit_pico(currency);
  return mulDiv(amount, numerator, denominator * unit, 'half_even') * unit;
}
