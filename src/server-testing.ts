/** The whole server in this process, on a fresh home and a free port, in front of a mock upstream; for tests. */
import { rm } from 'node:fs/promises';
import { type MockOptions, type MockUpstream, startMockUpstream } from '../bench/mock-upstream.ts';
import { newId, newSecret } from './base/ids.ts';
import { parseDecimal } from './base/money.ts';
import { type Config, loadConfig, parseConfigFile } from './config.ts';
import type { ApiKey, Budget } from './contract/records.ts';
import { type RunningServer, startServer } from './server.ts';
import type { Store } from './store/index.ts';
import { makeTestHome } from './store/testing.ts';

export interface TestServer {
  url: string;
  mock: MockUpstream;
  server: RunningServer;
  store: Store;
  adminKey: string;
  /** Makes a key and answers its secret. */
  key(options?: Partial<ApiKey>): Promise<{ id: string; secret: string }>;
  budget(scopeId: string, amount: string, options?: Partial<Budget>): Promise<Budget>;
  post(path: string, body: unknown, secret: string, headers?: Record<string, string>): Promise<Response>;
  /** Stops and starts again on the same home. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const audit = { actor: 'test', action: 'test', target: 'test' };

/** Providers `mock` (OpenAI), `claude`, `gemini`, `ark` and `ollama`, all the same mock; each serves test-model at 1 in, 4 out, 0.1 cached USD a million. */
export function testConfig(mockUrl: string, more = ''): string {
  const price = 'price: { currency: USD, unit: 1M_tokens, input: "1.00", output: "4.00", cache_read: "0.10" }';
  const provider = (name: string, protocol: string, path: string): string =>
    `  - { name: ${name}, protocol: ${protocol}, base_url: "${mockUrl}${path}", api_key: sk-mock, models: [{ id: test-model, ${price} }, { id: unpriced-model }] }`;
  return [
    'providers:',
    provider('mock', 'openai', '/v1'),
    provider('claude', 'anthropic', ''),
    provider('gemini', 'gemini', '/v1beta'),
    provider('ark', 'ark', '/api/v3'),
    provider('ollama', 'ollama', ''),
    more,
  ].join('\n');
}

export async function startTestServer(
  options: { config?: string; mock?: MockOptions; fullConfig?: (mockUrl: string) => string } = {},
): Promise<TestServer> {
  const mock = await startMockUpstream(options.mock ?? {});
  const home = await makeTestHome();
  const text = options.fullConfig?.(mock.url) ?? testConfig(mock.url, options.config);
  const base = loadConfig({ home, port: 0 }, {}, home);
  const config: Config = { ...base, ...parseConfigFile(text, 'test.yaml', {}), logLevel: 'silent' };
  let server = await startServer(config, { version: 'test' });
  const test: TestServer = {
    url: server.url,
    mock,
    server,
    store: server.services.store,
    adminKey: server.adminKey,
    async key(own = {}) {
      const secret = newSecret('tw');
      const id = newId('key');
      await test.store.keys.create(
        {
          project: 'default',
          organisation: 'default',
          name: 'test',
          hint: 'tw-…',
          actAsUser: false,
          approve: false,
          unpriced: true,
          createdAt_ms: Date.now(),
          ...own,
          id,
          hash: test.server.services.vault.fingerprint(secret),
        },
        audit,
      );
      await test.server.services.refresh();
      return { id, secret };
    },
    async budget(scopeId, amount, own = {}) {
      const budget: Budget = {
        id: newId('bud'),
        scope: 'key',
        scopeId,
        amount_pico: parseDecimal(amount),
        currency: 'USD',
        window: 'total',
        hard: true,
        alertPercents: [],
        createdAt_ms: Date.now(),
        ...own,
      };
      await test.store.budgets.create(budget, undefined, audit);
      await test.server.services.refresh();
      return budget;
    },
    post(path, body, secret, headers = {}) {
      return fetch(test.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}`, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    },
    async restart() {
      await server.close();
      server = await startServer(config, { version: 'test' });
      Object.assign(test, { url: server.url, server, store: server.services.store });
    },
    async close() {
      await server.close();
      await mock.close();
      await rm(home, { recursive: true, force: true });
    },
  };
  return test;
}

/** A chat call whose prompt tells the mock what to do. */
export function chat(prompt: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: 'mock/test-model', messages: [{ role: 'user', content: prompt }], ...more };
}

/** The operation of an answer, once the journal is loaded. */
export async function operationOf(test: TestServer, answer: Response) {
  const id = answer.headers.get('x-tokenworks-operation')!;
  for (let tries = 0; tries < 100; tries++) {
    await test.server.services.flushUsage();
    const record = await test.store.operations.get(id);
    if (record) return record;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`operation ${id} is not in the ledger`);
}
