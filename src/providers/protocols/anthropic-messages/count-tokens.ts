/** `POST /v1/messages/count_tokens`: the request without `max_tokens` and `stream`, answered with a number. */
import type { ChatRequest, JsonObject } from '../../protocol.ts';
import { parseMessages } from './parse.ts';

/**
 * The body in the common language, for counting what is in it. Blocks and tools that only Anthropic understands stay in as their
 * JSON text, so that the estimate covers them. Throws AppError `invalid_request`.
 */
export function parseCountTokens(body: JsonObject): ChatRequest {
  return parseMessages(body, 'count');
}

export function renderCountTokens(inputTokens: number): JsonObject {
  return { input_tokens: inputTokens };
}
