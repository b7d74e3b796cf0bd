import type { ProviderDefinition } from '../protocol.ts';

export const fireworks: ProviderDefinition = {
  name: 'fireworks',
  title: 'Fireworks AI',
  protocol: 'openai',
  env: 'FIREWORKS_API_KEY',
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  quirks: { limitField: 'max_tokens' },
  apis: ['openai-chat', 'openai-embeddings'],
};
