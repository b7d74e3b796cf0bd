import postgres from 'postgres';
import { AppError } from '../base/errors.ts';
import type { Engine } from './engine.ts';

/** The oldest server that the SQL here is written for. */
const OLDEST_VERSION = 150_000;

/** Connects to a PostgreSQL server. Throws AppError `overloaded` when it can't be reached, `invalid_request` when it is too old. */
export async function openPostgres(databaseUrl: string): Promise<Engine> {
  // The URL holds a password, so no message shows it.
  if (!/^postgres(ql)?:\/\/./.test(databaseUrl)) throw badUrl();
  let sql: postgres.Sql;
  try {
    sql = postgres(databaseUrl, {
      max: 8,
      connect_timeout: 15,
      fetch_types: false,
      onnotice: () => {},
      connection: { application_name: 'tokenworks' },
    });
  } catch {
    throw badUrl();
  }
  try {
    const [row] = await sql<{ version: string; number: string }[]>`
      select current_setting('server_version') as version, current_setting('server_version_num') as number`;
    if (Number(row!.number) < OLDEST_VERSION) {
      throw new AppError('invalid_request', `PostgreSQL ${row!.version} is too old; Tokenworks needs 15 or later.`, {
        param: 'DATABASE_URL',
      });
    }
  } catch (error) {
    await sql.end({ timeout: 0 });
    if (error instanceof AppError) throw error;
    const code = (error as { code?: string }).code ?? 'unknown';
    throw new AppError(
      'overloaded',
      `The PostgreSQL server of DATABASE_URL can't be reached (${code}); check that it runs and that the address, user and password are right.`,
      {
        param: 'DATABASE_URL',
      },
    );
  }
  return { kind: 'postgres', sql, failure: () => undefined, close: () => sql.end({ timeout: 30 }) };
}

function badUrl(): AppError {
  return new AppError(
    'invalid_request',
    'DATABASE_URL is no PostgreSQL URL; write postgres://user:password@host:5432/database',
    { param: 'DATABASE_URL' },
  );
}
