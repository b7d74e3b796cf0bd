/** Two projects of two organisations side by side: nothing of one is seen, spent, replayed or called by the other. And pages of other sites. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chat, startTestServer, type TestServer } from '../server-testing.ts';

let tw: TestServer;
let one: string;
let other: string;
const audit = { actor: 'test', action: 'test', target: 'test' };

before(async () => {
  tw = await startTestServer();
  const now_ms = Date.now();
  for (const name of ['one', 'other']) {
    await tw.store.organisations.create(
      { id: name, name, timezone: 'UTC', capture: 'metadata', tagKeys: [], createdAt_ms: now_ms },
      audit,
    );
    await tw.store.projects.create({ id: name, organisation: name, name, createdAt_ms: now_ms }, audit);
  }
  one = (await tw.key({ project: 'one', organisation: 'one' })).secret;
  other = (await tw.key({ project: 'other', organisation: 'other' })).secret;
});
after(() => tw.close());

const get = (path: string, secret: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(tw.url + path, { headers: { authorization: `Bearer ${secret}`, ...headers } });
const call = (secret: string, more = {}, headers = {}): Promise<Response> =>
  tw.post('/v1/chat/completions', chat('hi', more), secret, headers);

test("another project's operation is not there, nor can an outcome be put on it", async () => {
  const answer = await call(one);
  const id = answer.headers.get('x-tokenworks-operation')!;
  assert.equal((await get(`/v1/operations/${id}`, one)).status, 200);
  assert.equal((await get(`/v1/operations/${id}`, other)).status, 404);
  assert.equal((await get(`/v1/operations/${id}`, tw.adminKey)).status, 200);
  const outcome = { operation: id, kind: 'booking', value: '1.00', currency: 'USD' };
  assert.equal((await tw.post('/v1/outcomes', outcome, other)).status, 404);
  assert.equal((await tw.post('/v1/outcomes', outcome, one)).status, 201);
});

test('the control plane is closed to every API key', async () => {
  const paths = [
    'organisations',
    'projects',
    'keys',
    'budgets',
    'wallets',
    'prices',
    'models',
    'providers',
    'usage',
    'fx-rates',
    'barometer',
    'outcomes',
    'returns',
    'invoices',
    'reconciliations',
    'audit',
    'alerts',
    'operations',
    'captures',
    'backup',
    'doctor',
    'live',
    'ledger/check',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const secret of [one, 'tw-nonsense', '']) {
        const answer = await fetch(`${tw.url}/admin/v1/${path}`, {
          method,
          headers: { authorization: `Bearer ${secret}` },
          body: method === 'GET' ? undefined : '{}',
        });
        const text = await answer.text();
        assert.ok([401, 403, 404, 405].includes(answer.status), `${method} ${path} ${answer.status} ${text}`);
      }
    }
  }
});

test('an idempotency key is its API key’s own', async () => {
  const headers = { 'idempotency-key': 'same' };
  const first = await (await call(one, {}, headers)).text();
  const second = await call(other, {}, headers);
  assert.equal(second.headers.get('x-tokenworks-replayed'), null);
  assert.notEqual(await second.text(), first);
  assert.equal(await (await call(one, {}, headers)).text(), first);
});

test("another project's Reflex model can neither be read, asked, changed, nor called by any name", async () => {
  const examples = ['red', 'blue', 'green'].flatMap((colour) =>
    Array.from({ length: 4 }, (_, n) => ({ text: `paint it ${colour} ${n}`, intent: colour })),
  );
  const made = await tw.post('/v1/reflex/models', { name: 'colours', examples }, one);
  assert.ok(made.status === 201 || made.status === 202, await made.text());
  for (let tries = 0; tries < 100; tries++) {
    const view = (await (await get('/v1/reflex/models/colours', one)).json()) as { status: string };
    if (view.status === 'ready') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal((await call(one, { model: 'reflex/colours' })).status, 200);
  assert.equal((await get('/v1/reflex/models/colours', other)).status, 404);
  assert.equal((await tw.post('/v1/reflex/models/colours/predict', { texts: ['red'] }, other)).status, 404);
  for (const name of ['colours', 'one:colours', 'one/colours', ':colours', 'other:../one:colours']) {
    for (const [path, body] of [
      ['/v1/chat/completions', chat('red', { model: `reflex/${name}` })],
      ['/v1/embeddings', { model: `reflex/${name}`, input: 'red' }],
    ] as const) {
      const answer = await tw.post(path, body, other);
      assert.equal(answer.status, 404, `${path} ${name} ${await answer.text()}`);
    }
  }
  const listed = (await (await get('/v1/models', other)).json()) as { data: { id: string }[] };
  assert.ok(!listed.data.some((model) => model.id.includes('colours')));
});

test("one project's budget and limits are not the other's", async () => {
  await tw.budget('one', '0.000001', { scope: 'project' });
  assert.equal((await call(one)).status, 402);
  assert.equal((await call(other)).status, 200);
});

test('only a key with the right may name a user', async () => {
  assert.equal((await call(other, {}, { 'x-tokenworks-user': 'bob' })).status, 403);
});

/** Signs in as the console does. */
async function signIn(): Promise<string> {
  const answer = await fetch(`${tw.url}/admin/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: tw.url },
    body: JSON.stringify({ token: tw.adminKey }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  const cookie = answer.headers.get('set-cookie')!;
  assert.match(cookie, /HttpOnly/i);
  assert.match(cookie, /SameSite=Strict/i);
  return cookie.split(';')[0]!;
}

test('a session is written with from its own page only', async () => {
  const cookie = await signIn();
  const body = JSON.stringify({ name: 'made by a page' });
  const write = (headers: Record<string, string>) =>
    fetch(`${tw.url}/admin/v1/keys`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...headers },
      body,
    });
  const refused: Record<string, string>[] = [
    {},
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { origin: tw.url, 'sec-fetch-site': 'cross-site' },
    { origin: tw.url, 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'same-origin' },
  ];
  for (const headers of refused) assert.equal((await write(headers)).status, 403, JSON.stringify(headers));
  assert.equal((await write({ origin: tw.url, 'sec-fetch-site': 'same-origin' })).status, 201);
  assert.equal((await fetch(`${tw.url}/admin/v1/keys`, { headers: { cookie } })).status, 200);
  // The cookie is no API key, and a wrong one is nothing.
  assert.equal(
    (
      await fetch(`${tw.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { cookie, origin: tw.url },
        body: JSON.stringify(chat('hi')),
      })
    ).status,
    401,
  );
  assert.equal((await fetch(`${tw.url}/admin/v1/keys`, { headers: { cookie: `${cookie}x` } })).status, 401);
});

test('a link signs in once', async () => {
  const token = tw.server.services.consoleTokens.make();
  const use = () =>
    fetch(`${tw.url}/admin/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
  assert.deepEqual([(await use()).status, (await use()).status], [200, 401]);
});

test('pages of other sites read nothing: no answer allows another origin', async () => {
  for (const path of ['/v1/models', '/admin/v1/keys', '/healthz', '/admin/v1/session']) {
    const answer = await get(path, tw.adminKey, { origin: 'https://evil.example' });
    assert.equal(answer.headers.get('access-control-allow-origin'), null, path);
  }
  const preflight = await fetch(`${tw.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  });
  assert.equal(preflight.headers.get('access-control-allow-origin'), null);
});
