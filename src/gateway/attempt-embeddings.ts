import { AppError, toAppError } from '../base/errors.ts';
import {
  type ApiTarget,
  type EmbeddingReply,
  embeddingsSurface,
  estimateTokens,
  type JsonObject,
  type Provider,
} from '../providers/index.ts';
import {
  type AttemptDependencies,
  type AttemptInput,
  type AttemptResult,
  clientGone,
  contextOf,
  parseObject,
  written,
} from './attempt.ts';
import { Exchange } from './exchange.ts';

const MAX_REPLY_BYTES = 128 * 1024 * 1024;
const MAX_ERROR_BYTES = 256 * 1024;
const TIMEOUT_MS = 120_000;

/** One embeddings call at a provider: bytes pass through where it speaks OpenAI's format, else they are translated. */
export async function attemptEmbeddings(deps: AttemptDependencies, input: AttemptInput): Promise<AttemptResult> {
  const { deployment, sink } = input;
  const provider = deployment.provider!;
  const api = provider.embeddingsApi;
  if (!api)
    throw new AppError('invalid_request', `The provider of "${deployment.id}" has no embeddings.`, { param: 'model' });
  const target: ApiTarget = { model: deployment.model, quirks: provider.quirks };
  const at_ms = deps.clock.now();
  const began = deps.clock.mono();
  const prepared = prepare(input, provider, target);
  const url = provider.url(prepared.path, api.name, deployment.model, false);
  const authorization = await provider.authorize({
    method: 'POST',
    url,
    headers: prepared.headers,
    body: prepared.body,
  });
  const failure = await written((done) => input.announce(done));
  if (failure) throw failure;

  const exchange = new Exchange(deps.egress.dispatcherFor(url.origin), {
    url,
    method: 'POST',
    headers: Object.assign(prepared.headers, authorization),
    body: prepared.body,
    headersTimeout_ms: input.timeout_ms ?? TIMEOUT_MS,
    bodyTimeout_ms: TIMEOUT_MS,
  });
  sink.onClose(() => exchange.abort());
  const ended = (partial: Omit<AttemptResult, 'at_ms' | 'total_ms' | 'begun'>): AttemptResult => ({
    at_ms,
    total_ms: deps.clock.mono() - began,
    begun: partial.status === 'completed',
    httpStatus: exchange.status || undefined,
    ...partial,
  });
  try {
    await exchange.answer;
    const ttft_ms = deps.clock.mono() - began;
    if (exchange.status >= 300) {
      const text = await exchange.collect(MAX_ERROR_BYTES).then(String, () => '');
      return ended({ status: 'failed', ttft_ms, error: api.parseError(exchange.status, exchange.headers, text) });
    }
    const bytes = await exchange.collect(MAX_REPLY_BYTES);
    const answer = parseObject(bytes);
    if (!answer)
      return ended({
        status: 'failed',
        ttft_ms,
        error: new AppError('upstream_error', "The provider's answer is no JSON object."),
      });
    if (passes(provider) && !Array.isArray(answer.data)) {
      const told = answer.error !== undefined && answer.error !== null;
      return ended({
        status: 'failed',
        ttft_ms,
        error: told
          ? api.parseError(500, {}, bytes.toString('utf8', 0, MAX_ERROR_BYTES))
          : new AppError('upstream_error', "The provider's answer has no data."),
      });
    }
    return ended({ status: 'completed', ttft_ms, ...(await read(input, provider, target, bytes, answer)) });
  } catch (error) {
    if (sink.closed) return ended({ status: 'aborted', error: clientGone(), usage: await counted(input) });
    const known = toAppError(error);
    return ended({
      status: 'failed',
      error:
        known.code === 'internal_error'
          ? new AppError('upstream_error', "The provider's answer could not be read.", { cause: error })
          : known,
    });
  }
}

function passes(provider: Provider): boolean {
  const api = provider.embeddingsApi!;
  return api.passthrough !== undefined && api.name === embeddingsSurface.api;
}

function prepare(
  input: AttemptInput,
  provider: Provider,
  target: ApiTarget,
): { path: string; headers: Record<string, string>; body: Uint8Array } {
  const { admitted } = input;
  const api = provider.embeddingsApi!;
  const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'tokenworks' };
  if (passes(provider)) {
    const body = api.passthrough!.rewrite(
      admitted.call.body,
      admitted.body,
      { model: target.model, askUsage: false },
      target,
    );
    return { path: api.passthrough!.path(target, false), headers, body };
  }
  const built = api.build(embeddingsSurface.parse(admitted.body), target);
  input.warnings.push(...built.warnings);
  return { path: built.path, headers: { ...headers, ...built.headers }, body: Buffer.from(JSON.stringify(built.body)) };
}

async function read(
  input: AttemptInput,
  provider: Provider,
  target: ApiTarget,
  bytes: Buffer,
  answer: JsonObject,
): Promise<Pick<AttemptResult, 'reply' | 'usage'>> {
  const { admitted } = input;
  const api = provider.embeddingsApi!;
  if (passes(provider))
    return { reply: bytes, usage: api.passthrough!.facts(answer, target).usage ?? (await counted(input)) };
  const request = embeddingsSurface.parse(admitted.body);
  const reply: EmbeddingReply = api.parse(answer, request, target);
  const usage = reply.usage ?? (await counted(input));
  const shown = reply.usage ?? { vector: usage.vector, raw: undefined, source: 'provider' as const };
  return {
    reply: JSON.stringify(embeddingsSurface.render({ ...reply, usage: shown }, request, contextOf(admitted))),
    usage,
  };
}

async function counted(input: AttemptInput): Promise<NonNullable<AttemptResult['usage']>> {
  const { input: texts } = embeddingsSurface.parse(input.admitted.body);
  let tokens = 0;
  let tokenizer = 'as sent';
  for (const text of texts) {
    if (typeof text !== 'string') tokens += text.length;
    else {
      const estimate = await estimateTokens(text, input.admitted.envelope.model);
      tokens += estimate.tokens;
      tokenizer = estimate.tokenizer;
    }
  }
  return { vector: { input: tokens }, source: 'estimated', tokenizer };
}
