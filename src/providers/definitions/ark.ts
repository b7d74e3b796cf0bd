import type { ProviderDefinition } from '../protocol.ts';

export const ark: ProviderDefinition = {
  name: 'ark',
  title: 'Volcano Engine Ark',
  protocol: 'ark',
  env: 'ARK_API_KEY',
  baseUrl: 'https://ark.cn-beijing.volces.com/api/v3',
  priceProvider: 'volcengine-ark',
  // `max_completion_tokens` bounds reasoning and answer together, `max_tokens` the answer alone: a hold needs the first.
  quirks: { limitField: 'max_completion_tokens', reasoningParam: 'thinking', manyChoices: false },
  apis: ['openai-chat', 'openai-responses', 'openai-embeddings'],
};
