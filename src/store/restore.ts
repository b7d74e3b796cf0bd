import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { AppError } from '../base/errors.ts';
import { fileError } from './backup.ts';
import type { Sql, Tx } from './connections.ts';
import { DUMP_FORMAT, DUMP_TABLES, DUMP_VERSION, type DumpHeader, type DumpTrailer, readRow } from './dump.ts';
import { applyMigrations, assertPrefix, type Migration } from './migrate.ts';
import { partitionSql } from './partitions.ts';

/** What one statement inserts at most. */
const CHUNK_ROWS = 1_000;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** A longer line is none of ours; it must not fill the memory. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
/** Not what makes a store used: it counts changes, the restored row replaces it. */
const NO_DATA = new Set<string>(['counters']);

/** Reads a dump into an empty store, in one transaction: a dump that is cut off or damaged leaves the store as it was. See `Store.restore`. */
export async function restoreFrom(sql: Sql, migrations: Migration[], file: string): Promise<{ rows: number }> {
  return sql.begin(async (tx) => {
    await assertEmpty(tx);
    const dump = new DumpReader(file);
    const header = await dump.header();
    assertPrefix(header.migrations, migrations);
    await prepareTables(tx, header, migrations);
    const rows = await loadRows(tx, dump);
    // A dump of an older version is filled into that version's tables, which are then brought up to date with their rows.
    await applyMigrations(tx, migrations.slice(header.migrations.length));
    return { rows };
  });
}

async function assertEmpty(tx: Tx): Promise<void> {
  for (const table of DUMP_TABLES) {
    if (NO_DATA.has(table)) continue;
    const [row] = await tx.unsafe<{ used: boolean }[]>(`select exists(select from ${table}) as used`);
    if (row!.used) {
      throw new AppError(
        'conflict',
        `a dump can only be restored into an empty store, but "${table}" has rows; use a new TOKENWORKS_HOME or an empty database`,
        {
          param: 'file',
        },
      );
    }
  }
}

async function prepareTables(tx: Tx, header: DumpHeader, migrations: Migration[]): Promise<void> {
  if (header.migrations.length < migrations.length) {
    const tables = await tx<{ name: string }[]>`
      select tablename as name from pg_tables where schemaname = current_schema() and tablename <> 'migrations' and tablename !~ '^operations_'`;
    const known = new Set<string>(DUMP_TABLES);
    for (const { name } of tables) if (known.has(name)) await tx.unsafe(`drop table "${name}" cascade`);
    await tx`delete from migrations`;
    await applyMigrations(tx, migrations.slice(0, header.migrations.length));
  } else {
    await tx`delete from counters`;
  }
  for (const day of header.days) await tx.unsafe(partitionSql(day));
}

async function loadRows(tx: Tx, dump: DumpReader): Promise<number> {
  let table = '';
  let chunk: string[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (chunk.length === 0) return;
    await tx.unsafe(`insert into ${table} select * from json_populate_recordset(null::${table}, $1::text::json)`, [
      `[${chunk.join(',')}]`,
    ]);
    chunk = [];
    bytes = 0;
  };
  for await (const next of dump.rows()) {
    if (next.table !== table || chunk.length >= CHUNK_ROWS || bytes >= CHUNK_BYTES) await flush();
    table = next.table;
    chunk.push(next.row);
    bytes += next.row.length;
  }
  await flush();
  return dump.count;
}

/** Reads a dump line by line and verifies it. Throws AppError `invalid_request` at the first thing that is wrong. */
class DumpReader {
  count = 0;
  readonly #file: string;
  readonly #lines: AsyncGenerator<string>;
  readonly #hash = createHash('sha256');

  constructor(file: string) {
    this.#file = file;
    this.#lines = readLines(file);
  }

  async header(): Promise<DumpHeader> {
    const line = await this.#next();
    const header = line === undefined ? undefined : parse<DumpHeader>(line);
    if (header?.format !== DUMP_FORMAT) throw this.#damaged('it does not begin as a backup of Tokenworks does');
    if (header.version !== DUMP_VERSION) {
      throw new AppError(
        'invalid_request',
        `${this.#file} is a backup of form ${header.version}; this version reads form ${DUMP_VERSION}. Use a later Tokenworks.`,
        {
          param: 'file',
        },
      );
    }
    const days =
      Array.isArray(header.days) && header.days.every((day) => Number.isInteger(day) && day >= 0 && day < 100_000);
    if (!days || !Array.isArray(header.migrations)) throw this.#damaged('its header is not whole');
    this.#hash.update(`${line}\n`);
    return header;
  }

  async *rows(): AsyncGenerator<{ table: string; row: string }> {
    const tables = new Set<string>(DUMP_TABLES);
    for (let line = await this.#next(); line !== undefined; line = await this.#next()) {
      const found = readRow(line);
      if (!found) return this.#end(line);
      if (!tables.has(found.table)) throw this.#damaged(`it has rows of "${found.table}", which is no table of ours`);
      this.#hash.update(`${line}\n`);
      this.count += 1;
      yield found;
    }
    throw this.#damaged('it is cut off');
  }

  async #end(line: string): Promise<void> {
    const trailer = parse<DumpTrailer>(line);
    if (trailer?.end !== true) throw this.#damaged(`line ${this.count + 2} is not what a backup holds`);
    if (trailer.rows !== this.count || trailer.sha256 !== this.#hash.digest('hex'))
      throw this.#damaged('its checksum does not match its rows');
    if ((await this.#next()) !== undefined) throw this.#damaged('something follows its end');
  }

  async #next(): Promise<string | undefined> {
    try {
      const { value, done } = await this.#lines.next();
      return done ? undefined : value;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (code.startsWith('Z_'))
        throw this.#damaged(code === 'Z_BUF_ERROR' ? 'it is cut off' : 'it is no gzip, or its bytes have changed');
      throw fileError(error, this.#file);
    }
  }

  #damaged(why: string): AppError {
    return new AppError(
      'invalid_request',
      `${this.#file} can't be restored: ${why}. Nothing was changed; use another copy.`,
      { param: 'file' },
    );
  }
}

/** Lines of a gzip, split at LF alone: text inside rows may hold other separators that node's readline splits at. */
async function* readLines(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  const unzipped = createGunzip();
  input.on('error', (error) => unzipped.destroy(error));
  input.pipe(unzipped);
  let pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        yield Buffer.concat([...pieces, chunk.subarray(start, end)]).toString('utf8');
        pieces = [];
        size = 0;
        start = end + 1;
      }
      pieces.push(chunk.subarray(start));
      size += chunk.length - start;
      if (size > MAX_LINE_BYTES)
        throw new AppError(
          'invalid_request',
          `${file} has a line of more than ${MAX_LINE_BYTES} bytes, which no backup has`,
          { param: 'file' },
        );
    }
    if (size > 0) yield Buffer.concat(pieces).toString('utf8');
  } finally {
    input.destroy();
    unzipped.destroy();
  }
}

function parse<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}
