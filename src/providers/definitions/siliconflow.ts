import type { ProviderDefinition } from '../protocol.ts';

export const siliconflow: ProviderDefinition = {
  name: 'siliconflow',
  title: 'SiliconFlow',
  protocol: 'openai',
  env: 'SILICONFLOW_API_KEY',
  baseUrl: 'https://api.siliconflow.cn/v1',
  quirks: { limitField: 'max_tokens', reasoningParam: 'enable_thinking', jsonSchema: false },
  apis: ['openai-chat', 'openai-embeddings'],
};
