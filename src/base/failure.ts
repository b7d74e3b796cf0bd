/** Errors on their way from one thread to another, which carries no classes. */
import { AppError, type ErrorCode } from './errors.ts';

export interface Failure {
  code: ErrorCode;
  message: string;
  param?: string;
  retryAfter_s?: number;
  /** Of what was none of our errors: for the log. */
  cause?: string;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof AppError)
    return { code: error.code, message: error.message, param: error.param, retryAfter_s: error.retryAfter_s };
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal_error', message: 'Something went wrong inside; the log has the details.', cause };
}

export function errorOf({ code, message, param, retryAfter_s, cause }: Failure): AppError {
  return new AppError(code, message, {
    param,
    retryAfter_s,
    ...(cause !== undefined && { cause: new Error(cause) }),
  });
}
