import type { ProviderDefinition } from '../protocol.ts';

export const groq: ProviderDefinition = {
  name: 'groq',
  title: 'Groq',
  protocol: 'openai',
  env: 'GROQ_API_KEY',
  baseUrl: 'https://api.groq.com/openai/v1',
  quirks: {
    reasoningField: 'reasoning',
    manyChoices: false,
    refuses: ['logprobs', 'top_logprobs', 'logit_bias'],
  },
  apis: ['openai-chat'],
};
