/** Targets, tries and what follows each; ends in a settled or refused call. */
import { AppError, toAppError } from '../base/errors.ts';
import type { FxView, Price } from '../billing/index.ts';
import type { AttemptRecord, CascadeRecord } from '../contract/operation.ts';
import { upstreamMayRecover } from '../providers/index.ts';
import { NO_TAGS } from './admit.ts';
import { describe, headersOf, headerText, sendError, toFailure } from './answer.ts';
import { type AttemptInput, type AttemptResult, attemptHttp, clientGone } from './attempt.ts';
import { attemptEmbeddings } from './attempt-embeddings.ts';
import { attemptReflex } from './attempt-reflex.ts';
import type { Admitted, ReplySink } from './call.ts';
import { type Consulted, cascadeHeaders, consult, type ReflexAnswer, savingOf } from './cascade.ts';
import type { Deployment } from './catalogue.ts';
import type { GatewayDependencies, Snapshot } from './dependencies.ts';
import { type FundsAbove, fundsAbove, Grant, isBounded } from './funds.ts';
import type { Health } from './health.ts';
import type { Claim } from './idempotency.ts';
import { needOf } from './need.ts';
import { planTargets } from './plan.ts';
import { priceOf, usualCost } from './prices.ts';
import { RecordingSink } from './recording-sink.ts';
import { attemptRecord, operationRecord, priced, type Tried } from './records.ts';
import { commit, settle } from './settle.ts';

/** Attempts of one operation at most, whatever its retries and targets. */
const MAX_ATTEMPTS = 12;

/** A provider that asks to wait longer than this is left for the next target. */
const MAX_WAIT_MS = 2000;

const FIRST_BACKOFF_MS = 100;

/** Nothing stands above what costs nothing. */
const NO_FUNDS: FundsAbove = { hard: [], soft: [] };

/** Answers an admitted call: tries its targets in order, settles what answered, or says why none could. */
export async function serve(
  deps: GatewayDependencies,
  admitted: Admitted,
  outer: ReplySink,
  claim: Claim | undefined,
): Promise<void> {
  const serving = new Serving(deps, admitted, outer, claim);
  await serving.run();
}

/** One operation on its way through targets and tries. */
class Serving {
  readonly #deps: GatewayDependencies;
  readonly #admitted: Admitted;
  readonly #outer: ReplySink;
  readonly #claim: Claim | undefined;
  /** The outer sink, or one that keeps a stream for its idempotency key. */
  readonly #sink: ReplySink;
  readonly #snapshot: Snapshot;
  readonly #fx: FxView;
  readonly #funds: FundsAbove;
  readonly #cancel: () => AbortSignal;
  readonly #records: AttemptRecord[] = [];
  readonly #warnings: string[] = [];
  /** `intended` is written with the first `sent`. */
  #intended = false;
  #last: Tried | undefined;
  /** Where the call is to a cascade: what was decided, once it is. */
  #cascade: CascadeRecord | undefined;
  #consulted: Consulted | undefined;
  #failure: AppError | undefined;

