import type { ProviderDefinition } from '../protocol.ts';

/** https://api-docs.deepseek.com: the OpenAI face has no version in its path; `response_format` is text or json_object. */
export const deepseek: ProviderDefinition = {
  name: 'deepseek',
  title: 'DeepSeek',
  protocol: 'openai',
  env: 'DEEPSEEK_API_KEY',
  baseUrl: 'https://api.deepseek.com',
  priceProvider: 'deepseek',
  quirks: { limitField: 'max_tokens', reasoningParam: 'thinking', jsonSchema: false, manyChoices: false },
  apis: ['openai-chat'],
};
