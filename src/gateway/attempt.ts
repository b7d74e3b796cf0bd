import type { Clock } from '../base/clock.ts';
import { AppError, toAppError } from '../base/errors.ts';
import type { Journal } from '../billing/journal/index.ts';
import type { OperationStatus } from '../contract/operation.ts';
import type { UsageReading, UsageSource, UsageVector } from '../contract/usage.ts';
import type { Egress } from '../egress/index.ts';
import {
  type Api,
  type ApiTarget,
  type ChatRequest,
  estimateInput,
  estimateTokens,
  FailedReplyError,
  type JsonObject,
  type Provider,
  type ReplyContext,
  type SignedRequest,
  type Surface,
  surfaces,
  takesByUri,
} from '../providers/index.ts';
import type { Admitted, ReplySink } from './call.ts';
import type { Deployment } from './catalogue.ts';
import { errorFrame } from './errors.ts';
import { Exchange, type ResponseHeaders } from './exchange.ts';
import type { Grant } from './funds.ts';
import { withInlineMedia } from './media.ts';
import { PassRelay, type Relay, TranslatingRelay } from './relay.ts';
import { STREAM_HEADERS } from './stream-headers.ts';

/** The largest answer without stream that is taken. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 256 * 1024;
/** Reasoning models may think for minutes before their first byte. */
const HEADERS_TIMEOUT_MS = 600_000;
// The same for both: a client of undici sets its clock anew whenever they differ, twice a call.
const BODY_TIMEOUT_MS = HEADERS_TIMEOUT_MS;
/** After the client has gone, a stream whose stop was seen is read on for its usage, this long and this far. */
const DRAIN_MS = 2000;
const DRAIN_BYTES = 64 * 1024;
/** Distance between two `progress` lines of a stream. */
const PROGRESS_MS = 2000;
/** Asks for more cover when the output comes this near to what is held for. */
const COVER_MARGIN = 192;

export interface AttemptDependencies {
  clock: Clock;
  egress: Egress;
  journal: Journal;
}

export interface AttemptInput {
  admitted: Admitted;
  deployment: Deployment;
  index: number;
  grant: Grant;
  sink: ReplySink;
  timeout_ms?: number;
  /** Headers of the answer that do not depend on the provider. Asked for once the request is built, which is when the warnings are known. */
  headers(): Record<string, string>;
  priceId?: string;
  warnings: string[];
  /** Writes `intended` with the first attempt. */
  announce(written: (error?: AppError) => void): void;
}

/** How an attempt ended, before anything is settled. */
export interface AttemptResult {
  status: OperationStatus;
  error?: AppError;
  httpStatus?: number;
  usage?: UsageReading | { vector: UsageVector; source: UsageSource; raw?: unknown; tokenizer: string };
  servedTier?: string;
  at_ms: number;
  ttft_ms?: number;
  total_ms: number;
  /** Something has gone out to the client: no other attempt may follow. */
  begun: boolean;
  /** The whole answer, to be sent once the call is recorded (calls without stream). */
  reply?: Uint8Array | string;
  /** The closing bytes of a stream, to be sent once the call is recorded. */
  closing?: Uint8Array | string;
  /** What the model wrote, for the capture policy. */
  text?: () => string;
}

