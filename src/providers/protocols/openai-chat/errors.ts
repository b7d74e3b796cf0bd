/** Errors of the OpenAI family: an upstream's failure read into our codes, and our failures written in OpenAI's shape. */
import { AppError, type ErrorCode } from '../../../base/errors.ts';
import { redact, shorten } from '../../../base/text.ts';
import type { Json, JsonObject } from '../../protocol.ts';
import { arkErrorRule } from './ark-errors.ts';
import { isObject } from './fields.ts';

const MESSAGE_CHARS = 500;
/** Longest wait an upstream may ask of our callers. */
const MAX_RETRY_AFTER_S = 86_400;

export type UpstreamHeaders = Record<string, string | string[] | undefined>;

interface UpstreamFailure {
  message: string;
  code?: string;
  type?: string;
  param?: string;
}

/** OpenAI's, Ark's and look-alikes' HTTP errors as one of our codes. `headers` have lower-case names. */
export function parseOpenaiError(
  status: number,
  headers: UpstreamHeaders,
  body: string,
  now_ms: number = Date.now(),
): AppError {
  const failure = readFailure(body);
  const code = codeFor(status, failure);
  return new AppError(code, messageFor(code, status, failure), {
    param: code === 'invalid_request' || code === 'context_too_long' ? failure.param : undefined,
    retryAfter_s: retryAfter_s(headers, now_ms),
    upstreamStatus: status,
    upstreamCode: failure.code,
  });
}

/** The `error` member of a frame or of a 200 body. A code that is an HTTP status (OpenRouter) is read as one. */
export function parseStreamedError(error: Json): AppError {
  const failure = readFailure(JSON.stringify({ error }));
  const status = Number(failure.code);
  const known = Number.isInteger(status) && status >= 400 && status < 600 ? status : statusOfType(failure);
  const code = codeFor(known, failure);
  return new AppError(code, messageFor(code, known, failure), { upstreamCode: failure.code, upstreamStatus: known });
}

/** A reply that breaks its protocol. */
export function malformedReply(what: string): AppError {
  return new AppError('upstream_error', `The provider's reply could not be read: ${what}.`);
}

/** Whether the same call to the same deployment may succeed later; finer than `error.retryable`, which is about the code alone. */
export function upstreamMayRecover(error: AppError): boolean {
  const rule = error.upstreamCode === undefined ? undefined : arkErrorRule(error.upstreamCode);
  if (rule) return rule.retryable;
  if (error.upstreamStatus === 401 || error.upstreamStatus === 402 || error.upstreamStatus === 403) return false;
  return error.retryable;
}

/** Wait an upstream asks for, in whole seconds: `retry-after-ms`, or `retry-after` as seconds or as an HTTP date (RFC 9110, 10.2.3). */
export function retryAfter_s(headers: UpstreamHeaders, now_ms: number): number | undefined {
  const milliseconds = Number(first(headers['retry-after-ms']) || Number.NaN);
  if (Number.isFinite(milliseconds)) return bounded(milliseconds / 1000);
  const value = first(headers['retry-after'])?.trim();
  if (!value) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return bounded(seconds);
  const date_ms = Date.parse(value);
  return Number.isNaN(date_ms) ? undefined : bounded((date_ms - now_ms) / 1000);
}

