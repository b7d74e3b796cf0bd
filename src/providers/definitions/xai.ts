import type { ProviderDefinition } from '../protocol.ts';

/** `completion_tokens` leaves reasoning out, unlike OpenAI's. */
export const xai: ProviderDefinition = {
  name: 'xai',
  title: 'xAI',
  protocol: 'openai',
  env: 'XAI_API_KEY',
  baseUrl: 'https://api.x.ai/v1',
  priceProvider: 'xai',
  quirks: { completionExcludesReasoning: true },
  apis: ['openai-chat'],
};
