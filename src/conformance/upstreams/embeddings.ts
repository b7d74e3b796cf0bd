/** Embeddings of each provider: the same small vectors, one for each text, and `USAGE.input` tokens. */
import { USAGE } from './answer.ts';

type Body = Record<string, unknown>;

/** The vector of the text at `index`, in figures that float32 holds exactly. */
export function vectorAt(index: number): number[] {
  return [0.5, -0.25, index + 0.125];
}

export const embeddings: Record<'openai' | 'gemini' | 'vertex' | 'ollama', (body: Body) => unknown> = {
  openai: (body) => ({
    object: 'list',
    data: inputs(body.input).map((_, index) => ({
      object: 'embedding',
      index,
      embedding:
        body.encoding_format === 'base64'
          ? Buffer.from(new Float32Array(vectorAt(index)).buffer).toString('base64')
          : vectorAt(index),
    })),
    model: 'upstream-model',
    usage: { prompt_tokens: USAGE.input, total_tokens: USAGE.input },
  }),
  gemini: (body) => ({
    embeddings: inputs(body.requests).map((_, index) => ({ values: vectorAt(index) })),
    usageMetadata: { promptTokenCount: USAGE.input, totalTokenCount: USAGE.input },
  }),
  vertex: (body) => ({
    predictions: inputs(body.instances).map((_, index) => ({
      embeddings: {
        values: vectorAt(index),
        statistics: { token_count: index === 0 ? USAGE.input : 0, truncated: false },
      },
    })),
  }),
  ollama: (body) => ({
    model: 'upstream-model',
    embeddings: inputs(body.input).map((_, index) => vectorAt(index)),
    total_duration: 5_000_000,
    prompt_eval_count: USAGE.input,
  }),
};

/** `input` may be one text, a list of texts, one list of tokens, or a list of those. */
function inputs(value: unknown): unknown[] {
  if (!Array.isArray(value)) return [value];
  return typeof value[0] === 'number' ? [value] : value;
}
