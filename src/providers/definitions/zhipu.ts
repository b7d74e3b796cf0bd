import type { ProviderDefinition } from '../protocol.ts';

export const zhipu: ProviderDefinition = {
  name: 'zhipu',
  title: 'Zhipu AI (GLM)',
  protocol: 'openai',
  env: 'ZHIPU_API_KEY',
  baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
  priceProvider: 'zhipu',
  // Usage comes in the last chunk without being asked for.
  quirks: {
    limitField: 'max_tokens',
    streamOptions: false,
    reasoningParam: 'thinking',
    jsonSchema: false,
    manyChoices: false,
    refuses: ['presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs', 'seed', 'service_tier'],
  },
  apis: ['openai-chat', 'openai-embeddings'],
};
