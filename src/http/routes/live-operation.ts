/** A settled call as the barometer and the live stream show it. */
import { formatDecimal } from '../../base/money.ts';
import type { LiveOperationView } from '../../contract/control/index.ts';
import type { OperationRecord } from '../../contract/operation.ts';
import { totalTokens } from '../../contract/usage.ts';
import { type LiveOperation, usageOf } from '../../gateway/live.ts';
import { iso } from './wire.ts';

export function keptOperationView(row: LiveOperation): LiveOperationView {
  return {
    id: row.id,
    at: iso(row.at_ms),
    organisation: row.organisation,
    project: row.project,
    key: row.key,
    model: row.model,
    deployment: row.deployment,
    status: row.status,
    tokens: row.tokens,
    charge: row.charge === undefined ? null : formatDecimal(BigInt(row.charge)),
    charge_currency: row.currency ?? null,
    total_ms: row.total_ms,
    ttft_ms: row.ttft_ms ?? null,
  };
}

export function liveOperationView(record: OperationRecord): LiveOperationView {
  return {
    id: record.id,
    at: iso(record.at_ms),
    organisation: record.organisation,
    project: record.project,
    key: record.key,
    surface: record.surface,
    model: record.model,
    deployment: record.deployment,
    status: record.status,
    tokens: totalTokens(usageOf(record)),
    charge: record.charge_pico === undefined ? null : formatDecimal(record.charge_pico),
    charge_currency: record.chargeCurrency ?? null,
    total_ms: Math.round(record.total_ms),
    ttft_ms: record.ttft_ms === undefined ? null : Math.round(record.ttft_ms),
  };
}
