import type { ProviderDefinition } from '../protocol.ts';

export const gemini: ProviderDefinition = {
  name: 'gemini',
  title: 'Google Gemini',
  protocol: 'gemini',
  env: 'GEMINI_API_KEY',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  priceProvider: 'google',
  apis: ['gemini-generate', 'gemini-embeddings'],
};
