/** Anthropic's errors (API reference "Errors") as ours, and ours as the Messages surface shows them. */
import { AppError, type ErrorCode, type ErrorDetails } from '../../../base/errors.ts';
import { redact, shorten } from '../../../base/text.ts';
import type { Json, JsonObject } from '../../protocol.ts';
import { isObject } from './fields.ts';

export type ResponseHeaders = Record<string, string | string[] | undefined>;

const MESSAGE_CHARS = 600;
const TOO_LONG =
  /prompt is too long|input is too long|exceed(?:s|ed)? (?:the )?(?:model'?s )?(?:maximum )?context|context[ _](?:length|limit|window)/i;
/** Faults of the account that the gateway calls with; no client can mend them. */
const ACCOUNT = /credit balance is too low|usage limits|billing|organization has been disabled/i;

const TYPES: Record<ErrorCode, string> = {
  invalid_request: 'invalid_request_error',
  context_too_long: 'invalid_request_error',
  invalid_key: 'authentication_error',
  budget_exceeded: 'billing_error',
  no_exchange_rate: 'billing_error',
  not_allowed: 'permission_error',
  not_found: 'not_found_error',
  model_not_found: 'not_found_error',
  conflict: 'conflict_error',
  managed_by_file: 'conflict_error',
  too_large: 'request_too_large',
  rate_limited: 'rate_limit_error',
  internal_error: 'api_error',
  upstream_error: 'api_error',
  overloaded: 'overloaded_error',
  upstream_timeout: 'timeout_error',
};

/** The body that the Messages surface answers an error with, in a response and in a stream alike. */
export function messagesErrorBody(error: AppError): JsonObject {
  const inner: JsonObject = { type: TYPES[error.code], message: error.message, code: error.code };
  if (error.param !== undefined) inner.param = error.param;
  // What makes Anthropic's client (1.13, `unsupportedRequestBehavior: continue_unthreaded`) send the whole conversation instead.
  if (error.param === 'thread') inner.details = { error_code: 'thread_unsupported_request', unsupported: ['model'] };
  return { type: 'error', error: inner };
}

/** An upstream failure as one of our codes. Text from upstream is redacted and shortened. */
export function parseAnthropicError(status: number, headers: ResponseHeaders, body: string): AppError {
  const { type, message } = readErrorBody(body);
  return classify(type, message, {
    upstreamStatus: status,
    upstreamCode: type,
    retryAfter_s: readRetryAfter(headers),
  });
}

/** An `error` event inside a stream (or an error body that came with status 200). */
export function errorFromEvent(event: JsonObject): AppError {
  const error = isObject(event.error) ? event.error : event;
  const type = typeof error.type === 'string' && error.type !== 'error' ? error.type : undefined;
  return classify(type, textOf(error.message), { upstreamCode: type });
}

/** Seconds from a `retry-after` header: a number, or a date measured against the response's own `date`. */
export function readRetryAfter(headers: ResponseHeaders): number | undefined {
  const value = headerText(headers, 'retry-after');
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value));
  const until_ms = Date.parse(value);
  const now_ms = Date.parse(headerText(headers, 'date') ?? '');
  return Number.isNaN(until_ms - now_ms) ? undefined : Math.max(0, Math.ceil((until_ms - now_ms) / 1000));
}

/** Text from upstream that may be shown. */
export function safeText(message: string | undefined): string {
  return shorten(redact((message ?? '').trim()), MESSAGE_CHARS);
}

export function isTooLong(message: string): boolean {
  return TOO_LONG.test(message);
}

function classify(type: string | undefined, message: string, details: ErrorDetails): AppError {
  const code = codeOf(type, message, details.upstreamStatus);
  const shown = safeText(message);
  const { retryAfter_s, ...rest } = details;
  const kept: ErrorDetails = code === 'rate_limited' || code === 'overloaded' ? details : rest;
  if (code === 'invalid_request')
    return new AppError(code, shown || 'The provider refused the request.', { ...kept, param: paramOf(message) });
  return new AppError(code, lead(code, type) + (shown ? `: ${shown}` : '.'), kept);
}

function codeOf(type: string | undefined, message: string, status: number | undefined): ErrorCode {
  if (type === 'overloaded_error' || status === 529 || status === 503) return 'overloaded';
  if (type === 'rate_limit_error' || status === 429) return 'rate_limited';
  if (type === 'timeout_error' || status === 504 || status === 408) return 'upstream_timeout';
  if (type === 'request_too_large' || status === 413) return 'too_large';
  if (type === 'billing_error' || type === 'authentication_error' || type === 'permission_error')
    return 'upstream_error';
  if (type === 'not_found_error' || status === 404)
    return /\bmodel\b/i.test(message) ? 'model_not_found' : 'upstream_error';
  if (type === 'invalid_request_error' || status === 400 || status === 422) {
    if (TOO_LONG.test(message)) return 'context_too_long';
    return ACCOUNT.test(message) ? 'upstream_error' : 'invalid_request';
  }
  return 'upstream_error';
}

function lead(code: ErrorCode, type: string | undefined): string {
  switch (code) {
    case 'overloaded':
      return 'The provider is overloaded';
    case 'rate_limited':
      return "The provider's rate limit was reached";
    case 'upstream_timeout':
      return 'The provider took too long';
    case 'too_large':
      return 'The request is larger than the provider takes';
    case 'context_too_long':
      return "The prompt is longer than the model's context; shorten it";
    case 'model_not_found':
      return 'The provider does not have this model';
    default:
      if (type === 'authentication_error' || type === 'permission_error') {
        return "The provider refused the gateway's own credentials; an administrator has to check the provider's key";
      }
      return 'The provider failed';
  }
}

/** `messages.0.content.1: …` → `messages[0].content[1]`. */
function paramOf(message: string): string | undefined {
  const match = /^([a-z_]+(?:\.[A-Za-z0-9_]+)*): /.exec(message);
  return match?.[1]?.replace(/\.(\d+)/g, '[$1]');
}

function readErrorBody(body: string): { type?: string; message: string } {
  let parsed: Json;
  try {
    parsed = JSON.parse(body) as Json;
  } catch {
    // A proxy's HTML page says nothing a caller could use.
    return { message: body.trimStart().startsWith('<') ? '' : body };
  }
  if (!isObject(parsed)) return { message: '' };
  const error = isObject(parsed.error) ? parsed.error : parsed;
  const type = typeof error.type === 'string' && error.type !== 'error' ? error.type : undefined;
  const message = typeof parsed.error === 'string' ? parsed.error : textOf(error.message);
  return { type, message };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function headerText(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
