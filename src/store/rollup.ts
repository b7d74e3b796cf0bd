import { hash } from 'node:crypto';
import type { AttemptRecord, CascadeRecord, OperationRecord } from '../contract/operation.ts';
import { TOKEN_FIELDS, USAGE_FIELDS, type UsageField } from '../contract/usage.ts';
import { REQUEST_COUNTS } from '../contract/usage-report.ts';
import { name } from './text.ts';

/** A quarter-hour: the largest step in which every time zone's days and hours begin. */
export const QUARTER_MS = 900_000;

export const CASCADE_COUNTS = ['cascade_reflex', 'cascade_passed', 'saved_tokens', 'saved_ms'] as const;
export const COUNT_FIELDS = [...REQUEST_COUNTS, ...USAGE_FIELDS, ...CASCADE_COUNTS] as const;
export const MEASURES = [...COUNT_FIELDS, 'cost_pico', 'charge_pico', 'saved_pico'] as const;

type CountField = (typeof COUNT_FIELDS)[number];

interface Dimensions {
  quarter_ms: number;
  organisation: string;
  project: string;
  key: string;
  model: string;
  deployment: string;
  provider: string;
  agent: string;
  currency: string;
}

export interface RollupRow extends Dimensions, Record<CountField, number> {
  /** UUID made from the dimensions. */
  dims: string;
  cost_pico: bigint;
  charge_pico: bigint;
  saved_pico: bigint;
  tags?: Record<string, string>;
}

export interface Totals {
  tokens: number;
  requests: number;
  errors: number;
  /** Latest operation in it. */
  at_ms: number;
}

export interface BatchSums {
  rollups: RollupRow[];
  tagRollups: RollupRow[];
  /** Per organisation, and '' for all of them. */
  totals: Map<string, Totals>;
  spends: { budget: string; window: string; spent_pico: bigint }[];
}

/**
 * Adds a batch up. A request, its error and its charge go to the deployment that answered, once, whatever was tried; each attempt's usage and cost
 * go to its own deployment; all of it to the quarter-hour in which the operation began. A row has one currency, so an operation
 * whose cost and charge differ in theirs is in two rows.
 */
export class BatchSummer {
  readonly #tagKeys: ReadonlyMap<string, readonly string[]>;
  readonly #rollups = new Map<string, RollupRow>();
  readonly #tagRollups = new Map<string, RollupRow>();
  readonly #totals = new Map<string, Totals>();
  readonly #spends = new Map<string, { budget: string; window: string; spent_pico: bigint }>();

  /** `tagKeys`: organisation → the tag keys it declared, where it declared any. */
  constructor(tagKeys: ReadonlyMap<string, readonly string[]>) {
    this.#tagKeys = tagKeys;
  }

