import { AppError } from '../base/errors.ts';
import { mulDiv, PICO_PER_UNIT, type Pico, type Rounding } from '../base/money.ts';
import type { FxRate } from '../contract/records.ts';

/** One unit of `from` is worth `numerator ÷ denominator` units of `to`. */
export interface Exchange {
  numerator: bigint;
  denominator: bigint;
  /** The row it comes from; undefined between a currency and itself. */
  rateId?: string;
  /** The row quotes the pair the other way round. */
  inverse: boolean;
}

export interface Converted {
  pico: Pico;
  /** Undefined when no rate was needed. */
  rateId?: string;
}

/** The rates of one moment. */
export interface FxView {
  readonly at_ms: number;
  exchange(from: string, to: string): Exchange | undefined;
  /** undefined: no rate between the two. Nothing (0) needs no rate. `up` is for holds, `half_even` for settling. */
  convert(pico: Pico, from: string, to: string, rounding: Rounding): Converted | undefined;
}

const SAME: Exchange = { numerator: 1n, denominator: 1n, inverse: false };

/**
 * Effective-dated exchange rates, immutable. A pair uses the row that became effective last, whichever way round it quotes
 * the pair (the direct one when both did at once). There are no cross rates: a pair that nobody quoted has no rate, since a rate
 * through a third currency would be one that nobody set.
 */
export class FxTable {
  /** `USD/CNY` → rows, latest first. */
  readonly #pairs = new Map<string, FxRate[]>();

  constructor(rates: readonly FxRate[] = []) {
    for (const rate of rates) {
      if (rate.rate_pico <= 0n) {
        throw new AppError('invalid_request', `The rate ${rate.base}/${rate.quote} must be above 0.`, {
          param: 'rate',
        });
      }
      const pair = `${rate.base}/${rate.quote}`;
      const rows = this.#pairs.get(pair);
      if (rows) rows.push(rate);
      else this.#pairs.set(pair, [rate]);
    }
    for (const rows of this.#pairs.values()) rows.sort(latestFirst);
  }

  exchange(from: string, to: string, at_ms: number): Exchange | undefined {
    if (from === to) return SAME;
    const direct = this.#rowAt(`${from}/${to}`, at_ms);
    const inverse = this.#rowAt(`${to}/${from}`, at_ms);
    if (direct && (!inverse || direct.effectiveFrom_ms >= inverse.effectiveFrom_ms)) {
      return { numerator: direct.rate_pico, denominator: PICO_PER_UNIT, rateId: direct.id, inverse: false };
    }
    if (!inverse) return undefined;
    return { numerator: PICO_PER_UNIT, denominator: inverse.rate_pico, rateId: inverse.id, inverse: true };
  }

  /** undefined: no rate between the two at that moment. Nothing (0) needs no rate. `up` is for holds, `half_even` for settling. */
  convert(pico: Pico, from: string, to: string, at_ms: number, rounding: Rounding): Converted | undefined {
    const exchange = this.exchange(from, to, at_ms);
    if (!exchange) return pico === 0n ? { pico } : undefined;
    return {
      pico: mulDiv(pico, exchange.numerator, exchange.denominator, rounding),
      rateId: exchange.rateId,
    };
  }

  /** The rates as they stand at that moment, for an operation to keep from its admission to its end. */
  pin(at_ms: number): FxView {
    return {
      at_ms,
      exchange: (from, to) => this.exchange(from, to, at_ms),
      convert: (pico, from, to, rounding) => this.convert(pico, from, to, at_ms, rounding),
    };
  }

  #rowAt(pair: string, at_ms: number): FxRate | undefined {
    return this.#pairs.get(pair)?.find((rate) => rate.effectiveFrom_ms <= at_ms);
  }
}

function latestFirst(a: FxRate, b: FxRate): number {
  return b.effectiveFrom_ms - a.effectiveFrom_ms || b.createdAt_ms - a.createdAt_ms || (a.id < b.id ? -1 : 1);
}
