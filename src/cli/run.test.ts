import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CreateBudget, CreateInvoice, CreateKey, CreatePrice, CreateWallet } from '../contract/control/index.ts';
import { run } from './run.ts';

const home = mkdtempSync(join(tmpdir(), 'tw-run-'));
const requests: { method: string; path: string; body: unknown; authorization: string | undefined }[] = [];
/** Answers by `METHOD path`; what is not here is 404. */
const answers = new Map<string, unknown>();

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? undefined : JSON.parse(text);
}

const server = createServer(async (request, response) => {
  const path = request.url!;
  requests.push({
    method: request.method!,
    path,
    body: await bodyOf(request),
    authorization: request.headers.authorization,
  });
  const answer = answers.get(`${request.method} ${path.split('?')[0]}`);
  if (Buffer.isBuffer(answer)) return response.end(answer);
  response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer ?? { error: { code: 'not_found', message: 'There is no such thing.' } }));
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  writeFileSync(join(home, 'admin-key'), 'tw-admin-test\n');
});
after(() => {
  server.close();
  rmSync(home, { recursive: true, force: true });
});

interface Outcome {
  code: number;
  out: string;
  err: string;
}

async function cli(...words: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: 0, out: '', err: '' };
  outcome.code = await run(words, {
    out: (text) => {
      outcome.out += `${text}\n`;
    },
    note: (text) => {
      outcome.err += `${text}\n`;
    },
  });
  return outcome;
}

