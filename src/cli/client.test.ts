import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppError } from '../base/errors.ts';
import { type Client, createClient } from './client.ts';

interface Seen {
  url: URL;
  init: RequestInit;
}

function clientOf(answer: (seen: Seen) => Response | Promise<Response>): { client: Client; seen: Seen[] } {
  const seen: Seen[] = [];
  const request = (async (url: URL, init: RequestInit) => {
    seen.push({ url, init });
    return answer({ url, init });
  }) as typeof fetch;
  return { client: createClient({ url: 'http://127.0.0.1:1', key: 'tw-admin-x' }, request), seen };
}

const failing = (answer: () => Response | Promise<Response>): Promise<AppError> =>
  clientOf(answer)
    .client.get('/admin/v1/usage')
    .then(
      () => assert.fail('it did not fail'),
      (error: unknown) => error as AppError,
    );

test('a call carries the key, its query and its body, and follows no redirect', async () => {
  const { client, seen } = clientOf(() => Response.json({ ok: true }));
  await client.get('/admin/v1/usage', { group_by: ['model', 'day'], project: undefined, from: '7d' });
  await client.send('POST', '/admin/v1/keys', { name: 'n' });
  assert.equal(seen[0]!.url.href, 'http://127.0.0.1:1/admin/v1/usage?group_by=model%2Cday&from=7d');
  assert.equal((seen[0]!.init.headers as Record<string, string>).authorization, 'Bearer tw-admin-x');
  assert.equal(seen[0]!.init.redirect, 'error');
  assert.equal(seen[1]!.init.method, 'POST');
  assert.equal(seen[1]!.init.body, '{"name":"n"}');
});

test('a list follows its cursor to the end, or as far as is asked for', async () => {
  const pages = (seen: Seen): Response => {
    const from = Number(seen.url.searchParams.get('cursor') ?? 0);
    const limit = Number(seen.url.searchParams.get('limit'));
    const data = Array.from({ length: Math.min(limit, 450 - from) }, (_, index) => from + index);
    return Response.json({ data, ...(from + limit < 450 && { next: String(from + limit) }) });
  };
  const all = clientOf(pages);
  assert.equal((await all.client.list<number>('/admin/v1/keys')).length, 450);
  assert.equal(all.seen.length, 3);
  const some = clientOf(pages);
  assert.deepEqual((await some.client.list<number>('/admin/v1/keys', {}, 250)).at(-1), 249);
  assert.deepEqual(
    some.seen.map(({ url }) => url.searchParams.get('limit')),
    ['200', '50'],
  );
});

test("the server's own message and code come through", async () => {
  const error = await failing(() =>
    Response.json({ error: { code: 'budget_exceeded', message: 'No.', param: 'amount' } }, { status: 402 }),
  );
  assert.deepEqual(
    [error.code, error.message, error.param, error.upstreamStatus],
    ['budget_exceeded', 'No.', 'amount', 402],
  );
});

test('what is no Tokenworks is told apart', async () => {
  const proxy = await failing(() => new Response('<html>\nBad gateway</html>', { status: 502 }));
  assert.equal(proxy.code, 'upstream_error');
  assert.match(proxy.message, /502.*Bad gateway/);
  const page = await failing(() => new Response('<html>'));
  assert.match(page.message, /did not answer with JSON/);
});

test('a server that does not run is told in one line that says how to start it', async () => {
  const error = await failing(() =>
    Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })),
  );
  assert.match(error.message, /No server listens on http:\/\/127\.0\.0\.1:1: start it with `npm start`/);
  const late = await failing(() => Promise.reject(Object.assign(new Error('aborted'), { name: 'TimeoutError' })));
  assert.equal(late.code, 'upstream_timeout');
});
