/** Lines of the list of operations: the live stream and the ledger both become these. */
import { totalTokens } from '../lib/usage.ts';
import type { LiveOperationView, OperationView } from './wire.ts';

export const OPERATIONS_SHOWN = 50;

export interface OperationRow {
  id: string;
  at_ms: number;
  key: string;
  project: string;
  model: string;
  deployment: string;
  status: string;
  tokens: number;
  charge?: string;
  currency?: string;
  total_ms: number;
  ttft_ms?: number;
}

export function rowOf(operation: OperationView): OperationRow {
  return {
    id: operation.id,
    at_ms: Date.parse(operation.at),
    key: operation.key,
    project: operation.project,
    model: operation.model,
    deployment: operation.deployment,
    status: operation.status,
    tokens: totalTokens(operation.usage),
    charge: operation.charge ?? undefined,
    currency: operation.charge_currency ?? undefined,
    total_ms: operation.latency.total_ms,
    ttft_ms: operation.latency.ttft_ms ?? undefined,
  };
}

export function liveRowOf(operation: LiveOperationView): OperationRow {
  return {
    id: operation.id,
    at_ms: Date.parse(operation.at),
    key: operation.key,
    project: operation.project,
    model: operation.model,
    deployment: operation.deployment,
    status: operation.status,
    tokens: operation.tokens,
    charge: operation.charge ?? undefined,
    currency: operation.charge_currency ?? undefined,
    total_ms: operation.total_ms,
    ttft_ms: operation.ttft_ms ?? undefined,
  };
}

/** Newest first, each once (the fresh one where both have it), no more than are shown. */
export function mergeRows(fresh: readonly OperationRow[], known: readonly OperationRow[]): OperationRow[] {
  const seen = new Set<string>();
  const all = [...fresh, ...known].filter((row) => !seen.has(row.id) && seen.add(row.id));
  return all.sort((a, b) => b.at_ms - a.at_ms || (a.id < b.id ? 1 : -1)).slice(0, OPERATIONS_SHOWN);
}
