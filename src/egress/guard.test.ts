import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../base/errors.ts';
import { createEgress, type ResolvedAddress } from './index.ts';

const NAMES: Record<string, ResolvedAddress[]> = {
  'example.com': [{ address: '93.184.215.14', family: 4 }],
  'both.example.com': [
    { address: '2606:4700::1111', family: 6 },
    { address: '1.1.1.1', family: 4 },
  ],
  'mixed.example.com': [
    { address: '1.1.1.1', family: 4 },
    { address: '10.0.0.7', family: 4 },
  ],
  'inside.example.com': [{ address: '192.168.3.4', family: 4 }],
  'six.example.com': [{ address: '::ffff:127.0.0.1', family: 6 }],
  'none.example.com': [],
  '127.0.0.1.nip.io': [{ address: '127.0.0.1', family: 4 }],
  'models.corp': [{ address: '10.20.30.40', family: 4 }],
  ollama: [{ address: '172.18.0.3', family: 4 }],
};

async function resolve(hostname: string): Promise<ResolvedAddress[]> {
  const found = NAMES[hostname];
  if (!found)
    throw Object.assign(new Error('not found'), { code: hostname === 'busy.example.com' ? 'EAI_AGAIN' : 'ENOTFOUND' });
  return found;
}

const strict = createEgress({ allowHosts: [], resolve });

const ALLOWED: [string, string][] = [
  ['https://example.com/image.png?x=1', '93.184.215.14'],
  ['HTTP://EXAMPLE.COM:8080/', '93.184.215.14'],
  ['https://both.example.com/', '2606:4700::1111'],
  ['http://1.1.1.1/', '1.1.1.1'],
  ['http://16843009/', '1.1.1.1'],
  ['https://[2606:4700::1111]/', '2606:4700::1111'],
];
for (const [url, address] of ALLOWED) {
  test(`allowed: ${url}`, async () => {
    const checked = await strict.check(url);
    assert.equal(checked.address, address);
    assert.equal(checked.listed, false);
    assert.equal(checked.family, address.includes(':') ? 6 : 4);
  });
}

const REFUSED = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://0x7f.0.0.1:80/',
  'http://0/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::a00:1]/',
  'http://[fe80::1]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://100.100.100.200/',
  'http://１２７.０.０.１/',
  'http://①②⑦.0.0.1/',
  'http://localhost/',
  'http://LOCALHOST:8080/',
  'http://a.localhost/',
  'http://localhost./',
  'http://example.com./',
  'http://127.0.0.1./',
  'http://printer.local/',
  'http://metadata.google.internal/computeMetadata/v1/',
  'http://ollama:11434/',
  'http://metadata/',
  'http://router.lan/',
  'http://nas.home.arpa/',
  'https://mixed.example.com/',
  'https://inside.example.com/',
  'https://six.example.com/',
  'http://127.0.0.1.nip.io/',
  'http://example.com:25/',
  'http://example.com:6379/',
  'http://1.1.1.1:22/',
  'http://example.com:0/',
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://example.com/',
  'data:text/plain,x',
  'javascript:alert(1)',
  'ws://example.com/',
  'https://user@example.com/',
  'https://user:secret@example.com/',
  'https://:secret@example.com/',
  'https://example.com@127.0.0.1/',
];
for (const url of REFUSED) {
  test(`refused: ${url}`, async () => {
    await assert.rejects(
      () => strict.check(url),
      (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, 'not_allowed');
        assert.doesNotMatch(error.message, /secret|192\.168|10\.0\.0/);
        return true;
      },
    );
  });
}

const NO_URLS: [string, string][] = [
  ['', 'invalid_request'],
  ['example.com/x', 'invalid_request'],
  ['http://', 'invalid_request'],
  ['http://[fe80::1%25eth0]/', 'invalid_request'],
  [`https://example.com/${'x'.repeat(9000)}`, 'invalid_request'],
  ['https://nobody.example.com/', 'invalid_request'],
  ['https://none.example.com/', 'invalid_request'],
  ['https://busy.example.com/', 'upstream_error'],
];
for (const [url, code] of NO_URLS) {
  test(`no such place: ${url.slice(0, 40)}`, () => assert.rejects(() => strict.check(url), { name: 'AppError', code }));
}

