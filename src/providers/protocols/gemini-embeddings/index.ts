/** Embeddings of Gemini: batchEmbedContents of the Gemini API, and predict of Vertex AI. */
import { AppError } from '../../../base/errors.ts';
import type { UsageReading } from '../../../contract/usage.ts';
import type { EmbeddingRequest, EmbeddingsApi, Json, JsonObject } from '../../protocol.ts';
import { parseGeminiError } from '../gemini-generate/errors.ts';
import { asObject, asObjects } from '../gemini-generate/json.ts';
import { readUsage } from '../gemini-generate/usage.ts';

/** https://ai.google.dev/api/embeddings#v1beta.models.batchEmbedContents */
export const geminiEmbeddingsApi: EmbeddingsApi = {
  name: 'gemini-embeddings',
  build(request, target) {
    const warnings = new Set<string>();
    const { taskType } = readExtras(request, warnings);
    const requests = textsOf(request).map((text) => ({
      model: `models/${target.model}`,
      content: { parts: [{ text }] },
      ...(taskType === undefined ? {} : { taskType }),
      ...(request.dimensions === undefined ? {} : { outputDimensionality: request.dimensions }),
    }));
    const path = `/models/${encodeURIComponent(target.model)}:batchEmbedContents`;
    return { path, headers: {}, body: { requests }, warnings: [...warnings] };
  },
  parse(body, request, target) {
    const vectors = asObjects(body.embeddings).map((embedding) => numbers(embedding.values));
    checkCount(vectors, request);
    const usage = readUsage(body.usageMetadata);
    return { model: target.model, vectors, ...(usage ? { usage: withoutOutput(usage) } : {}) };
  },
  parseError: parseGeminiError,
};

/** https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
export const vertexEmbeddingsApi: EmbeddingsApi = {
  name: 'gemini-embeddings',
  build(request, target) {
    const warnings = new Set<string>();
    const { taskType } = readExtras(request, warnings);
    const instances = textsOf(request).map((content) => ({
      content,
      ...(taskType === undefined ? {} : { task_type: taskType }),
    }));
    const parameters: JsonObject = {
      // A text that is too long is an error for OpenAI's callers, never cut in silence.
      autoTruncate: false,
      ...(request.dimensions === undefined ? {} : { outputDimensionality: request.dimensions }),
    };
    const path = `/models/${encodeURIComponent(target.model)}:predict`;
    return { path, headers: {}, body: { instances, parameters }, warnings: [...warnings] };
  },
  parse(body, request, target) {
    const embeddings = asObjects(body.predictions).map((prediction) => asObject(prediction.embeddings) ?? {});
    const vectors = embeddings.map((embedding) => numbers(embedding.values));
    checkCount(vectors, request);
    const usage = vertexUsage(embeddings);
    return { model: target.model, vectors, ...(usage ? { usage } : {}) };
  },
  parseError: parseGeminiError,
};

function textsOf(request: EmbeddingRequest): string[] {
  return request.input.map((input, index) => {
    if (typeof input === 'string') return input;
    throw new AppError('invalid_request', `input[${index}]: Gemini embeds texts, not tokens; send the text.`, {
      param: `input[${index}]`,
    });
  });
}

function readExtras(request: EmbeddingRequest, warnings: Set<string>): { taskType?: Json } {
  if (request.user !== undefined) warnings.add('user');
  let taskType: Json | undefined;
  for (const [name, value] of Object.entries(request.extra)) {
    if (name === 'task_type' || name === 'taskType') taskType = value;
    else warnings.add(name);
  }
  return taskType === undefined ? {} : { taskType };
}

function numbers(values: Json | undefined): number[] {
  if (Array.isArray(values) && values.every((value) => typeof value === 'number')) return values as number[];
  throw new AppError('upstream_error', 'The provider answered with an embedding that is no list of numbers.');
}

function checkCount(vectors: number[][], request: EmbeddingRequest): void {
  if (vectors.length === request.input.length) return;
  throw new AppError(
    'upstream_error',
    `The provider answered ${vectors.length} embeddings to ${request.input.length} texts.`,
  );
}

/** Nothing is written by an embedding; the field stays out of its vector. */
function withoutOutput(usage: UsageReading): UsageReading {
  const { output: _, ...vector } = usage.vector;
  return { ...usage, vector };
}

/** Vertex AI counts per text; a sum over some of them would be a guess. */
function vertexUsage(embeddings: JsonObject[]): UsageReading | undefined {
  const statistics = embeddings.map((embedding) => asObject(embedding.statistics));
  const counts = statistics.map((entry) => entry?.token_count);
  if (counts.length === 0 || counts.some((count) => count === undefined)) return undefined;
  const raw = { statistics };
  let input = 0;
  for (const count of counts) {
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      return { vector: {}, raw, source: 'unreconciled', problem: 'token_count is no whole number of tokens' };
    }
    input += count;
  }
  return { vector: { input }, raw, source: 'provider' };
}
