import type { ProviderDefinition } from '../protocol.ts';

export const lmStudio: ProviderDefinition = {
  name: 'lm-studio',
  title: 'LM Studio',
  protocol: 'openai',
  baseUrl: 'http://127.0.0.1:1234/v1',
  priceProvider: 'local',
  quirks: { limitField: 'max_tokens', manyChoices: false },
  apis: ['openai-chat', 'openai-embeddings'],
};
