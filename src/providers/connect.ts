/** From an entry of tokenworks.yaml (or of the environment) to something the gateway can call. */
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { type Authorize, authorizerFor, type CredentialConfig, type GoogleTokenSource } from './credentials.ts';
import { recognise } from './definitions/index.ts';
import { type EndpointConfig, endpointsFor } from './endpoints.ts';
import { googleTokenSource } from './google-token.ts';
import type { Api, ApiName, EmbeddingsApi, ProtocolName, ProviderDefinition, Quirks, SurfaceName } from './protocol.ts';
import { anthropicApi } from './protocols/anthropic-messages/index.ts';
import { bedrockConverseApi } from './protocols/bedrock-converse/index.ts';
import { geminiEmbeddingsApi, vertexEmbeddingsApi } from './protocols/gemini-embeddings/index.ts';
import { geminiGenerateApi, vertexGenerateApi } from './protocols/gemini-generate/index.ts';
import { ollamaChatApi, ollamaEmbeddingsApi } from './protocols/ollama/index.ts';
import { openaiChatApi } from './protocols/openai-chat/index.ts';
import { openaiEmbeddingsApi } from './protocols/openai-embeddings/index.ts';
import { openaiResponsesApi } from './protocols/openai-responses/index.ts';
import { vertexAnthropicApi } from './vertex-anthropic.ts';

/** A model that the configuration names; the catalogue and the price book read the rest of it. */
export interface ProviderModelConfig {
  /** The provider's own id. */
  id: string;
  [field: string]: unknown;
}

/** One entry of `providers` in tokenworks.yaml, `${ENV}` references already replaced. */
export interface ProviderConfig extends EndpointConfig, CredentialConfig {
  name: string;
  protocol: ProtocolName;
  /** Needed where the provider is not one Tokenworks knows by name. */
  base_url?: string;
  api_key?: string;
  /** Azure: a dated version, or `v1` (the default), `preview`. */
  api_version?: string;
  /** Bedrock. */
  region?: string;
  /** Vertex. */
  project?: string;
  location?: string;
  /** Vertex: the JSON key of a service account, or its path. */
  service_account?: string;
  models?: ProviderModelConfig[];
  /** Facts about this provider that differ from what is known of it. */
  quirks?: Quirks;
  headers?: Record<string, string>;
  /** The APIs the provider serves, where they differ from what is known of it. */
  apis?: ApiName[];
  /** The `provider` of its rows in the price book. */
  price_provider?: string;
}

export interface Provider {
  name: string;
  title: string;
  protocol: ProtocolName;
  baseUrl: URL;
  quirks: Quirks;
  priceProvider?: string;
  apis: ReadonlySet<ApiName>;
  /**
   * The API to call for a client's surface: the one whose bytes pass through where the provider serves it, else its main one.
   * `model` (the provider's id) matters on Vertex AI, where the publisher decides.
   */
  chatApiFor(surface: SurfaceName, model?: string): Api;
  embeddingsApi?: EmbeddingsApi;
  /** The address of a call; shared between calls, so don't change it. */
  url(path: string, apiName: ApiName, model: string, stream: boolean): URL;
  /** Headers to add. `request.headers` are the ones already set, names in lower case. Synchronous wherever a fixed key serves. */
  authorize: Authorize;
}

export interface ConnectDeps {
  clock?: Clock;
  /** Fetch for Google's token endpoint, through the egress guard. */
  fetch?: typeof fetch;
  /** Replaces google-auth-library. */
  googleToken?: GoogleTokenSource;
}

const CHAT_APIS: Partial<Record<ApiName, Api>> = {
  'openai-chat': openaiChatApi,
  'openai-responses': openaiResponsesApi,
  'anthropic-messages': anthropicApi,
  'gemini-generate': geminiGenerateApi,
  'ollama-chat': ollamaChatApi,
  'bedrock-converse': bedrockConverseApi,
};

const EMBEDDINGS_APIS: Partial<Record<ApiName, EmbeddingsApi>> = {
  'openai-embeddings': openaiEmbeddingsApi,
  'gemini-embeddings': geminiEmbeddingsApi,
  'ollama-embeddings': ollamaEmbeddingsApi,
};

