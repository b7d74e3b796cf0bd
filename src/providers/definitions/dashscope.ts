import type { ProviderDefinition } from '../protocol.ts';

export const dashscope: ProviderDefinition = {
  name: 'dashscope',
  title: 'Alibaba Cloud Model Studio (Bailian)',
  protocol: 'openai',
  env: 'DASHSCOPE_API_KEY',
  baseUrl: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
  priceProvider: 'dashscope-cn',
  quirks: { limitField: 'max_tokens', reasoningParam: 'enable_thinking' },
  apis: ['openai-chat', 'openai-embeddings'],
};
