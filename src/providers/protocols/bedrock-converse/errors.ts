/** Bedrock's exceptions, in a response and in a stream, as ours (API reference "Converse", errors). */
import { AppError, type ErrorCode, type ErrorDetails } from '../../../base/errors.ts';
import type { Json } from '../../protocol.ts';
import { headerText, isTooLong, type ResponseHeaders, readRetryAfter, safeText } from '../anthropic-messages/errors.ts';
import { isObject } from '../anthropic-messages/fields.ts';

const CODES: Record<string, ErrorCode> = {
  throttlingexception: 'rate_limited',
  servicequotaexceededexception: 'rate_limited',
  modelnotreadyexception: 'overloaded',
  serviceunavailableexception: 'overloaded',
  modeltimeoutexception: 'upstream_timeout',
  validationexception: 'invalid_request',
  resourcenotfoundexception: 'model_not_found',
  requestentitytoolargeexception: 'too_large',
};
const CREDENTIALS =
  /^(accessdenied|unrecognizedclient|expiredtoken|invalidsignature|missingauthentication|incompletesignature|invalidclienttokenid)/;

export function parseBedrockError(status: number, headers: ResponseHeaders, body: string): AppError {
  let parsed: Json = null;
  try {
    parsed = JSON.parse(body) as Json;
  } catch {
    // The header says what it was; a body that is no JSON adds nothing a caller could use.
  }
  const fields = isObject(parsed) ? parsed : {};
  // `ThrottlingException:http://internal.amazon.com/…`, or `com.amazon.coral#ThrottlingException` in the body.
  const header = headerText(headers, 'x-amzn-errortype')?.split(':')[0];
  const name = header ?? (typeof fields.__type === 'string' ? fields.__type.split('#').at(-1)! : '');
  const message = [fields.message, fields.Message].find((each) => typeof each === 'string') ?? '';
  return bedrockError(name, message as string, { upstreamStatus: status, retryAfter_s: readRetryAfter(headers) });
}

/** `name` in any case: `ThrottlingException` as in a response, `throttlingException` as in a stream. */
export function bedrockError(name: string, message: string, details: ErrorDetails = {}): AppError {
  const code = codeOf(name.toLowerCase(), message, details.upstreamStatus);
  const shown = safeText(message);
  const { retryAfter_s, ...rest } = details;
  const kept: ErrorDetails = {
    ...(code === 'rate_limited' || code === 'overloaded' ? { retryAfter_s } : {}),
    ...rest,
    upstreamCode: name || undefined,
  };
  if (code === 'invalid_request') return new AppError(code, shown || 'Bedrock refused the request.', kept);
  return new AppError(code, lead(code, name.toLowerCase()) + (shown ? `: ${shown}` : '.'), kept);
}

function codeOf(name: string, message: string, status: number | undefined): ErrorCode {
  if (CREDENTIALS.test(name)) return 'upstream_error';
  const code = CODES[name] ?? (name === '' ? codeOfStatus(status) : 'upstream_error');
  if (code !== 'invalid_request') return code;
  if (isTooLong(message)) return 'context_too_long';
  return /model identifier is invalid/i.test(message) ? 'model_not_found' : code;
}

function codeOfStatus(status: number | undefined): ErrorCode {
  switch (status) {
    case 400:
      return 'invalid_request';
    case 408:
    case 504:
      return 'upstream_timeout';
    case 413:
      return 'too_large';
    case 429:
      return 'rate_limited';
    case 503:
      return 'overloaded';
    default:
      return 'upstream_error';
  }
}

function lead(code: ErrorCode, name: string): string {
  switch (code) {
    case 'rate_limited':
      return "Bedrock's quota for this account was reached";
    case 'overloaded':
      return 'Bedrock or the model is not ready for more calls';
    case 'upstream_timeout':
      return 'The model took too long on Bedrock';
    case 'context_too_long':
      return "The prompt is longer than the model's context; shorten it";
    case 'model_not_found':
      return 'Bedrock does not have this model in this region';
    case 'too_large':
      return 'The request is larger than Bedrock takes';
    default:
      return CREDENTIALS.test(name)
        ? "Bedrock refused the gateway's own credentials; an administrator has to check keys, region and model access"
        : 'Bedrock failed';
  }
}