/** What an attempt sends: bytes passed through, or a request built for another protocol. */
interface Prepared {
  api: Api;
  target: ApiTarget;
  /** Set where the call was translated. */
  request?: ChatRequest;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** One try at one deployment, over HTTP. Never throws for what the provider does: that is in the result. */
export async function attemptHttp(deps: AttemptDependencies, input: AttemptInput): Promise<AttemptResult> {
  const { admitted, deployment, sink } = input;
  const at_ms = deps.clock.now();
  const began = deps.clock.mono();
  const result = (partial: Partial<AttemptResult> & { status: OperationStatus }): AttemptResult => ({
    at_ms,
    total_ms: deps.clock.mono() - began,
    begun: false,
    ...partial,
  });
  const prepared = await prepare(deps, input);
  const url = deployment.provider!.url(
    prepared.path,
    prepared.api.name,
    prepared.target.model,
    admitted.envelope.stream,
  );
  const signed: SignedRequest = { method: 'POST', url, headers: prepared.headers, body: prepared.body };
  const authorized = deployment.provider!.authorize(signed);
  const authorization = authorized instanceof Promise ? await authorized : authorized;
  const failure = await written((done) => input.announce(done));
  if (failure) throw failure;
  if (sink.closed) return result({ status: 'aborted', error: clientGone() });

  const exchange = new Exchange(deps.egress.dispatcherFor(url.origin), {
    url,
    method: 'POST',
    headers: Object.assign(prepared.headers, authorization),
    body: prepared.body,
    headersTimeout_ms: input.timeout_ms ?? HEADERS_TIMEOUT_MS,
    bodyTimeout_ms: BODY_TIMEOUT_MS,
  });
  // Before the first byte nothing was delivered: when the client goes, the provider is told to stop.
  let gone = false;
  sink.onClose(() => {
    gone = true;
    if (exchange.status === 0) exchange.abort();
  });
  try {
    await exchange.answer;
  } catch (error) {
    if (gone)
      return result({ status: 'aborted', error: clientGone(), usage: await estimated(admitted, '', prepared.request) });
    return result({ status: 'failed', error: toAppError(error) });
  }
  const ttft_ms = deps.clock.mono() - began;
  if (exchange.status >= 300) {
    return result({
      status: 'failed',
      ttft_ms,
      httpStatus: exchange.status,
      error: await readError(exchange, prepared.api),
    });
  }
  if (admitted.envelope.stream) return pump(deps, input, prepared, exchange, { at_ms, began, ttft_ms });

  // ------------------------------------------------ a whole reply
  sink.onClose(() => exchange.abort());
  let bytes: Buffer;
  try {
    bytes = await exchange.collect(MAX_REPLY_BYTES);
  } catch (error) {
    if (gone)
      return result({
        status: 'aborted',
        ttft_ms,
        httpStatus: exchange.status,
        error: clientGone(),
        usage: await estimated(admitted, '', prepared.request),
      });
    return result({ status: 'failed', ttft_ms, httpStatus: exchange.status, error: toAppError(error) });
  }
  const answer = parseObject(bytes);
  const refused = !answer
    ? new AppError('upstream_error', "The provider's answer is no JSON object.")
    : prepared.request
      ? undefined
      : failureIn(admitted, prepared.api, answer, bytes);
  if (!answer || refused) return result({ status: 'failed', ttft_ms, httpStatus: exchange.status, error: refused });
  try {
    return {
      ...result({ status: 'completed', ttft_ms, httpStatus: exchange.status, begun: true }),
      ...(await readReply(admitted, prepared, bytes, answer)),
    };
  } catch (error) {
    // A model can fail and still be paid for (a malformed call, a blocked answer).
    const usage = error instanceof FailedReplyError ? error.usage : undefined;
    return result({ status: 'failed', ttft_ms, httpStatus: exchange.status, error: asUpstreamError(error), usage });
  }
}

/** Where a whole reply has what the model wrote. */
const CONTENT_FIELD = { chat: 'choices', responses: 'output', messages: 'content', embeddings: 'data' };

/** What passes through is not parsed; but an error under status 200 is no reply, and its words may hold secrets. */
function failureIn(admitted: Admitted, api: Api, answer: JsonObject, bytes: Buffer): AppError | undefined {
  const field = CONTENT_FIELD[admitted.call.surface];
  if (Array.isArray(answer[field])) return undefined;
  if (answer.error !== undefined && answer.error !== null)
    return api.parseError(500, {}, bytes.toString('utf8', 0, MAX_ERROR_BYTES));
  return new AppError('upstream_error', `The provider's reply could not be read: it has no ${field}.`);
}

async function readReply(
  admitted: Admitted,
  prepared: Prepared,
  bytes: Buffer,
  answer: JsonObject,
): Promise<Partial<AttemptResult>> {
  const { api, target, request } = prepared;
  if (!request) {
    const facts = api.passthrough!.facts(answer, target);
    return {
      reply: bytes,
      servedTier: facts.servedTier,
      usage: facts.usage ?? (await estimated(admitted, facts.text())),
    };
  }
  const reply = api.parse(answer, target);
  const usage =
    reply.usage ??
    (await estimated(admitted, reply.choices.map((choice) => JSON.stringify(choice.content)).join('\n'), request));
  const rendered = surfaceOf(admitted).render(
    { ...reply, usage: reply.usage ?? { vector: usage.vector, raw: undefined, source: 'provider' } },
    request,
    contextOf(admitted),
  );
  return { reply: JSON.stringify(rendered), servedTier: reply.servedTier, usage };
}

/** The surface of a chat call; embeddings have a path of their own. */
export function surfaceOf(admitted: Admitted): Surface {
  return surfaces[admitted.call.surface as keyof typeof surfaces];
}

export function contextOf(admitted: Admitted): ReplyContext {
  return {
    operation: admitted.operation,
    model: admitted.envelope.model,
    created_s: Math.floor(admitted.at_ms / 1000),
  };
}

async function prepare(deps: AttemptDependencies, input: AttemptInput): Promise<Prepared> {
  const { admitted, deployment, grant, warnings } = input;
  const { call, envelope } = admitted;
  const provider = deployment.provider!;
  const api = provider.chatApiFor(call.surface, deployment.model);
  const target: ApiTarget = { model: deployment.model, quirks: provider.quirks, maxOutput: deployment.facts.maxOutput };
  const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'tokenworks' };
  // An engine inside our network would fetch what our guard has not seen to the end (redirects): there we fetch, and send it inline.
  const fetchHere = api.inlineMedia || (admitted.mediaUrls.length > 0 && isInside(deps.egress, provider));
  if (api.passthrough && api.name === surfaceOf(admitted).api && !(fetchHere && admitted.mediaUrls.length > 0)) {
    Object.assign(headers, api.passthrough.headers?.(admitted.body), call.forward);
    warnings.push(...(api.passthrough.leftOut?.(call.body, admitted.body, target) ?? []));
    const body = api.passthrough.rewrite(
      call.body,
      admitted.body,
      { model: deployment.model, askUsage: envelope.stream, maxOutputTokens: grant.imposedLimit },
      target,
    );
    return { api, target, path: api.passthrough.path(target, envelope.stream), headers, body };
  }
  let request = surfaceOf(admitted).parse(admitted.body);
  if (grant.imposedLimit !== undefined) request.maxOutputTokens = grant.imposedLimit;
  if (fetchHere)
    request = await withInlineMedia(request, deps.egress, api.name === 'gemini-generate' ? takesByUri : undefined);
  const built = api.build(request, target);
  warnings.push(...built.warnings);
  Object.assign(headers, built.headers);
  return { api, target, request, path: built.path, headers, body: Buffer.from(JSON.stringify(built.body)) };
}

