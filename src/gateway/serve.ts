/** Targets, tries and what follows each; ends in a settled or refused call. */
import { AppError, toAppError } from '../base/errors.ts';
import type { AttemptRecord } from '../contract/operation.ts';
import { upstreamMayRecover } from '../providers/index.ts';
import { NO_TAGS } from './admit.ts';
import { headersOf, headerText, sendError } from './answer.ts';
import { type AttemptResult, attemptHttp, clientGone } from './attempt.ts';
import { attemptEmbeddings } from './attempt-embeddings.ts';
import { attemptReflex } from './attempt-reflex.ts';
import type { Admitted, ReplySink } from './call.ts';
import type { Deployment } from './catalogue.ts';
import type { GatewayDependencies } from './dependencies.ts';
import { type FundsDependencies, fundsAbove, Grant, isBounded } from './funds.ts';
import { describe, toFailure } from './gateway.ts';
import type { Health } from './health.ts';
import type { Claim } from './idempotency.ts';
import { needOf } from './need.ts';
import { planTargets } from './plan.ts';
import { priceOf, usualCost } from './prices.ts';
import { RecordingSink } from './recording-sink.ts';
import { attemptRecord, operationRecord, type Tried } from './records.ts';
import { commit, settle } from './settle.ts';

/** Attempts of one operation at most, whatever its retries and targets. */
const MAX_ATTEMPTS = 12;

/** A provider that asks to wait longer than this is left for the next target. */
const MAX_WAIT_MS = 2000;

const FIRST_BACKOFF_MS = 100;

export async function serve(
  deps: GatewayDependencies,
  admitted: Admitted,
  outer: ReplySink,
  claim: Claim | undefined,
): Promise<void> {
  const sink = claim && admitted.envelope.stream ? new RecordingSink(outer) : outer;
  const { call, principal } = admitted;
  const snapshot = deps.snapshot();
  const fx = snapshot.fx.pin(admitted.at_ms);
  const budgets = call.agent ? [...principal.budgets, ...deps.directory.agentBudgets(call.agent)] : principal.budgets;
  const funds = fundsAbove({
    budgets,
    wallets: principal.wallets,
    maxCost: admitted.maxCost,
    timezone: principal.organisation.timezone,
    at_ms: admitted.at_ms,
    credited: snapshot.credited,
  });
  const fundsDeps: FundsDependencies = {
    limits: deps.limits,
    owner: deps.journal.process,
    holdWait_ms: deps.holdWait_ms,
    spent: snapshot.spent,
    credited: snapshot.credited,
  };
  const records: AttemptRecord[] = [];
  const warnings: string[] = [];
  const cancel = lazySignal(sink);
  let announced = false;
  let last: Tried | undefined;
  let failure: AppError | undefined;

  const plan = planTargets(admitted.route, admitted.user ?? principal.key.id, {
    health: deps.health,
    random: Math.random,
    costOf: (deployment) => usualCost(priceOf(snapshot, 'cost', deployment, admitted.at_ms), admitted.at_ms, fx),
  });

  targets: for (const [position, deployment] of plan.entries()) {
    for (let again = 0; again <= admitted.route.retries; again++) {
      if (records.length >= MAX_ATTEMPTS) break targets;
      const costPrice = priceOf(snapshot, 'cost', deployment, admitted.at_ms);
      const sellPrice = priceOf(snapshot, 'sell', deployment, admitted.at_ms);
      const price = sellPrice ?? costPrice;
      let grant: Grant;
      let result: AttemptResult;
      try {
        if (!price && !principal.key.unpriced) {
          throw new AppError(
            'not_allowed',
            `The model "${deployment.id}" has no price, and this key may not call unpriced models.`,
            { param: 'model' },
          );
        }
        grant = await Grant.take(
          fundsDeps,
          funds,
          fx,
          price,
          needOf(deps, admitted, deployment, isBounded(funds)),
          admitted.at_ms,
          cancel,
        );
      } catch (error) {
        failure = toAppError(error);
        // Another target may be cheaper or priced; the caller's own limits hold for all.
        if (failure.retryAfter_s !== undefined || position === plan.length - 1) break targets;
        continue targets;
      }
      try {
        deps.health.sent(deployment.id);
        const input = {
          admitted,
          deployment,
          index: records.length,
          grant,
          sink,
          timeout_ms: admitted.route.timeout_ms,
          // A stream's head goes out once its request is built, which is when the warnings are known.
          get headers() {
            return headersOf(admitted, deployment, records.length + 1, grant, warnings);
          },
          priceId: costPrice?.id,
          warnings,
          announce: (_sent: unknown, done: (error?: AppError) => void) => {
            announce(deps, admitted, deployment, records.length, costPrice?.id, grant, announced, done);
            announced = true;
          },
        };
        if (!deployment.provider)
          result = await attemptReflex(deps, deps.reflex, input, snapshot.catalogue.largeModels);
        else if (call.surface === 'embeddings') result = await attemptEmbeddings(deps, input);
        else result = await attemptHttp(deps, input);
      } catch (error) {
        grant.release();
        deps.health.unclear(deployment.id);
        failure = toFailure(error);
        if (failure.code === 'internal_error')
          deps.log('error', 'an attempt failed inside', { operation: admitted.operation, error: describe(error) });
        if (!announced) break targets;
        // It is in the journal as sent, so it must be there as ended.
        last = {
          deployment,
          costPrice,
          sellPrice,
          result: { status: 'failed', error: failure, at_ms: deps.clock.now(), total_ms: 0, begun: false },
        };
        records.push(attemptRecord(records.length, last));
        break targets;
      }
      last = { deployment, result, grant, costPrice, sellPrice };
      failure = result.error;
      noteHealth(deps.health, deployment, result);
      if (result.status !== 'failed') break targets;
      grant.release();
      const record = attemptRecord(records.length, last);
      records.push(record);
      const next = nextStep(result.error!, again, admitted.route.retries, position < plan.length - 1);
      if (next === 'stop' || sink.closed) break targets;
      deps.journal.append({ t: 'a', op: admitted.operation, attempt: record });
      if (next === 'target') continue targets;
      await pause(result.error!, again);
      if (sink.closed) break targets;
    }
  }

  if (last && last.result.status !== 'failed') {
    await settle(deps, admitted, sink, outer, claim, records, last, warnings);
    return;
  }
  const error = sink.closed ? clientGone() : (failure ?? new AppError('upstream_error', 'No provider could answer.'));
  if (last && announced) {
    // Nothing was charged, but every try is on record before the caller hears of it.
    const record = operationRecord(admitted, records, last, 'failed', error, undefined, []);
    await commit(deps, admitted, record, undefined);
  }
  if (!sink.closed)
    sendError(outer, call, error, admitted.operation, {
      'x-tokenworks-attempts': String(records.length),
      ...(last ? { 'x-tokenworks-model': headerText(last.deployment.id) } : {}),
    });
}