/** With the test's server and its admin key. */
const ask = (...words: string[]): Promise<Outcome> =>
  cli(...words, '--home', home, '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);

test('help and version are no failures; wrong usage is 2', async () => {
  assert.equal((await cli('--help')).code, 0);
  assert.equal((await cli('key', 'create', '--help')).code, 0);
  assert.match((await cli('--version')).out, /^\d+\.\d+\.\d+\n$/);
  const wrong = [
    [],
    ['nope'],
    ['key'],
    ['key', 'create'],
    ['usage', '--since', 'yesterday'],
    ['usage', '--nope'],
    ['backup'],
    ['serve', '--port', '99999'],
    ['usage', 'extra'],
  ];
  for (const words of wrong) {
    const outcome = await cli(...words);
    assert.equal(outcome.code, 2, words.join(' '));
    assert.equal(outcome.out, '', words.join(' '));
  }
  assert.equal((await cli('usage', '--since', '7d', '--from', '2026-11-01')).code, 2);
});

test('without a server: one line that says how to start it, exit 1', async () => {
  const empty = mkdtempSync(join(home, 'empty-'));
  for (const words of [['usage'], ['key', 'create', '--name', 'n'], ['models'], ['ledger', 'check']]) {
    const { code, out, err } = await cli(...words, '--home', empty);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.equal(err.trim().split('\n').length, 1);
    assert.match(err, /npm start/);
  }
});

test('without an admin key: where it was looked for', async () => {
  const { code, err } = await cli('usage', '--home', mkdtempSync(join(home, 'no-key-')), '--url', 'http://127.0.0.1:9');
  assert.equal(code, 1);
  assert.match(err, /admin-key does not exist: set TOKENWORKS_ADMIN_KEY/);
});

test("the server's refusal is one line and exit 1", async () => {
  const { code, out, err } = await ask('operations', 'get', 'op_none');
  assert.deepEqual([code, out, err], [1, '', 'error: There is no such thing.\n']);
});

test('key create sends what the control plane takes, and shows the secret alone on standard output', async () => {
  const made = { id: 'key_1', name: 'n', project: 'default', secret: 'tw-once' };
  answers.set('POST /admin/v1/keys', made);
  const plain = await ask(
    'key',
    'create',
    '--name',
    'n',
    '--project',
    'p',
    '--budget',
    '5 USD',
    '--rpm',
    '60',
    '--tpm',
    '1000',
    '--models',
    'a,b/*',
    '--expires-in',
    '30d',
    '--priced-only',
  );
  assert.deepEqual([plain.code, plain.out], [0, 'tw-once\n']);
  const sent = requests.at(-1)!;
  assert.equal(sent.authorization, 'Bearer tw-admin-test');
  const body = CreateKey.parse(sent.body);
  assert.deepEqual(body.budget, { amount: '5', currency: 'USD', window: 'total', hard: true });
  assert.deepEqual(
    [body.project, body.rpm, body.tpm, body.models, body.unpriced],
    ['p', 60, 1000, ['a', 'b/*'], false],
  );
  const json = await ask('key', 'create', '--name', 'n', '--json');
  assert.deepEqual(JSON.parse(json.out), made);
  assert.equal(json.err, '');
});

test('every write has the shape that the control plane checks', async () => {
  answers.set('POST /admin/v1/budgets', { id: 'b' });
  answers.set('POST /admin/v1/wallets', { id: 'w', currency: 'USD' });
  answers.set('POST /admin/v1/prices', { id: 'p', effective_from: '2026-11-24T00:00:00Z' });
  answers.set('POST /admin/v1/invoices', { id: 'i', lines: [] });
  const last = () => requests.at(-1)!.body;
  await ask(
    'budget',
    'create',
    '--amount',
    '100 CNY',
    '--scope',
    'key',
    '--id',
    'key_1',
    '--window',
    'day',
    '--soft',
    '--alerts',
    '50,100',
  );
  assert.equal(CreateBudget.parse(last()).hard, false);
  await ask('wallet', 'create', '--currency', 'USD');
  assert.equal(CreateWallet.parse(last()).scope_id, 'default');
  await ask(
    'prices',
    'add',
    '--provider',
    'mock',
    '--model',
    'm',
    '--currency',
    'USD',
    '--input',
    '1.00',
    '--output',
    '4.00',
  );
  assert.equal((CreatePrice.parse(last()) as { input?: string }).input, '1.00');
  await ask('invoice', 'create', '--period', '2026-11', '--currency', 'USD', '--project', 'p', '--json');
  assert.equal(CreateInvoice.parse(last()).organisation, undefined);
  assert.equal((await ask('invoice', 'create', '--period', '2026-13', '--currency', 'USD')).code, 2);
  assert.equal((await ask('budget', 'create', '--amount', '1 USD', '--alerts', 'x')).code, 2);
});

test('usage asks for the groups and the time, and prints JSON as it came', async () => {
  const report = {
    data: [
      {
        group: { model: 'mock/m' },
        requests: 2,
        attempts: 2,
        errors: 0,
        usage: { input: 7, output: 3 },
        estimated: 0,
        unreconciled: 0,
        unpriced: 0,
        cost: { USD: '0.001234' },
        charge: { USD: '0.001234' },
      },
    ],
  };
  answers.set('GET /admin/v1/usage', report);
  const json = await ask('usage', '--by', 'model,tag:team', '--since', '7d', '--json');
  assert.deepEqual(JSON.parse(json.out), report);
  const query = new URL(requests.at(-1)!.path, 'http://x').searchParams;
  assert.equal(query.get('group_by'), 'model,tag:team');
  assert.ok(Math.abs(Date.parse(query.get('from')!) - (Date.now() - 7 * 86_400_000)) < 60_000);
  assert.match((await ask('usage')).out, /mock\/m +2 +7 +3 +0\.001234 USD/);
  answers.set('GET /admin/v1/usage', { data: [] });
  assert.equal((await ask('usage')).out, 'No usage in that time.\n');
});

test('a ledger that is off, a provider that fails and a failed check are exit 1', async () => {
  answers.set('GET /admin/v1/ledger/check', {
    ok: false,
    imbalances: [{ currency: 'USD', amount: '0.01', posting: 'pst_1' }],
  });
  const ledger = await ask('ledger', 'check', '--json');
  assert.equal(ledger.code, 1);
  assert.equal(JSON.parse(ledger.out).ok, false);
  assert.match(ledger.err, /off by 0\.01 USD in pst_1/);
  answers.set('POST /admin/v1/providers/mock/test', { ok: false, ms: 3, models: [], problem: 'refused' });
  assert.match((await ask('providers', 'test', 'mock')).err, /mock does not work: refused/);
  answers.set('GET /admin/v1/doctor', {
    ok: false,
    version: '1',
    checks: [
      { name: 'store', ok: false, detail: 'gone' },
      { name: 'disk', ok: true, detail: 'fine' },
    ],
  });
  const doctor = await ask('doctor');
  assert.equal(doctor.code, 1);
  assert.match(doctor.out, /FAULT +store +gone/);
  assert.match(doctor.err, /1 of 2 checks failed: store/);
});

test('backup writes the file whole and for its owner alone, and replaces none unasked', async () => {
  const dump = Buffer.from('dump of a store');
  answers.set('GET /admin/v1/backup', dump);
  const file = join(home, 'a.backup');
  assert.equal((await ask('backup', file)).code, 0);
  assert.deepEqual(readFileSync(file), dump);
  assert.equal(statSync(file).mode & 0o077, 0);
  assert.equal((await ask('backup', file)).code, 1);
  assert.equal((await ask('backup', file, '--force')).code, 0);
  answers.delete('GET /admin/v1/backup');
  assert.equal((await ask('backup', join(home, 'b.backup'))).code, 1);
  assert.ok(!existsSync(join(home, 'b.backup')));
});

test('restore refuses a missing file and a running server', async () => {
  assert.match((await cli('restore', join(home, 'none'), '--home', home)).err, /does not exist/);
  writeFileSync(
    join(home, 'server.json'),
    JSON.stringify({ url: 'http://127.0.0.1:1', pid: process.pid, started: new Date().toISOString() }),
  );
  assert.match((await cli('restore', join(home, 'a.backup'), '--home', home)).err, /stop it first/);
  rmSync(join(home, 'server.json'));
});

test('reflex eval needs no server and reports what it measured', async () => {
  const lines = ['on', 'off'].flatMap((intent) =>
    Array.from({ length: 12 }, (_, index) => JSON.stringify({ text: `please switch it ${intent} ${index}`, intent })),
  );
  writeFileSync(join(home, 'train.jsonl'), lines.join('\n'));
  writeFileSync(join(home, 'test.jsonl'), `${lines[0]}\n${lines[12]}\n`);
  const { code, out } = await cli(
    'reflex',
    'eval',
    '--train',
    join(home, 'train.jsonl'),
    '--test',
    join(home, 'test.jsonl'),
    '--json',
  );
  assert.equal(code, 0);
  const report = JSON.parse(out) as Record<string, unknown>;
  const fields = [
    'examples',
    'train_s',
    'accuracy',
    'coverage_at_95',
    'macro_f1',
    'oos_recall',
    'in_scope_kept',
    'slot_f1',
    'ece',
    'p50_ms',
    'p99_ms',
    'model_bytes',
  ];
  assert.deepEqual(Object.keys(report).sort(), [...fields].sort());
  assert.equal(report.examples, 24);
  assert.equal((await cli('reflex', 'eval', '--train', join(home, 'none'), '--test', join(home, 'none'))).code, 1);
});

test('reflex eval with vectors names the command that brings them', async () => {
  const file = join(home, 'train.jsonl');
  const { code, err } = await cli('reflex', 'eval', '--train', file, '--test', file, '--vectors', '--home', home);
  assert.equal(code, 1);
  assert.match(err, /npx tokenworks add vectors/);
  assert.equal(err.trim().split('\n').length, 1);
});

test('reflex mirrors the API', async () => {
  const model = {
    name: 'm',
    model: 'reflex/m',
    status: 'ready',
    examples: 24,
    pending: 0,
    intents: ['off', 'on'],
    slots: [],
    bytes: 2048,
    train_s: 0.5,
    version: 2,
    vectors: false,
  };
  answers.set('GET /v1/reflex/models', { data: [model] });
  assert.match((await ask('reflex')).out, /reflex\/m +ready +24/);
  answers.set('POST /v1/reflex/models/m/predict', [{ intent: 'on', confidence: 0.9, slots: [], ms: 0.2 }]);
  assert.match((await ask('reflex', 'predict', 'm', 'switch it on')).out, /switch it on +on +0\.90/);
  const [on, off] = ['on', 'off'].map((intent) => ({ text: `switch ${intent}`, intent, confidence: 0.8, slots: [] }));
  answers.set('POST /v1/reflex/models/m/predict', [{ ...on, parts: [on, off], ms: 0.2 }]);
  assert.match(
    (await ask('reflex', 'predict', 'm', 'both')).out,
    /both +on.*- switch on +on.*- switch off +off +0\.80/s,
  );
  assert.equal((await ask('reflex', 'predict', 'm')).code, 2);
  const version = { version: 2, active: true, hash: 'ab'.repeat(32), created_at: '2026-11-24T01:00:00.000Z' };
  answers.set('GET /v1/reflex/models/m/versions', {
    data: [{ ...version, examples: 24, intents: 2, slots: 0, bytes: 2048, train_s: 0.5, vectors: false }],
  });
  assert.match((await ask('reflex', 'versions', 'm')).out, /2 +answers/);
  answers.set('POST /v1/reflex/models/m/versions/1/activate', { ...model, version: 1 });
  assert.match((await ask('reflex', 'activate', 'm', '1')).out, /version +1, trained/);
  assert.equal((await ask('reflex', 'activate', 'm', 'one')).code, 2);
  assert.equal((await ask('reflex', 'train', join(home, 'train.jsonl'))).code, 2);
  writeFileSync(join(home, 'm.reflex'), '"RFXE"');
  answers.set('PUT /v1/reflex/models/n/import', { ...model, model: 'reflex/n' });
  assert.match((await ask('reflex', 'import', join(home, 'm.reflex'), '--name', 'n')).out, /reflex\/n/);
  answers.set('DELETE /v1/reflex/models/m', { id: 'm', deleted: true });
  assert.match((await ask('reflex', 'remove', 'm')).out, /removed/);
});

test('add lists the parts, and brings only what there is', async () => {
  const { data } = JSON.parse((await cli('add', '--list', '--json', '--home', home)).out) as {
    data: { name: string; state: string }[];
  };
  assert.deepEqual(
    data.map(({ name, state }) => [name, state]),
    [
      ['vectors', 'available'],
      ['ocr', 'later'],
      ['vision', 'later'],
      ['local-llm', 'later'],
      ['voice', 'later'],
    ],
  );
  assert.match((await cli('add', '--list', '--home', home)).out, /vectors +available/);
  assert.equal((await cli('add')).code, 2);
  assert.equal((await cli('add', 'nothing')).code, 2);
  assert.equal((await cli('add', 'voice', '--home', home)).code, 1);
});
