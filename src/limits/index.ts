/**
 * The door to counters and leases that calls share: rates (calls and tokens per minute, calls at a time) and budgets (spent and held).
 * One process counts in its own memory; several will share an engine that passes the same suite (`suite.ts`).
 */
import { type Clock, systemClock } from '../base/clock.ts';
import { createMemoryLimits } from './memory.ts';
import { type Schedule, systemSchedule } from './schedule.ts';
import type { Limits } from './types.ts';

export type { Schedule } from './schedule.ts';
export type * from './types.ts';

export interface LimitsOptions {
  clock?: Clock;
  /** How a waiting caller is woken; tests move it by hand. */
  schedule?: Schedule;
}

export function createLimits(options: LimitsOptions = {}): Limits {
  return createMemoryLimits({ clock: options.clock ?? systemClock, schedule: options.schedule ?? systemSchedule });
}

/** Milliseconds as the whole seconds of a `retry-after` header: rounded up, 1 at least. */
export function retryAfterSeconds(retryAfter_ms: number): number {
  return Math.max(1, Math.ceil(retryAfter_ms / 1000));
}