function bounded(seconds: number): number {
  return Math.min(MAX_RETRY_AFTER_S, Math.max(0, Math.ceil(seconds)));
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function readFailure(body: string): UpstreamFailure {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // An HTML page of some proxy says nothing to the caller.
    return { message: body.trimStart().startsWith('<') ? '' : body.trim() };
  }
  // Gemini's OpenAI-compatible endpoint answers with a list of one.
  const top = Array.isArray(json) ? json[0] : json;
  if (!isObject(top)) return { message: typeof top === 'string' ? top : '' };
  const inner = top.error ?? top;
  if (typeof inner === 'string') return { message: inner, code: text(top.code), type: text(top.type) };
  if (!isObject(inner)) return { message: text(top.message) ?? '' };
  return {
    message: text(inner.message) ?? text(inner.detail) ?? text(top.message) ?? '',
    code: text(inner.code),
    type: text(inner.type),
    param: text(inner.param),
  };
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

const TOO_LONG = [
  /maximum context length/i,
  /context[ _-]?(length|window)[^.]{0,40}(exceed|too)/i,
  /exceed[^.]{0,60}(context (length|window|size|limit)|model token limit)/i,
  /(prompt|input) (is )?too long/i,
  /input (length|tokens?)[^.]{0,40}exceed/i,
  /range of input length/i,
  /too many (input|prompt) tokens/i,
];

function isTooLong(failure: UpstreamFailure): boolean {
  if (failure.code === 'context_length_exceeded') return true;
  return TOO_LONG.some((pattern) => pattern.test(failure.message));
}

function isAboutModel(failure: UpstreamFailure): boolean {
  return (
    failure.code === 'model_not_found' ||
    failure.param === 'model' ||
    /model|endpoint|deployment/i.test(failure.message)
  );
}

function codeFor(status: number, failure: UpstreamFailure): ErrorCode {
  // The upstream's word on its credentials is about ours, never about the caller's key.
  if (status === 401 || status === 402 || status === 403) return 'upstream_error';
  const ark = failure.code === undefined ? undefined : arkErrorRule(failure.code);
  if (ark) return ark.code;
  if ((status === 400 || status === 413 || status === 422) && isTooLong(failure)) return 'context_too_long';
  if (status === 404) return isAboutModel(failure) ? 'model_not_found' : 'upstream_error';
  if (status === 429) return isSpent(failure) ? 'not_allowed' : 'rate_limited';
  if (status === 408 || status === 504 || status === 524) return 'upstream_timeout';
  if (status === 503 || status === 529 || status === 498) return 'overloaded';
  if (status === 413) return 'too_large';
  if (status === 400 || status === 422)
    return failure.code === 'model_not_found' ? 'model_not_found' : 'invalid_request';
  return 'upstream_error';
}

/** OpenAI answers 429 also when the account has no credit left, which no waiting mends. */
function isSpent(failure: UpstreamFailure): boolean {
  return failure.code === 'insufficient_quota' || failure.type === 'insufficient_quota';
}

/** The HTTP status that an error inside a stream would have had. */
function statusOfType(failure: UpstreamFailure): number {
  const name = `${failure.type ?? ''} ${failure.code ?? ''}`;
  if (/rate_limit|insufficient_quota|too_?many/i.test(name)) return 429;
  if (/overloaded|unavailable/i.test(name)) return 503;
  if (/timeout/i.test(name)) return 504;
  if (/invalid_request|BadRequest|context_length/i.test(name)) return 400;
  return 500;
}

function messageFor(code: ErrorCode, status: number, failure: UpstreamFailure): string {
  const said = shorten(redact(failure.message), MESSAGE_CHARS);
  if (status === 401)
    return "The provider refused this gateway's credentials (HTTP 401); check the provider's api_key.";
  if (code === 'not_allowed') return withDetail("The provider's quota for this gateway's account is used up", said);
  if (code === 'upstream_error') return withDetail(`The provider failed (HTTP ${status})`, said);
  if (said !== '') return said;
  return `The provider answered HTTP ${status} without saying why.`;
}

function withDetail(lead: string, said: string): string {
  return said === '' ? `${lead}.` : `${lead}: ${said}`;
}

/** An error in OpenAI's shape (API reference, ErrorResponse): `{error: {message, type, param, code}}`. */
export function openaiErrorBody(error: AppError): JsonObject {
  return {
    error: { message: error.message, type: errorType(error.status), param: error.param ?? null, code: error.code },
  };
}

function errorType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 402) return 'insufficient_quota';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
