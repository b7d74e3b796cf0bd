import type { Api } from '../../protocol.ts';
import { buildOllama } from './build.ts';
import { parseOllamaError } from './errors.ts';
import { OllamaStreamDecoder, readReply } from './reply.ts';

export { ollamaEmbeddingsApi } from './embeddings.ts';

/** Ollama's own `/api/chat`, which says more than its OpenAI face: thinking, context length, counts. */
export const ollamaChatApi: Api = {
  name: 'ollama-chat',
  inlineMedia: true,
  // `num_predict` bounds thinking and answer together.
  limitExcludesReasoning: false,
  build: buildOllama,
  parse: readReply,
  openStream: () => new OllamaStreamDecoder(),
  parseError: parseOllamaError,
};
