import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { AppError } from '../base/errors.ts';
import { backupTo } from './backup.ts';
import { DUMP_TABLES } from './dump.ts';
import type { Engine } from './engine.ts';
import { type Migration, migrate, readMigrations } from './migrate.ts';
import { Partitions } from './partitions.ts';
import { openPglite } from './pglite.ts';
import { restoreFrom } from './restore.ts';
import * as schema from './schema.ts';
import { makeTestHome } from './testing.ts';

const tables = Object.values(schema)
  .filter((value) => is(value, PgTable))
  .map((table) => getTableConfig(table));

const LATER: Migration = {
  name: '9000_later',
  checksum: 'later',
  sql: `alter table settings add column note text not null default 'was there before'`,
};

describe('schema and migrations', () => {
  const homes: string[] = [];
  const engines: Engine[] = [];
  const open = async (): Promise<Engine> => {
    const home = await makeTestHome();
    const engine = await openPglite(home, () => {});
    homes.push(home);
    engines.push(engine);
    return engine;
  };
  let engine: Engine;
  before(async () => {
    engine = await open();
  });
  after(async () => {
    for (const one of engines) await one.close();
    for (const home of homes) await rm(home, { recursive: true });
  });

  it('agree on every column', async () => {
    const rows = await engine.sql<{ table: string; column: string; type: string; required: boolean }[]>`
      select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname <> 'migrations' and a.attnum > 0 and not a.attisdropped`;
    const line = (table: string, column: string, type: string, required: boolean) =>
      `${table}.${column} ${type.replace(', ', ',')}${required ? ' required' : ''}`;
    const actual = rows.map((row) => line(row.table, row.column, row.type, row.required)).sort();
    const keyed = (table: (typeof tables)[number], column: string) =>
      table.primaryKeys.some((key) => key.columns.some((one) => one.name === column));
    const declared = tables
      .flatMap((table) =>
        table.columns.map((column) =>
          line(table.name, column.name, column.getSQLType(), column.notNull || keyed(table, column.name)),
        ),
      )
      .sort();
    assert.deepEqual(actual, declared);
  });

  it('leave no table out of a backup', () => {
    assert.deepEqual([...DUMP_TABLES].sort(), tables.map((table) => table.name).sort());
  });

  it('keep all money in numeric(38,0)', () => {
    const money = tables.flatMap((table) => table.columns).filter((column) => column.name.endsWith('_pico'));
    assert.ok(money.length > 10);
    for (const column of money) assert.equal(column.getSQLType(), 'numeric(38, 0)', column.name);
  });

  it('go forward once, and refuse a newer or another history', async () => {
    const known = readMigrations();
    assert.equal(await migrate(engine.sql, known), 0);
    const fails = async (migrations: Migration[], message: RegExp) =>
      assert.rejects(
        migrate(engine.sql, migrations),
        (error) => error instanceof AppError && error.code === 'conflict' && message.test(error.message),
      );
    await fails([], /does not know/);
    await fails([{ ...known[0]!, checksum: 'x' }, ...known.slice(1)], /another file/);
    await assert.rejects(
      migrate(engine.sql, [
        ...known,
        { name: '9999_broken', checksum: 'x', sql: 'create table half (id text); nonsense;' },
      ]),
    );
    const [half] = await engine.sql<{ table: string | null }[]>`select to_regclass('half')::text as "table"`;
    assert.equal(half?.table, null, 'nothing is left of one that fails');
  });

  it('let a dump of an older version be restored, and bring its rows up to date', async () => {
    const known = readMigrations();
    const file = join(homes[0]!, 'old.gz');
    await engine.sql`insert into settings (name, value) values ('a', '{"value": 1}')`;
    await new Partitions(engine.sql).prepare([Date.UTC(2026, 10, 24)]);
    const clock = { now: () => 0, mono: () => 0 };
    await backupTo(engine.sql, new Partitions(engine.sql), known, file, clock);
    const newer = await open();
    assert.equal(await migrate(newer.sql, [...known, LATER]), 1);
    assert.deepEqual(await restoreFrom(newer.sql, [...known, LATER], file), { rows: 1 });
    const rows = await newer.sql<{ name: string; note: string }[]>`select name, note from settings`;
    assert.deepEqual([...rows], [{ name: 'a', note: 'was there before' }]);
    assert.equal(await migrate(newer.sql, [...known, LATER]), 0);
    assert.deepEqual(
      (await new Partitions(newer.sql).list()).map(({ table }) => table),
      ['operations_20261124'],
    );
    // The other way round there is no way.
    await backupTo(newer.sql, new Partitions(newer.sql), [...known, LATER], file, clock);
    const older = await open();
    await assert.rejects(restoreFrom(older.sql, known, file), /does not know/);
  });
});
