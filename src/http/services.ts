import type { Directory, OneTimeTokens, Principal, Vault } from '../accounts/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config.ts';
import type { Egress } from '../egress/index.ts';
import type { Alerts } from '../gateway/alerts.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Health } from '../gateway/health.ts';
import type { Lessons } from '../gateway/lessons.ts';
import type { Live } from '../gateway/live.ts';
import type { Loaded } from '../gateway/snapshot.ts';
import type { Limits } from '../limits/index.ts';
import type { Reflex } from '../reflex/index.ts';
import type { Store } from '../store/index.ts';
import type { Reports, UsageQuery } from '../usage/index.ts';

/** What the routes work with; put together once, in server.ts. */
export interface Services {
  config: Config;
  clock: Clock;
  store: Store;
  usage: UsageQuery;
  reports: Reports;
  directory: Directory;
  vault: Vault;
  limits: Limits;
  gateway: Gateway;
  live: Live;
  health: Health;
  alerts: Alerts;
  lessons: Lessons;
  egress: Egress;
  reflex: Reflex;
  snapshot(): Loaded;
  /** Reads keys, budgets, prices and providers anew; after every write to them. Throws AppError where the write can not be used. */
  refresh(): Promise<void>;
  /** The same for what another process has changed: what can not be used of it is left out, and the doctor names it. */
  adopt(): Promise<void>;
  /** Loads the journal into the store, so that it has every call whose reply has ended. */
  flushUsage(): Promise<void>;
  /** The principal of the admin key, when the secret is that key. */
  admin(secret: string): Principal | undefined;
  /** Links that sign in to the console once. */
  consoleTokens: OneTimeTokens;
  /** False while the journal can not be written. */
  journalHealthy(): boolean;
  /** True once the journal is loaded and calls are served. */
  ready(): boolean;
  startedAt_ms: number;
  version: string;
  /** Folder of the built console, if it was built. */
  consoleDir?: string;
  log(level: 'info' | 'warn' | 'error', message: string, detail?: Record<string, unknown>): void;
}
