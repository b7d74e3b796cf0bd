import type { ProviderDefinition } from '../protocol.ts';

export const mistral: ProviderDefinition = {
  name: 'mistral',
  title: 'Mistral AI',
  protocol: 'openai',
  env: 'MISTRAL_API_KEY',
  baseUrl: 'https://api.mistral.ai/v1',
  priceProvider: 'mistral',
  // Unknown fields answer 422 (its seed is called `random_seed`); usage comes in the last chunk without being asked for.
  quirks: {
    limitField: 'max_tokens',
    streamOptions: false,
    refuses: ['seed', 'logprobs', 'top_logprobs', 'user', 'service_tier', 'store', 'logit_bias'],
  },
  apis: ['openai-chat', 'openai-embeddings'],
};
