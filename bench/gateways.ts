/** The programs that the bench compares, each started alone on the gateways' core. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadTarget } from './http/connection.ts';
import { type Child, freePort, ROOT, start, startScript, untilAnswers } from './process.ts';
import { TokenworksServer } from './tokenworks-server.ts';

export const GATEWAY_CORE = 0;
export const LOAD_CORE = 1;

export interface Running {
  name: string;
  /** Absent for the upstream itself. */
  pid?: number;
  target(body: Record<string, unknown>): LoadTarget;
  stop(): Promise<void>;
  /** Only for Tokenworks. */
  server?: TokenworksServer;
}

export interface Gateway {
  name: string;
  /** Why it can't be measured here. */
  missing?(): string | undefined;
  /** `upstream` is `http://127.0.0.1:PORT`. */
  start(upstream: string): Promise<Running>;
}

const PATH = '/v1/chat/completions';

function targetOf(url: string, headers: Record<string, string>, model: string): Running['target'] {
  return (body) => ({ url, path: PATH, headers, body: JSON.stringify({ model, ...body }) });
}

export const direct: Gateway = {
  name: 'direct',
  start: async (upstream) => ({
    name: 'direct',
    target: targetOf(upstream, { authorization: 'Bearer none' }, 'test-model'),
    stop: async () => {},
  }),
};

export const plain: Gateway = {
  name: 'plain proxy',
  start: async (upstream) => {
    const port = await freePort();
    const child = startScript('bench/plain-proxy.ts', ['--port', String(port), '--upstream', upstream], {
      core: GATEWAY_CORE,
    });
    return running('plain proxy', child, port, {});
  },
};

const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'].find((file) => existsSync(file));

export const nginx: Gateway = {
  name: 'nginx',
  missing: () => (NGINX ? undefined : 'nginx is not installed (apt-get install nginx-light)'),
  start: async (upstream) => {
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), 'tokenworks-nginx-'));
    const file = join(folder, 'nginx.conf');
    await writeFile(file, nginxConfig(port, new URL(upstream).host, folder));
    const child = start(NGINX!, ['-e', join(folder, 'error.log'), '-p', folder, '-c', file], { core: GATEWAY_CORE });
    const found = await running('nginx', child, port, {});
    return {
      ...found,
      stop: async () => {
        await found.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
};

/** One worker, keep-alive on both sides, no buffering (streams must flow), no access log. */
function nginxConfig(port: number, upstream: string, folder: string): string {
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  upstream provider { server ${upstream}; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
}

export const portkey: Gateway = {
  name: 'portkey',
  missing: () => (portkeyScript() ? undefined : '@portkey-ai/gateway is not installed (node scripts/prepare.js bench)'),
  start: async (upstream) => {
    const port = await freePort();
    const child = startScript(portkeyScript()!, ['--headless', `--port=${port}`], {
      core: GATEWAY_CORE,
      env: { NODE_ENV: 'production' },
    });
    return running('portkey', child, port, {
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${upstream}/v1`,
    });
  },
};

function portkeyScript(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@portkey-ai/gateway/build/start-server.js');
  } catch {
    const file = join(ROOT, 'bench/node_modules/@portkey-ai/gateway/build/start-server.js');
    return existsSync(file) ? file : undefined;
  }
}

/** Everything on: a key with a hard budget, limits of each kind, journal, metering and ledger. */
export const tokenworks: Gateway = {
  name: 'tokenworks',
  start: (upstream) => startTokenworks(upstream),
};

export async function startTokenworks(
  upstream: string,
  options: { home?: string; core?: number | undefined } = {},
): Promise<Running> {
  const server = await TokenworksServer.start({
    home: options.home,
    core: 'core' in options ? options.core : GATEWAY_CORE,
    config: {
      providers: [
        {
          name: 'mock',
          protocol: 'openai',
          base_url: `${upstream}/v1`,
          api_key: 'none',
          models: [{ id: 'test-model', price: { currency: 'USD', unit: '1M_tokens', input: '1.00', output: '4.00' } }],
        },
      ],
    },
  });
  const { secret } = await server.createKey({
    name: 'bench',
    budget: { amount: '1000000', currency: 'USD', window: 'total', hard: true },
    rpm: 100_000_000,
    tpm: 2_000_000_000,
    concurrency: 100_000,
  });
  return {
    name: 'tokenworks',
    pid: server.pid,
    server,
    target: targetOf(server.url, { authorization: `Bearer ${secret}` }, 'mock/test-model'),
    stop: () => server.remove(),
  };
}

async function running(name: string, child: Child, port: number, headers: Record<string, string>): Promise<Running> {
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(url, child);
  return {
    name,
    pid: child.pid,
    target: targetOf(url, { authorization: 'Bearer none', ...headers }, 'test-model'),
    stop: () => child.stop(),
  };
}
