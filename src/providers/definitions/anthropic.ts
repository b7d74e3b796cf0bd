import type { ProviderDefinition } from '../protocol.ts';

export const anthropic: ProviderDefinition = {
  name: 'anthropic',
  title: 'Anthropic',
  protocol: 'anthropic',
  env: 'ANTHROPIC_API_KEY',
  baseUrl: 'https://api.anthropic.com/v1',
  priceProvider: 'anthropic',
  apis: ['anthropic-messages'],
};
