/** The last step: what was used is booked and recorded, and only then the last byte leaves. */
import type { AppError } from '../base/errors.ts';
import { formatDecimal } from '../base/money.ts';
import type { AttemptRecord, OperationRecord } from '../contract/operation.ts';
import { totalTokens } from '../contract/usage.ts';
import type { StoredReply } from '../store/index.ts';
import { headersOf, sendError } from './answer.ts';
import { type AttemptResult, written } from './attempt.ts';
import type { Admitted, ReplySink } from './call.ts';
import type { GatewayDependencies } from './dependencies.ts';
import type { Booked } from './funds.ts';
import type { Claim, KeptReply } from './idempotency.ts';
import { RecordingSink } from './recording-sink.ts';
import { attemptRecord, chargeOf, operationRecord, type Tried } from './records.ts';

/** Settles what an attempt used, records the operation, and only then lets the last byte go. */
export async function settle(
  deps: GatewayDependencies,
  admitted: Admitted,
  sink: ReplySink,
  outer: ReplySink,
  claim: Claim | undefined,
  records: AttemptRecord[],
  tried: Tried,
  warnings: string[],
): Promise<void> {
  const { result, deployment, grant } = tried;
  const attempt = attemptRecord(records.length, tried);
  records.push(attempt);
  // Who breaks it pays: a client that left or ended its budget pays for what it got; what a provider broke is not charged.
  const chargeable = result.status === 'completed' || result.status === 'aborted' || result.status === 'cut';
  const charged = chargeOf(attempt, tried, chargeable);
  const settled = grant!.settle(charged.pico, charged.currency);
  const record = operationRecord(
    admitted,
    records,
    tried,
    result.status === 'failed' ? 'failed' : result.status,
    result.error,
    charged,
    settled.holds,
  );
  const headers = headersOf(admitted, deployment, records.length, grant!, warnings, tried.cascade);
  if (record.charge_pico !== undefined && !admitted.envelope.stream)
    headers['x-tokenworks-cost'] = `${formatDecimal(record.charge_pico)} ${record.chargeCurrency}`;

  let kept: StoredReply | undefined;
  const whole = claim && result.status === 'completed' ? keptReply(admitted, sink, headers, result) : undefined;
  if (whole) kept = claim!.seal(admitted.operation, whole);
  const failure = await commit(deps, admitted, record, kept, result, settled.booked);
  if (failure) {
    // The call can't be acknowledged; a clean end would be a lie.
    if (result.begun && admitted.envelope.stream) outer.destroy();
    else sendError(outer, admitted.call, failure, admitted.operation);
    return;
  }
  if (kept) claim!.keep(kept);
  if (outer.closed) return;
  if (admitted.envelope.stream) outer.end(result.closing);
  else if (result.reply !== undefined)
    outer.send(200, { ...headers, 'content-type': 'application/json' }, result.reply);
}

function keptReply(
  admitted: Admitted,
  sink: ReplySink,
  headers: Record<string, string>,
  result: AttemptResult,
): KeptReply | undefined {
  if (admitted.envelope.stream && sink instanceof RecordingSink) {
    const recorded = sink.recorded();
    if (recorded === undefined) return undefined;
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8' },
      body: recorded + toText(result.closing ?? ''),
    };
  }
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: toText(result.reply ?? '') };
}

function toText(bytes: Uint8Array | string): string {
  return typeof bytes === 'string'
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** Writes `settled`; then the counters, the live view, alerts and captures follow. Answers the error when it could not be written. */
export async function commit(
  deps: GatewayDependencies,
  admitted: Admitted,
  record: OperationRecord,
  reply: StoredReply | undefined,
  result?: AttemptResult,
  booked: readonly Booked[] = [],
): Promise<AppError | undefined> {
  const failure = await written((done) => deps.journal.append({ t: 'f', record, reply }, done));
  if (admitted.lease) void deps.limits.rates.settle(admitted.lease, ratedTokens(record));
  deps.live.settled(record);
  for (const { part } of booked) if (part.over > 0n) deps.live.aboveHold++;
  if (booked.length > 0) deps.alerts.booked(admitted.principal.organisation.id, record, booked);
  if (record.attempts.some((attempt) => attempt.usageSource === 'unreconciled'))
    deps.alerts.unreconciled(admitted.principal.organisation.id, record);
  if (admitted.principal.capture === 'full' && result) deps.captures.keep(admitted, record, result);
  return failure;
}

/** TPM counts input and output without cache reads. */
function ratedTokens(record: OperationRecord): number {
  let tokens = 0;
  for (const attempt of record.attempts) tokens += totalTokens(attempt.usage) - (attempt.usage.cache_read ?? 0);
  return tokens;
}
