/** Embeddings of Ollama (`/api/embed`). */
import { AppError } from '../../../base/errors.ts';
import type { UsageReading } from '../../../contract/usage.ts';
import type { EmbeddingsApi, Json, JsonObject } from '../../protocol.ts';
import { parseOllamaError } from './errors.ts';

export const ollamaEmbeddingsApi: EmbeddingsApi = {
  name: 'ollama-embeddings',
  build(request, target) {
    const input = request.input.map((text, index) => {
      if (typeof text === 'string') return text;
      throw new AppError('invalid_request', `input[${index}]: Ollama embeds texts, not tokens; send the text.`, {
        param: `input[${index}]`,
      });
    });
    const warnings = new Set<string>();
    if (request.user !== undefined) warnings.add('user');
    // A text that is too long is an error for OpenAI's callers, never cut in silence.
    const body: JsonObject = { model: target.model, input, truncate: false };
    if (request.dimensions !== undefined) body.dimensions = request.dimensions;
    for (const [name, value] of Object.entries(request.extra)) {
      if (name === 'keep_alive' || name === 'truncate' || name === 'options') body[name] = value;
      else warnings.add(name);
    }
    return { path: '/api/embed', headers: {}, body, warnings: [...warnings] };
  },
  parse(body, request, target) {
    const vectors = Array.isArray(body.embeddings) ? body.embeddings.map(numbers) : [];
    if (vectors.length !== request.input.length) {
      throw new AppError(
        'upstream_error',
        `Ollama answered ${vectors.length} embeddings to ${request.input.length} texts.`,
      );
    }
    const usage = usageOf(body);
    return { model: typeof body.model === 'string' ? body.model : target.model, vectors, ...(usage ? { usage } : {}) };
  },
  parseError: parseOllamaError,
};

function numbers(values: Json): number[] {
  if (Array.isArray(values) && values.every((value) => typeof value === 'number')) return values as number[];
  throw new AppError('upstream_error', 'Ollama answered with an embedding that is no list of numbers.');
}

/** The count is left out when it is zero; without any figure (older servers) nothing was counted. */
function usageOf(body: JsonObject): UsageReading | undefined {
  const { prompt_eval_count: count, total_duration } = body;
  if (count === undefined && total_duration === undefined) return undefined;
  const raw: JsonObject = count === undefined ? {} : { prompt_eval_count: count };
  const input = count ?? 0;
  if (typeof input !== 'number' || !Number.isSafeInteger(input) || input < 0) {
    return { vector: {}, raw, source: 'unreconciled', problem: 'prompt_eval_count is no whole number of tokens' };
  }
  return { vector: { input }, raw, source: 'provider' };
}