function announce(
  deps: GatewayDependencies,
  admitted: Admitted,
  deployment: Deployment,
  index: number,
  priceId: string | undefined,
  grant: Grant,
  announced: boolean,
  done: (error?: AppError) => void,
): void {
  const { call, principal, envelope } = admitted;
  if (!announced) {
    deps.journal.append({
      t: 'i',
      op: admitted.operation,
      at: admitted.at_ms,
      organisation: principal.organisation.id,
      project: principal.project.id,
      key: principal.key.id,
      user: admitted.user,
      tags: admitted.tags === NO_TAGS ? undefined : admitted.tags,
      surface: call.surface,
      model: envelope.model,
      stream: envelope.stream,
      bytes: call.body.length,
      agent: call.agent,
      run: call.run,
    });
  }
  const holds = grant.holds();
  deps.journal.append(
    {
      t: 's',
      op: admitted.operation,
      n: index,
      at: deps.clock.now(),
      deployment: deployment.id,
      provider: deployment.providerName,
      model: deployment.model,
      priceId,
      holds: holds.length > 0 ? holds : undefined,
    },
    done,
  );
}

type Next = 'again' | 'target' | 'stop';

/** After a failure: the same target again, the next one, or neither. */
function nextStep(error: AppError, again: number, retries: number, more: boolean): Next {
  const long = (error.retryAfter_s ?? 0) * 1000 > MAX_WAIT_MS;
  if (upstreamMayRecover(error) && again < retries && !long) return 'again';
  // A wrong request is wrong everywhere; a provider that refuses our key or lacks the model says nothing of the next one.
  const elsewhere = error.retryable || error.code === 'model_not_found' || error.upstreamStatus === 429;
  return elsewhere && more ? 'target' : 'stop';
}

function pause(error: AppError, again: number): Promise<void> {
  const wait_ms =
    error.retryAfter_s !== undefined
      ? error.retryAfter_s * 1000
      : FIRST_BACKOFF_MS * 2 ** again * (0.5 + Math.random() / 2);
  return new Promise((resolve) => setTimeout(resolve, Math.min(wait_ms, MAX_WAIT_MS)));
}

function noteHealth(health: Health, deployment: Deployment, result: AttemptResult): void {
  if (result.status === 'completed') health.completed(deployment.id, result.ttft_ms ?? result.total_ms);
  else if (result.status === 'broken' || (result.status === 'failed' && result.error?.retryable))
    health.failed(deployment.id);
  else health.unclear(deployment.id);
}

/** An AbortSignal of the receiver going away, made only when somebody has to wait. */
function lazySignal(sink: ReplySink): () => AbortSignal {
  let controller: AbortController | undefined;
  return () => {
    if (!controller) {
      controller = new AbortController();
      const own = controller;
      if (sink.closed) own.abort(clientGone());
      else sink.onClose(() => own.abort(clientGone()));
    }
    return controller.signal;
  };
}
