import type { ProviderDefinition } from '../protocol.ts';

export const openai: ProviderDefinition = {
  name: 'openai',
  title: 'OpenAI',
  protocol: 'openai',
  env: 'OPENAI_API_KEY',
  baseUrl: 'https://api.openai.com/v1',
  priceProvider: 'openai',
  quirks: { developerRole: true },
  apis: ['openai-chat', 'openai-responses', 'openai-embeddings'],
};
