import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AppError } from '../base/errors.ts';
import { joinStore, openStore, type Store } from './index.ts';
import { pgliteVersion, removeSocketDir } from './pglite.ts';
import { makeTestHome, openTestStore } from './testing.ts';

const CHILD = fileURLToPath(new URL('./append.child.ts', import.meta.url));
const PER_BATCH = 50;

async function withHome(use: (home: string) => Promise<void>): Promise<void> {
  const home = await makeTestHome();
  try {
    await use(home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

interface Holder {
  pid: number;
  socketDir: string;
}

function readLock(home: string): Holder {
  return JSON.parse(readFileSync(join(home, 'db.lock'), 'utf8')) as Holder;
}

function startChild(home: string, segment: string, start: number): ChildProcess {
  return spawn(process.execPath, [CHILD, home, segment, String(start)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Kills a child once it has acknowledged so many batches; answers the last one it told of. */
async function killAfter(child: ChildProcess, batches: number): Promise<number> {
  let text = '';
  let seen = 0;
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    seen = text.split('\n').length - 1;
    // In the middle of the next batch, as likely as not.
    if (seen >= batches) child.kill('SIGKILL');
  });
  await exited;
  assert.ok(seen >= batches, 'the child ended before it was killed');
  return Number(text.trimEnd().split('\n').at(-1));
}

describe('the embedded database', () => {
  it('loses no acknowledged batch to kill -9, and has none twice or by half', async () => {
    await withHome(async (home) => {
      const segment = 'segment';
      let acknowledged = 0;
      for (const batches of [1, 12]) {
        acknowledged = await killAfter(startChild(home, segment, acknowledged), batches);
        const stale = readLock(home);
        const messages: string[] = [];
        const store = await openStore({ home, log: (message) => messages.push(message) });
        try {
          assert.match(messages.join(), /did not end cleanly/);
          assert.equal(existsSync(stale.socketDir), false);
          const position = await store.usage.position(segment);
          assert.ok(position >= acknowledged, `${acknowledged} acknowledged, ${position} there`);
          assert.ok(position <= acknowledged + 1);
          const requests = position * PER_BATCH;
          const [row] = await store.usage.query({
            from_ms: 0,
            to_ms: Date.UTC(2027, 0, 1),
            groupBy: [],
            timezone: 'UTC',
          });
          assert.equal(row?.requests, requests);
          assert.deepEqual(row?.charge, { USD: BigInt(3 * requests) });
          assert.deepEqual(await store.budgets.spends(), [
            { budget: 'b', window: 'total', spent_pico: BigInt(3 * requests) },
          ]);
          assert.deepEqual(await store.ledger.balances(), [
            { account: 'receivable', currency: 'USD', amount_pico: BigInt(3 * requests) },
            { account: 'revenue', currency: 'USD', amount_pico: BigInt(-3 * requests) },
          ]);
          assert.deepEqual(await store.ledger.imbalances(), []);
          for (let batch = 0; batch < position; batch++) {
            assert.ok(await store.operations.get(`op_${batch}_${PER_BATCH - 1}`), `operation of batch ${batch}`);
          }
          assert.equal(await store.operations.get(`op_${position}_0`), undefined);
          acknowledged = position;
        } finally {
          await store.close();
        }
      }
    });
  });

  it('is opened by one process only, and says by which', async () => {
    await withHome(async (home) => {
      const store = await openStore({ home });
      const socketDir = readLock(home).socketDir;
      try {
        // Nobody but this user reaches the database.
        assert.equal(statSync(socketDir).mode & 0o077, 0);
        await assert.rejects(openStore({ home }), (error) => {
          assert.ok(error instanceof AppError);
          assert.equal(error.code, 'conflict');
          assert.match(error.message, new RegExp(`this process \\(${process.pid}\\)`));
          return true;
        });
        await store.ping();
      } finally {
        await store.close();
      }
      assert.equal(existsSync(socketDir), false);
      assert.equal(existsSync(join(home, 'db.lock')), false);

      writeFileSync(join(home, 'db.lock'), JSON.stringify({ pid: process.ppid, start: '', socketDir: '', token: 't' }));
      await assert.rejects(openStore({ home }), new RegExp(`process ${process.ppid}.*DATABASE_URL`));
      assert.ok(existsSync(join(home, 'db.lock')), "another's lock stays");
    });
  });

  it('removes no directory that is not one of its sockets', () => {
    const innocent = mkdtempSync(join(tmpdir(), 'tw-innocent-'));
    const socketDir = mkdtempSync(join(tmpdir(), 'tokenworks-db-'));
    const inside = mkdtempSync(join(innocent, 'tokenworks-db-'));
    for (const folder of [innocent, inside, '', '/', join(tmpdir(), 'tokenworks-db-not-there'), socketDir])
      removeSocketDir(folder);
    assert.deepEqual([innocent, inside, socketDir].map(existsSync), [true, true, false]);
    rmSync(innocent, { recursive: true });
  });

  it('refuses files of another version of PGlite and names the way out', async () => {
    await withHome(async (home) => {
      const engineFile = join(home, 'engine.json');
      assert.equal((JSON.parse(readFileSync(engineFile, 'utf8')) as { version: string }).version, pgliteVersion());
      writeFileSync(engineFile, JSON.stringify({ engine: 'pglite', version: '0.1.2' }));
      await assert.rejects(openStore({ home }), /written by 0\.1\.2.*tokenworks backup.*tokenworks restore/s);
      rmSync(engineFile);
      await assert.rejects(openStore({ home }), /engine\.json is missing/);
      assert.equal(existsSync(join(home, 'db.lock')), false, 'a refusal lets go of the lock');
    });
  });

  it('says that it has stopped when it broke, instead of waiting', async () => {
    await withHome(async (home) => {
      const store = await openStore({ home });
      try {
        await store.settings.put('before', 1);
        // As on a full disk: the log of changes can't be continued past its file of 16 MB.
        rmSync(join(home, 'db', 'pg_wal'), { recursive: true });
        const stopped = (error: unknown) =>
          error instanceof AppError && error.code === 'overloaded' && /has stopped/.test(error.message);
        const large = randomBytes(9_000_000).toString('base64');
        await assert.rejects(async () => {
          for (const name of ['a', 'b', 'c']) await store.settings.put(name, large);
        }, stopped);
        await assert.rejects(store.ping(), stopped);
      } finally {
        await store.close();
      }
      assert.equal(existsSync(join(home, 'db.lock')), false);
    });
  });

  it('starts over where a first start was cut off, and says so where files are damaged', async () => {
    await withHome(async (home) => {
      rmSync(join(home, 'db', 'global'), { recursive: true });
      await assert.rejects(
        openStore({ home }),
        (error) => error instanceof AppError && /does not start.*tokenworks restore/s.test(error.message),
      );
      writeFileSync(join(home, 'db.initialising'), '');
      rmSync(join(home, 'engine.json'));
      const store = await openStore({ home });
      assert.deepEqual(await store.organisations.list(), []);
      await store.close();
      assert.equal(existsSync(join(home, 'db.initialising')), false);
      await (await openStore({ home })).close();
    });
  });
});

it('transactions of two connections to the embedded database never mix', async () => {
  const opened = await openTestStore();
  const joined = await joinStore(opened.store.ticket);
  const segment = '00000000-0000-4000-8000-000000000001';
  const audit = { actor: 'test', action: 'organisation.create', target: 't' };
  const organisation = (id: string) => ({
    id,
    name: id,
    timezone: 'UTC',
    capture: 'none' as const,
    tagKeys: [],
    createdAt_ms: 0,
  });
  try {
    await opened.store.organisations.create(organisation('taken'), audit);
    const writes: Promise<unknown>[] = [];
    for (let index = 0; index < 40; index++) {
      // Every second write breaks in the middle of its transaction, while the other connection is in one of its own.
      writes.push(
        opened.store.organisations
          .create(organisation(index % 2 ? 'taken' : `o${index}`), audit)
          .catch(() => 'refused'),
      );
      writes.push(joined.settings.put(`s${index}`, index, audit));
    }
    writes.push(joined.usage.append({ segment, from: 0, to: 10, operations: [], postings: [] }));
    const answers = await Promise.all(writes);
    assert.equal(answers.filter((answer) => answer === 'refused').length, 20);
    assert.equal((await opened.store.organisations.list()).length, 21);
    for (let index = 0; index < 40; index++) assert.equal(await opened.store.settings.get(`s${index}`), index);
    assert.equal(await opened.store.usage.position(segment), 10);
    assert.equal((await opened.store.audit.list({ limit: 500 })).data.length, 61);
  } finally {
    await joined.close();
    await opened.close();
  }
});

it('statements of two connections to the embedded database do not break each other', async () => {
  const opened = await openTestStore();
  const joined = await joinStore(opened.store.ticket);
  try {
    for (let index = 0; index < 30; index++) await opened.store.settings.put(`s${index}`, { index });
    const read = async (store: Store): Promise<void> => {
      for (let index = 0; index < 120; index++) {
        assert.deepEqual(await store.settings.get(`s${index % 30}`), { index: index % 30 });
        assert.equal((await store.keys.list({ limit: 5 })).data.length, 0);
      }
    };
    await Promise.all([read(opened.store), read(joined), read(opened.store), read(joined)]);
  } finally {
    await joined.close();
    await opened.close();
  }
});
