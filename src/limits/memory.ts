import type { Clock } from '../base/clock.ts';
import { MemoryBudgets } from './memory-budgets.ts';
import { MemoryRates } from './memory-rates.ts';
import type { Schedule } from './schedule.ts';
import type { Limits, LimitsStats } from './types.ts';

/** The engine in this process. It answers at once; only a `reserve` that has to wait is a promise. */
export interface MemoryLimits extends Limits {
  readonly rates: MemoryRates;
  readonly budgets: MemoryBudgets;
  releaseOwner(owner: string): { leases: number; holds: number };
  sweep(): void;
  stats(): LimitsStats;
  close(): void;
}

export function createMemoryLimits({ clock, schedule }: { clock: Clock; schedule: Schedule }): MemoryLimits {
  const rates = new MemoryRates(clock);
  const budgets = new MemoryBudgets(clock, schedule);
  return {
    rates,
    budgets,
    releaseOwner: (owner) => ({ leases: rates.releaseOwner(owner), holds: budgets.releaseOwner(owner) }),
    sweep() {
      rates.sweep();
      budgets.sweep();
    },
    stats: () => ({ subjects: rates.subjects, leases: rates.leases, ...budgets.counts }),
    close: () => budgets.close(),
  };
}
