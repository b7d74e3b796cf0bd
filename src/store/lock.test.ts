import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AppError } from '../base/errors.ts';
import { takeLock } from './lock.ts';

/** Past what Linux hands out (kernel.pid_max is 2^22 at most). */
const NO_PID = 2 ** 22 + 1;

describe('the lock of the embedded database', () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-lock-'));
    file = join(folder, 'db.lock');
  });
  beforeEach(() => rmSync(file, { force: true }));
  after(() => rmSync(folder, { recursive: true }));

  it('is held until it is released', async () => {
    const lock = await takeLock(file, 'sockets');
    await assert.rejects(takeLock(file, 'other'), (error) => error instanceof AppError && error.code === 'conflict');
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
    (await takeLock(file, 'other')).release();
  });

  const stale: [name: string, content: string, staleSocketDir: string | undefined][] = [
    ['a dead process', JSON.stringify({ pid: NO_PID, start: '1', socketDir: 'old', token: 't' }), 'old'],
    [
      'an earlier process with the same pid',
      JSON.stringify({ pid: process.pid, start: '1', socketDir: 'old', token: 't' }),
      'old',
    ],
    ['half a lock', '{"pid": 1', undefined],
    ['an empty file', '', undefined],
    ['a lock of no process', JSON.stringify({ pid: 0, start: '', socketDir: 'old', token: 't' }), undefined],
  ];
  for (const [name, content, staleSocketDir] of stale) {
    it(`takes over the lock of ${name}`, {
      skip: name.startsWith('an earlier') && process.platform !== 'linux',
    }, async () => {
      writeFileSync(file, content);
      const lock = await takeLock(file, 'new');
      assert.equal(lock.staleSocketDir, staleSocketDir);
      assert.equal((JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid, process.pid);
      lock.release();
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it("leaves another's lock alone when it is released", async () => {
    const lock = await takeLock(file, 'mine');
    writeFileSync(file, JSON.stringify({ pid: process.ppid, start: '', socketDir: '', token: 'theirs' }));
    lock.release();
    assert.match(readFileSync(file, 'utf8'), /theirs/);
  });

  it('goes to one of many that find a stale one at the same time', async () => {
    writeFileSync(file, JSON.stringify({ pid: NO_PID, start: '1', socketDir: '', token: 't' }));
    const script = `
      const { takeLock } = await import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)});
      process.stdout.write('ready\\n');
      await new Promise((resolve) => process.stdin.once('data', resolve));
      const answer = await takeLock(${JSON.stringify(file)}, '').then(() => 'won', (error) => error.code);
      process.stdout.write(answer + '\\n');
      await new Promise((resolve) => process.stdin.once('end', resolve));`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const nextLine = (child: (typeof children)[number]) =>
      new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())));
    await Promise.all(children.map(nextLine));
    const answers = Promise.all(children.map(nextLine));
    for (const child of children) child.stdin.write('go\n');
    assert.deepEqual((await answers).sort(), ['conflict', 'conflict', 'conflict', 'won']);
    for (const child of children) child.stdin.end();
    await Promise.all(children.map((child) => new Promise((resolve) => child.once('close', resolve))));
  });
});
