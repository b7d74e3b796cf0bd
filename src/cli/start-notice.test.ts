import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Config } from '../config.ts';
import { exampleCurl, type StartedServer, startNotice } from './start-notice.ts';

const home = mkdtempSync(join(tmpdir(), 'tw-notice-'));
after(() => rmSync(home, { recursive: true, force: true }));

const server = (over: Partial<StartedServer> = {}): StartedServer => ({
  url: 'http://127.0.0.1:8787',
  adminKeyFile: join(home, 'admin-key'),
  recovered: { loaded: 0, broken: 0, damaged: 0 },
  services: { snapshot: () => ({ connected: [] }), consoleTokens: { make: () => 'once' } },
  ...over,
});
const notice = (over: Partial<StartedServer> = {}, console = true): string =>
  startNotice({ server: server(over), config: { home } as Config, version: '1.2.3', console });

test('it says where everything is, and not the key', () => {
  writeFileSync(join(home, 'admin-key'), 'tw-admin-secret\n');
  const text = notice();
  for (const part of [
    'http://127.0.0.1:8787',
    home,
    join(home, 'admin-key'),
    '/console/#token=once',
    'reflex',
    'npx tokenworks usage',
    '用量',
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.ok(!text.includes('tw-admin-secret'));
});

test('providers are named with where they come from', () => {
  const connected = [
    { provider: { name: 'openai', baseUrl: new URL('https://api.openai.com/v1') }, origin: 'environment' as const },
    { provider: { name: 'mock', baseUrl: new URL('http://127.0.0.1:9001/v1') }, origin: 'file' as const },
  ];
  const text = notice({ services: { snapshot: () => ({ connected }), consoleTokens: { make: () => 'once' } } });
  assert.match(text, /reflex \(built in\), openai \(from the environment\), mock \(tokenworks\.yaml\)/);
});

test('a console that was not built has no link; recovered calls are told', () => {
  const text = notice({ recovered: { loaded: 3, broken: 1, damaged: 0 } }, false);
  assert.ok(!text.includes('#token='));
  assert.match(text, /3 calls of an earlier process, 1 of them broken/);
});

/** What a shell makes of the line, with `curl` replaced by one that shows its arguments. */
function shell(line: string, env: Record<string, string> = {}): string[] {
  const script = `curl() { for part in "$@"; do printf '%s\\n' "$part"; done; }\n${line}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: process.env.PATH!, ...env } })
    .trim()
    .split('\n');
}

test('the curl works as it stands, whatever the folder is called', () => {
  for (const name of ['plain', 'with space', "it's", '数据', 'a$b', 'a"b', 'a`b']) {
    const folder = join(home, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'admin-key'), `tw-admin-${name.length}\n`);
    const parts = shell(exampleCurl({ url: 'http://127.0.0.1:8787', adminKeyFile: join(folder, 'admin-key') }));
    assert.equal(parts[0], 'http://127.0.0.1:8787/v1/chat/completions', name);
    assert.equal(parts[2], `authorization: Bearer tw-admin-${name.length}`, name);
    assert.equal(JSON.parse(parts.at(-1)!).model, 'reflex/default');
  }
});

test('with the key in the environment it takes it from there', () => {
  const parts = shell(exampleCurl({ url: 'http://127.0.0.1:1', adminKeyFile: undefined }), {
    TOKENWORKS_ADMIN_KEY: 'k',
  });
  assert.equal(parts[2], 'authorization: Bearer k');
});