const inside = new WeakMap<Provider, boolean>();

function isInside(egress: Egress, provider: Provider): boolean {
  let answer = inside.get(provider);
  if (answer === undefined) {
    try {
      answer = egress.checkSyncIfKnown(provider.baseUrl)?.listed === true;
    } catch {
      answer = true;
    }
    inside.set(provider, answer);
  }
  return answer;
}

interface Times {
  at_ms: number;
  began: number;
  ttft_ms: number;
}

/** Carries a stream to the client, with backpressure, until it ends, breaks, is cut, or nobody listens. */
function pump(
  deps: AttemptDependencies,
  input: AttemptInput,
  prepared: Prepared,
  exchange: Exchange,
  times: Times,
): Promise<AttemptResult> {
  const { admitted, sink, grant } = input;
  const relay = openRelay(admitted, prepared);
  let begun = false;
  let over = false;
  let gone = false;
  let drained = 0;
  let extra = 0;
  let drainTimer: NodeJS.Timeout | undefined;
  let progressAt = times.began + PROGRESS_MS;
  let covered = grant.covered;

  return new Promise((resolve) => {
    const finish = (status: OperationStatus, error?: AppError, closing?: Uint8Array | string): void => {
      if (over) return;
      over = true;
      clearTimeout(drainTimer);
      const usage = relay.usage;
      const done = (counted: AttemptResult['usage']): void =>
        resolve({
          status,
          error,
          httpStatus: exchange.status,
          usage: counted,
          servedTier: relay.servedTier,
          at_ms: times.at_ms,
          ttft_ms: times.ttft_ms,
          total_ms: deps.clock.mono() - times.began,
          begun,
          closing,
          text: () => relay.text(),
        });
      // The provider's figures are whole only once it has stopped: an early reading of a stream that broke covers a part of it.
      if (usage && (status === 'completed' || relay.stopSeen)) done(usage);
      else if (status === 'failed') done(usage);
      else void estimated(admitted, relay.text(), prepared.request, usage).then(done, () => done(undefined));
    };
    const write = (bytes: Uint8Array | string): boolean => {
      if (!begun) {
        begun = true;
        sink.head(200, { ...input.headers(), ...STREAM_HEADERS });
      }
      return sink.write(bytes);
    };
    /** Ends the attempt, then the exchange: an abort comes back as a failure at once, which must find the attempt ended. */
    const stop = (status: OperationStatus, error?: AppError, closing?: Uint8Array | string): void => {
      finish(status, error, closing);
      exchange.abort();
    };
    const broken = (error: AppError): void => {
      if (gone) stop('aborted', clientGone());
      else if (!begun) stop('failed', error);
      else stop('broken', error, errorFrame(admitted.call.surface as 'chat', error));
    };
    const completed = (): void => {
      if (!begun) write('');
      finish(gone ? 'aborted' : 'completed', gone ? clientGone() : undefined, gone ? undefined : relay.finish());
    };

    sink.onDrain(() => exchange.resume());
    sink.onClose(() => {
      if (over) return;
      gone = true;
      // Where the model has already stopped, its usage is on the way and worth a short wait.
      if (!relay.stopSeen) {
        stop('aborted', clientGone());
        return;
      }
      exchange.resume();
      drainTimer = setTimeout(() => stop('aborted', clientGone()), DRAIN_MS);
    });
    if (sink.closed) {
      gone = true;
      stop('aborted', clientGone());
      return;
    }

    exchange.consume({
      data(chunk) {
        if (over) {
          // The answer is whole; a provider that does not stop sending is hung up on.
          extra += chunk.length;
          if (extra > DRAIN_BYTES) exchange.abort();
          return true;
        }
        const bytes = relay.push(chunk);
        if (relay.error) {
          broken(relay.error);
          return true;
        }
        if (gone) {
          drained += chunk.length;
          if (relay.complete) completed();
          else if (drained > DRAIN_BYTES) stop('aborted', clientGone());
          return true;
        }
        // Not a byte goes out that no hold covers.
        while (relay.outputBound + COVER_MARGIN > covered && grant.grow()) covered = grant.covered;
        if (relay.outputBound > covered) {
          if (!begun) write('');
          stop('cut', undefined, relay.cut());
          return true;
        }
        const flowing = bytes === undefined || bytes.length === 0 ? true : write(bytes);
        if (relay.complete) {
          completed();
          return true;
        }
        const now = deps.clock.mono();
        if (now >= progressAt) {
          progressAt = now + PROGRESS_MS;
          deps.journal.append({ t: 'p', op: admitted.operation, n: input.index, bytes: relay.outputBound });
        }
        return flowing;
      },
      end() {
        if (over) return;
        relay.end();
        if (relay.error) broken(relay.error);
        else if (relay.complete || relay.stopSeen) completed();
        else broken(new AppError('upstream_error', 'The provider ended its answer before it was whole.'));
      },
      fail(error) {
        if (over) return;
        if (relay.complete) completed();
        else broken(error);
      },
    });
  });
}