const LISTS: { allow: string; url: string; listed: boolean }[] = [
  { allow: 'models.corp', url: 'http://models.corp:9000/v1', listed: true },
  { allow: 'Models.CORP', url: 'https://models.corp/', listed: true },
  { allow: 'ollama:11434', url: 'http://ollama:11434/api', listed: true },
  { allow: 'ollama:11434', url: 'http://ollama:11435/api', listed: false },
  { allow: '127.0.0.1:80', url: 'http://127.0.0.1/', listed: true },
  { allow: '127.0.0.1:9001', url: 'http://127.1:9001/', listed: true },
  { allow: '127.0.0.1:9001', url: 'http://localhost:9001/', listed: false },
  { allow: 'localhost:6379', url: 'http://localhost:6379/', listed: true },
  { allow: 'http://127.0.0.1:9001/v1', url: 'http://127.0.0.1:9001/other', listed: true },
  { allow: 'https://models.corp/v1', url: 'https://models.corp/', listed: true },
  { allow: 'https://models.corp/v1', url: 'http://models.corp/', listed: false },
  { allow: '*.example.com', url: 'http://inside.example.com/', listed: true },
  { allow: '*.example.com', url: 'http://inside.example.com.evil.test/', listed: false },
  { allow: '*.corp', url: 'http://models.corp/', listed: true },
  { allow: '*.models.corp', url: 'http://models.corp/', listed: false },
  { allow: '10.0.0.0/8', url: 'http://10.9.8.7/', listed: true },
  { allow: '10.0.0.0/8', url: 'http://11.0.0.1:22/', listed: false },
  { allow: '::1', url: 'http://[::1]:8080/', listed: true },
  { allow: '[::1]:8080', url: 'http://[::1]:8080/', listed: true },
  { allow: 'fd00::/8', url: 'http://[fd12::1]/', listed: true },
];
for (const { allow, url, listed } of LISTS) {
  test(`"${allow}" ${listed ? 'lists' : 'does not list'} ${url}`, async () => {
    const egress = createEgress({
      allowHosts: [allow],
      resolve: async (host) => NAMES[host] ?? [{ address: '127.0.0.1', family: 4 }],
    });
    if (!listed) return assert.rejects(() => egress.check(url), { code: 'not_allowed' });
    assert.equal((await egress.check(url)).listed, true);
    assert.equal(egress.checkSyncIfKnown(url)?.listed, true);
  });
}

test('a name may resolve into a range that is allowed, but only with all its addresses', async () => {
  const egress = createEgress({ allowHosts: ['192.168.0.0/16'], resolve });
  assert.equal((await egress.check('http://inside.example.com/')).address, '192.168.3.4');
  await assert.rejects(() => egress.check('http://mixed.example.com/'), { code: 'not_allowed' });
});

test('a list with an entry that means nothing is refused by name', () => {
  for (const entry of ['', ' ', 'a b', '*.', 'host/path', 'user@host', '10.0.0.0/33', 'http://']) {
    assert.throws(
      () => createEgress({ allowHosts: [entry] }),
      { code: 'invalid_request', param: 'egress.allow' },
      entry,
    );
  }
});

test('without DNS only what is certain is answered', () => {
  assert.equal(strict.checkSyncIfKnown('https://example.com/'), undefined);
  assert.equal(strict.checkSyncIfKnown('https://1.1.1.1/')?.listed, false);
  assert.throws(() => strict.checkSyncIfKnown('http://[::1]/'), { code: 'not_allowed' });
});

test('connections are kept for hosts of providers, and for no others', async () => {
  const egress = createEgress({ allowHosts: [], providerHosts: ['http://127.0.0.1:9001/v1'], resolve });
  const pool = egress.dispatcherFor('http://127.0.0.1:9001/v1/chat/completions');
  assert.equal(egress.dispatcherFor('http://127.0.0.1:9001'), pool);
  assert.throws(() => egress.dispatcherFor('http://127.0.0.1:9002'), { code: 'not_allowed' });
  assert.throws(() => egress.dispatcherFor('https://example.com'), { code: 'not_allowed' });
  await assert.rejects(() => egress.check('http://127.0.0.1:9001/'), { code: 'not_allowed' });
  egress.replaceHosts({ allowHosts: ['127.0.0.1:9002'] });
  assert.throws(() => egress.dispatcherFor('http://127.0.0.1:9001'), { code: 'not_allowed' });
  assert.ok(egress.dispatcherFor('http://127.0.0.1:9002'));
  await egress.close();
});
