import type { ProviderDefinition } from '../protocol.ts';

export const openrouter: ProviderDefinition = {
  name: 'openrouter',
  title: 'OpenRouter',
  protocol: 'openai',
  env: 'OPENROUTER_API_KEY',
  baseUrl: 'https://openrouter.ai/api/v1',
  quirks: { limitField: 'max_tokens', reasoningField: 'reasoning', reasoningParam: 'reasoning', manyChoices: false },
  apis: ['openai-chat', 'openai-embeddings'],
};