function openRelay(admitted: Admitted, prepared: Prepared): Relay {
  const { api, target, request } = prepared;
  if (!request) {
    return new PassRelay(
      api.passthrough!,
      api.passthrough!.openScanner(target, { showUsage: admitted.envelope.includeUsage }),
    );
  }
  return new TranslatingRelay(api.openStream(target), surfaceOf(admitted).openStream(request, contextOf(admitted)));
}

/** Counts here what a provider did not say: the input, and the output that was delivered. What it did say of the input stands. */
async function estimated(
  admitted: Admitted,
  text: string,
  request?: ChatRequest,
  partial?: UsageReading,
): Promise<NonNullable<AttemptResult['usage']>> {
  const output = await estimateTokens(text, admitted.envelope.model);
  if (partial?.source === 'provider') {
    const vector = {
      ...partial.vector,
      output: Math.max(output.tokens, (partial.vector.output ?? 0) + (partial.vector.reasoning ?? 0)),
      reasoning: 0,
    };
    return { vector, source: 'estimated', raw: partial.raw, tokenizer: output.tokenizer };
  }
  const input = await estimateInput(request ?? surfaceOf(admitted).parse(admitted.body));
  return { vector: { input: input.tokens, output: output.tokens }, source: 'estimated', tokenizer: input.tokenizer };
}

async function readError(
  exchange: Exchange,
  api: { parseError(status: number, headers: ResponseHeaders, body: string): AppError },
): Promise<AppError> {
  const body = await exchange.collect(MAX_ERROR_BYTES).then(
    (bytes) => bytes.toString('utf8'),
    () => '',
  );
  return api.parseError(exchange.status, exchange.headers, body);
}

export function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return value && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

export function clientGone(): AppError {
  return new AppError('invalid_request', 'The client closed the connection before the answer was whole.');
}

/** A reply we can't make sense of is the provider's failure, not ours. */
function asUpstreamError(error: unknown): AppError {
  const known = toAppError(error);
  return known.code === 'internal_error'
    ? new AppError('upstream_error', "The provider's answer could not be read.", { cause: error })
    : known;
}

/** Waits for a journal line: resolves with the error, if the write failed. */
export function written(append: (done: (error?: AppError) => void) => void): Promise<AppError | undefined> {
  return new Promise((resolve) => append(resolve));
}
