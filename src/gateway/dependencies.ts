/** What the gateway works with. */
import type { Directory, Vault } from '../accounts/index.ts';
import type { Clock } from '../base/clock.ts';
import type { FxTable, PriceBook } from '../billing/index.ts';
import type { Journal } from '../billing/journal/index.ts';
import type { Egress } from '../egress/index.ts';
import type { Limits } from '../limits/index.ts';
import type { Reflex } from '../reflex/index.ts';
import type { Store } from '../store/index.ts';
import type { Alerts } from './alerts.ts';
import type { Captures } from './captures.ts';
import type { Catalogue } from './catalogue.ts';
import type { Health } from './health.ts';
import type { Idempotency } from './idempotency.ts';
import type { Lessons } from './lessons.ts';
import type { Live } from './live.ts';

/** What changes when somebody changes keys, prices or providers; replaced whole. */
export interface Snapshot {
  catalogue: Catalogue;
  book: PriceBook;
  fx: FxTable;
  spent(budget: string, window: string): bigint;
  credited(wallet: string): bigint;
}

export interface GatewayDependencies {
  clock: Clock;
  directory: Directory;
  limits: Limits;
  journal: Journal;
  store: Store;
  vault: Vault;
  egress: Egress;
  reflex: Reflex;
  health: Health;
  live: Live;
  alerts: Alerts;
  captures: Captures;
  lessons: Lessons;
  snapshot(): Snapshot;
  holdWait_ms: number;
  defaultMaxOutput: number;
  /** How long a cascade waits for Reflex. */
  cascadeWait_ms: number;
  maxOpen: number;
  log(level: 'warn' | 'error', message: string, detail?: Record<string, unknown>): void;
}

export interface GatewayState {
  deps: GatewayDependencies;
  idempotency: Idempotency;
  draining: boolean;
}