  add(operation: OperationRecord): void {
    addOperation(this.#rollups, operation, undefined);
    const keys = this.#tagKeys.get(operation.organisation);
    if (keys) addOperation(this.#tagRollups, operation, declaredTags(operation.tags, keys));
    addTotals(this.#totals, operation);
    addSpends(this.#spends, operation);
  }

  /** Rows in the order in which they are to be written. */
  sums(): BatchSums {
    return {
      rollups: inLockOrder(this.#rollups),
      tagRollups: inLockOrder(this.#tagRollups),
      totals: new Map([...this.#totals].sort(([a], [b]) => (a < b ? -1 : 1))),
      spends: [...this.#spends].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, spend]) => spend),
    };
  }
}

/** Gateways that append at the same time lock rows in the same order, so that none waits for the other in a circle. */
function inLockOrder(rows: Map<string, RollupRow>): RollupRow[] {
  return [...rows.values()].sort((a, b) => a.quarter_ms - b.quarter_ms || (a.dims < b.dims ? -1 : 1));
}

function addOperation(
  rows: Map<string, RollupRow>,
  operation: OperationRecord,
  tags: Record<string, string> | undefined,
): void {
  const answered = operation.attempts.findLast((attempt) => attempt.deployment === operation.deployment);
  const provider = answered?.provider ?? operation.deployment.split('/', 1)[0]!;
  const rowIn = (currency: string | undefined) =>
    rowOf(rows, operation, operation.deployment, provider, currency, tags);
  const request = rowIn(operation.chargeCurrency);
  request.requests += 1;
  if (isError(operation)) request.errors += 1;
  if (operation.attempts.some((attempt) => attempt.usageSource === 'estimated')) request.estimated += 1;
  if (operation.attempts.some((attempt) => attempt.usageSource === 'unreconciled')) request.unreconciled += 1;
  if (operation.attempts.some(isUnpriced)) request.unpriced += 1;
  request.charge_pico += operation.charge_pico ?? 0n;
  if (operation.cascade) addCascade(request, operation.cascade, rowIn);
  for (const attempt of operation.attempts) {
    const row = rowOf(rows, operation, attempt.deployment, attempt.provider, attempt.currency, tags);
    row.attempts += 1;
    row.cost_pico += attempt.cost_pico ?? 0n;
    for (const field of USAGE_FIELDS) row[field] += usageCount(attempt, field);
  }
}

/** What was saved has a currency of its own: that of the model that was not asked. */
function addCascade(
  request: RollupRow,
  { decision, saved }: CascadeRecord,
  rowIn: (currency: string) => RollupRow,
): void {
  if (decision === 'reflex') request.cascade_reflex += 1;
  else request.cascade_passed += 1;
  if (!saved) return;
  request.saved_tokens += saved.tokens;
  request.saved_ms += saved.ms ?? 0;
  if (saved.cost_pico !== undefined && saved.currency !== undefined)
    rowIn(saved.currency).saved_pico += saved.cost_pico;
}

function rowOf(
  rows: Map<string, RollupRow>,
  operation: OperationRecord,
  deployment: string,
  provider: string,
  currency: string | undefined,
  tags: Record<string, string> | undefined,
): RollupRow {
  const dimensions: Dimensions = {
    quarter_ms: Math.floor(operation.at_ms / QUARTER_MS) * QUARTER_MS,
    organisation: name(operation.organisation),
    project: name(operation.project),
    key: name(operation.key),
    model: name(operation.model),
    deployment: name(deployment),
    provider: name(provider),
    agent: name(operation.agent ?? ''),
    currency: name(currency ?? ''),
  };
  const label = JSON.stringify(
    tags === undefined ? Object.values(dimensions) : [...Object.values(dimensions), Object.entries(tags)],
  );
  let row = rows.get(label);
  if (!row) {
    row = { ...dimensions, dims: toUuid(label), ...zeroes(), ...(tags && { tags }) };
    rows.set(label, row);
  }
  return row;
}

function zeroes(): Record<CountField, number> & { cost_pico: bigint; charge_pico: bigint; saved_pico: bigint } {
  const counts = Object.fromEntries(COUNT_FIELDS.map((field) => [field, 0])) as Record<CountField, number>;
  return { ...counts, cost_pico: 0n, charge_pico: 0n, saved_pico: 0n };
}

function toUuid(label: string): string {
  const hex = hash('sha256', label, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** The declared tags that an operation bears, in the order of their keys, so that equal tags are one row. */
function declaredTags(tags: Record<string, string>, keys: readonly string[]): Record<string, string> {
  const borne = keys.filter((key) => Object.hasOwn(tags, key)).sort();
  return Object.fromEntries(borne.map((key) => [name(key), name(tags[key]!)]));
}

/** A client that went away and a budget that ended are no errors. */
export function isError(operation: OperationRecord): boolean {
  return operation.status === 'failed' || operation.status === 'broken';
}

function isUnpriced(attempt: AttemptRecord): boolean {
  return attempt.usageSource !== undefined && attempt.cost_pico === undefined;
}

/** Whole numbers ≥ 0 by contract; what is none must not stop the ledger. */
function usageCount(attempt: AttemptRecord, field: UsageField): number {
  const value = attempt.usage[field];
  return value !== undefined && value > 0 && Number.isSafeInteger(Math.round(value)) ? Math.round(value) : 0;
}

function addTotals(totals: Map<string, Totals>, operation: OperationRecord): void {
  let tokens = 0;
  for (const attempt of operation.attempts) for (const field of TOKEN_FIELDS) tokens += usageCount(attempt, field);
  for (const organisation of new Set([name(operation.organisation), ''])) {
    let sum = totals.get(organisation);
    if (!sum) {
      sum = { tokens: 0, requests: 0, errors: 0, at_ms: operation.at_ms };
      totals.set(organisation, sum);
    }
    sum.tokens += tokens;
    sum.requests += 1;
    if (isError(operation)) sum.errors += 1;
    sum.at_ms = Math.max(sum.at_ms, operation.at_ms);
  }
}

/** Wallets are booked by their postings. */
function addSpends(
  spends: Map<string, { budget: string; window: string; spent_pico: bigint }>,
  operation: OperationRecord,
): void {
  for (const { budget, window, kind, settled_pico } of operation.holds) {
    if (kind !== 'budget' || settled_pico === 0n) continue;
    const label = JSON.stringify([budget, window]);
    const spend = spends.get(label);
    if (spend) spend.spent_pico += settled_pico;
    else spends.set(label, { budget, window, spent_pico: settled_pico });
  }
}
