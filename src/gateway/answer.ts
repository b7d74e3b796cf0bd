/** Headers and errors of answers. */
import { AppError, toAppError } from '../base/errors.ts';
import type { CascadeRecord } from '../contract/operation.ts';
import type { Admitted, Call, ReplySink } from './call.ts';
import { cascadeHeaders } from './cascade.ts';
import type { Deployment } from './catalogue.ts';
import { errorBody } from './errors.ts';
import type { Grant } from './funds.ts';

const MAX_HEADER_CHARACTERS = 1024;

export function headersOf(
  admitted: Admitted,
  deployment: Deployment,
  attempts: number,
  grant: Grant,
  warnings: readonly string[],
  cascade?: CascadeRecord,
): Record<string, string> {
  const headers: Record<string, string> = {
    'x-tokenworks-operation': admitted.operation,
    'x-tokenworks-model': headerText(deployment.id),
    'x-tokenworks-attempts': String(attempts),
  };
  if (grant.imposedLimit !== undefined) headers['x-tokenworks-limited'] = 'budget';
  if (warnings.length > 0) headers['x-tokenworks-warnings'] = headerText(warnings.join(', '));
  if (cascade) Object.assign(headers, cascadeHeaders(cascade));
  return headers;
}

export function sendError(
  sink: ReplySink,
  call: Pick<Call, 'dialect'>,
  error: AppError,
  operation: string,
  extra: Record<string, string> = {},
): void {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-tokenworks-operation': operation,
    ...extra,
  };
  if (error.retryAfter_s !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfter_s));
  sink.send(error.status, headers, JSON.stringify(errorBody(call.dialect, error, operation)));
}

/** Header values are ASCII; a model's name may be 豆包. */
export function headerText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\x20-\x7e]/g, encodeURIComponent)
    .slice(0, MAX_HEADER_CHARACTERS);
}

/** Before a provider has answered, only the caller's own body can be too deep for the stack. */
export function toFailure(error: unknown): AppError {
  if (error instanceof RangeError && /call stack/.test(error.message))
    return new AppError('invalid_request', 'The body is nested too deeply, or has too many parts, to be read.', {
      cause: error,
    });
  return toAppError(error);
}

export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
