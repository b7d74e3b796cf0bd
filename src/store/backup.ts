import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { Sql, Tx } from './connections.ts';
import { DUMP_FORMAT, DUMP_TABLES, DUMP_VERSION, type DumpHeader, type DumpTrailer, rowPrefix } from './dump.ts';
import type { Migration } from './migrate.ts';
import type { Partitions } from './partitions.ts';

/** Rows that are in memory at once: of calls and replies, which may be tens of megabytes each, few. */
const FETCH = 500;
const FETCH_LARGE = 4;
const LARGE_TABLES = new Set<string>(['captures', 'replies', 'reflex_blocks']);

/** Writes the whole store as it is at one moment; see `Store.backup`. The file appears only when it is whole. */
export async function backupTo(
  sql: Sql,
  partitions: Partitions,
  migrations: Migration[],
  file: string,
  clock: Clock,
): Promise<{ rows: number; bytes: number }> {
  const draft = `${file}.${newId('part')}`;
  let rows = 0;
  try {
    await sql.begin(async (tx) => {
      const header: DumpHeader = {
        format: DUMP_FORMAT,
        version: DUMP_VERSION,
        migrations: migrations.map(({ name, checksum }) => ({ name, checksum })),
        created: new Date(clock.now()).toISOString(),
        days: (await partitions.list(tx)).map(({ day }) => day),
      };
      const lines = dumpLines(tx, header, (count) => {
        rows = count;
      });
      await pipeline(
        Readable.from(lines),
        createGzip({ level: 6 }),
        createWriteStream(draft, { flags: 'wx', mode: 0o600 }),
      );
    }, 'isolation level repeatable read read only');
    await sync(draft);
    await rename(draft, file);
    return { rows, bytes: (await stat(file)).size };
  } catch (error) {
    await rm(draft, { force: true });
    throw fileError(error, file);
  }
}

async function* dumpLines(tx: Tx, header: DumpHeader, done: (rows: number) => void): AsyncGenerator<string> {
  const hash = createHash('sha256');
  let rows = 0;
  const take = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield take(`${JSON.stringify(header)}\n`);
  for (const table of DUMP_TABLES) {
    const prefix = rowPrefix(table);
    const size = LARGE_TABLES.has(table) ? FETCH_LARGE : FETCH;
    await tx.unsafe(`declare dump no scroll cursor for select row_to_json(t)::text as row from ${table} as t`);
    while (true) {
      const chunk = await tx.unsafe<{ row: string }[]>(`fetch forward ${size} from dump`);
      if (chunk.length === 0) break;
      rows += chunk.length;
      yield take(chunk.map(({ row }) => `${prefix}${row}}\n`).join(''));
    }
    await tx.unsafe('close dump');
  }
  const trailer: DumpTrailer = { end: true, rows, sha256: hash.digest('hex') };
  yield `${JSON.stringify(trailer)}\n`;
  done(rows);
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The messages of the file system name the path, which is what the caller has to know. */
export function fileError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if ((error as NodeJS.ErrnoException).syscall === undefined || code === undefined) return error;
  return new AppError(
    'invalid_request',
    `${file} can't be used (${code}); check that the folder exists and that you may write there`,
    { param: 'file', cause: error },
  );
}
