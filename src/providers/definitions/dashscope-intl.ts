import type { ProviderDefinition } from '../protocol.ts';

/** The Singapore region: keys and prices differ from the mainland's, so it is a provider of its own. */
export const dashscopeIntl: ProviderDefinition = {
  name: 'dashscope-intl',
  title: 'Alibaba Cloud Model Studio (international)',
  protocol: 'openai',
  env: 'DASHSCOPE_INTL_API_KEY',
  baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
  priceProvider: 'dashscope-intl',
  quirks: { limitField: 'max_tokens', reasoningParam: 'enable_thinking' },
  apis: ['openai-chat', 'openai-embeddings'],
};
