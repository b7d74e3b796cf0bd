import type { ProviderDefinition } from '../protocol.ts';

/** Runs on the user's own machine: no key, and the price book's `local` row. */
export const ollama: ProviderDefinition = {
  name: 'ollama',
  title: 'Ollama',
  protocol: 'ollama',
  baseUrl: 'http://127.0.0.1:11434',
  priceProvider: 'local',
  apis: ['ollama-chat', 'ollama-embeddings'],
};
