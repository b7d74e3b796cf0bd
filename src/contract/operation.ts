import type { Pico } from '../base/money.ts';
import type { UsageSource, UsageVector } from './usage.ts';

/**
 * How one try at a deployment ended. `cut`: we ended it cleanly because a budget ended. `passed`: the built-in model of a cascade was not
 * sure enough, so another was asked; nothing of it was used.
 */
export type AttemptStatus = 'completed' | 'failed' | 'broken' | 'aborted' | 'cut' | 'passed';

export interface AttemptRecord {
  /** 0 for the first. */
  index: number;
  /** `provider/model`, the deployment that was asked. */
  deployment: string;
  provider: string;
  /** The provider's own id of the model. */
  model: string;
  status: AttemptStatus;
  /** One of our error codes, when it did not complete. */
  errorCode?: string;
  httpStatus?: number;
  /** Milliseconds since 1970. */
  at_ms: number;
  /** First byte of the answer after the request was sent. */
  ttft_ms?: number;
  total_ms: number;
  usage: UsageVector;
  /** Absent when the attempt used nothing that anybody counted (refused, failed before any output). */
  usageSource?: UsageSource;
  /** Names the tokenizer when `usageSource` is `estimated`. */
  tokenizer?: string;
  /** The provider's own usage object. */
  rawUsage?: unknown;
  servedTier?: string;
  /** What the provider charges for it; absent when no price is known. */
  cost_pico?: Pico;
  currency?: string;
  /** The row of the cost book that priced it. */
  priceId?: string;
}

export type OperationStatus = 'completed' | 'failed' | 'broken' | 'aborted' | 'cut';

/** Why a cascade's large model was asked; see docs/cascade.md. */
export const PASS_REASONS = [
  /** The Reflex model is missing or has learnt nothing. */
  'untrained',
  /** It never reached the wanted precision on what it did not learn from. */
  'unreached',
  /** The request holds what Reflex does not read, or leans on what came before. */
  'beyond',
  /** What Reflex had to say is no answer that it was taught. */
  'no_answer',
  /** An answer, under the threshold. */
  'unsure',
  /** No answer within `limits.cascade_wait_ms`. */
  'late',
  /** Reflex refused the request, or failed. */
  'failed',
] as const;
export type PassReason = (typeof PASS_REASONS)[number];

/** What a cascade decided. */
export interface CascadeRecord {
  decision: 'reflex' | 'passed';
  /** Set where it passed the call on. */
  reason?: PassReason;
  /** Of Reflex, 0 to 1; absent where it had no answer. */
  confidence?: number;
  /** What was asked of it; absent where there is none. */
  threshold?: number;
  /** Estimates of what the large model would have taken; set where Reflex answered. */
  saved?: CascadeSaving;
}

export interface CascadeSaving {
  /** Input and output in the large model's tokens, counted here. */
  tokens: number;
  /** Those tokens at its price of that moment, less what Reflex cost; absent when it has no price. */
  cost_pico?: Pico;
  currency?: string;
  /** Its running time to the first byte less what Reflex took, whole milliseconds; absent until it was called. */
  ms?: number;
}

/** A budget or wallet that stood above an operation: what it held last and what was booked on it at the end, in that budget's currency. */
export interface OperationHold {
  budget: string;
  /** The budget's window, such as `total`, `2026-11` or `2026-11-24`. */
  window: string;
  kind: 'budget' | 'wallet';
  currency: string;
  /** 0 for a soft budget: it holds nothing and still counts. */
  held_pico: Pico;
  settled_pico: Pico;
}

/** One client call, as the ledger keeps it. */
export interface OperationRecord {
  id: string;
  at_ms: number;
  organisation: string;
  project: string;
  key: string;
  user?: string;
  tags: Record<string, string>;
  surface: string;
  /** The model name that the client asked for. */
  model: string;
  /** The deployment that answered (or the last one tried). */
  deployment: string;
  stream: boolean;
  status: OperationStatus;
  errorCode?: string;
  total_ms: number;
  ttft_ms?: number;
  attempts: AttemptRecord[];
  /** What the client is charged; absent when no price is known. */
  charge_pico?: Pico;
  chargeCurrency?: string;
  /** The row of the sell book that priced the charge; absent when charge = cost. */
  sellPriceId?: string;
  holds: OperationHold[];
  agent?: string;
  run?: string;
  /** Absent where the name that was called is no cascade. */
  cascade?: CascadeRecord;
}

/**
 * The record with every amount (`*_pico`) as a decimal string of pico-units, ready for JSON. `JSON.stringify` with a replacer costs
 * several times as much, and every call passes here.
 */
export function operationToJson(record: OperationRecord): Record<string, unknown> {
  return {
    ...record,
    attempts: record.attempts.map(attemptToJson),
    charge_pico: record.charge_pico?.toString(),
    holds: record.holds.map(holdToJson),
    cascade: record.cascade && cascadeToJson(record.cascade),
  };
}

function cascadeToJson(cascade: CascadeRecord): unknown {
  const { saved } = cascade;
  return saved ? { ...cascade, saved: { ...saved, cost_pico: saved.cost_pico?.toString() } } : cascade;
}

export function attemptToJson(attempt: AttemptRecord): Record<string, unknown> {
  return { ...attempt, cost_pico: attempt.cost_pico?.toString() };
}

export function holdToJson(hold: OperationHold): Record<string, unknown> {
  return { ...hold, held_pico: hold.held_pico.toString(), settled_pico: hold.settled_pico.toString() };
}

/** Turns the amounts of a parsed record back into bigints, in place. */
export function reviveOperation(value: Record<string, unknown>): OperationRecord {
  const record = value as unknown as OperationRecord & Record<string, unknown>;
  if (record.charge_pico !== undefined) record.charge_pico = BigInt(record.charge_pico);
  for (const attempt of record.attempts) {
    if (attempt.cost_pico !== undefined) attempt.cost_pico = BigInt(attempt.cost_pico);
  }
  for (const hold of record.holds) {
    hold.held_pico = BigInt(hold.held_pico);
    hold.settled_pico = BigInt(hold.settled_pico);
  }
  const saved = record.cascade?.saved;
  if (saved?.cost_pico !== undefined) saved.cost_pico = BigInt(saved.cost_pico);
  return record;
}
