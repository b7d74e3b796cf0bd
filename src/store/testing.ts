/** A migrated store in a directory of its own, for tests. The first test after a change of schema makes a template; the others copy it. */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/ids.ts';
import { readMigrations } from './migrate.ts';
import { openStore } from './open.ts';
import { pgliteVersion } from './pglite.ts';
import type { Store } from './types.ts';

export interface TestStore {
  store: Store;
  /** Its TOKENWORKS_HOME. */
  home: string;
  /** Where it is on a server. */
  databaseUrl?: string;
  /** Closes the store and opens it again from the same files. */
  reopen(): Promise<Store>;
  /** Closes and removes it. */
  close(): Promise<void>;
}

/** An empty, migrated store on PGlite. Opens in about half a second. */
export async function openTestStore(options: { clock?: Clock } = {}): Promise<TestStore> {
  const home = await makeTestHome();
  let store: Store;
  try {
    store = await openStore({ home, ...options });
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
  const opened: TestStore = {
    store,
    home,
    reopen: async () => {
      await opened.store.close();
      opened.store = await openStore({ home, ...options });
      return opened.store;
    },
    close: async () => {
      try {
        await opened.store.close();
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
  };
  return opened;
}

/** An empty, migrated store in a new database of a PostgreSQL server; the URL's user has to be allowed to make databases. */
export async function openPostgresTestStore(serverUrl: string, options: { clock?: Clock } = {}): Promise<TestStore> {
  const database = await createTestDatabase(serverUrl);
  const home = await mkdtemp(join(tmpdir(), 'tw-test-'));
  const open = (): Promise<Store> => openStore({ home, databaseUrl: database.url, ...options });
  const opened: TestStore = {
    store: await open(),
    home,
    databaseUrl: database.url,
    reopen: async () => {
      await opened.store.close();
      opened.store = await open();
      return opened.store;
    },
    close: async () => {
      await opened.store.close();
      await database.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
  return opened;
}

/** A new, empty database that nobody has migrated. */
export async function createTestDatabase(serverUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `tw_test_${newId('db')}`;
  await administer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(serverUrl, `drop database ${name} with (force)`) };
}

async function administer(serverUrl: string, statement: string): Promise<void> {
  const sql = postgres(serverUrl, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** A new directory with a migrated, empty database in it that nobody has open. */
export async function makeTestHome(): Promise<string> {
  const template = await makeTemplate();
  const home = await mkdtemp(join(tmpdir(), 'tw-test-'));
  await cp(template, home, { recursive: true });
  return home;
}

/** Concurrent runs may all make one; the first to move it into place wins, and all of them are the same. */
async function makeTemplate(): Promise<string> {
  const hash = createHash('sha256').update(pgliteVersion());
  for (const { name, checksum } of readMigrations()) hash.update(`${name} ${checksum}\n`);
  const root = fileURLToPath(new URL('../../node_modules/.cache/tokenworks/', import.meta.url));
  const template = join(root, `store-${hash.digest('hex').slice(0, 16)}`);
  if (await exists(template)) return template;
  const draft = `${template}.${newId('part')}`;
  await mkdir(dirname(template), { recursive: true });
  const store = await openStore({ home: draft });
  await store.close();
  try {
    await rename(draft, template);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(template))) throw error;
  }
  return template;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
