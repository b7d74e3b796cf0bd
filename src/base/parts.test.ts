import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PARTS, partAt } from './parts.ts';

test('a part is there when all of its packages are, in their versions', (context) => {
  const home = mkdtempSync(join(tmpdir(), 'tw-parts-'));
  context.after(() => rmSync(home, { recursive: true }));
  const { packages } = PARTS.find(({ name }) => name === 'vectors')!;
  const names = Object.keys(packages);
  const put = (name: string, version: string): void => {
    const folder = join(home, 'parts', 'vectors', 'node_modules', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version }));
  };
  assert.equal(partAt(home, 'vectors').version, undefined);
  put(names[0]!, packages[names[0]!]!);
  assert.equal(partAt(home, 'vectors').version, undefined);
  put(names[1]!, '9.9.9');
  assert.equal(partAt(home, 'vectors').version, undefined);
  put(names[1]!, packages[names[1]!]!);
  assert.deepEqual(partAt(home, 'vectors'), {
    folder: join(home, 'parts', 'vectors'),
    version: packages[names[0]!],
  });
  assert.equal(partAt(home, 'voice').version, undefined);
  assert.equal(partAt(home, 'no such part').version, undefined);
});
