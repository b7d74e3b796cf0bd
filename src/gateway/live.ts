import type { OperationRecord } from '../contract/operation.ts';
import { addUsage, totalTokens, type UsageVector } from '../contract/usage.ts';

const LAST_KEPT = 100;
const MINUTES_KEPT = 60;

/** What the barometer shows of one call. */
export interface LiveOperation {
  id: string;
  at_ms: number;
  project: string;
  organisation: string;
  key: string;
  model: string;
  deployment: string;
  status: string;
  tokens: number;
  charge?: string;
  currency?: string;
  total_ms: number;
  ttft_ms?: number;
}

/** Counts of this process since it started, and its last operations; what the page shows before the ledger has it. */
export class Live {
  readonly #last: LiveOperation[] = [];
  readonly #minutes = new Map<number, number>();
  readonly #listeners = new Set<(operation: OperationRecord) => void>();
  tokens = 0;
  requests = 0;
  open = 0;
  /** Settlements that were above their hold. */
  aboveHold = 0;

  settled(record: OperationRecord): void {
    const tokens = totalTokens(usageOf(record));
    this.tokens += tokens;
    this.requests++;
    const minute = Math.floor((record.at_ms + record.total_ms) / 60_000);
    this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + tokens);
    if (this.#minutes.size > MINUTES_KEPT) this.#minutes.delete(this.#minutes.keys().next().value!);
    this.#last.push({
      id: record.id,
      at_ms: record.at_ms,
      project: record.project,
      organisation: record.organisation,
      key: record.key,
      model: record.model,
      deployment: record.deployment,
      status: record.status,
      tokens,
      charge: record.charge_pico?.toString(),
      currency: record.chargeCurrency,
      total_ms: Math.round(record.total_ms),
      ttft_ms: record.ttft_ms === undefined ? undefined : Math.round(record.ttft_ms),
    });
    if (this.#last.length > LAST_KEPT) this.#last.shift();
    for (const listener of this.#listeners) listener(record);
  }

  last(): readonly LiveOperation[] {
    return this.#last;
  }

  /** Tokens of the minute that has just passed and of the one that runs. */
  perMinute(now_ms: number): { last: number; running: number } {
    const minute = Math.floor(now_ms / 60_000);
    return { last: this.#minutes.get(minute - 1) ?? 0, running: this.#minutes.get(minute) ?? 0 };
  }

  onSettled(listener: (operation: OperationRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** All that an operation's attempts used. */
export function usageOf(record: OperationRecord): UsageVector {
  if (record.attempts.length === 1) return record.attempts[0]!.usage;
  const sum: UsageVector = {};
  for (const attempt of record.attempts) addUsage(sum, attempt.usage);
  return sum;
}
