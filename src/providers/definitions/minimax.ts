import type { ProviderDefinition } from '../protocol.ts';

/** Keys of the mainland platform take `base_url: https://api.minimaxi.com/v1`. */
export const minimax: ProviderDefinition = {
  name: 'minimax',
  title: 'MiniMax',
  protocol: 'openai',
  env: 'MINIMAX_API_KEY',
  baseUrl: 'https://api.minimax.io/v1',
  priceProvider: 'minimax',
  quirks: {
    limitField: 'max_completion_tokens',
    reasoningParam: 'thinking',
    jsonSchema: false,
    manyChoices: false,
    refuses: ['presence_penalty', 'frequency_penalty', 'seed', 'logprobs', 'top_logprobs', 'parallel_tool_calls'],
  },
  apis: ['openai-chat'],
};
