import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { createEgress, type Egress, type ResolvedAddress } from './index.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const ROUTES: Record<string, Handler> = {
  '/text': (_, response) => response.setHeader('content-type', 'text/plain; charset=utf-8').end('hello'),
  '/echo': async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, headers } = request;
    response.end(JSON.stringify({ method, headers, body: Buffer.concat(chunks).toString() }));
  },
  '/large': (_, response) => response.setHeader('content-length', 5000).end(Buffer.alloc(5000)),
  '/large-chunked': (_, response) => {
    response.on('error', () => {});
    for (let chunk = 0; chunk < 50; chunk++) response.write(Buffer.alloc(100));
    response.end();
  },
  '/bomb': (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(50_000_000))),
  '/gzip': (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('packed')),
  '/br': (_, response) => response.setHeader('content-encoding', 'br').end(brotliCompressSync('packed')),
  '/deflate': (_, response) => response.setHeader('content-encoding', 'deflate').end(deflateSync('packed')),
  '/nested': (_, response) => response.setHeader('content-encoding', 'gzip, gzip').end(gzipSync(gzipSync('x'))),
  '/broken-gzip': (_, response) => response.setHeader('content-encoding', 'gzip').end('this is not gzip'),
  '/cut': (_, response) => {
    response.setHeader('content-length', '100');
    response.write('half', () => response.destroy());
  },
  '/silent': () => {},
  '/stalls': (_, response) => response.write('begun'),
  '/missing': (_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('no'),
  '/loop': (_, response) => response.writeHead(302, { location: '/loop' }).end(),
  '/bad-location': (_, response) => response.writeHead(302, { location: 'http://' }).end(),
  '/to': (request, response) => {
    const query = new URL(request.url!, 'http://x').searchParams;
    response.writeHead(Number(query.get('status') ?? 302), { location: query.get('url')! }).end('moved');
  },
};

let server: Server;
let port: number;
let egress: Egress;
let resolved: string[] = [];
let answers: ResolvedAddress[][] = [];

const LOOPBACK: ResolvedAddress = { address: '127.0.0.1', family: 4 };

