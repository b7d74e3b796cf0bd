import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { createApp } from './app.ts';
import { createGuard } from './guard.ts';
import { SESSION_COOKIE } from './middleware/sessions.ts';
import { ADMIN_KEY, openTestControl, type TestControl, testOperation } from './routes/testing.ts';

interface Route {
  method: string;
  path: string;
  operation: {
    security?: Record<string, unknown>[];
    requestBody?: { content: Record<string, { schema: Record<string, unknown> }> };
  };
}

describe('the control plane as a whole', () => {
  let control: TestControl;
  let consoleDir = '';
  let secret = '';
  let routes: Route[] = [];
  before(async () => {
    consoleDir = await mkdtemp(join(tmpdir(), 'tw-console-'));
    await mkdir(join(consoleDir, 'assets'));
    await writeFile(join(consoleDir, 'index.html'), '<!doctype html><title>console</title>');
    await writeFile(join(consoleDir, 'assets', 'app-1a2b.js'), 'export {};');
    await writeFile(join(consoleDir, '.secret'), 'hidden');
    await writeFile(join(consoleDir, '..', 'tw-outside.txt'), 'outside');
    control = await openTestControl({ services: { consoleDir } });
    secret = (await control.call('POST', '/admin/v1/keys', { name: 'k' })).body.secret;
    const { body } = await control.call('GET', '/openapi.json');
    routes = Object.entries(body.paths as Record<string, Record<string, Route['operation']>>).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
  });
  after(async () => {
    await control.close();
    await rm(consoleDir, { recursive: true, force: true });
    await rm(join(consoleDir, '..', 'tw-outside.txt'), { force: true });
  });

  it('lets nobody in without the right key, on any route', async () => {
    const called = (route: Route) => route.path.replaceAll(/\{[^}]+\}/g, 'x');
    const needs = (route: Route, name: string) => route.operation.security?.some((one) => name in one);
    const admin = routes.filter((route) => needs(route, 'admin'));
    assert.ok(admin.length > 50, `${admin.length} admin routes`);
    for (const route of admin) {
      assert.match(route.path, /^\/admin\/v1\//);
      assert.equal((await control.call(route.method, called(route), undefined, { key: null })).status, 401, route.path);
      assert.equal(
        (await control.call(route.method, called(route), undefined, { key: secret })).status,
        403,
        route.path,
      );
    }
    // What the data plane answers does not come here.
    for (const route of routes.filter((each) => needs(each, 'key') && each.method !== 'POST')) {
      assert.equal(
        (await control.call(route.method, called(route), undefined, { key: 'tw-wrong' })).status,
        401,
        route.path,
      );
    }
    for (const route of routes.filter((each) => each.path.startsWith('/admin') && !needs(each, 'admin')))
      assert.equal(route.path, '/admin/v1/session');
  });

  it('refuses unknown fields and bodies that are no objects, on every route that takes one', async () => {
    const bodies = routes.filter(
      (route) => route.operation.requestBody && route.operation.security?.some((one) => 'admin' in one),
    );
    assert.ok(bodies.length > 12);
    for (const route of bodies) {
      const path = route.path.replaceAll(/\{[^}]+\}/g, 'default');
      for (const raw of ['', '{', '[]', 'null', '"x"', '{"no_such_field":1}']) {
        const answer = await control.call(route.method, path, undefined, { raw });
        assert.deepEqual(
          [answer.status, answer.body.error?.code],
          [400, 'invalid_request'],
          `${route.method} ${path} ${raw}`,
        );
      }
      assert.equal((await control.call(route.method, `${path}?no_such=1`, {}, {})).body.error.param, 'no_such', path);
    }
  });

  it('refuses bodies of more than 4 MiB', async () => {
    const answer = await control.call('POST', '/admin/v1/keys', { name: 'x'.repeat(4 * 1024 * 1024) });
    assert.deepEqual([answer.status, answer.body.error.code], [413, 'too_large']);
    const chunk = new Uint8Array(1024 * 1024).fill(120);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => (sent++ < 100 ? controller.enqueue(chunk) : controller.close()),
    });
    const response = await control.app.request(
      new Request('http://localhost/admin/v1/keys', {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
        body: endless,
        duplex: 'half',
      } as RequestInit),
    );
    assert.equal(response.status, 413);
    assert.ok(sent < 10, `${sent} MB were read`);
  });

  it('answers errors in the shape of the surface', async () => {
    const of = async (path: string, headers?: Record<string, string>) =>
      (await control.call('GET', path, undefined, { headers })).body;
    assert.equal((await of('/v1/messages/batches')).type, 'error');
    assert.equal((await of('/v1/nope')).error.code, 'not_found');
    assert.equal((await of('/v1/models/nope', { 'anthropic-version': '2023-06-01' })).type, 'error');
    assert.equal((await of('/api/v3/nope')).error.type, 'NotFound');
    const wrong = await control.call('PUT', '/admin/v1/keys', {});
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET, POST']);
    const data = await control.call('GET', '/v1/messages');
    assert.deepEqual([data.status, data.headers.get('allow'), data.body.type], [405, 'POST', 'error']);
  });

  it('never shows what went wrong inside', async () => {
    const list = control.store.audit.list;
    control.store.audit.list = async () => {
      throw new Error('the disk is on fire');
    };
    const answer = await control.call('GET', '/admin/v1/audit');
    control.store.audit.list = list;
    assert.deepEqual([answer.status, answer.body.error.code], [500, 'internal_error']);
    assert.equal(answer.text.includes('on fire'), false);
    assert.ok(control.errors.some((line) => line.includes('on fire')));
  });

  it('tells caches to keep nothing', async () => {
    for (const path of ['/healthz', '/admin/v1/keys', '/v1/models', '/nope', '/metrics']) {
      const { headers } = await control.call('GET', path);
      assert.deepEqual(
        [headers.get('cache-control'), headers.get('x-content-type-options')],
        ['no-store', 'nosniff'],
        path,
      );
    }
  });

  it('is ready only with journal and store', async () => {
    assert.deepEqual((await control.call('GET', '/healthz', undefined, { key: null })).body, { status: 'live' });
    assert.equal((await control.call('GET', '/readyz', undefined, { key: null })).status, 200);
    const { services } = control;
    const { ready, journalHealthy } = services;
    const ping = services.store.ping;
    services.ready = () => false;
    assert.deepEqual((await control.call('GET', '/readyz')).body, { status: 'starting' });
    services.ready = ready;
    services.journalHealthy = () => false;
    services.store.ping = () => Promise.reject(new Error('gone'));
    const { status, body } = await control.call('GET', '/readyz');
    assert.deepEqual([status, body.status, body.problems.length], [503, 'unavailable', 2]);
    services.journalHealthy = journalHealthy;
    services.store.ping = ping;
  });

  it('counts what it settles, for Prometheus', async () => {
    const record = testOperation({
      holds: [{ budget: 'b', window: 'total', kind: 'budget', currency: 'USD', held_pico: 1n, settled_pico: 2n }],
    });
    control.services.live.settled(record);
    control.services.live.settled(testOperation({ status: 'failed' }));
    const { text } = await control.call('GET', '/metrics');
    for (const line of [
      'tokenworks_operations_total{status="completed",surface="chat"} 1',
      'tokenworks_operations_total{status="failed",surface="chat"} 1',
      'tokenworks_tokens_total{kind="input"} 2000',
      'tokenworks_upstream_attempts_total{provider="mock",status="completed"} 2',
      'tokenworks_settled_above_hold_total 1',
      'tokenworks_open_calls 0',
      'tokenworks_journal_backlog_bytes 0',
      'tokenworks_operation_duration_seconds_count{surface="chat"} 2',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
    assert.match(text, /nodejs_eventloop_lag_seconds /);
    assert.match(text, /process_resident_memory_bytes /);
  });

  it('shows metrics without a key to this machine only', async () => {
    const from = (remoteAddress: string, headers = {}) =>
      control.app.request('/metrics', { headers }, { incoming: { socket: { remoteAddress } } });
    assert.equal((await from('127.0.0.1')).status, 200);
    assert.equal((await from('::ffff:127.0.0.1')).status, 200);
    assert.equal((await from('::1')).status, 200);
    assert.equal((await from('10.0.0.7')).status, 401);
    assert.equal((await from('127.0.0.1', { 'x-forwarded-for': '1.2.3.4' })).status, 401);
    assert.equal((await from('10.0.0.7', { authorization: `Bearer ${ADMIN_KEY}` })).status, 200);
  });

  it('examines itself', async () => {
    const { body } = await control.call('GET', '/admin/v1/doctor');
    const byName = Object.fromEntries(
      body.checks.map((check: { name: string; ok: boolean }) => [check.name, check.ok]),
    );
    for (const name of [
      'store',
      'journal',
      'ledger',
      'prices',
      'unpriced',
      'unreconciled',
      'providers',
      'clock',
      'disk',
    ])
      assert.equal(typeof byName[name], 'boolean', name);
    assert.equal(byName.ledger, true);
    control.store.ledger.imbalances = async () => [{ currency: 'USD', amount_pico: 1n }];
    const broken = await control.call('GET', '/admin/v1/doctor');
    assert.deepEqual(
      [broken.body.ok, broken.body.checks.find((check: { name: string }) => check.name === 'ledger').ok],
      [false, false],
    );
  });

  it('streams a backup and leaves nothing behind', async () => {
    const response = await control.app.request('/admin/v1/backup', {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    assert.equal(response.status, 200);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(Number(response.headers.get('content-length')), bytes.length);
    assert.match(gunzipSync(bytes).toString('utf8'), /"organisations"|organisations/);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(
      (await readdir(control.services.config.home)).filter((name) => name.startsWith('backup-')),
      [],
    );
  });

  it('signs the console in by a link that works once', async () => {
    const signIn = (token: string) => control.call('POST', '/admin/v1/session', { token }, { key: null });
    const token = control.services.consoleTokens.make();
    const first = await signIn(token);
    assert.equal(first.status, 200);
    const cookie = first.headers.get('set-cookie')!;
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Strict/);
    assert.match(cookie, /Max-Age=43200/);
    assert.doesNotMatch(cookie, /Secure/);
    assert.equal((await signIn(token)).status, 401);
    assert.equal((await signIn(secret)).status, 401);
    assert.equal((await signIn(ADMIN_KEY)).status, 200);
  });

  it('lets a signed-in page read, and write only from its own origin', async () => {
    const opened = await control.call('POST', '/admin/v1/session', { token: ADMIN_KEY }, { key: null });
    const cookie = opened.headers.get('set-cookie')!.split(';')[0]!;
    const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      control.call(method, path, body, { key: null, headers: { cookie, host: 'localhost', ...headers } });
    assert.deepEqual((await call('GET', '/admin/v1/session')).body.signed_in, true);
    assert.equal((await call('GET', '/admin/v1/keys')).status, 200);
    assert.equal((await call('POST', '/admin/v1/projects', { name: 'a' })).status, 403);
    assert.equal(
      (await call('POST', '/admin/v1/projects', { name: 'a' }, { origin: 'https://evil.example' })).status,
      403,
    );
    assert.equal(
      (
        await call(
          'POST',
          '/admin/v1/projects',
          { name: 'a' },
          { origin: 'http://localhost', 'sec-fetch-site': 'same-site' },
        )
      ).status,
      403,
    );
    assert.equal(
      (
        await call(
          'POST',
          '/admin/v1/projects',
          { name: 'a' },
          { origin: 'http://localhost', 'sec-fetch-site': 'same-origin' },
        )
      ).status,
      201,
    );
    assert.equal(
      (
        await control.call('GET', '/admin/v1/keys', undefined, {
          key: null,
          headers: { cookie: `${SESSION_COOKIE}=guess` },
        })
      ).status,
      401,
    );
    assert.equal((await call('DELETE', '/admin/v1/session', undefined, { origin: 'http://localhost' })).status, 200);
    assert.equal((await call('GET', '/admin/v1/keys')).status, 401);
    control.clock.now_ms += 1;
    const late = await control.call('POST', '/admin/v1/session', { token: ADMIN_KEY }, { key: null });
    control.clock.now_ms += 12 * 3_600_000;
    const expired = late.headers.get('set-cookie')!.split(';')[0]!;
    assert.equal(
      (await control.call('GET', '/admin/v1/keys', undefined, { key: null, headers: { cookie: expired } })).status,
      401,
    );
  });

  it('serves the console and nothing beside it', async () => {
    const get = (path: string) => control.call('GET', path, undefined, { key: null });
    assert.equal((await get('/')).headers.get('location'), '/console/');
    assert.equal((await get('/console?x=1')).headers.get('location'), '/console/?x=1');
    const index = await get('/console/');
    assert.match(index.text, /<title>console/);
    assert.match(
      index.headers.get('content-security-policy')!,
      /default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:/,
    );
    assert.equal(index.headers.get('cache-control'), 'no-cache');
    assert.equal((await get('/console/usage/models')).text, index.text);
    const asset = await get('/console/assets/app-1a2b.js');
    assert.match(asset.headers.get('cache-control')!, /immutable/);
    assert.match(asset.headers.get('content-type')!, /javascript/);
    for (const path of [
      '/console/assets/nope.js',
      '/console/.secret',
      '/console/%2e%2e/tw-outside.txt',
      '/console/..%2ftw-outside.txt',
      '/console/%00',
      '/console/%zz.js',
      '/console/..%5ctw-outside.txt',
    ]) {
      const answer = await get(path);
      assert.ok(answer.status === 404, `${path} ${answer.status}`);
      assert.equal(answer.text.includes('outside'), false);
    }
  });

  it('documents itself on a page without scripts', async () => {
    const { text, headers } = await control.call('GET', '/docs', undefined, { key: null });
    assert.match(headers.get('content-security-policy')!, /default-src 'none'; style-src 'sha256-/);
    assert.doesNotMatch(text, /<script|https?:\/\/[^"]*\.(?:js|css|woff)|style="/);
    for (const route of routes) assert.ok(text.includes(`<code>${route.path}</code>`), route.path);
    const ids = routes.map((route) => (route.operation as { operationId?: string }).operationId);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('sends the console what happens, as it happens', async () => {
    const response = await control.app.request('/admin/v1/live', { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    assert.match(response.headers.get('content-type')!, /^text\/event-stream/);
    const reader = response.body!.getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    assert.match(await read(), /^event: barometer\ndata: \{"at":/);
    control.services.live.settled(testOperation({ id: 'op_live' }));
    const frame = await read();
    assert.match(frame, /^event: operation\n/);
    assert.deepEqual(JSON.parse(frame.split('data: ')[1]!).tokens, 1250);
    await reader.cancel();
  });

  it('begins no dump and no stream for a HEAD', async () => {
    for (const path of ['/admin/v1/backup', '/admin/v1/live']) {
      const { status, text } = await control.call('HEAD', path);
      assert.deepEqual([status, text], [200, ''], path);
    }
    assert.deepEqual(
      (await readdir(control.services.config.home)).filter((name) => name.startsWith('backup-')),
      [],
    );
  });

  it('drops events for a reader that is too slow, and says so', async () => {
    const response = await control.app.request('/admin/v1/live', { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    const reader = response.body!.getReader();
    await reader.read();
    for (let index = 0; index < 1000; index++) control.services.live.settled(testOperation({ id: `op_${index}` }));
    let frames = 0;
    let last = '';
    while (!last.includes('"dropped"')) {
      last = new TextDecoder().decode((await reader.read()).value);
      frames++;
    }
    assert.ok(frames < 300, `${frames} frames were kept`);
    assert.ok(JSON.parse(last.split('data: ')[1]!).dropped > 700);
    await reader.cancel();
  });
});

describe('the listener', () => {
  let control: TestControl;
  let port = 0;
  let server: ReturnType<typeof createServer>;
  before(async () => {
    control = await openTestControl();
    const listener = createApp(
      control.services,
      createGuard({ host: '127.0.0.1', allowedHosts: [], allowedOrigins: [] }),
    );
    server = createServer((request, response) => void listener(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await control.close();
  });

  function send(
    path: string,
    headers: Record<string, string>,
    method = 'GET',
    body?: string,
  ): Promise<{ status: number; body: { type?: string; error: { code: string; param: string | null } }; text: string }> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ port, path, method, headers }, (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode!, text, body: text.startsWith('{') ? JSON.parse(text) : undefined }),
        );
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  it('refuses a forged Host and a write from another site, each in its surface’s shape', async () => {
    assert.equal((await send('/healthz', { host: 'evil.example' })).body.error.code, 'not_allowed');
    assert.equal((await send('/v1/messages/count_tokens', { host: 'evil.example' })).body.type, 'error');
    const auth = { authorization: `Bearer ${ADMIN_KEY}` };
    assert.equal(
      (await send('/admin/v1/keys', { ...auth, origin: 'https://evil.example' }, 'POST', '{"name":"x"}')).status,
      403,
    );
    assert.equal(
      (
        await send(
          '/admin/v1/keys',
          { ...auth, origin: `http://localhost:${port}`, host: `localhost:${port}` },
          'POST',
          '{"name":"x"}',
        )
      ).status,
      201,
    );
  });

  it('lists and counts for the vendors’ own clients', async () => {
    const openai = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
    const listed = (await openai.models.list()).data.map((model) => model.id);
    assert.deepEqual(listed, ['reflex/default']);
    assert.equal((await openai.models.retrieve('reflex/default')).owned_by, 'tokenworks');
    await assert.rejects(openai.models.retrieve('nope'), { status: 404, code: 'model_not_found' });
    const anthropic = new Anthropic({ baseURL: `http://127.0.0.1:${port}`, apiKey: ADMIN_KEY, maxRetries: 0 });
    const models: string[] = [];
    for await (const model of anthropic.models.list({ limit: 1 })) models.push(model.id);
    assert.deepEqual(models, listed);
    assert.equal((await anthropic.models.retrieve('reflex/default')).type, 'model');
    const count = await anthropic.messages.countTokens({
      model: 'reflex/default',
      messages: [{ role: 'user', content: 'hello' }],
    });
    assert.ok(count.input_tokens > 0);
  });

  it('answers what can hardly be read', async () => {
    assert.equal((await send('/%', {})).status, 404);
    assert.equal((await send('//evil.example/x', {})).status, 404);
    const auth = { authorization: `Bearer ${ADMIN_KEY}`, 'content-encoding': 'gzip' };
    assert.equal((await send('/admin/v1/keys', auth, 'POST', 'zzz')).body.error.param, 'content-encoding');
    assert.equal((await send('/metrics', {})).status, 200);
  });
});
