/** One protocol as the mock speaks it. */
import type { UsageVector } from '../../src/contract/usage.ts';
import type { Frame, Plan } from './plan.ts';

export interface Dialect {
  name: string;
  /** The body's own limit on output, in tokens of one choice. */
  limit(body: Record<string, unknown>): number | undefined;
  choices(body: Record<string, unknown>): number;
  /** What the protocol's usage object says, and the disjoint vector that it means. */
  usage(plan: Plan): { raw: Record<string, unknown>; vector: UsageVector };
  reply(plan: Plan, body: Record<string, unknown>): unknown;
  /** Absent: the protocol has no streams. */
  frames?(plan: Plan): Frame[];
  streamType: 'text/event-stream' | 'application/x-ndjson';
  /** The protocol leaves zeros out, so an answer without figures says that all of them are zero. */
  silenceMeansZero?: boolean;
  /** A frame that breaks the protocol. */
  malformed: string;
  error(status: number): unknown;
}

export function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
}

export function objectOf(value: unknown): Record<string, unknown> {
  return value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
