/** From how an attempt ended to the ledger's records, with cost and charge. */
import type { AppError } from '../base/errors.ts';
import { type Price, priceUsage } from '../billing/index.ts';
import type { AttemptRecord, CascadeRecord, OperationHold, OperationRecord } from '../contract/operation.ts';
import type { UsageVector } from '../contract/usage.ts';
import type { AttemptResult } from './attempt.ts';
import type { Admitted } from './call.ts';
import type { Deployment } from './catalogue.ts';
import type { Grant } from './funds.ts';
import { keepableRaw, plausible } from './plausible.ts';

export interface Tried {
  deployment: Deployment;
  result: AttemptResult;
  grant?: Grant;
  costPrice?: Price;
  sellPrice?: Price;
  /** Where the call was to a cascade. */
  cascade?: CascadeRecord;
}

export function attemptRecord(index: number, tried: Tried): AttemptRecord {
  const { deployment, result, costPrice } = tried;
  const usage = result.usage && plausible(result.usage);
  const cost = usage && usage.source !== 'unreconciled' ? priced(costPrice, usage.vector, result) : undefined;
  return {
    index,
    deployment: deployment.id,
    provider: deployment.providerName,
    model: deployment.model,
    status: result.status,
    errorCode: result.error?.code,
    httpStatus: result.httpStatus,
    at_ms: result.at_ms,
    ttft_ms: rounded(result.ttft_ms),
    total_ms: rounded(result.total_ms)!,
    usage: usage?.vector ?? {},
    usageSource: usage?.source,
    tokenizer: usage && 'tokenizer' in usage ? usage.tokenizer : undefined,
    rawUsage: usage && keepableRaw(usage.raw),
    servedTier: result.servedTier,
    cost_pico: cost?.pico,
    currency: cost?.currency,
    priceId: cost ? costPrice?.id : undefined,
  };
}

export function priced(
  price: Price | undefined,
  vector: UsageVector,
  result: Pick<AttemptResult, 'at_ms' | 'servedTier'>,
): { pico: bigint; currency: string } | undefined {
  if (!price) return undefined;
  const answer = priceUsage(price, vector, { at_ms: result.at_ms, ...servedAs(result.servedTier) });
  return answer.priced ? { pico: answer.cost_pico, currency: answer.currency } : undefined;
}

/** A served tier may name several things at once: `fast+inference_geo:us` is a tier and a place. */
function servedAs(tier: string | undefined): { servedTier?: string; geo?: string; batch?: boolean } {
  if (!tier?.includes('+') && !tier?.startsWith('inference_geo:')) return { servedTier: tier };
  const served: { servedTier?: string; geo?: string; batch?: boolean } = {};
  for (const part of tier.split('+')) {
    if (part.startsWith('inference_geo:')) served.geo = part.slice('inference_geo:'.length);
    else if (part === 'batch') served.batch = true;
    else served.servedTier = part;
  }
  return served;
}

interface Charged {
  pico?: bigint;
  currency?: string;
  sellPriceId?: string;
}

/** What the client is charged: by the sell book where it has a row, else the provider's cost. */
export function chargeOf(attempt: AttemptRecord, tried: Tried, chargeable: boolean): Charged {
  const { sellPrice, costPrice, result } = tried;
  const price = sellPrice ?? costPrice;
  if (!chargeable) return price ? { pico: 0n, currency: price.currency } : {};
  if (attempt.usageSource === 'unreconciled' || !result.usage) return {};
  if (!sellPrice) return attempt.cost_pico === undefined ? {} : { pico: attempt.cost_pico, currency: attempt.currency };
  const charge = priced(sellPrice, attempt.usage, result);
  return charge ? { ...charge, sellPriceId: sellPrice.id } : {};
}

export function operationRecord(
  admitted: Admitted,
  attempts: AttemptRecord[],
  tried: Tried,
  status: OperationRecord['status'],
  error: AppError | undefined,
  charged: Charged | undefined,
  holds: OperationHold[],
): OperationRecord {
  const { principal, call, envelope } = admitted;
  const last = attempts.at(-1)!;
  return {
    id: admitted.operation,
    at_ms: admitted.at_ms,
    organisation: principal.organisation.id,
    project: principal.project.id,
    key: principal.key.id,
    user: admitted.user,
    tags: admitted.tags,
    surface: call.surface,
    model: envelope.model,
    deployment: tried.deployment.id,
    stream: envelope.stream,
    status,
    errorCode: error?.code,
    total_ms: rounded(last.at_ms + last.total_ms - admitted.at_ms)!,
    ttft_ms: last.ttft_ms === undefined ? undefined : rounded(last.at_ms + last.ttft_ms - admitted.at_ms),
    attempts,
    charge_pico: charged?.pico,
    chargeCurrency: charged?.currency,
    sellPriceId: charged?.sellPriceId,
    holds,
    agent: call.agent,
    run: call.run,
    cascade: tried.cascade,
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.max(0, Math.round(ms * 10) / 10);
}
