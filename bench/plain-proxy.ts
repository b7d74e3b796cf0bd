/**
 * The ceiling: node:http in front, undici behind, nothing between. It bears the cost that any gateway on this runtime has before it does
 * something of use. `node bench/plain-proxy.ts --port P --upstream http://127.0.0.1:9001`
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type Dispatcher, Pool } from 'undici';

export async function startPlainProxy(options: {
  port?: number;
  upstream: string;
}): Promise<{ url: string; close(): Promise<void> }> {
  const pool = new Pool(options.upstream, { connections: 4096, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => forward(pool, request, chunks, response));
  });
  await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await pool.destroy();
    },
  };
}

function forward(pool: Pool, request: IncomingMessage, chunks: Buffer[], response: ServerResponse): void {
  const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
  const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  const method = request.method as Dispatcher.HttpMethod;
  pool.dispatch(
    { path: request.url ?? '/', method, headers, body: body.length > 0 ? body : undefined },
    {
      onRequestStart(controller) {
        response.on('close', () => {
          if (!response.writableFinished) controller.abort(new Error('the client went away'));
        });
        response.on('drain', () => controller.resume());
      },
      onResponseStart(_controller, status, replyHeaders) {
        const { connection: _c, 'keep-alive': _k, 'transfer-encoding': _t, ...kept } = replyHeaders;
        response.writeHead(status, kept);
      },
      onResponseData(controller, chunk) {
        if (!response.write(chunk)) controller.pause();
      },
      onResponseEnd() {
        response.end();
      },
      onResponseError() {
        if (response.headersSent) response.destroy();
        else response.writeHead(502).end();
      },
    },
  );
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', 4096, resolve);
  });
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '9002' },
      upstream: { type: 'string', default: 'http://127.0.0.1:9001' },
    },
  });
  const proxy = await startPlainProxy({ port: Number(values.port), upstream: values.upstream });
  console.log(JSON.stringify({ url: proxy.url, pid: process.pid }));
  process.once('SIGTERM', () => process.exit(0));
}
