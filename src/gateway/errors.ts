import type { AppError } from '../base/errors.ts';
import { type ChatRequest, messagesErrorBody, openaiErrorBody, surfaces } from '../providers/index.ts';

/** Whose shape an error takes: that of the surface that was called. Ark has OpenAI's shape with type names of its own. */
export type Dialect = 'openai' | 'anthropic' | 'ark';

/** `type` in Ark's errors (Volcano Engine, error codes of Ark). */
const ARK_TYPE: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  429: 'TooManyRequests',
};

/** The body of an error answer. */
export function errorBody(dialect: Dialect, error: AppError, operation?: string): Record<string, unknown> {
  if (dialect === 'anthropic') return { ...messagesErrorBody(error), ...(operation ? { request_id: operation } : {}) };
  const body = openaiErrorBody(error) as { error: Record<string, unknown> };
  if (dialect === 'ark') body.error.type = ARK_TYPE[error.status] ?? 'InternalServerError';
  return body;
}

const NO_REQUEST: ChatRequest = { model: '', messages: [], stream: true, includeUsage: false, n: 1, extra: {} };

/** The surface's own error event in a stream; nothing follows it. */
export function errorFrame(surface: keyof typeof surfaces, error: AppError): string {
  return surfaces[surface].openStream(NO_REQUEST, { operation: '', model: '', created_s: 0 }).fail(error);
}
