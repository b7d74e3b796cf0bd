/** OpenAI's embeddings API, and those of providers that imitate it. */
import type {
  ApiTarget,
  BuiltRequest,
  EmbeddingReply,
  EmbeddingRequest,
  EmbeddingsApi,
  Json,
  JsonObject,
  PassthroughChanges,
  ReplyFacts,
} from '../../protocol.ts';
import { spliceTopLevel } from '../json-body.ts';
import { malformedReply, parseOpenaiError, parseStreamedError } from '../openai-chat/errors.ts';
import { isObject } from '../openai-chat/fields.ts';
import { readEmbeddingUsage } from './usage.ts';
import { decodeVector } from './vectors.ts';

const PATH = '/embeddings';
/** Fields that are carried over by name: those of Ark, DashScope, vLLM, Jina, Voyage and OpenRouter. */
const CARRIED: ReadonlySet<string> = new Set([
  'embedding_type',
  'input_type',
  'instruction',
  'instructions',
  'normalized',
  'output_dimension',
  'output_dtype',
  'output_type',
  'provider',
  'task',
  'text_type',
  'truncate',
  'truncate_prompt_tokens',
  'truncation',
]);

export const openaiEmbeddingsApi: EmbeddingsApi = {
  name: 'openai-embeddings',
  build,
  parse,
  parseError: (status, headers, body) => parseOpenaiError(status, headers, body),
  passthrough: { path: () => PATH, rewrite, facts },
};

function build(request: EmbeddingRequest, target: ApiTarget): BuiltRequest {
  const warnings: string[] = [];
  // Floats, which every provider gives; the surface encodes them where the caller wants base64.
  const body: JsonObject = { model: target.model, input: request.input, encoding_format: 'float' };
  if (request.dimensions !== undefined) body.dimensions = request.dimensions;
  if (request.user !== undefined) body.user = request.user;
  for (const key of Object.keys(request.extra)) {
    if (CARRIED.has(key)) body[key] = request.extra[key]!;
    else warnings.push(key);
  }
  for (const field of target.quirks.refuses ?? []) {
    if (!(field in body) || field === 'model' || field === 'input') continue;
    delete body[field];
    warnings.push(field);
  }
  return { path: PATH, headers: {}, body, warnings };
}

function parse(body: JsonObject, request: EmbeddingRequest): EmbeddingReply {
  if (body.error !== undefined && body.error !== null) throw parseStreamedError(body.error);
  if (!Array.isArray(body.data)) throw malformedReply('it has no data');
  const wanted = request.input.length;
  if (body.data.length !== wanted) {
    throw malformedReply(`it has ${body.data.length} embeddings for ${wanted} inputs`);
  }
  const vectors: number[][] = new Array(wanted);
  for (const [position, entry] of body.data.entries()) {
    const index = isObject(entry) && typeof entry.index === 'number' ? entry.index : position;
    if (!Number.isInteger(index) || index < 0 || index >= wanted || vectors[index] !== undefined) {
      throw malformedReply(`embedding ${position} has the index ${index}`);
    }
    vectors[index] = readVector(isObject(entry) ? entry.embedding : undefined, position);
  }
  const reply: EmbeddingReply = { model: typeof body.model === 'string' ? body.model : request.model, vectors };
  const usage = readEmbeddingUsage(body.usage);
  if (usage) reply.usage = usage;
  return reply;
}

function readVector(value: Json | undefined, position: number): number[] {
  if (typeof value === 'string') {
    const decoded = decodeVector(value);
    if (decoded) return decoded;
  } else if (Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'number')) {
    return value as number[];
  }
  throw malformedReply(`embedding ${position} is no vector`);
}

function rewrite(bytes: Uint8Array, body: JsonObject, changes: PassthroughChanges): Uint8Array {
  return body.model === changes.model ? bytes : spliceTopLevel(bytes, { model: changes.model });
}

function facts(reply: JsonObject): ReplyFacts {
  const out: ReplyFacts = { text: () => '' };
  const usage = readEmbeddingUsage(reply.usage);
  if (usage) out.usage = usage;
  if (typeof reply.model === 'string') out.model = reply.model;
  return out;
}
