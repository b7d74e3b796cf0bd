/** Embeddings as OpenAI, Gemini and Ollama serve them. The vectors are made up; the figures are the script's. */
import { type Dialect, positive } from './dialect.ts';
import { geminiError } from './gemini-generate.ts';
import { openaiError } from './openai-chat.ts';
import type { Plan } from './plan.ts';
import { vectorOf } from './script.ts';

const DIMENSIONS = 8;
const MAX_DIMENSIONS = 4_096;

function vectors(count: number, dimensions: number): number[][] {
  return Array.from({ length: count }, (_, item) =>
    Array.from({ length: dimensions }, (_, index) => Math.fround(Math.sin(item * 31 + index + 1))),
  );
}

/** How many inputs a body holds: one text, one token array, or a list of either. */
function inputs(input: unknown): number {
  return Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1;
}

function base64(vector: number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}

const plainLimits = { limit: () => undefined, choices: () => 1 };

export const openaiEmbeddings: Dialect = {
  ...plainLimits,
  name: 'openai-embeddings',
  streamType: 'text/event-stream',
  malformed: '',
  usage: (plan) => ({
    raw: { prompt_tokens: plan.script.input, total_tokens: plan.script.input },
    vector: vectorOf({ input: plan.script.input }),
  }),
  reply: (plan, body) => ({
    object: 'list',
    data: vectors(inputs(body.input), dimensionsOf(body.dimensions)).map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: body.encoding_format === 'base64' ? base64(vector) : vector,
    })),
    model: plan.model,
    ...(plan.usageShown ? { usage: openaiEmbeddings.usage(plan).raw } : {}),
  }),
  error: openaiError,
};

export const ollamaEmbeddings: Dialect = {
  ...plainLimits,
  name: 'ollama-embeddings',
  streamType: 'application/x-ndjson',
  malformed: '',
  usage: (plan) => ({
    raw: { prompt_eval_count: plan.script.input },
    vector: vectorOf({ input: plan.script.input }),
  }),
  reply: (plan, body) => ({
    model: plan.model,
    embeddings: vectors(inputs(body.input), dimensionsOf(body.dimensions)),
    ...(plan.usageShown ? ollamaEmbeddings.usage(plan).raw : {}),
  }),
  error: (status) => ({ error: `The mock was told to answer ${status}.` }),
};

export const geminiEmbeddings: Dialect = {
  ...plainLimits,
  name: 'gemini-embeddings',
  streamType: 'text/event-stream',
  malformed: '',
  usage: (plan: Plan) => ({
    raw: { promptTokenCount: plan.script.input },
    vector: vectorOf({ input: plan.script.input }),
  }),
  reply: (plan, body) => ({
    embeddings: vectors(inputs(body.requests), DIMENSIONS).map((values) => ({ values })),
    ...(plan.usageShown ? { usageMetadata: geminiEmbeddings.usage(plan).raw } : {}),
  }),
  error: geminiError,
};

function dimensionsOf(value: unknown): number {
  return Math.min(positive(value) ?? DIMENSIONS, MAX_DIMENSIONS);
}
