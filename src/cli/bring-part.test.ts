import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PARTS, type Part, partAt } from '../base/parts.ts';
import { bringPart } from './bring-part.ts';

/** What npm would do, told by a script that a test writes. */
const INSTALLS = `
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
for (const [name, version] of Object.entries(JSON.parse(readFileSync('package.json', 'utf8')).dependencies)) {
  mkdirSync('node_modules/' + name, { recursive: true });
  writeFileSync('node_modules/' + name + '/package.json', JSON.stringify({ name, version }));
}
writeFileSync('arguments.json', JSON.stringify(process.argv.slice(2)));
`;
const OFFLINE = `process.stderr.write('npm error code ENOTFOUND\\nnpm error network request failed\\n'); process.exit(1);`;
const FAILS = `process.stderr.write('npm error code E404\\nnpm error 404 Not Found: it\\n'); process.exit(1);`;

describe('bringing a part', () => {
  const part: Part = PARTS[0]!;
  let home = '';
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'tw-bring-'));
  });
  after(() => rmSync(home, { recursive: true }));
  const bring = (script: string) => {
    const file = join(home, 'npm.mjs');
    writeFileSync(file, script);
    return bringPart(home, part, { note: () => {}, command: [process.execPath, file] });
  };

  it('says that the registry can not be reached, and what else went wrong, and leaves nothing behind', async () => {
    await assert.rejects(bring(OFFLINE), { code: 'upstream_error', message: /could not reach its registry/ });
    await assert.rejects(bring(FAILS), { message: /npm failed \(1\): 404 Not Found: it\. Nothing was changed/ });
    await assert.rejects(bringPart(home, part, { note: () => {}, command: [join(home, 'none')] }), {
      code: 'not_found',
      message: /npm is not in PATH/,
    });
    assert.deepEqual(readdirSync(join(home, 'parts')), []);
  });

  it('installs exact versions, runs none of their scripts, and does nothing the second time', async () => {
    const size = await bring(INSTALLS);
    assert.ok(size > 0);
    const { folder, version } = partAt(home, part.name);
    assert.equal(version, Object.values(part.packages)[0]);
    assert.ok(
      (JSON.parse(readFileSync(join(folder, 'arguments.json'), 'utf8')) as string[]).includes('--ignore-scripts'),
    );
    assert.deepEqual(readdirSync(join(home, 'parts')), [part.name]);
    assert.equal(await bring(FAILS), size);
    assert.ok(existsSync(join(folder, 'package.json')));
  });
});