  constructor(deps: GatewayDependencies, admitted: Admitted, outer: ReplySink, claim: Claim | undefined) {
    const { call, principal } = admitted;
    this.#deps = deps;
    this.#admitted = admitted;
    this.#outer = outer;
    this.#claim = claim;
    const isKept = claim !== undefined || admitted.route.cascade?.examplesPerDay !== undefined;
    this.#sink = isKept && admitted.envelope.stream ? new RecordingSink(outer) : outer;
    this.#snapshot = deps.snapshot();
    this.#fx = this.#snapshot.fx.pin(admitted.at_ms);
    this.#cancel = lazySignal(this.#sink);
    this.#funds = fundsAbove({
      budgets: call.agent ? [...principal.budgets, ...deps.directory.agentBudgets(call.agent)] : principal.budgets,
      wallets: principal.wallets,
      maxCost: admitted.maxCost,
      timezone: principal.organisation.timezone,
      at_ms: admitted.at_ms,
      credited: this.#snapshot.credited,
    });
  }

  async run(): Promise<void> {
    if (this.#admitted.route.cascade && (await this.#answerByReflex())) return this.#finish();
    const plan = this.#plan();
    for (const [position, deployment] of plan.entries()) {
      const next = await this.#tryTarget(deployment, position < plan.length - 1);
      if (next === 'stop') break;
    }
    await this.#finish();
  }

  #plan(): Deployment[] {
    const { route, user, principal, at_ms } = this.#admitted;
    return planTargets(route, user ?? principal.key.id, {
      health: this.#deps.health,
      random: Math.random,
      costOf: (deployment) => usualCost(priceOf(this.#snapshot, 'cost', deployment, at_ms), at_ms, this.#fx),
    });
  }

  /** A cascade's first step: true where the call ends with it. */
  async #answerByReflex(): Promise<boolean> {
    const deps = this.#deps;
    const consulted = await consult(deps, this.#admitted, this.#admitted.route.cascade!);
    const { deployment, cascade, answer, attempt } = consulted;
    this.#consulted = consulted;
    this.#cascade = cascade;
    // Nobody listens any more: no other model is to be paid for it.
    if (this.#sink.closed) return true;
    if (answer && (await this.#giveAnswer(deployment, answer))) return true;
    if (attempt) this.#records.push(attempt);
    if (cascade.reason === 'untrained')
      this.#warnings.push(`cascade: reflex/${this.#admitted.route.cascade!.reflex} has learnt nothing`);
    return false;
  }

  /** Sends what Reflex answered; false where the large model has to be asked after all. */
  async #giveAnswer(deployment: Deployment, answer: ReflexAnswer): Promise<boolean> {
    const deps = this.#deps;
    const { costPrice, sellPrice } = this.#prices(deployment);
    const { input, output } = answer.reply.usage;
    const own = priced(costPrice, { input, output }, { at_ms: answer.at_ms });
    const charge = sellPrice ? priced(sellPrice, { input, output }, { at_ms: answer.at_ms }) : own;
    const grant = await this.#grant(deployment, charge?.pico === 0n ? NO_FUNDS : this.#funds);
    const result = grant && (await this.#attempt(deployment, grant, answer));
    if (result && result.status !== 'failed') {
      this.#cascade!.saved = await savingOf(deps, this.#snapshot, answer, own, this.#plan()[0]).catch(
        // An estimate that can't be made must not cost the answer.
        () => undefined,
      );
      return true;
    }
    this.#cascade = { ...this.#cascade!, decision: 'passed', reason: 'failed' };
    if (!result) return false;
    grant!.release();
    const record = attemptRecord(this.#records.length, this.#last!);
    this.#records.push(record);
    deps.journal.append({ t: 'a', op: this.#admitted.operation, attempt: record });
    // A stream may have begun before it failed.
    return this.#sink.closed || this.#admitted.envelope.stream;
  }

  /** All tries at one target: whether the next target is to be tried after it. */
  async #tryTarget(deployment: Deployment, more: boolean): Promise<'target' | 'stop'> {
    const { retries } = this.#admitted.route;
    for (let again = 0; ; again++) {
      if (this.#records.length >= MAX_ATTEMPTS) return 'stop';
      const grant = await this.#grant(deployment);
      // Another target may be cheaper or priced; where others' holds stand in the way, waiting again helps nobody.
      if (!grant) return more && this.#failure!.retryAfter_s === undefined ? 'target' : 'stop';
      const result = await this.#attempt(deployment, grant);
      // What one protocol can't carry another may.
      if (!result) return more ? 'target' : 'stop';
      if (result.status !== 'failed') return 'stop';
      grant.release();
      const record = attemptRecord(this.#records.length, this.#last!);
      this.#records.push(record);
      const next = this.#sink.closed ? 'stop' : nextStep(result.error!, again, retries, more);
      if (next !== 'stop') this.#deps.journal.append({ t: 'a', op: this.#admitted.operation, attempt: record });
      if (next !== 'again') return next;
      await pause(result.error!, again);
      if (this.#sink.closed) return 'stop';
    }
  }

  #prices(deployment: Deployment): { costPrice?: Price; sellPrice?: Price } {
    const { at_ms } = this.#admitted;
    return {
      costPrice: priceOf(this.#snapshot, 'cost', deployment, at_ms),
      sellPrice: priceOf(this.#snapshot, 'sell', deployment, at_ms),
    };
  }

  /** Money for one attempt; undefined, with the reason noted, where there is none. */
  async #grant(deployment: Deployment, funds = this.#funds): Promise<Grant | undefined> {
    const deps = this.#deps;
    const { costPrice, sellPrice } = this.#prices(deployment);
    const price = sellPrice ?? costPrice;
    try {
      if (!price && !this.#admitted.principal.key.unpriced) {
        throw new AppError(
          'not_allowed',
          `The model "${deployment.id}" has no price, and this key may not call unpriced models.`,
          { param: 'model' },
        );
      }
      return await Grant.take(
        {
          limits: deps.limits,
          owner: deps.journal.process,
          holdWait_ms: deps.holdWait_ms,
          spent: this.#snapshot.spent,
          credited: this.#snapshot.credited,
        },
        funds,
        this.#fx,
        price,
        needOf(deps, this.#admitted, deployment, isBounded(funds)),
        this.#admitted.at_ms,
        this.#cancel,
      );
    } catch (error) {
      this.#failure = toAppError(error);
      return undefined;
    }
  }

  /** One attempt, noted as the last one; undefined when it was refused before anything was sent. */
  async #attempt(deployment: Deployment, grant: Grant, given?: ReflexAnswer): Promise<AttemptResult | undefined> {
    const deps = this.#deps;
    const prices = this.#prices(deployment);
    let sent = false;
    const input = this.#input(deployment, grant, prices.costPrice?.id, () => {
      sent = true;
    });
    let result: AttemptResult;
    try {
      deps.health.sent(deployment.id);
      if (!deployment.provider)
        result = await attemptReflex(deps, deps.reflex, input, this.#snapshot.catalogue.largeModels, given);
      else if (this.#admitted.call.surface === 'embeddings') result = await attemptEmbeddings(deps, input);
      else result = await attemptHttp(deps, input);
    } catch (error) {
      deps.health.unclear(deployment.id);
      const failure = toFailure(error);
      this.#failure = failure;
      if (failure.code === 'internal_error') {
        deps.log('error', 'an attempt failed inside', { operation: this.#admitted.operation, error: describe(error) });
      }
      if (!sent) {
        grant.release();
        return undefined;
      }
      // It is in the journal as sent, so it must be there as ended.
      result = { status: 'failed', error: failure, at_ms: deps.clock.now(), total_ms: 0, begun: false };
      this.#last = { deployment, result, grant, ...prices };
      return result;
    }
    this.#last = { deployment, result, grant, ...prices };
    this.#failure = result.error;
    noteHealth(deps.health, deployment, result);
    return result;
  }

  #input(deployment: Deployment, grant: Grant, priceId: string | undefined, onSent: () => void): AttemptInput {
    const admitted = this.#admitted;
    const index = this.#records.length;
    const warnings = this.#warnings;
    return {
      admitted,
      deployment,
      index,
      grant,
      sink: this.#sink,
      timeout_ms: admitted.route.timeout_ms,
      // No getter: V8 makes a hidden class for each object literal with one, and that class keeps the whole call alive.
      headers: () => headersOf(admitted, deployment, index + 1, grant, warnings, this.#cascade),
      priceId,
      warnings,
      announce: (written) => {
        onSent();
        this.#announce(deployment, index, priceId, grant, written);
      },
    };
  }

  /** `intended` once, then `sent`; `written` is called when both are in the file. */
  #announce(
    deployment: Deployment,
    index: number,
    priceId: string | undefined,
    grant: Grant,
    written: (error?: AppError) => void,
  ): void {
    const { call, principal, envelope, operation, at_ms, user, tags } = this.#admitted;
    const { journal, clock } = this.#deps;
    if (!this.#intended) {
      this.#intended = true;
      journal.append({
        t: 'i',
        op: operation,
        at: at_ms,
        organisation: principal.organisation.id,
        project: principal.project.id,
        key: principal.key.id,
        user,
        tags: tags === NO_TAGS ? undefined : tags,
        surface: call.surface,
        model: envelope.model,
        stream: envelope.stream,
        bytes: call.body.length,
        agent: call.agent,
        run: call.run,
      });
      // What a cascade's first model passed on.
      for (const attempt of this.#records) journal.append({ t: 'a', op: operation, attempt });
    }
    const holds = grant.holds();
    journal.append(
      {
        t: 's',
        op: operation,
        n: index,
        at: clock.now(),
        deployment: deployment.id,
        provider: deployment.providerName,
        model: deployment.model,
        priceId,
        holds: holds.length > 0 ? holds : undefined,
      },
      written,
    );
  }

  async #finish(): Promise<void> {
    const last = this.#last;
    const admitted = this.#admitted;
    if (last) last.cascade = this.#cascade;
    if (last && last.result.status !== 'failed') {
      await settle(this.#deps, admitted, this.#sink, this.#outer, this.#claim, this.#records, last, this.#warnings);
      const { request } = this.#consulted ?? {};
      if (request && last.result.status === 'completed')
        this.#deps.lessons.keep(admitted, request, this.#cascade!.decision, this.#sink, last.result);
      return;
    }
    const error = this.#sink.closed
      ? clientGone()
      : (this.#failure ?? new AppError('upstream_error', 'No provider could answer.'));
    if (last) {
      // Nothing is charged, but every try is on record before the caller hears of it.
      const record = operationRecord(admitted, this.#records, last, 'failed', error, undefined, []);
      await commit(this.#deps, admitted, record, undefined);
    }
    if (this.#sink.closed) return;
    sendError(this.#outer, admitted.call, error, admitted.operation, {
      'x-tokenworks-attempts': String(this.#records.length),
      ...cascadeHeaders(this.#cascade),
      ...(last ? { 'x-tokenworks-model': headerText(last.deployment.id) } : {}),
    });
  }
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
