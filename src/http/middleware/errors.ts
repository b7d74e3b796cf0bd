/** One mapping from anything that was thrown to an answer in the shape of the surface that was called. */
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { AppError, toAppError } from '../../base/errors.ts';
import { type Dialect, errorBody } from '../../gateway/errors.ts';

/** Whose error shape a path has. `anthropicClient`: the caller is an Anthropic SDK on a path that both vendors have. */
export function dialectOf(path: string, anthropicClient = false): Dialect {
  if (path === '/v1/messages' || path.startsWith('/v1/messages/') || anthropicClient) return 'anthropic';
  return path === '/api/v3' || path.startsWith('/api/v3/') ? 'ark' : 'openai';
}

/** Anthropic's SDK sends `anthropic-version` with every call. */
export function isAnthropicClient(headers: { get(name: string): string | null }): boolean {
  return headers.get('anthropic-version') !== null;
}

/** What Hono throws by itself, as one of our errors. */
export function readError(error: unknown): AppError {
  if (!(error instanceof HTTPException)) return toAppError(error);
  if (error.status === 413) return new AppError('too_large', 'The body is too large.');
  if (error.status >= 400 && error.status < 500)
    return new AppError('invalid_request', error.message || 'The request can not be read.');
  return toAppError(error);
}

export function errorHeaders(error: AppError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.retryAfter_s !== undefined) headers['retry-after'] = String(error.retryAfter_s);
  // What is still coming of a body that is too large is not worth reading.
  if (error.code === 'too_large') headers.connection = 'close';
  return headers;
}

/** `status` where it is not the code's own (405). */
export function answerError(context: Context, error: AppError, status: number = error.status): Response {
  const dialect = dialectOf(context.req.path, isAnthropicClient(context.req.raw.headers));
  for (const [name, value] of Object.entries(errorHeaders(error))) context.header(name, value);
  return context.json(errorBody(dialect, error), status as 400);
}