/** The API whose format each surface shares. */
const SURFACE_API: Partial<Record<SurfaceName, ApiName>> = {
  chat: 'openai-chat',
  responses: 'openai-responses',
  messages: 'anthropic-messages',
};

/** Throws AppError `invalid_request` naming the field (`providers.<name>.<field>`) that is missing or wrong. */
export function connectProvider(config: ProviderConfig, deps: ConnectDeps = {}): Provider {
  const clock = deps.clock ?? systemClock;
  const known = recognise(
    config.name,
    config.protocol,
    config.base_url === undefined ? undefined : (URL.parse(config.base_url) ?? undefined),
  );
  if (!known) {
    throw new AppError(
      'invalid_request',
      `Provider "${config.name}": protocol "${config.protocol}" is not called over HTTP.`,
      {
        param: `providers.${config.name}.protocol`,
      },
    );
  }
  const { definition } = known;
  const endpoints = endpointsFor(config, definition.baseUrl);
  const apis = new Set(config.apis ?? knownApis(definition, known.ownAddress));
  const priceProvider = config.price_provider ?? definition.priceProvider;
  const embeddings = embeddingsApiFor(config.protocol, apis);
  return {
    name: config.name,
    title: definition.name === config.name ? definition.title : config.name,
    protocol: config.protocol,
    baseUrl: endpoints.baseUrl,
    quirks: { ...definition.quirks, ...config.quirks },
    ...(priceProvider === undefined ? {} : { priceProvider }),
    apis,
    chatApiFor: chatApiChooser(config, apis),
    ...(embeddings ? { embeddingsApi: embeddings } : {}),
    url: endpoints.url,
    authorize: authorizerFor(config, deps.googleToken ?? lazyGoogleToken(config, clock, deps.fetch), () => clock.now()),
  };
}

/** A stranger at the end of `base_url` may well have no /responses; there, chat is translated to instead. */
function knownApis(definition: ProviderDefinition, ownAddress: boolean): ApiName[] {
  if (ownAddress || (definition.protocol !== 'openai' && definition.protocol !== 'ark')) return definition.apis;
  return definition.apis.filter((api) => api !== 'openai-responses');
}

function chatApiChooser(config: ProviderConfig, apis: ReadonlySet<ApiName>): Provider['chatApiFor'] {
  if (config.protocol === 'vertex') return (_surface, model) => vertexApiFor(model ?? '');
  const main = [...apis].map((name) => CHAT_APIS[name]).find((api) => api !== undefined);
  if (!main) {
    throw new AppError('invalid_request', `Provider "${config.name}": apis names no API for chat.`, {
      param: `providers.${config.name}.apis`,
    });
  }
  return (surface) => {
    const same = SURFACE_API[surface];
    return (same !== undefined && apis.has(same) && CHAT_APIS[same]) || main;
  };
}

/** On Vertex AI: Claude by Anthropic's messages, `publisher/model` by the OpenAI face, the rest is Gemini. */
function vertexApiFor(model: string): Api {
  if (model.startsWith('claude')) return vertexAnthropicApi;
  return model.includes('/') ? openaiChatApi : vertexGenerateApi;
}

function embeddingsApiFor(protocol: ProtocolName, apis: ReadonlySet<ApiName>): EmbeddingsApi | undefined {
  if (protocol === 'vertex') return vertexEmbeddingsApi;
  for (const name of apis) {
    const api = EMBEDDINGS_APIS[name];
    if (api) return api;
  }
  return undefined;
}

function lazyGoogleToken(config: ProviderConfig, clock: Clock, fetchFor: typeof fetch | undefined): GoogleTokenSource {
  if (config.protocol !== 'vertex' || config.api_key)
    return () => Promise.reject(new Error('no Google token is needed'));
  if (!config.project) {
    throw new AppError('invalid_request', `Provider "${config.name}": project is needed with a service account.`, {
      param: `providers.${config.name}.project`,
    });
  }
  return googleTokenSource({
    name: config.name,
    serviceAccount: config.service_account,
    now: () => clock.now(),
    ...(fetchFor ? { fetch: fetchFor } : {}),
  });
}
