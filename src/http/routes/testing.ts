/** The control plane on a real store, without sockets, gateway or journal, for tests. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { OneTimeTokens, openDirectory, openVault, type Principal, sameSecret } from '../../accounts/index.ts';
import type { Clock } from '../../base/clock.ts';
import { parseConfigFile } from '../../config.ts';
import type { OperationRecord } from '../../contract/operation.ts';
import { createEgress } from '../../egress/index.ts';
import { Health } from '../../gateway/health.ts';
import { createLessons } from '../../gateway/lessons.ts';
import { Live } from '../../gateway/live.ts';
import { loadSnapshot, refuseNewProblems } from '../../gateway/snapshot.ts';
import { createLimits } from '../../limits/index.ts';
import { createReflex, type ReflexOptions } from '../../reflex/index.ts';
import type { Store } from '../../store/index.ts';
import { openTestStore } from '../../store/testing.ts';
import { createReports, createUsageQuery, createUsageSink } from '../../usage/index.ts';
import { createControlApp } from '../app.ts';
import type { Services } from '../services.ts';
import { createAnswerCheck } from './testing-answers.ts';

export const ADMIN_KEY = 'tw-admin-test-0123456789';
/** 2026-11-24 09:00 in Shanghai. */
export const NOW_MS = Date.UTC(2026, 10, 24, 1, 0);

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  body: any;
  text: string;
}

export interface TestControl {
  app: OpenAPIHono;
  services: Services;
  store: Store;
  clock: { now_ms: number };
  /** Log lines of level error. */
  errors: string[];
  /** A call with the admin key, or another one; a body is sent as JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
    options?: { key?: string | null; headers?: Record<string, string>; raw?: string },
  ): Promise<Answer>;
  /** Books operations as the journal's loader does. */
  book(...operations: OperationRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface TestControlOptions {
  /** Text of tokenworks.yaml. */
  config?: string;
  env?: Record<string, string>;
  reflex?: Omit<ReflexOptions, 'clock'>;
  services?: Partial<Services>;
}

export async function openTestControl(options: TestControlOptions = {}): Promise<TestControl> {
  const time = { now_ms: NOW_MS };
  const clock: Clock = { now: () => time.now_ms, mono: () => performance.now() };
  const opened = await openTestStore({ clock });
  const { store } = opened;
  const file = parseConfigFile(options.config ?? '', 'tokenworks.yaml', {});
  const config = { ...file, home: opened.home, host: '127.0.0.1', port: 0, logLevel: 'info', env: options.env ?? {} };
  const audit = { actor: 'system', action: 'first', target: 'default' };
  const organisation = {
    id: 'default',
    name: 'default',
    timezone: 'Asia/Shanghai',
    capture: 'metadata' as const,
    tagKeys: ['team'],
    createdAt_ms: NOW_MS,
  };
  const project = { id: 'default', organisation: 'default', name: 'default', createdAt_ms: NOW_MS };
  await store.organisations.create(organisation, audit);
  await store.projects.create(project, audit);

  const vault = openVault(opened.home);
  const directory = await openDirectory(store, vault, clock);
  const reflex = createReflex({ clock, storage: store.reflex, ...options.reflex });
  await reflex.restore();
  const limits = createLimits({ clock });
  const egress = createEgress({ allowHosts: [], resolve: async () => [{ address: '93.184.216.34', family: 4 }] });
  const source = { config, store, vault, clock, loopback: [], reflexModels: () => reflex.models() };
  let snapshot = await loadSnapshot(source);
  const errors: string[] = [];
  const admin: Principal = {
    key: {
      id: 'admin',
      project: 'default',
      organisation: 'default',
      name: 'admin',
      hash: '',
      hint: '',
      actAsUser: true,
      approve: true,
      unpriced: true,
      createdAt_ms: NOW_MS,
    },
    project,
    organisation,
    capture: 'metadata',
    budgets: [],
    wallets: [],
    allows: () => true,
  };
  const services = {
    config,
    clock,
    store,
    usage: createUsageQuery(store),
    reports: createReports(store),
    directory,
    vault,
    limits,
    live: new Live(),
    health: new Health(clock),
    egress,
    reflex,
    lessons: createLessons({ clock, store, reflex }),
    snapshot: () => snapshot,
    async refresh() {
      const [next] = await Promise.all([loadSnapshot(source), directory.refresh()]);
      refuseNewProblems(next, snapshot);
      snapshot = next;
    },
    flushUsage: async () => {},
    admin: (secret: string) => (sameSecret(secret, ADMIN_KEY) ? admin : undefined),
    consoleTokens: new OneTimeTokens(clock),
    journalHealthy: () => true,
    ready: () => true,
    startedAt_ms: NOW_MS,
    version: '0.0.0',
    log: (level: string, message: string, detail?: Record<string, unknown>) => {
      if (level === 'error') errors.push(`${message} ${JSON.stringify(detail)}`);
    },
    ...options.services,
  } as unknown as Services;
  const app = createControlApp(services);
  const check = createAnswerCheck(app);
  const sink = createUsageSink(store);
  const segment = crypto.randomUUID();
  let position = 0;

  return {
    app,
    services,
    store,
    clock: time,
    errors,
    async call(method, path, body, { key = ADMIN_KEY, headers = {}, raw } = {}) {
      const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await app.request(path, {
        method,
        headers: { ...(key !== null && { authorization: `Bearer ${key}` }), ...headers },
        body: sent,
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json');
      const answer = isJson ? JSON.parse(text) : text;
      // Anthropic's shapes come on paths that both vendors have; the document has OpenAI's.
      if (isJson && response.status !== 405 && !headers['anthropic-version'])
        check(method, path, response.status, answer);
      return { status: response.status, headers: response.headers, text, body: answer };
    },
    async book(...operations) {
      await sink.append({ segment, from: position, to: position + 1, operations, postings: [] });
      position++;
    },
    async close() {
      await reflex.close();
      await limits.close();
      await egress.close();
      await opened.close();
    },
  };
}

export function testOperation(change: Partial<OperationRecord> = {}): OperationRecord {
  const at_ms = change.at_ms ?? NOW_MS - 60_000;
  return {
    id: 'op_1',
    at_ms,
    organisation: 'default',
    project: 'default',
    key: 'key_1',
    tags: { team: 'voc' },
    surface: 'chat',
    model: 'mock/m',
    deployment: 'mock/m',
    stream: false,
    status: 'completed',
    total_ms: 120,
    attempts: [
      {
        index: 0,
        deployment: 'mock/m',
        provider: 'mock',
        model: 'm',
        status: 'completed',
        at_ms,
        total_ms: 110,
        ttft_ms: 20,
        usage: { input: 1000, output: 200, reasoning: 50 },
        usageSource: 'provider',
        rawUsage: { prompt_tokens: 1000 },
        cost_pico: 1_234_000_000n,
        currency: 'USD',
        priceId: 'price_1',
      },
    ],
    charge_pico: 1_234_000_000n,
    chargeCurrency: 'USD',
    holds: [],
    ...change,
  };
}
