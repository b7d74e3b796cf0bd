/** `POST /v1/embeddings` (and Ark's `/api/v3/embeddings`), as clients speak it (OpenAI API reference, CreateEmbeddingRequest). */
import type {
  EmbeddingReply,
  EmbeddingRequest,
  Envelope,
  InputBound,
  Json,
  JsonObject,
  ReplyContext,
} from '../../protocol.ts';
import { readModel } from '../openai-chat/envelope.ts';
import { extraFields, invalid, optChoice, optInteger, optString } from '../openai-chat/fields.ts';
import { encodeVector } from './vectors.ts';

export interface EmbeddingsSurface {
  name: 'embeddings';
  /** The API whose bytes this surface can pass through. */
  api: 'openai-embeddings';
  envelope(body: JsonObject): Envelope;
  inputBound(body: JsonObject, bodyBytes: number): InputBound;
  /** Throws AppError `invalid_request` with the offending field's path as `param`. */
  parse(body: JsonObject): EmbeddingRequest;
  render(reply: EmbeddingReply, request: EmbeddingRequest, context: ReplyContext): JsonObject;
}

const MAX_INPUTS = 2048;
const KNOWN: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user', 'stream', 'n']);

export const openaiEmbeddingsSurface: EmbeddingsSurface = {
  name: 'embeddings',
  api: 'openai-embeddings',
  envelope,
  inputBound: (_body, bodyBytes) => ({ textBytes: bodyBytes, images: 0, audios: 0, files: 0, urls: [] }),
  parse,
  render,
};

function envelope(body: JsonObject): Envelope {
  const out: Envelope = { model: readModel(body), stream: false, includeUsage: false, n: 1 };
  // Refused here, also where bytes pass through and the provider would judge the rest.
  if (typeof body.input !== 'string' && !Array.isArray(body.input)) {
    throw invalid('input', 'is required: a text, an array of texts, or an array of tokens.');
  }
  if (body.stream === true) throw invalid('stream', 'embeddings can not be streamed; leave it out.');
  const user = optString(body, 'user', '');
  if (user !== undefined) out.user = user;
  return out;
}

function parse(body: JsonObject): EmbeddingRequest {
  const { model, user } = envelope(body);
  const request: EmbeddingRequest = {
    model,
    input: readInput(body.input),
    encodingFormat: optChoice(body, 'encoding_format', '', ['float', 'base64']) ?? 'float',
    extra: extraFields(body, KNOWN),
  };
  const dimensions = optInteger(body, 'dimensions', '', 1);
  if (dimensions !== undefined) request.dimensions = dimensions;
  if (user !== undefined) request.user = user;
  return request;
}

/** A text, a list of texts, one list of tokens, or a list of those. */
function readInput(input: Json | undefined): string[] | number[][] {
  if (typeof input === 'string') {
    if (input === '') throw invalid('input', 'must not be empty.');
    return [input];
  }
  if (!Array.isArray(input) || input.length === 0) {
    throw invalid('input', 'is required: a text, an array of texts, or an array of tokens, not empty.');
  }
  if (typeof input[0] === 'number') return [readTokens(input, 'input')];
  if (input.length > MAX_INPUTS) throw invalid('input', `must hold at most ${MAX_INPUTS} entries.`);
  if (Array.isArray(input[0])) return input.map((entry, index) => readTokens(entry, `input[${index}]`));
  return input.map((entry, index) => {
    if (typeof entry !== 'string' || entry === '')
      throw invalid(`input[${index}]`, 'must be a text that is not empty.');
    return entry;
  });
}

function readTokens(tokens: Json, path: string): number[] {
  if (!Array.isArray(tokens) || tokens.length === 0) throw invalid(path, 'must be an array of tokens, not empty.');
  for (const [index, token] of tokens.entries()) {
    if (typeof token !== 'number' || !Number.isSafeInteger(token) || token < 0) {
      throw invalid(`${path}[${index}]`, 'must be a token: a whole number of at least 0.');
    }
  }
  return tokens as number[];
}

function render(reply: EmbeddingReply, request: EmbeddingRequest, context: ReplyContext): JsonObject {
  const tokens = reply.usage?.source === 'provider' ? reply.usage.vector : {};
  const prompt = (tokens.input ?? 0) + (tokens.cache_read ?? 0) + (tokens.image_in ?? 0) + (tokens.audio_in ?? 0);
  return {
    object: 'list',
    data: reply.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: request.encodingFormat === 'base64' ? encodeVector(vector) : vector,
    })),
    model: context.model,
    usage: { prompt_tokens: prompt, total_tokens: prompt + (tokens.output ?? 0) },
  };
}
