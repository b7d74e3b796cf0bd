/** Ollama's errors (`{"error": "…"}`) as our codes. */
import { AppError, type ErrorCode } from '../../../base/errors.ts';
import { redact, shorten } from '../../../base/text.ts';
import { asObject, asString, parseObject } from '../gemini-generate/json.ts';
import { retryAfter_s, type UpstreamHeaders } from '../openai-chat/errors.ts';

const MESSAGE_CHARS = 500;

export function parseOllamaError(status: number, headers: UpstreamHeaders, body: string): AppError {
  const parsed = parseObject(body);
  const said = asString(parsed?.error) ?? asString(asObject(parsed?.error)?.message) ?? '';
  const code = codeFor(status, said);
  const waits = code === 'rate_limited' || code === 'overloaded';
  return ollamaError(code, status, said, waits ? retryAfter_s(headers, Date.now()) : undefined);
}

/** An `error` line inside a stream, where the status was sent before. */
export function streamedOllamaError(said: string): AppError {
  return ollamaError(isTooLong(said) ? 'context_too_long' : 'upstream_error', 500, said, undefined);
}

function ollamaError(code: ErrorCode, status: number, said: string, retryAfter: number | undefined): AppError {
  const text = shorten(redact(said), MESSAGE_CHARS);
  const message =
    code === 'upstream_error'
      ? `Ollama failed (HTTP ${status})${text ? `: ${text}` : '.'}`
      : text || `Ollama answered HTTP ${status} without saying why.`;
  return new AppError(code, message, { upstreamStatus: status, retryAfter_s: retryAfter });
}

function codeFor(status: number, said: string): ErrorCode {
  if (status === 401 || status === 402 || status === 403) return 'upstream_error';
  if (isTooLong(said) && status !== 429) return 'context_too_long';
  if (status === 404) return 'model_not_found';
  if (status === 429) return 'rate_limited';
  if (status === 413) return 'too_large';
  if (status === 408 || status === 504) return 'upstream_timeout';
  if (status === 503) return 'overloaded';
  return status === 400 || status === 422 ? 'invalid_request' : 'upstream_error';
}

function isTooLong(said: string): boolean {
  return /(exceed|longer than|larger than)[^.]{0,60}context|input (length|prompt)[^.]{0,40}exceed|prompt (is )?too long/i.test(
    said,
  );
}
