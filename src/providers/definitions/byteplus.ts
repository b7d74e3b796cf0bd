import type { ProviderDefinition } from '../protocol.ts';

/** Ark for customers outside China: the same protocol, keys and prices of its own. Keys belong to one region; another region is another `base_url`. */
export const byteplus: ProviderDefinition = {
  name: 'byteplus',
  title: 'BytePlus ModelArk',
  protocol: 'ark',
  env: 'BYTEPLUS_API_KEY',
  baseUrl: 'https://ark.ap-southeast.bytepluses.com/api/v3',
  priceProvider: 'byteplus-modelark',
  quirks: { limitField: 'max_completion_tokens', reasoningParam: 'thinking', manyChoices: false },
  apis: ['openai-chat', 'openai-responses', 'openai-embeddings'],
};
