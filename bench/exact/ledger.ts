/** Reads what the ledger says, over the control plane, as anybody could. */
import type { UsageVector } from '../../src/contract/usage.ts';
import type { TokenworksServer } from '../tokenworks-server.ts';
import type { LedgerAttempt, LedgerOperation, LedgerSum } from './verify.ts';

interface WireAttempt {
  deployment: string;
  status: string;
  http_status?: number | null;
  usage: UsageVector;
  usage_source?: string | null;
  tokenizer?: string | null;
  cost?: string | null;
  currency?: string | null;
}

interface WireOperation {
  id: string;
  status: string;
  tags: Record<string, string>;
  attempts: WireAttempt[];
  charge?: string | null;
}

interface WireUsageRow {
  requests: number;
  attempts: number;
  usage: UsageVector;
  cost: Record<string, string>;
  charge: Record<string, string>;
}

const PAGE = 500;

/** Every operation of the ledger. */
export async function readOperations(server: TokenworksServer): Promise<LedgerOperation[]> {
  const found: LedgerOperation[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await server.admin<{ data: WireOperation[]; next?: string | null }>(
      'GET',
      `/admin/v1/operations?limit=${PAGE}${query}`,
    );
    found.push(...page.data.map(operationOf));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** The usage report by model, added up. */
export async function readReport(server: TokenworksServer): Promise<LedgerSum> {
  const { data } = await server.admin<{ data: WireUsageRow[] }>('GET', '/admin/v1/usage?group_by=model');
  const sum: LedgerSum = { requests: 0, attempts: 0, usage: {}, cost_pico: 0n, charge_pico: 0n };
  for (const row of data) {
    sum.requests += row.requests;
    sum.attempts += row.attempts;
    sum.cost_pico += picoOf(row.cost.USD ?? '0');
    sum.charge_pico += picoOf(row.charge.USD ?? '0');
    for (const [field, count] of Object.entries(row.usage)) {
      const name = field as keyof UsageVector;
      sum.usage[name] = (sum.usage[name] ?? 0) + (count ?? 0);
    }
  }
  return sum;
}

/** What does not balance; empty when the books are right. */
export async function readImbalances(server: TokenworksServer): Promise<unknown[]> {
  const check = await server.admin<{ imbalances: unknown[] }>('GET', '/admin/v1/ledger/check');
  return check.imbalances;
}

function operationOf(wire: WireOperation): LedgerOperation {
  return {
    id: wire.id,
    case: wire.tags.case,
    status: wire.status,
    attempts: wire.attempts.map(attemptOf),
    charge_pico: wire.charge == null ? undefined : picoOf(wire.charge),
  };
}

function attemptOf(wire: WireAttempt): LedgerAttempt {
  return {
    deployment: wire.deployment,
    status: wire.status,
    httpStatus: wire.http_status ?? undefined,
    usage: wire.usage,
    usageSource: wire.usage_source ?? undefined,
    tokenizer: wire.tokenizer ?? undefined,
    cost_pico: wire.cost == null ? undefined : picoOf(wire.cost),
  };
}

/** A decimal string, with or without a currency behind it, in pico-units; written here anew, so that the check does not lean on what it checks. */
export function picoOf(text: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,12}))?(?: [A-Z]{3})?$/.exec(text);
  if (!match) throw new Error(`"${text}" is no amount`);
  return BigInt(match[1]! + (match[2] ?? '').padEnd(12, '0'));
}
