import type { Pico } from '../base/money.ts';
import type { UsageVector } from './usage.ts';

/** Dimensions that usage can be grouped by; `tag:<key>` for declared tag keys. */
export type UsageGroup =
  | 'model'
  | 'provider'
  | 'project'
  | 'organisation'
  | 'key'
  | 'agent'
  | 'day'
  | 'hour'
  | 'currency'
  | `tag:${string}`;

export interface UsageFilter {
  organisation?: string;
  project?: string;
  key?: string;
  model?: string;
  agent?: string;
  from_ms: number;
  to_ms: number;
  groupBy: UsageGroup[];
  /** IANA zone of `day` and `hour`. */
  timezone: string;
}

/** What a row counts of its requests. */
export const REQUEST_COUNTS = ['requests', 'attempts', 'errors', 'estimated', 'unreconciled', 'unpriced'] as const;

export interface UsageRow {
  group: Record<string, string>;
  requests: number;
  attempts: number;
  errors: number;
  usage: UsageVector;
  /** Requests of which at least one attempt was estimated, unreconciled, or had no price. */
  estimated: number;
  unreconciled: number;
  unpriced: number;
  /** Currency → pico. */
  cost: Record<string, Pico>;
  charge: Record<string, Pico>;
  /** Set where any request was to a cascade. */
  cascade?: CascadeSums;
}

/** Requests to cascades, by who answered, and what the large models would have taken (estimates). */
export interface CascadeSums {
  reflex: number;
  passed: number;
  saved: { tokens: number; cost: Record<string, Pico>; ms: number };
}
