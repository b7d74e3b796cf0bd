/** What a call can use at most. */
import type { JsonObject } from '../providers/index.ts';
import { surfaceOf } from './attempt.ts';
import type { Admitted } from './call.ts';
import type { Deployment } from './catalogue.ts';
import type { GatewayDependencies } from './dependencies.ts';
import type { Need } from './funds.ts';

/** Tokens that one image, sound or file can count as, where the model's own bound is not known. */
const MEDIA_BOUND = { image: 5_000, audio: 20_000, file: 200_000 };

/** Input that is kept at the provider, where the model's context is not known. */
const UNSEEN_BOUND = 200_000;

export function needOf(deps: GatewayDependencies, admitted: Admitted, deployment: Deployment, bounded: boolean): Need {
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
