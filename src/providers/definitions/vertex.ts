import type { ProviderDefinition } from '../protocol.ts';

/** Which API a model speaks depends on its publisher; connect.ts decides it by the model's name. */
export const vertex: ProviderDefinition = {
  name: 'vertex',
  title: 'Google Vertex AI',
  protocol: 'vertex',
  priceProvider: 'google',
  apis: ['gemini-generate', 'gemini-embeddings', 'anthropic-messages', 'openai-chat'],
};
