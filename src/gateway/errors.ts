import type { AppError, ErrorCode } from '../base/errors.ts';
import { sseFrame } from '../base/sse.ts';

/** Whose shape an error takes: that of the surface that was called. Ark has OpenAI's shape with type names of its own. */
export type Dialect = 'openai' | 'anthropic' | 'ark';

const OPENAI_TYPE: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'invalid_request_error',
  context_too_long: 'invalid_request_error',
  too_large: 'invalid_request_error',
  invalid_key: 'authentication_error',
  budget_exceeded: 'insufficient_quota',
  no_exchange_rate: 'insufficient_quota',
  not_allowed: 'permission_error',
  not_found: 'not_found_error',
  model_not_found: 'not_found_error',
  rate_limited: 'rate_limit_error',
};

const ANTHROPIC_TYPE: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'invalid_request_error',
  context_too_long: 'invalid_request_error',
  conflict: 'invalid_request_error',
  too_large: 'request_too_large',
  invalid_key: 'authentication_error',
  budget_exceeded: 'billing_error',
  no_exchange_rate: 'billing_error',
  not_allowed: 'permission_error',
  not_found: 'not_found_error',
  model_not_found: 'not_found_error',
  rate_limited: 'rate_limit_error',
  overloaded: 'overloaded_error',
  upstream_timeout: 'timeout_error',
};

/** `type` in Ark's errors (Volcano Engine, error codes of Ark). */
const ARK_TYPE: Record<number, string> = { 400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 429: 'TooManyRequests' };

/** The body of an error answer. */
export function errorBody(dialect: Dialect, error: AppError, operation?: string): Record<string, unknown> {
  if (dialect === 'anthropic') {
    return {
      type: 'error',
      error: { type: ANTHROPIC_TYPE[error.code] ?? 'api_error', message: error.message, code: error.code, ...(error.param ? { param: error.param } : {}) },
      ...(operation ? { request_id: operation } : {}),
    };
  }
  const type = dialect === 'ark' ? (ARK_TYPE[error.status] ?? 'InternalServerError') : (OPENAI_TYPE[error.code] ?? 'server_error');
  return { error: { message: error.message, type, param: error.param ?? null, code: error.code } };
}

/** The surface's own error event in a stream; nothing follows it. */
export function errorFrame(surface: 'chat' | 'responses' | 'messages', dialect: Dialect, error: AppError, sequence = 0): string {
  if (surface === 'messages') return sseFrame(JSON.stringify(errorBody('anthropic', error)), 'error');
  if (surface === 'responses') {
    return sseFrame(
      JSON.stringify({ type: 'error', code: error.code, message: error.message, param: error.param ?? null, sequence_number: sequence }),
      'error',
    );
  }
  return sseFrame(JSON.stringify(errorBody(dialect, error)));
}
