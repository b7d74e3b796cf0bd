/** Asks a provider which models it has, for the catalogue. */
import { redact, shorten } from '../base/text.ts';
import type { Provider } from './connect.ts';

/** One GET, through the egress guard, with limits on time and size. Rejects when nothing answered. */
export type HttpGet = (url: URL, headers: Record<string, string>) => Promise<{ status: number; body: string }>;

export interface ListedModel {
  /** The provider's id, as calls name it. */
  id: string;
  title?: string;
  /** Tokens. */
  contextWindow?: number;
  maxOutput?: number;
  kind?: 'chat' | 'embedding';
}

export interface ModelListing {
  models: ListedModel[];
  /** Why the list is empty or may not be whole; safe to show. */
  problem?: string;
}

/** A list longer than this is cut; no provider's is. */
const MAX_MODELS = 5000;

/** Never rejects: what is wrong is in `problem`. Vertex, Bedrock and Azure list nothing: what may be called there is configured. */
export async function listModels(provider: Provider, get: HttpGet): Promise<ModelListing> {
  const path = listPath(provider);
  if (path === undefined) {
    return {
      models: [],
      problem: `${provider.title} has no list of what this account may call; name models in the configuration.`,
    };
  }
  try {
    const url = provider.url(path, mainApi(provider), '', false);
    const headers = await provider.authorize({ method: 'GET', url, headers: {}, body: new Uint8Array() });
    const { status, body } = await get(url, { accept: 'application/json', ...headers });
    if (status !== 200) return { models: [], problem: `${provider.title} answered ${status} to the list of models.` };
    return { models: readModels(JSON.parse(body)).slice(0, MAX_MODELS) };
  } catch (error) {
    const reason = error instanceof Error ? shorten(redact(error.message), 200) : 'unknown failure';
    return { models: [], problem: `${provider.title} gave no list of models: ${reason}` };
  }
}

function listPath(provider: Provider): string | undefined {
  switch (provider.protocol) {
    case 'azure':
    case 'vertex':
    case 'bedrock':
      return undefined;
    case 'gemini':
      return '/models?pageSize=1000';
    case 'anthropic':
      return '/models?limit=1000';
    case 'ollama':
      return '/api/tags';
    default:
      return '/models';
  }
}

function mainApi(provider: Provider) {
  return provider.chatApiFor('chat').name;
}

/** Reads every shape in use: `{data: [{id}]}`, `{models: [{name | model}]}`, or a bare list; what has no id is left out. */
function readModels(body: unknown): ListedModel[] {
  const holder = asRecord(body);
  const list = Array.isArray(body) ? body : (holder?.data ?? holder?.models);
  if (!Array.isArray(list)) throw new Error('the answer is no list of models');
  const seen = new Set<string>();
  const models: ListedModel[] = [];
  for (const item of list) {
    const model = readModel(item);
    if (!model || seen.has(model.id)) continue;
    seen.add(model.id);
    models.push(model);
  }
  return models;
}

function readModel(item: unknown): ListedModel | undefined {
  const record = asRecord(item);
  const written = record?.id ?? record?.model ?? record?.name;
  if (!record || typeof written !== 'string' || written === '') return undefined;
  const id = written.replace(/^models\//, '');
  const title = record.display_name ?? record.displayName;
  const contextWindow = firstNumber(
    record.context_length,
    record.context_window,
    record.inputTokenLimit,
    record.max_input_tokens,
  );
  const maxOutput = firstNumber(record.outputTokenLimit, record.max_output_tokens, record.max_tokens);
  const kind = kindOf(id, record.supportedGenerationMethods);
  return {
    id,
    ...(typeof title === 'string' ? { title } : {}),
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(maxOutput === undefined ? {} : { maxOutput }),
    ...(kind === undefined ? {} : { kind }),
  };
}

function kindOf(id: string, methods: unknown): ListedModel['kind'] {
  if (Array.isArray(methods)) {
    if (methods.includes('generateContent')) return 'chat';
    if (methods.some((method) => typeof method === 'string' && /embed/i.test(method))) return 'embedding';
  }
  return /embed/i.test(id) ? 'embedding' : undefined;
}

function firstNumber(...values: unknown[]): number | undefined {
  return values.find((value): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value > 0);
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
