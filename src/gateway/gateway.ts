/**
 * The way of a call: admit → route → attempt (again, elsewhere) → settle → record → answer. Agents, judges and memory come in by the
 * same door as HTTP, so every token is metered alike.
 */
import type { Directory, Principal, Vault } from '../accounts/index.ts';
import type { Clock } from '../base/clock.ts';
import { AppError, toAppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { formatDecimal, type Money, parseMoney } from '../base/money.ts';
import { type FxTable, type Price, type PriceBook, priceUsage } from '../billing/index.ts';
import type { Journal } from '../billing/journal/index.ts';
import type { AttemptRecord, OperationHold, OperationRecord } from '../contract/operation.ts';
import { totalTokens, type UsageVector } from '../contract/usage.ts';
import type { Egress } from '../egress/index.ts';
import { type Limits, type RateRefusal, retryAfterSeconds } from '../limits/index.ts';
import { embeddingsSurface, type JsonObject, surfaces, upstreamMayRecover } from '../providers/index.ts';
import type { Reflex } from '../reflex/index.ts';
import type { Store, StoredReply } from '../store/index.ts';
import type { Alerts } from './alerts.ts';
import { type AttemptResult, attemptHttp, clientGone, parseObject, surfaceOf, written } from './attempt.ts';
import { attemptEmbeddings } from './attempt-embeddings.ts';
import { attemptReflex } from './attempt-reflex.ts';
import type { Admitted, Call, ReplySink } from './call.ts';
import type { Captures } from './captures.ts';
import type { Catalogue, Deployment } from './catalogue.ts';
import { errorBody } from './errors.ts';
import { type Booked, type FundsDependencies, fundsAbove, Grant, isBounded, type Need } from './funds.ts';
import type { Health } from './health.ts';
import { type Claim, Idempotency, type KeptReply } from './idempotency.ts';
import type { Live } from './live.ts';
import { planTargets } from './plan.ts';
import { keepableRaw, plausible } from './plausible.ts';
import { RecordingSink } from './recording-sink.ts';

/** Attempts of one operation at most, whatever its retries and targets. */
const MAX_ATTEMPTS = 12;
/** A provider that asks to wait longer than this is left for the next target. */
const MAX_WAIT_MS = 2000;
const FIRST_BACKOFF_MS = 100;
/** Tokens that one image, sound or file can count as, where the model's own bound is not known. */
const MEDIA_BOUND = { image: 5_000, audio: 20_000, file: 200_000 };
/** Input that is kept at the provider, where the model's context is not known. */
const UNSEEN_BOUND = 200_000;
const MAX_TAGS = 16;
const MAX_FIELDS = 10_000;
const MAX_HEADER_CHARACTERS = 1024;

/** What changes when somebody changes keys, prices or providers; replaced whole. */
export interface Snapshot {
  catalogue: Catalogue;
  book: PriceBook;
  fx: FxTable;
  spent(budget: string, window: string): bigint;
  credited(wallet: string): bigint;
}

export interface GatewayDependencies {
  clock: Clock;
  directory: Directory;
  /** The principal of the admin key, when the secret is that key. */
  admin(secret: string): Principal | undefined;
  limits: Limits;
  journal: Journal;
  store: Store;
  vault: Vault;
  egress: Egress;
  reflex: Reflex;
  health: Health;
  live: Live;
  alerts: Alerts;
  captures: Captures;
  snapshot(): Snapshot;
  holdWait_ms: number;
  defaultMaxOutput: number;
  maxOpen: number;
  log(level: 'warn' | 'error', message: string, detail?: Record<string, unknown>): void;
}

export interface Gateway {
  /** Answers a call on `sink`; never throws. */
  handle(call: Call, sink: ReplySink): Promise<void>;
  readonly open: number;
  /** Refuses new calls from now on. */
  drain(): void;
}

export function createGateway(deps: GatewayDependencies): Gateway {
  const idempotency = new Idempotency(deps.store, deps.vault, () => deps.clock.now());
  const sweeper = setInterval(() => idempotency.sweep(), 600_000);
  sweeper.unref();
  const state: GatewayState = { deps, idempotency, draining: false };
  return {
    handle: (call, sink) => handle(state, call, sink),
    get open() {
      return deps.live.open;
    },
    drain() {
      state.draining = true;
    },
  };
}

interface GatewayState {
  deps: GatewayDependencies;
  idempotency: Idempotency;
  draining: boolean;
}

async function handle(state: GatewayState, call: Call, sink: ReplySink): Promise<void> {
  const { deps } = state;
  deps.live.open++;
  const operation = newId('op', deps.clock.now());
  let claim: Claim | undefined;
  let admitted: Admitted | undefined;
  try {
    admitted = await admit(state, call, operation);
    const reply = call.idempotencyKey
      ? await state.idempotency.claim(admitted.principal.key.id, call.path, call.idempotencyKey, call.body)
      : undefined;
    if (reply && 'status' in reply) {
      sink.send(reply.status, { ...reply.headers, 'x-tokenworks-replayed': 'true' }, reply.body);
      return;
    }
    claim = reply;
    await takeRates(deps, admitted);
    await serve(deps, admitted, sink, claim);
  } catch (error) {
    const failure = toFailure(error);
    if (failure.code === 'internal_error')
      deps.log('error', 'a call failed inside', { operation, error: describe(error) });
    if (!sink.closed) sendError(sink, call, failure, operation);
  } finally {
    claim?.free();
    if (admitted?.lease?.open) void deps.limits.rates.release(admitted.lease);
    deps.live.open--;
  }
}

// ---------------------------------------------------------------- admit

async function admit(state: GatewayState, call: Call, operation: string): Promise<Admitted> {
  const { deps } = state;
  if (state.draining)
    throw new AppError('overloaded', 'This server is shutting down; send the call to another one.', {
      retryAfter_s: 5,
    });
  if (deps.live.open > deps.maxOpen)
    throw new AppError('overloaded', 'Too many calls are open on this server.', { retryAfter_s: 1 });
  if (!deps.journal.healthy)
    throw new AppError('overloaded', 'The journal can not be written, so no call is served until it can.', {
      retryAfter_s: 1,
    });
  const at_ms = deps.clock.now();
  const began_ms = deps.clock.mono();
  const found = (call.secret && deps.admin(call.secret)) || deps.directory.authenticate(call.secret);
  const principal = found instanceof Promise ? await found : found;
  const body = parseObject(call.body);
  if (!body)
    throw new AppError(
      'invalid_request',
      call.body.length === 0 ? 'The body is empty; a JSON object is needed.' : 'The body is not a JSON object.',
    );
  // Each is looked at one by one further on; no API has a hundredth of them.
  if (Object.keys(body).length > MAX_FIELDS)
    throw new AppError('invalid_request', `The body has more than ${MAX_FIELDS} fields.`);
  const envelope = (call.surface === 'embeddings' ? embeddingsSurface : surfaces[call.surface]).envelope(body);
  if (!principal.allows(envelope.model))
    throw new AppError('not_allowed', `This API key may not call the model "${envelope.model}".`, { param: 'model' });
  const route = deps.snapshot().catalogue.resolve(envelope.model);
  if (call.user !== undefined && !principal.key.actAsUser) {
    throw new AppError('not_allowed', 'Only a key with act_as_user may set x-tokenworks-user.', {
      param: 'x-tokenworks-user',
    });
  }
  const admitted: Admitted = {
    operation,
    at_ms,
    began_ms,
    call,
    principal,
    body,
    envelope,
    route,
    mediaUrls: NO_URLS,
    user: principal.capture === 'none' ? undefined : call.user,
    tags: call.tags ? parseTags(call.tags) : NO_TAGS,
    maxCost: call.maxCost ? parseMaxCost(call.maxCost) : undefined,
  };
  await checkUrls(deps, admitted);
  return admitted;
}

const NO_TAGS: Record<string, string> = {};
const NO_URLS: readonly string[] = [];

/** `team=voc,feature=weekly`. */
export function parseTags(text: string): Record<string, string> {
  const tags: Record<string, string> = {};
  const pairs = text.split(',');
  if (pairs.length > MAX_TAGS)
    throw new AppError('invalid_request', `x-tokenworks-tags may hold ${MAX_TAGS} tags at most.`, {
      param: 'x-tokenworks-tags',
    });
  for (const pair of pairs) {
    const match = /^\s*([A-Za-z][A-Za-z0-9_.-]{0,63})=([^,=]{1,128}?)\s*$/.exec(pair);
    if (!match)
      throw new AppError('invalid_request', 'x-tokenworks-tags must look like "team=voc,feature=weekly".', {
        param: 'x-tokenworks-tags',
      });
    tags[match[1]!] = match[2]!;
  }
  return tags;
}

function parseMaxCost(text: string): Money {
  try {
    return parseMoney(text);
  } catch {
    throw new AppError(
      'invalid_request',
      'x-tokenworks-max-cost must be an amount with a currency, such as "0.05 USD".',
      { param: 'x-tokenworks-max-cost' },
    );
  }
}

/** Media given by URL must not point inside: whoever fetches it, we or an engine beside us, stands in our network. */
async function checkUrls(deps: GatewayDependencies, admitted: Admitted): Promise<void> {
  const { call, body } = admitted;
  // A look at the bytes would not do: JSON can write any letter as an escape, and a file's data may be a URL.
  if (call.surface === 'embeddings') return;
  admitted.mediaUrls = surfaceOf(admitted).inputBound(body, call.body.length).urls;
  for (const url of admitted.mediaUrls) await deps.egress.check(url);
}

async function takeRates(deps: GatewayDependencies, admitted: Admitted): Promise<void> {
  const { key } = admitted.principal;
  if (key.rpm === undefined && key.tpm === undefined && key.concurrency === undefined) return;
  const bytes = admitted.call.body.length;
  const answer = await deps.limits.rates.admit({
    subjects: [{ id: `key:${key.id}`, rpm: key.rpm, tpm: key.tpm, concurrency: key.concurrency }],
    tokens: Math.ceil(bytes / 4) + (admitted.envelope.maxOutputTokens ?? 0) * admitted.envelope.n,
    owner: deps.journal.process,
  });
  if (!answer.ok) throw rateError(answer);
  admitted.lease = answer.lease;
}

function rateError(refusal: RateRefusal): AppError {
  const what = { rpm: 'calls per minute', tpm: 'tokens per minute', concurrency: 'calls at a time' }[refusal.limit];
  if (refusal.retryAfter_ms === undefined)
    return new AppError('rate_limited', `This call alone is larger than the key's limit of ${what}.`);
  return new AppError('rate_limited', `The key's limit of ${what} is reached.`, {
    retryAfter_s: retryAfterSeconds(refusal.retryAfter_ms),
  });
}

// ---------------------------------------------------------------- serve

interface Tried {
  deployment: Deployment;
  result: AttemptResult;
  grant?: Grant;
  costPrice?: Price;
  sellPrice?: Price;
}

async function serve(
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

/** Settles what an attempt used, records the operation, and only then lets the last byte go. */
async function settle(
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
  const charged = chargeOf(admitted, attempt, tried, chargeable);
  const settled = grant!.settle(charged.pico ?? 0n, charged.currency);
  const record = operationRecord(
    admitted,
    records,
    tried,
    result.status === 'failed' ? 'failed' : result.status,
    result.error,
    charged,
    settled.holds,
  );
  const headers = headersOf(admitted, deployment, records.length, grant!, warnings);
  if (record.charge_pico !== undefined && !admitted.envelope.stream)
    headers['x-tokenworks-cost'] = `${formatDecimal(record.charge_pico)} ${record.chargeCurrency}`;

  let kept: StoredReply | undefined;
  if (claim && result.status === 'completed')
    kept = claim.keep(admitted.operation, keptReply(admitted, sink, headers, result));
  const failure = await commit(deps, admitted, record, kept, result, settled.booked);
  if (failure) {
    // The call can't be acknowledged; a clean end would be a lie.
    if (result.begun && admitted.envelope.stream) outer.destroy();
    else sendError(outer, admitted.call, failure, admitted.operation);
    return;
  }
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
): KeptReply {
  if (admitted.envelope.stream && sink instanceof RecordingSink) {
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8' },
      body: sink.recorded() + toText(result.closing ?? ''),
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
async function commit(
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

// ---------------------------------------------------------------- parts

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

function attemptRecord(index: number, tried: Tried): AttemptRecord {
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

function priced(
  price: Price | undefined,
  vector: UsageVector,
  result: AttemptResult,
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
function chargeOf(_admitted: Admitted, attempt: AttemptRecord, tried: Tried, chargeable: boolean): Charged {
  const { sellPrice, costPrice, result } = tried;
  const price = sellPrice ?? costPrice;
  if (!chargeable) return price ? { pico: 0n, currency: price.currency } : {};
  if (attempt.usageSource === 'unreconciled' || !result.usage) return {};
  if (!sellPrice) return attempt.cost_pico === undefined ? {} : { pico: attempt.cost_pico, currency: attempt.currency };
  const charge = priced(sellPrice, attempt.usage, result);
  return charge ? { ...charge, sellPriceId: sellPrice.id } : {};
}

function operationRecord(
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
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.max(0, Math.round(ms * 10) / 10);
}

function priceOf(snapshot: Snapshot, book: 'cost' | 'sell', deployment: Deployment, at_ms: number): Price | undefined {
  return snapshot.book.find(book, namesOf(deployment), deployment.model, at_ms);
}

const bookNames = new WeakMap<object, readonly string[]>();
const REFLEX_NAMES: readonly string[] = ['reflex'];

/** The provider's own name, then that of its rows in the built-in book. */
function namesOf(deployment: Deployment): readonly string[] {
  const provider = deployment.provider;
  if (!provider) return REFLEX_NAMES;
  let names = bookNames.get(provider);
  if (!names) {
    names =
      provider.priceProvider && provider.priceProvider !== provider.name
        ? [provider.name, provider.priceProvider]
        : [provider.name];
    bookNames.set(provider, names);
  }
  return names;
}

/** What 1,000 tokens in and 500 out cost, in USD where there is a rate: a yardstick for `cheapest`. */
function usualCost(price: Price | undefined, at_ms: number, fx: ReturnType<FxTable['pin']>): bigint | undefined {
  if (!price) return undefined;
  const answer = priceUsage(price, { input: 1000, output: 500 }, { at_ms });
  if (!answer.priced) return undefined;
  return fx.convert(answer.cost_pico, answer.currency, 'USD', 'half_even')?.pico;
}

function needOf(deps: GatewayDependencies, admitted: Admitted, deployment: Deployment, bounded: boolean): Need {
  const { envelope, call, body } = admitted;
  const mostOutput = deployment.facts.maxOutput ?? deps.defaultMaxOutput;
  if (!bounded) return { inputTokens: 0, stream: envelope.stream, mostOutput, n: envelope.n };
  if (call.surface === 'embeddings')
    return { inputTokens: call.body.length, outputTokens: 0, stream: false, mostOutput: 0, n: 1 };
  const bound = surfaceOf(admitted).inputBound(body, call.body.length);
  const api = deployment.provider?.chatApiFor(call.surface, deployment.model);
  const own = envelope.maxOutputTokens;
  return {
    inputTokens:
      bound.textBytes +
      bound.files * MEDIA_BOUND.file +
      (bound.unseen ? (deployment.facts.contextWindow ?? UNSEEN_BOUND) : 0),
    imageTokens: bound.images * MEDIA_BOUND.image,
    audioTokens: bound.audios * MEDIA_BOUND.audio,
    outputTokens: own === undefined ? undefined : (own + (api?.limitExcludesReasoning ? mostOutput : 0)) * envelope.n,
    stream: envelope.stream,
    mostOutput,
    n: envelope.n,
    tier: serviceTier(body),
  };
}

function serviceTier(body: JsonObject): string | undefined {
  return typeof body.service_tier === 'string' ? body.service_tier : undefined;
}

function headersOf(
  admitted: Admitted,
  deployment: Deployment,
  attempts: number,
  grant: Grant,
  warnings: readonly string[],
): Record<string, string> {
  const headers: Record<string, string> = {
    'x-tokenworks-operation': admitted.operation,
    'x-tokenworks-model': headerText(deployment.id),
    'x-tokenworks-attempts': String(attempts),
  };
  if (grant.imposedLimit !== undefined) headers['x-tokenworks-limited'] = 'budget';
  if (warnings.length > 0) headers['x-tokenworks-warnings'] = headerText(warnings.join(', '));
  return headers;
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

export function sendError(
  sink: ReplySink,
  call: Pick<Call, 'dialect'>,
  error: AppError,
  operation: string,
  extra: Record<string, string> = {},
): void {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-tokenworks-operation': operation,
    ...extra,
  };
  if (error.retryAfter_s !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfter_s));
  sink.send(error.status, headers, JSON.stringify(errorBody(call.dialect, error, operation)));
}

/** Header values are ASCII; a model's name may be 豆包. */
function headerText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\x20-\x7e]/g, encodeURIComponent)
    .slice(0, MAX_HEADER_CHARACTERS);
}

/** Before a provider has answered, only the caller's own body can be too deep for the stack. */
function toFailure(error: unknown): AppError {
  if (error instanceof RangeError && /call stack/.test(error.message))
    return new AppError('invalid_request', 'The body is nested too deeply, or has too many parts, to be read.', {
      cause: error,
    });
  return toAppError(error);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
