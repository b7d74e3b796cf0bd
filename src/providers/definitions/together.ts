import type { ProviderDefinition } from '../protocol.ts';

export const together: ProviderDefinition = {
  name: 'together',
  title: 'Together AI',
  protocol: 'openai',
  env: 'TOGETHER_API_KEY',
  baseUrl: 'https://api.together.xyz/v1',
  quirks: { limitField: 'max_tokens' },
  apis: ['openai-chat', 'openai-embeddings'],
};
