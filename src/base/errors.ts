import { shorten } from './text.ts';

/**
 * The one table of error codes. Each face (OpenAI, Anthropic, control plane, CLI) maps it once;
 * a code, its HTTP status and whether a caller may try again are decided here and nowhere else.
 */
export const ERROR_CODES = {
  invalid_request: { status: 400, retryable: false },
  context_too_long: { status: 400, retryable: false },
  invalid_key: { status: 401, retryable: false },
  budget_exceeded: { status: 402, retryable: false },
  no_exchange_rate: { status: 402, retryable: false },
  not_allowed: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  model_not_found: { status: 404, retryable: false },
  conflict: { status: 409, retryable: false },
  managed_by_file: { status: 409, retryable: false },
  too_large: { status: 413, retryable: false },
  rate_limited: { status: 429, retryable: true },
  internal_error: { status: 500, retryable: false },
  upstream_error: { status: 502, retryable: true },
  overloaded: { status: 503, retryable: true },
  upstream_timeout: { status: 504, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

/** Messages and paths may repeat what a caller sent, which can be megabytes. */
const MAX_MESSAGE = 1500;
const MAX_PARAM = 200;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** The offending field, as a path in the caller's own document (`messages[2].content`). */
  param?: string;
  /** Seconds after which the same call may succeed; becomes the `retry-after` header. */
  retryAfter_s?: number;
  /** HTTP status that an upstream answered with, for logs and for faces that show it. */
  upstreamStatus?: number;
  /** The upstream's own error code, when it gave one. */
  upstreamCode?: string;
  cause?: unknown;
}

/** A failure with a code of ours. `message` is shown to the caller: it names the field and the mend, and never holds a secret. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly param?: string;
  readonly retryAfter_s?: number;
  readonly upstreamStatus?: number;
  readonly upstreamCode?: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(shorten(message, MAX_MESSAGE), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AppError';
    this.code = code;
    this.param = details.param && shorten(details.param, MAX_PARAM);
    this.retryAfter_s = details.retryAfter_s;
    this.upstreamStatus = details.upstreamStatus;
    this.upstreamCode = details.upstreamCode;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** Anything thrown, as an AppError; what was not one of ours becomes `internal_error` without its message, which may hold secrets. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('internal_error', 'Something went wrong in Tokenworks; the log has the details.', {
    cause: error,
  });
}
