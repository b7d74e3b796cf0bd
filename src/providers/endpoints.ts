/** Where a provider's APIs are: one address per protocol's own way of naming models in URLs. */
import { AppError } from '../base/errors.ts';
import type { ApiName, ProtocolName } from './protocol.ts';

export interface EndpointConfig {
  name: string;
  protocol: ProtocolName;
  base_url?: string;
  api_version?: string;
  region?: string;
  project?: string;
  location?: string;
}

export interface Endpoints {
  baseUrl: URL;
  /** The full address of a call. `path` is what the API built. The URL is shared between calls: don't change it. */
  url(path: string, apiName: ApiName, model: string, stream: boolean): URL;
}

/** Built addresses are kept, since the hot path asks for the same few again and again; past this many they are dropped. */
const MAX_KEPT_URLS = 1000;

/** Throws AppError `invalid_request` naming the field of the provider's entry that is missing or wrong. */
export function endpointsFor(config: EndpointConfig, defaultBaseUrl: string | undefined): Endpoints {
  const baseUrl = baseUrlFor(config, defaultBaseUrl);
  const build = builderFor(config, trimSlash(baseUrl.href));
  const kept = new Map<string, URL>();
  return {
    baseUrl,
    url(path, apiName, model, stream) {
      const key = `${apiName}\n${stream}\n${model}\n${path}`;
      const known = kept.get(key);
      if (known) return known;
      const url = new URL(build(path, apiName, model, stream));
      if (kept.size >= MAX_KEPT_URLS) kept.clear();
      kept.set(key, url);
      return url;
    },
  };
}

/** The address in the configuration, in the form this protocol's paths are appended to. */
function baseUrlFor(config: EndpointConfig, defaultBaseUrl: string | undefined): URL {
  const written = config.base_url ?? defaultBaseUrl ?? regionalBaseUrl(config);
  if (written === undefined) {
    throw wrong(config, 'base_url', `is needed: "${config.protocol}" has no address of its own`);
  }
  const url = parseBaseUrl(config, written);
  const path = trimSlash(url.pathname);
  switch (config.protocol) {
    case 'gemini':
      url.pathname = path === '' ? '/v1beta' : path;
      break;
    case 'anthropic':
      // Written with and without its version, as that vendor's own clients do.
      url.pathname = path.replace(/\/v1$/, '');
      break;
    case 'ollama':
      url.pathname = path.replace(/\/(api|v1)$/, '');
      break;
    case 'azure':
      url.pathname = path.replace(/\/openai(\/.*)?$/, '');
      break;
    default:
      url.pathname = path;
  }
  return url;
}

function parseBaseUrl(config: EndpointConfig, written: string): URL {
  const url = URL.parse(written);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw wrong(config, 'base_url', 'must be an http or https address');
  }
  if (url.username || url.password) {
    throw wrong(config, 'base_url', 'must not hold a user or password; put the key in api_key');
  }
  url.search = '';
  url.hash = '';
  return url;
}

function regionalBaseUrl(config: EndpointConfig): string | undefined {
  if (config.protocol === 'bedrock') {
    const region = hostLabel(config, 'region');
    // https://docs.aws.amazon.com/general/latest/gr/bedrock.html; China has a domain of its own.
    return `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  }
  if (config.protocol !== 'vertex') return undefined;
  const location = config.location === undefined ? 'global' : hostLabel(config, 'location');
  if (location === 'global') return 'https://aiplatform.googleapis.com';
  if (location === 'us' || location === 'eu') return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}

/** A value that becomes part of a host name, so it must not be able to name another host. */
function hostLabel(config: EndpointConfig, field: 'region' | 'location'): string {
  const value = config[field];
  if (value === undefined) throw wrong(config, field, 'is needed, such as "us-east-1"');
  if (!/^[a-z0-9-]{1,63}$/.test(value)) throw wrong(config, field, 'may hold only a-z, 0-9 and "-"');
  return value;
}

type Builder = (path: string, apiName: ApiName, model: string, stream: boolean) => string;

function builderFor(config: EndpointConfig, base: string): Builder {
  if (config.protocol === 'anthropic') return (path) => `${base}/v1${path.replace(/^\/v1(?=\/)/, '')}`;
  if (config.protocol === 'azure') return azureBuilder(base, config.api_version);
  if (config.protocol === 'vertex') return vertexBuilder(config, base);
  return (path) => `${base}${path}`;
}

/**
 * Azure OpenAI: dated versions name the deployment in the path (but not for responses); the v1 API takes it from the body.
 * https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle
 */
function azureBuilder(base: string, version: string | undefined): Builder {
  if (version === undefined || version === 'v1') return (path) => `${base}/openai/v1${path}`;
  const query = `api-version=${encodeURIComponent(version)}`;
  if (version === 'preview' || version === 'latest') return (path) => withQuery(`${base}/openai/v1${path}`, query);
  return (path, apiName, model) => {
    const place = apiName === 'openai-responses' ? '' : `/deployments/${encodeURIComponent(model)}`;
    return withQuery(`${base}/openai${place}${path}`, query);
  };
}

/**
 * Vertex AI names project, location and publisher in the path. Without a project the key's own is used ("express mode").
 * https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest-rpc
 */
function vertexBuilder(config: EndpointConfig, base: string): Builder {
  const scope = config.project
    ? `/projects/${encodeURIComponent(config.project)}/locations/${encodeURIComponent(config.location ?? 'global')}`
    : '';
  const version = config.api_version ?? 'v1beta1';
  return (path, apiName, model, stream) => {
    if (apiName === 'anthropic-messages') {
      const verb = stream ? 'streamRawPredict' : 'rawPredict';
      return `${base}/v1${scope}/publishers/anthropic/models/${encodeURIComponent(model)}:${verb}`;
    }
    if (apiName === 'openai-chat') return `${base}/v1${scope}/endpoints/openapi${path}`;
    return `${base}/${version}${scope}/publishers/google${path}`;
  };
}

function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

function trimSlash(text: string): string {
  return text.replace(/\/+$/, '');
}

function wrong(config: EndpointConfig, field: string, what: string): AppError {
  return new AppError('invalid_request', `Provider "${config.name}": ${field} ${what}.`, {
    param: `providers.${config.name}.${field}`,
  });
}
