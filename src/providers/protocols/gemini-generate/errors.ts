/** Google's API errors as our codes. https://ai.google.dev/gemini-api/docs/troubleshooting, google.rpc.Status. */
import { AppError, type ErrorCode } from '../../../base/errors.ts';
import { redact, shorten } from '../../../base/text.ts';
import type { JsonObject } from '../../protocol.ts';
import { retryAfter_s, type UpstreamHeaders } from '../openai-chat/errors.ts';
import { asObject, asObjects, asString } from './json.ts';

const MESSAGE_CHARS = 500;
const MAX_RETRY_AFTER_S = 86_400;

/** `body` is what came with the status: `{error: {...}}`, a list of one such, or no JSON at all. */
export function parseGeminiError(status: number, headers: UpstreamHeaders, body: string): AppError {
  return toError(status, readError(body), headers);
}

/** An `error` object inside a stream or under a 200. */
export function streamedGeminiError(error: JsonObject): AppError {
  const status = typeof error.code === 'number' && error.code >= 400 && error.code < 600 ? error.code : 500;
  return toError(status, error, {});
}

function readError(body: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(body);
    const first = asObject(Array.isArray(parsed) ? parsed[0] : parsed);
    return asObject(first?.error) ?? {};
  } catch {
    return {};
  }
}

function toError(status: number, error: JsonObject, headers: UpstreamHeaders): AppError {
  const said = shorten(redact(asString(error.message) ?? ''), MESSAGE_CHARS);
  const code = codeFor(status, error, said);
  return new AppError(code, messageFor(code, status, said), {
    upstreamStatus: status,
    upstreamCode: reasonOf(error) ?? asString(error.status),
    retryAfter_s: code === 'rate_limited' || code === 'overloaded' ? retryAfter(error, headers) : undefined,
  });
}

function codeFor(status: number, error: JsonObject, said: string): ErrorCode {
  const name = asString(error.status);
  // A key that Google does not know answers 400: that is our key, not the caller's request.
  if (status === 401 || status === 402 || status === 403 || isAboutOurAccount(error, said)) return 'upstream_error';
  if (status === 429 || name === 'RESOURCE_EXHAUSTED') return 'rate_limited';
  if (status === 404) return 'model_not_found';
  if (status === 413) return 'too_large';
  if (status === 408 || status === 504 || name === 'DEADLINE_EXCEEDED') return 'upstream_timeout';
  if (status === 503 || status === 529 || name === 'UNAVAILABLE') return 'overloaded';
  if (status === 400 || status === 422) return isTooLong(said) ? 'context_too_long' : 'invalid_request';
  return 'upstream_error';
}

function isAboutOurAccount(error: JsonObject, said: string): boolean {
  return reasonOf(error) === 'API_KEY_INVALID' || /api key (not valid|expired)|location is not supported/i.test(said);
}

function isTooLong(said: string): boolean {
  return /(input|prompt)[^.]{0,40}token[^.]{0,60}exceed|exceeds? the maximum (number of tokens|input)|context (length|window)/i.test(
    said,
  );
}

/** google.rpc.ErrorInfo names the cause more finely than the status does. */
function reasonOf(error: JsonObject): string | undefined {
  return asString(asObjects(error.details).find((detail) => typeof detail.reason === 'string')?.reason);
}

/** google.rpc.RetryInfo (`"34.5s"`), else the header; whole seconds. */
function retryAfter(error: JsonObject, headers: UpstreamHeaders): number | undefined {
  const delay = asObjects(error.details)
    .map((detail) => asString(detail.retryDelay))
    .find((text) => text !== undefined);
  const seconds = delay === undefined ? Number.NaN : Number(/^(\d+(?:\.\d+)?)s$/.exec(delay)?.[1] ?? Number.NaN);
  if (Number.isFinite(seconds)) return Math.min(MAX_RETRY_AFTER_S, Math.ceil(seconds));
  return retryAfter_s(headers, Date.now());
}

function messageFor(code: ErrorCode, status: number, said: string): string {
  if (code === 'upstream_error')
    return said ? `The provider failed (HTTP ${status}): ${said}` : `The provider failed (HTTP ${status}).`;
  return said || `The provider answered HTTP ${status} without saying why.`;
}
