import type { Pico } from '../../base/money.ts';
import type { AttemptRecord, OperationRecord } from '../../contract/operation.ts';
import type { UsageVector } from '../../contract/usage.ts';
import type { Intended, JournalRecord, Progress, Sent } from './record.ts';

/** Prices a broken attempt by the row that was pinned when it was sent. */
export type PriceBroken = (sent: Sent, usage: UsageVector) => { cost_pico: Pico; currency: string } | undefined;

/** Bytes to a token, where a process died and only byte counts are left. */
const BYTES_PER_TOKEN = 4;
export const RECOVERY_TOKENIZER = 'bytes/4';

interface OpenOperation {
  intended: Intended;
  closed: AttemptRecord[];
  sent?: Sent;
  progress?: Progress;
}

/** Follows the journal's lines and knows which operations have begun and not ended. */
export class OpenOperations {
  readonly #open = new Map<string, OpenOperation>();

  get size(): number {
    return this.#open.size;
  }

  has(operation: string): boolean {
    return this.#open.has(operation);
  }

  /** Notes a line; answers the operation that it ended, if it ended one. */
  apply(record: JournalRecord): string | undefined {
    switch (record.t) {
      case 'i':
        this.#open.set(record.op, { intended: record, closed: [] });
        return undefined;
      case 's': {
        const open = this.#open.get(record.op);
        if (open) {
          open.sent = record;
          open.progress = undefined;
        }
        return undefined;
      }
      case 'p': {
        const open = this.#open.get(record.op);
        if (open && open.sent?.n === record.n) open.progress = record;
        return undefined;
      }
      case 'a': {
        const open = this.#open.get(record.op);
        if (open) {
          open.closed.push(record.attempt);
          open.sent = undefined;
        }
        return undefined;
      }
      case 'f':
        this.#open.delete(record.record.id);
        return record.record.id;
      case 'h':
        return undefined;
    }
  }

  /** What a dead process left open, as records: `sent` without `settled` is broken and estimated, and charges the client nothing. */
  closeAll(price: PriceBroken): OperationRecord[] {
    const records: OperationRecord[] = [];
    for (const open of this.#open.values()) {
      if (open.sent || open.closed.length > 0) records.push(brokenRecord(open, price));
    }
    this.#open.clear();
    return records;
  }
}

function brokenRecord(open: OpenOperation, price: PriceBroken): OperationRecord {
  const { intended, sent } = open;
  const attempts = [...open.closed];
  if (sent) attempts.push(brokenAttempt(intended, sent, open.progress, price));
  const last = attempts.at(-1)!;
  return {
    id: intended.op,
    at_ms: intended.at,
    organisation: intended.organisation,
    project: intended.project,
    key: intended.key,
    user: intended.user,
    tags: intended.tags ?? {},
    surface: intended.surface,
    model: intended.model,
    deployment: last.deployment,
    stream: intended.stream,
    status: 'broken',
    errorCode: 'internal_error',
    total_ms: 0,
    attempts,
    holds: (sent?.holds ?? []).map((hold) => ({ ...hold, settled_pico: 0n })),
    agent: intended.agent,
    run: intended.run,
  };
}

function brokenAttempt(
  intended: Intended,
  sent: Sent,
  progress: Progress | undefined,
  price: PriceBroken,
): AttemptRecord {
  const usage: UsageVector = {
    input: Math.ceil(intended.bytes / BYTES_PER_TOKEN),
    output: Math.ceil((progress?.bytes ?? 0) / BYTES_PER_TOKEN),
  };
  const cost = price(sent, usage);
  return {
    index: sent.n,
    deployment: sent.deployment,
    provider: sent.provider,
    model: sent.model,
    status: 'broken',
    errorCode: 'internal_error',
    at_ms: sent.at,
    total_ms: 0,
    usage,
    usageSource: 'estimated',
    tokenizer: RECOVERY_TOKENIZER,
    cost_pico: cost?.cost_pico,
    currency: cost?.currency,
    priceId: sent.priceId,
  };
}
