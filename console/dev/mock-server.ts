/**
 * The control plane's shapes without a control plane, and the built console, under the policy that the server sends; for work on the page
 * and for tests of what a healthy server does not show. Never shipped.
 *
 *   node dev/mock-server.ts [--port 8787] [--empty]     sign in with the key `admin` or the link #token=once
 */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as fixtures from './fixtures.ts';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const LIVE_MS = 1000;
const OPERATION_MS = 3000;
const SHOWN = 50;

export interface MockServer {
  url: string;
  /** Paths that answer 500 until they are taken out again. */
  failing: Set<string>;
  close(): Promise<void>;
}

export async function startMockServer(
  options: { port?: number; empty?: boolean; still?: boolean } = {},
): Promise<MockServer> {
  const empty = options.empty ?? false;
  const failing = new Set<string>();
  const tokens = new Set(['once']);
  const started_ms = Date.now();
  const operations = empty
    ? []
    : Array.from({ length: SHOWN }, (_, index) => fixtures.operation(SHOWN - index, started_ms - index * 21_000));

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://mock');
    const signedIn = /\btw_session=mock\b/.test(request.headers.cookie ?? '');
    const json = (status: number, body: unknown): void => {
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(body));
    };
    if (url.pathname.startsWith('/console')) return sendFile(url.pathname, response);
    if (url.pathname === '/') return void response.writeHead(302, { location: '/console/' }).end();
    if (failing.has(url.pathname))
      return json(500, {
        error: { message: 'Something went wrong in Tokenworks; the log has the details.', code: 'internal_error' },
      });
    if (url.pathname === '/admin/v1/session') {
      if (request.method === 'POST') {
        const { token } = JSON.parse(await bodyOf(request)) as { token: string };
        if (token !== 'admin' && !tokens.delete(token))
          return json(401, {
            error: { message: 'That is neither a valid link nor the admin key.', code: 'invalid_key' },
          });
        response.setHeader('set-cookie', 'tw_session=mock; Path=/; HttpOnly; SameSite=Strict');
        return json(200, { signed_in: true });
      }
      if (request.method === 'DELETE') response.setHeader('set-cookie', 'tw_session=; Path=/; Max-Age=0');
      return json(200, { signed_in: request.method === 'GET' && signedIn });
    }
    if (!signedIn) return json(401, { error: { message: 'The admin key is needed.', code: 'invalid_key' } });
    if (url.pathname === '/admin/v1/live') return sendLive(response);
    const operation = operations.find((known) => url.pathname === `/admin/v1/operations/${known.id}`);
    if (operation) return json(200, operation);
    const query = (name: string): string => url.searchParams.get(name) ?? '';
    switch (url.pathname) {
      case '/admin/v1/barometer':
        return json(200, fixtures.barometer(Date.now(), empty));
      case '/admin/v1/usage':
        return json(
          200,
          fixtures.usage(query('group_by'), query('from'), query('to') || new Date().toISOString(), empty),
        );
      case '/admin/v1/budgets':
        return json(200, { data: fixtures.budgets(empty) });
      case '/admin/v1/keys':
        return json(200, { data: fixtures.keys() });
      case '/admin/v1/projects':
        return json(200, {
          data: [{ id: 'default', organisation: 'default', name: 'default', created_at: new Date(0).toISOString() }],
        });
      case '/admin/v1/operations':
        return json(200, { data: operations.slice(0, Number(query('limit')) || SHOWN) });
      default:
        return json(404, { error: { message: `Nothing is served at ${url.pathname}.`, code: 'not_found' } });
    }
  });

  function sendLive(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (event: string, data: unknown): boolean =>
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const tick = (): void => {
      const { at, tokens, requests, per_minute, open } = fixtures.barometer(Date.now(), empty);
      send('barometer', { at, tokens, requests, per_minute, open, dropped: 0 });
    };
    tick();
    const timers = [setInterval(tick, LIVE_MS)];
    if (!empty && !options.still) {
      timers.push(
        setInterval(() => {
          const fresh = fixtures.operation(operations.length + 1, Date.now());
          operations.unshift(fresh);
          send('operation', fixtures.liveOf(fresh));
        }, OPERATION_MS),
      );
    }
    response.on('close', () => timers.forEach(clearInterval));
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failing,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendFile(path: string, response: ServerResponse): void {
  const inside = normalize(path.replace(/^\/console\/?/, '/'));
  const file = join(DIST, inside);
  const found = extname(inside) !== '' && existsSync(file) ? file : join(DIST, 'index.html');
  response.writeHead(200, {
    'content-type': TYPES[extname(found)] ?? 'application/octet-stream',
    'content-security-policy': CSP,
    'x-content-type-options': 'nosniff',
  });
  createReadStream(found).pipe(response);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '8787' }, empty: { type: 'boolean', default: false } },
  });
  const mock = await startMockServer({ port: Number(values.port), empty: values.empty });
  console.log(`${mock.url}/console/#token=once`);
}
