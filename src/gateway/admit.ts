/** The first step: who calls, what for, and whether it may go on. */
import { AppError } from '../base/errors.ts';
import { type Money, parseMoney } from '../base/money.ts';
import { catalogueName } from '../contract/control/index.ts';
import { type RateRefusal, retryAfterSeconds } from '../limits/index.ts';
import { embeddingsSurface, surfaces } from '../providers/index.ts';
import { parseObject, surfaceOf } from './attempt.ts';
import type { Admitted, Call } from './call.ts';
import type { GatewayDependencies, GatewayState } from './dependencies.ts';

const MAX_TAGS = 16;

const MAX_FIELDS = 10_000;

export async function admit(state: GatewayState, call: Call, operation: string): Promise<Admitted> {
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
  const found = deps.directory.authenticate(call.secret);
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
  const name = catalogueName(principal.project.id, envelope.model);
  if (name === undefined)
    throw new AppError('model_not_found', 'That is no model of this project; GET /v1/models lists what is.', {
      param: 'model',
    });
  const route = deps.snapshot().catalogue.resolve(name);
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

export const NO_TAGS: Record<string, string> = {};

const NO_URLS: readonly string[] = [];

/** `team=voc,feature=weekly`. */
function parseTags(text: string): Record<string, string> {
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
  let money: Money | undefined;
  try {
    money = parseMoney(text);
  } catch {
    money = undefined;
  }
  if (money && money.amount > 0n) return money;
  throw new AppError(
    'invalid_request',
    'x-tokenworks-max-cost must be an amount above 0 with a currency, such as "0.05 USD".',
    { param: 'x-tokenworks-max-cost' },
  );
}

/** Media given by URL must not point inside: whoever fetches it, we or an engine beside us, stands in our network. */
async function checkUrls(deps: GatewayDependencies, admitted: Admitted): Promise<void> {
  const { call, body } = admitted;
  // A look at the bytes would not do: JSON can write any letter as an escape, and a file's data may be a URL.
  if (call.surface === 'embeddings') return;
  admitted.mediaUrls = surfaceOf(admitted).inputBound(body, call.body.length).urls;
  for (const url of admitted.mediaUrls) await deps.egress.check(url);
}

export async function takeRates(deps: GatewayDependencies, admitted: Admitted): Promise<void> {
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