before(async () => {
  server = createServer((request, response) => {
    const handler = ROUTES[request.url!.split('?')[0]!];
    if (handler) handler(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  egress = createEgress({
    // Only these; another port of the same machine, or its other addresses, are private.
    allowHosts: [`127.0.0.1:${port}`, `one.test:${port}`, `two.test:${port}`],
    limits: { timeout_ms: 10_000, maxRedirects: 3 },
    resolve: async (hostname) => {
      resolved.push(hostname);
      if (hostname === 'rebinds.example.com') return answers.shift() ?? [];
      return hostname.endsWith('.test') ? [LOOPBACK] : [{ address: '10.0.0.9', family: 4 }];
    },
  });
});

after(async () => {
  await egress.close();
  server.closeAllConnections();
  server.close();
});

const at = (path: string, host = '127.0.0.1'): string => `http://${host}:${port}${path}`;
const to = (url: string, status = 302): string => at(`/to?status=${status}&url=${encodeURIComponent(url)}`);

interface Echo {
  method: string;
  headers: Record<string, string>;
  body: string;
}
async function echoed(url: string, options: Parameters<Egress['fetch']>[1]): Promise<Echo> {
  return JSON.parse((await egress.fetch(url, options)).body.toString());
}

test('fetches a body with its status, headers and place', async () => {
  const reply = await egress.fetch(at('/text'));
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(reply.body.toString(), 'hello');
  assert.equal(reply.url.href, at('/text'));
  assert.equal((await egress.fetch(at('/missing'), { accept: ['image/*'] })).status, 404);
});

test('sends method, headers and body, but no headers of the connection', async () => {
  const headers = {
    'X-Sign': 'abc',
    Host: 'internal',
    Connection: 'upgrade',
    'Content-Length': '3',
    'content-type': 'text/plain',
  };
  const echo = await echoed(at('/echo'), { method: 'POST', headers, body: 'grüße' });
  assert.equal(echo.method, 'POST');
  assert.equal(echo.body, 'grüße');
  assert.equal(echo.headers['x-sign'], 'abc');
  assert.equal(echo.headers.host, `127.0.0.1:${port}`);
  assert.equal(echo.headers['content-length'], '7');
});

test('connects to the address that was checked, whatever DNS says otherwise', async () => {
  resolved = [];
  assert.equal((await egress.fetch(at('/text', 'one.test'))).body.toString(), 'hello');
  assert.deepEqual(resolved, ['one.test']);
});

test('checks anew on every call, so that a name that changes to a private address is refused', async () => {
  const guard = createEgress({
    allowHosts: ['127.0.0.1/32'],
    resolve: async () => answers.shift() ?? [],
  });
  answers = [[LOOPBACK], [{ address: '127.0.0.2', family: 4 }], [LOOPBACK, { address: '10.0.0.1', family: 4 }]];
  const url = at('/text', 'rebinds.example.com');
  assert.equal((await guard.fetch(url)).status, 200);
  assert.equal(answers.length, 2, 'one question for one connection');
  await assert.rejects(() => guard.fetch(url), { code: 'not_allowed' });
  await assert.rejects(() => guard.fetch(url), { code: 'not_allowed' });
  await guard.close();
});

for (const target of [
  'http://127.0.0.1:1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[::1]/',
  'http://0x7f000001/',
  'http://localhost/',
  'http://inside.example.com/',
  'file:///etc/passwd',
  'http://user:pass@one.test/',
]) {
  test(`refuses a redirect to ${target}`, async () => {
    await assert.rejects(() => egress.fetch(to(target)), { code: 'not_allowed' });
  });
}

test('follows redirects, relative ones too, up to the limit', async () => {
  const reply = await egress.fetch(to(to('/text')));
  assert.equal(reply.body.toString(), 'hello');
  assert.equal(reply.url.href, at('/text'));
  await assert.rejects(() => egress.fetch(at('/loop')), { code: 'upstream_error', message: /more than 3 times/ });
  await assert.rejects(() => egress.fetch(at('/bad-location')), { code: 'upstream_error' });
  const plain = await egress.fetch(to('http://10.0.0.1/'), { maxRedirects: 0 });
  assert.deepEqual([plain.status, plain.headers.location, plain.body.toString()], [302, 'http://10.0.0.1/', 'moved']);
});

test('shows no credential and no unknown header to another origin', async () => {
  const headers = { authorization: 'Bearer abc', cookie: 'a=b', 'x-api-key': 'k', 'x-other': 'o', 'user-agent': 'tw' };
  const same = await echoed(to(at('/echo')), { headers });
  assert.deepEqual([same.headers.authorization, same.headers['x-other']], ['Bearer abc', 'o']);
  const other = await echoed(to(at('/echo', 'two.test')), { headers });
  const names = Object.keys(other.headers).sort();
  assert.deepEqual(names, ['accept-encoding', 'connection', 'host', 'user-agent']);
});

test('turns a post into a get where browsers do, and sends a body on to its own origin only', async () => {
  const post = { method: 'POST', body: 'secret', headers: { 'content-type': 'text/plain' } } as const;
  const seen = await echoed(to(at('/echo'), 303), post);
  assert.deepEqual([seen.method, seen.body, seen.headers['content-type']], ['GET', '', undefined]);
  assert.equal((await echoed(to(at('/echo'), 301), post)).method, 'GET');
  assert.equal((await echoed(to(at('/echo'), 307), post)).body, 'secret');
  await assert.rejects(() => egress.fetch(to(at('/echo', 'two.test'), 308), post), { code: 'not_allowed' });
  assert.equal((await echoed(to(at('/echo', 'two.test'), 302), post)).body, '');
});

test('takes no more bytes than asked for, declared or not, packed or not', async () => {
  assert.equal((await egress.fetch(at('/large'), { maxBytes: 5000 })).body.length, 5000);
  for (const path of ['/large', '/large-chunked']) {
    await assert.rejects(() => egress.fetch(at(path), { maxBytes: 4999 }), { code: 'too_large' });
  }
  await assert.rejects(() => egress.fetch(at('/bomb'), { maxBytes: 1_000_000 }), { code: 'too_large' });
});

test('unpacks what it asked for, and nothing else', async () => {
  for (const path of ['/gzip', '/br', '/deflate'])
    assert.equal((await egress.fetch(at(path))).body.toString(), 'packed');
  await assert.rejects(() => egress.fetch(at('/nested')), { code: 'upstream_error' });
  await assert.rejects(() => egress.fetch(at('/broken-gzip')), { code: 'upstream_error' });
});

test('a broken connection is an upstream error; none at all too', async () => {
  await assert.rejects(() => egress.fetch(at('/cut')), { code: 'upstream_error' });
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const free = (closed.address() as AddressInfo).port;
  closed.close();
  await once(closed, 'close');
  const guard = createEgress({ allowHosts: ['127.0.0.1'] });
  await assert.rejects(
    () => guard.fetch(`http://127.0.0.1:${free}/?key=hidden`),
    (error: Error) => {
      assert.match(error.message, /127\.0\.0\.1.*ECONNREFUSED/);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    },
  );
});

test('ends in time where headers, body or DNS do not come', async () => {
  for (const path of ['/silent', '/stalls']) {
    await assert.rejects(() => egress.fetch(at(path), { timeout_ms: 30 }), { code: 'upstream_timeout' });
  }
  const stuck = createEgress({ allowHosts: [], resolve: () => new Promise(() => {}) });
  await assert.rejects(() => stuck.fetch('https://example.com/', { timeout_ms: 20 }), { code: 'upstream_timeout' });
});

test('ends with the caller’s own reason', async () => {
  const away = new AbortController();
  const fetching = egress.fetch(at('/stalls'), { signal: away.signal });
  away.abort(new Error('client went away'));
  await assert.rejects(() => fetching, /client went away/);
  await assert.rejects(() => egress.fetch(at('/text'), { signal: away.signal }), /client went away/);
});

test('takes only the media types it was asked for', async () => {
  assert.equal((await egress.fetch(at('/text'), { accept: ['image/*', 'text/plain'] })).status, 200);
  assert.equal((await egress.fetch(at('/text'), { accept: ['text/*'] })).status, 200);
  await assert.rejects(() => egress.fetch(at('/text'), { accept: ['image/*'] }), {
    code: 'invalid_request',
    message: /text\/plain/,
  });
  assert.equal((await echoed(at('/echo'), { accept: ['*/*'] })).headers.accept, '*/*');
});

test('asks with HEAD without waiting for a body', async () => {
  const reply = await egress.fetch(at('/large'), { method: 'HEAD', maxBytes: 10 });
  assert.deepEqual([reply.status, reply.headers['content-length'], reply.body.length], [200, '5000', 0]);
});
