export { openaiEmbeddingsApi } from './api.ts';
export { type EmbeddingsSurface, openaiEmbeddingsSurface } from './surface.ts';
export { readEmbeddingUsage } from './usage.ts';
