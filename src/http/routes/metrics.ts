/** Prometheus metrics, in a registry of their own. */
import { isIP } from 'node:net';
import type { Context } from 'hono';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { z } from 'zod';
import type { OperationRecord } from '../../contract/operation.ts';
import { USAGE_FIELDS } from '../../contract/usage.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { journalBacklog } from './journal-backlog.ts';

/** Label values of one kind; what comes after them is `other`. */
const MAX_PROVIDERS = 200;
const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function metricRoutes(routes: Routes, services: Services): void {
  const registry = createMetrics(services);
  routes.open(
    {
      method: 'get',
      path: '/metrics',
      tag: 'Server',
      summary: 'Prometheus metrics',
      description: 'Without a key from this machine only; from elsewhere with the admin key.',
      response: z.string(),
      responseType: 'text/plain',
      errors: ['invalid_key', 'not_allowed'],
    },
    async ({ context }) => {
      if (!isLocal(context)) await routes.auth.admin(context);
      context.header('content-type', registry.contentType);
      return context.body(await registry.metrics());
    },
  );
}

/** Whether the caller is on this machine. What a proxy passes on may come from anywhere. */
function isLocal(context: Context): boolean {
  if (context.req.header('x-forwarded-for') !== undefined || context.req.header('forwarded') !== undefined)
    return false;
  const env = context.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined;
  const address = env?.incoming?.socket?.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  return isIP(address) !== 0 && (address === '::1' || address.startsWith('127.'));
}

/** Counts kept as plain numbers: every call passes here, and only a scrape needs them as metrics. */
class Tally {
  readonly #counts = new Map<string, { labels: Record<string, string>; value: number }>();

  add(value: number, labels: Record<string, string>): void {
    const key = Object.values(labels).join('\n');
    const count = this.#counts.get(key);
    if (count) count.value += value;
    else this.#counts.set(key, { labels, value });
  }

  writeTo(counter: Counter): void {
    counter.reset();
    for (const { labels, value } of this.#counts.values()) counter.inc(labels, value);
  }
}

function createMetrics(services: Services): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const providers = new Set<string>();
  const providerLabel = (name: string): string => {
    if (providers.has(name)) return name;
    if (providers.size >= MAX_PROVIDERS) return 'other';
    providers.add(name);
    return name;
  };

  const counter = (name: string, help: string, labelNames: string[]): Tally => {
    const tally = new Tally();
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        tally.writeTo(this);
      },
    });
    return tally;
  };
  const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  };

  const operations = counter('tokenworks_operations_total', 'Client calls that have ended.', ['status', 'surface']);
  const tokens = counter('tokenworks_tokens_total', 'Parts of the usage vector that were used.', ['kind']);
  const attempts = counter('tokenworks_upstream_attempts_total', 'Calls to deployments that have ended.', [
    'provider',
    'status',
  ]);
  const aboveHold = counter(
    'tokenworks_settled_above_hold_total',
    'Settlements that were more than what was held.',
    [],
  );
  const seconds = new Histogram({
    name: 'tokenworks_operation_duration_seconds',
    help: 'From the request to the end of the reply.',
    labelNames: ['surface'],
    buckets: SECONDS,
    registers,
  });
  gauge('tokenworks_open_calls', 'Calls that run now.', () => services.live.open);
  gauge('tokenworks_journal_healthy', '1 while the journal can be written.', () => Number(services.journalHealthy()));
  gauge('tokenworks_journal_backlog_bytes', 'Bytes of the journal that are not in the store yet.', () =>
    journalBacklog(services).catch(() => Number.NaN),
  );
  gauge('tokenworks_ready', '1 while calls are served.', () => Number(services.ready()));
  gauge('tokenworks_start_time_seconds', 'When this process began to serve.', () => services.startedAt_ms / 1000);

  services.live.onSettled((record: OperationRecord) => {
    operations.add(1, { status: record.status, surface: record.surface });
    seconds.observe({ surface: record.surface }, record.total_ms / 1000);
    for (const attempt of record.attempts) {
      attempts.add(1, { provider: providerLabel(attempt.provider), status: attempt.status });
      for (const kind of USAGE_FIELDS) {
        const used = attempt.usage[kind];
        if (used) tokens.add(used, { kind });
      }
    }
    for (const hold of record.holds) {
      // A soft budget holds nothing, so nothing is above it.
      if (hold.held_pico > 0n && hold.settled_pico > hold.held_pico) aboveHold.add(1, {});
    }
  });
  return registry;
}
