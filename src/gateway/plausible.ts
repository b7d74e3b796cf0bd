import type { AttemptResult } from './attempt.ts';

type Usage = NonNullable<AttemptResult['usage']>;

/**
 * No call uses more of anything (the largest context windows hold ten million tokens). A larger figure is a provider's mistake, and a few
 * thousand of them near 2^53 would leave the sums of the ledger without room.
 */
const MOST = 1_000_000_000_000;
/** Values in the provider's own usage object that are kept, and how deep and long they may be. */
const MOST_VALUES = 200;
const DEEPEST = 8;
const LONGEST = 1000;

/** A usage that no call can have is `unreconciled`; any other is itself. */
export function plausible(usage: Usage): Usage {
  for (const value of Object.values(usage.vector)) {
    if (value > MOST)
      return { vector: {}, raw: usage.raw, source: 'unreconciled', problem: `${value} is more than any call uses` };
  }
  return usage;
}

/** The provider's usage object where it is one worth keeping: it goes into the journal and the ledger, whose lines have to be written and read. */
export function keepableRaw(raw: unknown): unknown {
  let left = MOST_VALUES;
  const fits = (value: unknown, depth: number): boolean => {
    if (--left < 0 || depth > DEEPEST) return false;
    if (typeof value === 'string') return value.length <= LONGEST;
    if (typeof value !== 'object' || value === null) return true;
    for (const [key, item] of Object.entries(value)) if (key.length > LONGEST || !fits(item, depth + 1)) return false;
    return true;
  };
  return fits(raw, 0) ? raw : { left_out: 'too large to be kept' };
}
