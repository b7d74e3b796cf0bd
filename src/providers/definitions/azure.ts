import type { ProviderDefinition } from '../protocol.ts';

/** Models are the user's deployments; `base_url` is the resource (`https://NAME.openai.azure.com`). */
export const azure: ProviderDefinition = {
  name: 'azure',
  title: 'Azure OpenAI',
  protocol: 'azure',
  env: 'AZURE_OPENAI_API_KEY',
  priceProvider: 'openai',
  quirks: { developerRole: true },
  apis: ['openai-chat', 'openai-responses', 'openai-embeddings'],
};
