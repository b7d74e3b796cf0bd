import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { AppError } from '../base/errors.ts';
import type { Sql, Tx } from './connections.ts';

export interface Migration {
  name: string;
  checksum: string;
  sql: string;
}

/** Any number that nothing else in the database takes as an advisory lock. */
const MIGRATION_LOCK = 7_820_911;

/** The migrations of this version, oldest first. They lie beside this file, in the source and in `dist`. */
export function readMigrations(folder: URL = new URL('./migrations/', import.meta.url)): Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const sql = readFileSync(new URL(file, folder), 'utf8').replaceAll('\r\n', '\n');
      return {
        name: file.replace(/\.sql$/, ''),
        checksum: createHash('sha256').update(sql).digest('hex').slice(0, 16),
        sql,
      };
    });
}

/**
 * Brings the database to this version, in one transaction; processes that start together wait for each other.
 * drizzle's own migrator is not used: it takes no lock, keeps no checksum to verify and lets an older program run on a newer database.
 * Throws AppError `conflict` when the database is newer than the program or was migrated by other files.
 */
export async function migrate(sql: Sql, migrations: Migration[]): Promise<number> {
  return sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK}::int8)`;
    const applied = await appliedMigrations(tx);
    assertPrefix(applied, migrations);
    await applyMigrations(tx, migrations.slice(applied.length));
    return migrations.length - applied.length;
  });
}

export async function appliedMigrations(tx: Tx | Sql): Promise<{ name: string; checksum: string }[]> {
  await tx`create table if not exists migrations (name text primary key, checksum text not null, applied_at timestamptz not null default now())`;
  return tx<{ name: string; checksum: string }[]>`select name, checksum from migrations order by name`;
}

export async function applyMigrations(tx: Tx, migrations: Migration[]): Promise<void> {
  for (const migration of migrations) {
    await tx.script(migration.sql);
    await tx`insert into migrations (name, checksum) values (${migration.name}, ${migration.checksum})`;
  }
}

/** Throws unless `applied` is how `known` begins. */
export function assertPrefix(applied: { name: string; checksum: string }[], known: Migration[]): void {
  for (const [index, row] of applied.entries()) {
    const migration = known[index];
    if (!migration || migration.name !== row.name) {
      throw new AppError(
        'conflict',
        `The database has migration ${row.name}, which this version of Tokenworks does not know. Run the version that wrote it, or a later one.`,
      );
    }
    if (migration.checksum !== row.checksum) {
      throw new AppError(
        'conflict',
        `Migration ${row.name} was applied from another file than the one here; this is not the release that made the database.`,
      );
    }
  }
}
