import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readServerFile, removeServerFile, writeServerFile } from './server-file.ts';

const home = mkdtempSync(join(tmpdir(), 'tw-cli-'));
after(() => rmSync(home, { recursive: true, force: true }));
const file = join(home, 'server.json');
const own = { url: 'http://127.0.0.1:8787', pid: process.pid, started: new Date().toISOString() };

test('a running server is found, by its owner alone', () => {
  writeServerFile(home, own);
  assert.deepEqual(readServerFile(home), own);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a server whose process is gone is not', () => {
  // Above every pid that Linux gives out (2^22).
  writeServerFile(home, { ...own, pid: 4_194_305 });
  assert.equal(readServerFile(home), undefined);
});

test('a later process with the same number is not the server', {
  skip: existsSync('/proc/stat') ? false : 'no /proc here',
}, () => {
  writeServerFile(home, { ...own, started: new Date(Date.now() - process.uptime() * 1000 - 60_000).toISOString() });
  assert.equal(readServerFile(home), undefined);
});

test('neither is one of a damaged file, nor of none', () => {
  for (const text of [
    '',
    '{',
    '[]',
    '{"url":"file:///x","pid":1,"started":"2026-11-24T09:00:00Z"}',
    `{"url":"${own.url}","pid":-1,"started":"2026-11-24T09:00:00Z"}`,
  ]) {
    writeFileSync(file, text);
    assert.equal(readServerFile(home), undefined, text);
  }
  rmSync(file);
  assert.equal(readServerFile(home), undefined);
});

test('only the own file is removed', () => {
  writeServerFile(home, own);
  removeServerFile(home, process.pid + 1);
  assert.ok(existsSync(file));
  removeServerFile(home, process.pid);
  assert.ok(!existsSync(file));
  removeServerFile(home, process.pid);
});
