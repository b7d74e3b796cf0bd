import { AppError } from '../base/errors.ts';

interface DriverError {
  code?: string;
  message?: string;
  constraint_name?: string;
  table_name?: string;
}

const CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  '57P01',
  '57P03',
  '53300',
]);
/** Text that PostgreSQL can't hold: NUL, or half a surrogate pair. */
const BAD_TEXT = new Set(['22021', '22P05']);
const RETRYABLE = new Set(['40001', '40P01']);

/** Two transactions stood in each other's way; the same again may go through. */
export function isConflict(error: unknown): boolean {
  return RETRYABLE.has(driverError(error)?.code ?? '');
}

/** The connection was lost or could not be made; whether a commit went through is then not known. */
export function isDisconnect(error: unknown): boolean {
  return CONNECTION_CODES.has(driverError(error)?.code ?? '');
}

export function sqlState(error: unknown): string | undefined {
  return driverError(error)?.code;
}

/** What a driver threw, as one of our errors. Neither statement nor values reach it: values may be secrets. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const driver = driverError(error);
  if (!driver) return error;
  const code = driver.code!;
  const table = driver.table_name ?? 'the table';
  if (code === '23505')
    return new AppError(
      'conflict',
      `${table}: there is already one of this id or name (${driver.constraint_name ?? 'unique'})`,
    );
  if (code === '23503')
    return new AppError(
      'invalid_request',
      `${table}: it names something that does not exist, or is still needed (${driver.constraint_name ?? 'reference'})`,
    );
  if (BAD_TEXT.has(code))
    return new AppError(
      'invalid_request',
      'Text with a NUL character or half a surrogate pair can not be stored; leave it out',
    );
  if (code === '22023')
    return new AppError('invalid_request', 'A value, such as a time zone, is not known to the database');
  if (code === '22003') return new AppError('invalid_request', 'A number is too large to be stored');
  const cause = new Error(`database: ${code} ${driver.message ?? ''}`.trim());
  if (CONNECTION_CODES.has(code))
    return new AppError('overloaded', 'The database does not answer just now; try again', { retryAfter_s: 1, cause });
  return new AppError('internal_error', `The database refused a statement (${code}); the log has the details.`, {
    cause,
  });
}

/** drizzle wraps the driver's error in one whose message holds statement and values. */
function driverError(error: unknown): DriverError | undefined {
  for (let depth = 0, current = error; depth < 4 && current instanceof Error; depth++, current = current.cause) {
    if (typeof (current as DriverError).code === 'string') return current as DriverError;
  }
  return undefined;
}
