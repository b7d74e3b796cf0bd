import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { hashFiles, missingPackages, wantedPackages } from './prepare.js';

const base = mkdtempSync(join(tmpdir(), 'tw-prepare-'));
after(() => rmSync(base, { recursive: true, force: true }));

const write = (file, text) => {
  mkdirSync(dirname(join(base, file)), { recursive: true });
  writeFileSync(join(base, file), text);
};

const lock = {
  packages: {
    '': { name: 'tokenworks' },
    console: { name: '@tokenworks/console' },
    'node_modules/@tokenworks/console': { resolved: 'console', link: true },
    'node_modules/hono': { version: '4.0.0' },
    'console/node_modules/vite': { version: '8.0.0' },
    'node_modules/typescript': { version: '6.0.0', dev: true },
    'node_modules/other-platform': { version: '1.0.0', optional: true },
    'node_modules/both': { version: '1.0.0', devOptional: true },
  },
};

test('the server set leaves out what only developers need; what is optional is npm’s to know', () => {
  assert.deepEqual(wantedPackages(lock, { dev: false }), {
    'node_modules/hono': '4.0.0',
    'console/node_modules/vite': '8.0.0',
  });
  assert.deepEqual(Object.keys(wantedPackages(lock, { dev: true })), [
    'node_modules/hono',
    'console/node_modules/vite',
    'node_modules/typescript',
  ]);
  assert.deepEqual(wantedPackages({}, { dev: true }), {});
});

test('a package is missing when its folder is, or holds another version', () => {
  const wanted = wantedPackages(lock, { dev: false });
  assert.deepEqual(missingPackages(base, wanted), Object.keys(wanted));
  write('node_modules/hono/package.json', '{"version":"4.0.0"}');
  write('console/node_modules/vite/package.json', '{"version":"7.0.0"}');
  assert.deepEqual(missingPackages(base, wanted), ['console/node_modules/vite']);
  write('console/node_modules/vite/package.json', '{"version":"8.0.0"}');
  assert.deepEqual(missingPackages(base, wanted), []);
  // npm's own note does not stand in for a folder that somebody removed.
  write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/hono': { version: '4.0.0' } } }));
  rmSync(join(base, 'node_modules/hono'), { recursive: true });
  assert.deepEqual(missingPackages(base, wanted), ['node_modules/hono']);
});

test('the hash changes with a name or a content, and not with the order', () => {
  write('a', '1');
  write('b', '2');
  const hash = hashFiles(base, ['a', 'b']);
  assert.equal(hashFiles(base, ['b', 'a']), hash);
  write('b', '3');
  assert.notEqual(hashFiles(base, ['a', 'b']), hash);
  assert.notEqual(hashFiles(base, ['a']), hash);
});
