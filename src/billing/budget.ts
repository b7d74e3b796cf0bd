import type { Pico } from '../base/money.ts';

/** Percentages keep six places, so that 99.5 is what it says. */
const PERCENT_SCALE = 1_000_000;

/**
 * The alert shares (percent of the amount) that a spend reached on its way from `before` to `after`, ascending. A share is reached
 * at exactly its part of the amount. Every share of an empty budget is reached by the first thing spent on it.
 */
export function crossed(before: Pico, after: Pico, amount: Pico, percents: readonly number[]): number[] {
  const reached = percents.filter((percent) => {
    if (amount <= 0n) return before <= 0n && after > 0n;
    const share = amount * BigInt(Math.round(percent * PERCENT_SCALE));
    const whole = 100n * BigInt(PERCENT_SCALE);
    return before * whole < share && after * whole >= share;
  });
  return [...new Set(reached)].sort((a, b) => a - b);
}

/** What a budget still covers beside what was spent and what open holds keep; never below 0. */
export function remaining(amount: Pico, spent: Pico, held: Pico = 0n): Pico {
  const left = amount - spent - held;
  return left > 0n ? left : 0n;
}
