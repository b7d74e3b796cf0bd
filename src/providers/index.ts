/** What the layers above use of the providers: surfaces, connections, definitions and estimates. */
import type { Api, Surface, SurfaceName } from './protocol.ts';
import { anthropicApi, anthropicSurface } from './protocols/anthropic-messages/index.ts';
import { openaiChatApi, openaiChatSurface } from './protocols/openai-chat/index.ts';
import { openaiResponsesApi, openaiResponsesSurface } from './protocols/openai-responses/index.ts';

export type { ConnectDeps, Provider, ProviderConfig, ProviderModelConfig } from './connect.ts';
export { connectProvider } from './connect.ts';
export type { GoogleTokenSource } from './credentials.ts';
export { definitions } from './definitions/index.ts';
export type { Environment } from './discover.ts';
export { discoverFromEnvironment, discoverOllama } from './discover.ts';
export type { InputEstimate, TokenEstimate } from './estimate-tokens.ts';
export { estimateInput, estimateTokens, stopCounting, tokenizerFor } from './estimate-tokens.ts';
export type { HttpGet, ListedModel, ModelListing } from './list-models.ts';
export { listModels } from './list-models.ts';
export type * from './protocol.ts';
export { messagesErrorBody } from './protocols/anthropic-messages/index.ts';
export { FailedReplyError, takesByUri } from './protocols/gemini-generate/index.ts';
export { openaiErrorBody, upstreamMayRecover } from './protocols/openai-chat/index.ts';

/** What clients speak to us, by name. Embeddings have a face of their own (protocols/openai-embeddings). */
export const surfaces: Readonly<Record<Exclude<SurfaceName, 'embeddings'>, Surface>> = {
  chat: openaiChatSurface,
  responses: openaiResponsesSurface,
  messages: anthropicSurface,
};

/** Reads what a surface wrote: replies and streams of a surface are those of its own API. */
export const surfaceApis: Readonly<Record<Exclude<SurfaceName, 'embeddings'>, Api>> = {
  chat: openaiChatApi,
  responses: openaiResponsesApi,
  messages: anthropicApi,
};
export { openaiEmbeddingsSurface as embeddingsSurface } from './protocols/openai-embeddings/index.ts';
