import postgres from 'postgres';
import { AppError } from '../base/errors.ts';
import { CLIENT_OPTIONS, openConnections } from './connections.ts';
import type { Engine } from './engine.ts';

/** Small: the gateway reads from memory, and writes in batches. */
const MAX_CONNECTIONS = 8;
/** The oldest server that the SQL here is written for. */
const OLDEST_VERSION = 150_000;

/** Connects to a PostgreSQL server. Throws AppError `overloaded` when it can't be reached, `invalid_request` when it is too old. */
export async function openPostgres(databaseUrl: string): Promise<Engine> {
  // The URL holds a password, so no message shows it.
  if (!/^postgres(ql)?:\/\/./.test(databaseUrl)) throw badUrl();
  const sql = openConnections((onclose) => makeClient(databaseUrl, onclose), {
    max: MAX_CONNECTIONS,
    isolate: false,
  });
  try {
    const [row] = await sql<{ version: string; number: string }[]>`
      select current_setting('server_version') as version, current_setting('server_version_num') as number`;
    if (Number(row!.number) < OLDEST_VERSION) {
      throw new AppError('invalid_request', `PostgreSQL ${row!.version} is too old; Tokenworks needs 15 or later.`, {
        param: 'DATABASE_URL',
      });
    }
  } catch (error) {
    await sql.end();
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
  return {
    kind: 'postgres',
    sql,
    ticket: { kind: 'postgres', databaseUrl },
    failure: () => undefined,
    close: () => sql.end(),
  };
}

function makeClient(databaseUrl: string, onclose: () => void): postgres.Sql {
  try {
    return postgres(databaseUrl, {
      ...CLIENT_OPTIONS,
      connect_timeout: 15,
      connection: { application_name: 'tokenworks' },
      onclose,
    });
  } catch {
    throw badUrl();
  }
}

function badUrl(): AppError {
  return new AppError(
    'invalid_request',
    'DATABASE_URL is no PostgreSQL URL; write postgres://user:password@host:5432/database',
    { param: 'DATABASE_URL' },
  );
}
