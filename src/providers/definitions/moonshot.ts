import type { ProviderDefinition } from '../protocol.ts';

/** Keys of the international platform take `base_url: https://api.moonshot.ai/v1`. */
export const moonshot: ProviderDefinition = {
  name: 'moonshot',
  title: 'Moonshot AI (Kimi)',
  protocol: 'openai',
  env: 'MOONSHOT_API_KEY',
  baseUrl: 'https://api.moonshot.cn/v1',
  priceProvider: 'moonshot',
  quirks: { limitField: 'max_completion_tokens', reasoningParam: 'thinking' },
  apis: ['openai-chat'],
};
