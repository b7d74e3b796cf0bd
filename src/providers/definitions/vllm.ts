import type { ProviderDefinition } from '../protocol.ts';

/** Used when it is configured, never by looking for it: port 8000 is anybody's. */
export const vllm: ProviderDefinition = {
  name: 'vllm',
  title: 'vLLM',
  protocol: 'openai',
  baseUrl: 'http://127.0.0.1:8000/v1',
  priceProvider: 'local',
  quirks: { limitField: 'max_tokens' },
  apis: ['openai-chat', 'openai-embeddings'],
};
