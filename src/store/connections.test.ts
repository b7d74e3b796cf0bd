import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { CLIENT_OPTIONS, openConnections, type Sql, type Tx } from './connections.ts';
import { isDisconnect } from './errors.ts';
import { createTestDatabase } from './testing.ts';

const serverUrl = process.env.TOKENWORKS_TEST_DATABASE_URL;

// What happens when a server ends a connection can only be seen on a server.
describe('connections', { skip: serverUrl ? false : 'left out: TOKENWORKS_TEST_DATABASE_URL is not set' }, () => {
  let database: { url: string; drop(): Promise<void> };
  let sql: Sql;
  let other: Sql;
  before(async () => {
    database = await createTestDatabase(serverUrl!);
    const open = (max: number) =>
      openConnections((onclose) => postgres(database.url, { ...CLIENT_OPTIONS, onclose }), { max, isolate: false });
    sql = open(1);
    other = open(1);
    await sql`create table marks (mark text)`;
  });
  after(async () => {
    await sql.end();
    await other.end();
    await database.drop();
  });

  const pidOf = async (tx: Tx): Promise<number> =>
    (await tx<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]!.pid;
  const kill = async (pid: number): Promise<void> => {
    await other`select pg_terminate_backend(${pid}::int)`;
    while ((await other`select from pg_stat_activity where pid = ${pid}::int`).length > 0) await sleep(5);
  };
  const marks = async (): Promise<string[]> =>
    (await other<{ mark: string }[]>`select mark from marks order by 1`).map(({ mark }) => mark);
  const assertWorks = async (): Promise<void> => {
    // The first statement may meet a connection whose end was not heard of yet.
    for (let attempt = 0; ; attempt++) {
      try {
        assert.equal((await sql`select 1`).length, 1);
        return;
      } catch (error) {
        assert.ok(attempt < 3 && isDisconnect(error), `${error}`);
      }
    }
  };

  it('commits what is whole and rolls back the rest', async () => {
    await sql.begin((tx) => tx`insert into marks values ('kept')`);
    await assert.rejects(
      sql.begin(async (tx) => {
        await tx`insert into marks values ('lost')`;
        throw new Error('stop');
      }),
      /stop/,
    );
    await assert.rejects(
      sql.begin(async (tx) => {
        await tx`insert into marks values ('lost')`;
        // A failure that is swallowed must not look like a commit.
        await tx`select nonsense`.catch(() => {});
      }),
      /nonsense/,
    );
    let escaped: Tx | undefined;
    await sql.begin(async (tx) => {
      escaped = tx;
    });
    await assert.rejects(async () => escaped!`select 1`, /after the end/);
    assert.deepEqual(await marks(), ['kept']);
  });

  it('survives the end of its connection in mid-statement', async () => {
    let pid = 0;
    const lost = sql.begin(async (tx) => {
      pid = await pidOf(tx);
      await tx`insert into marks values ('lost')`;
      await tx`select pg_sleep(60)`;
    });
    lost.catch(() => {});
    while (
      pid === 0 ||
      (await other`select from pg_stat_activity where pid = ${pid}::int and query like '%pg_sleep%'`).length === 0
    )
      await sleep(5);
    await kill(pid);
    await assert.rejects(lost, isDisconnect);
    await assertWorks();
    assert.deepEqual(await marks(), ['kept']);
  });

  it('sends nothing more of a transaction whose connection ended between two statements, whoever waits for it', async () => {
    const lost = sql.begin(async (tx) => {
      const pid = await pidOf(tx);
      await tx`insert into marks values ('lost')`;
      await kill(pid);
      await sleep(20);
      // Swallowed: the transaction must fail nevertheless.
      await tx`insert into marks values ('half')`.catch(() => {});
      await tx`insert into marks values ('half too')`.catch(() => {});
    });
    const waiting = sql.begin(async (tx) => {
      await tx`insert into marks values ('next')`;
    });
    await assert.rejects(lost, isDisconnect);
    await waiting;
    assert.deepEqual(await marks(), ['kept', 'next']);
  });

  it('replaces a connection that ended while nobody used it', async () => {
    const pid = await pidOf(sql);
    await kill(pid);
    await assertWorks();
    assert.notEqual(await pidOf(sql), pid);
  });

  it('refuses what comes after its end', async () => {
    const closing = openConnections((onclose) => postgres(database.url, { ...CLIENT_OPTIONS, onclose }), {
      max: 1,
      isolate: false,
    });
    const running = closing`select pg_sleep(0.05)`;
    const waiting = assert.rejects(closing`select 1`, isDisconnect);
    await closing.end();
    await running;
    await waiting;
    await assert.rejects(closing`select 1`, isDisconnect);
  });
});
