/** The nouns that the store keeps and the control plane shows. Times are milliseconds since 1970; money is pico-units. */
import type { Pico } from '../base/money.ts';

export type CapturePolicy = 'none' | 'metadata' | 'full';
export type BudgetWindow = 'total' | 'day' | 'month';
export type BudgetScope = 'organisation' | 'project' | 'key' | 'agent';
/** Where a row comes from; `file` rows are owned by tokenworks.yaml and can't be written through the API. */
export type ManagedBy = 'file' | 'api' | 'builtin';

export interface Organisation {
  id: string;
  name: string;
  /** IANA zone of its days, months and invoices. */
  timezone: string;
  capture: CapturePolicy;
  /** Tag keys that are rolled up (chargeback); others are kept on the operation only. */
  tagKeys: string[];
  createdAt_ms: number;
}

export interface Project {
  id: string;
  organisation: string;
  name: string;
  /** Absent: the organisation's. */
  capture?: CapturePolicy;
  createdAt_ms: number;
}

export interface ApiKey {
  id: string;
  project: string;
  organisation: string;
  name: string;
  /** HMAC-SHA256 of the secret under the installation's key, hex. */
  hash: string;
  /** First and last characters of the secret, for people to tell keys apart. */
  hint: string;
  rpm?: number;
  tpm?: number;
  concurrency?: number;
  /** Model names or patterns (`openai/*`) that the key may call; absent: all. */
  models?: string[];
  actAsUser: boolean;
  approve: boolean;
  /** false: models without a price are refused. */
  unpriced: boolean;
  capture?: CapturePolicy;
  expiresAt_ms?: number;
  revokedAt_ms?: number;
  createdAt_ms: number;
}

export interface Budget {
  id: string;
  scope: BudgetScope;
  /** Id of the organisation, project, key or agent. */
  scopeId: string;
  amount_pico: Pico;
  currency: string;
  window: BudgetWindow;
  hard: boolean;
  /** Shares of the amount at which an alert is sent, in percent, ascending. */
  alertPercents: number[];
  webhook?: string;
  createdAt_ms: number;
}

/** Prepaid credit of an organisation or project. Its balance is a sum of ledger entries. */
export interface Wallet {
  id: string;
  scope: 'organisation' | 'project';
  scopeId: string;
  currency: string;
  createdAt_ms: number;
}

export interface WalletBalance {
  wallet: string;
  /** All that was ever paid in, less what expired or was taken back. */
  credited_pico: Pico;
  /** All that was ever charged to it. */
  spent_pico: Pico;
}

/** One row of a price book. The body is what billing/ understands; the store keeps it whole and never rewrites it. */
export interface PriceRecord {
  id: string;
  book: 'cost' | 'sell';
  /** Price-book provider (`openai`, `volcengine-ark`) or the name of a configured provider. */
  provider: string;
  model: string;
  currency: string;
  /** JSON of the bands, multipliers and limits; the schema is billing's `PriceBody`. */
  body: unknown;
  effectiveFrom_ms: number;
  effectiveTo_ms?: number;
  managedBy: ManagedBy;
  createdAt_ms: number;
}

export interface FxRate {
  id: string;
  base: string;
  quote: string;
  /** How many units of `quote` one unit of `base` is worth, in pico (10^-12). */
  rate_pico: Pico;
  effectiveFrom_ms: number;
  source?: string;
  createdAt_ms: number;
}

export interface ProviderRecord {
  name: string;
  /** The provider's entry as tokenworks.yaml would hold it, without its secrets. */
  config: Record<string, unknown>;
  /** Secrets, sealed with AES-256-GCM under the installation's key file. */
  sealed?: string;
  createdAt_ms: number;
}

export interface AliasRecord {
  name: string;
  config: Record<string, unknown>;
  createdAt_ms: number;
}

export interface AuditEntry {
  id: string;
  at_ms: number;
  organisation?: string;
  /** Key id, `admin`, `file` or `system`. */
  actor: string;
  /** `key.create`, `budget.update` … */
  action: string;
  target: string;
  detail?: Record<string, unknown>;
}

export interface AlertRecord {
  id: string;
  at_ms: number;
  organisation: string;
  /** `budget_share`, `settled_above_hold`, `unreconciled` … */
  kind: string;
  subject: string;
  detail: Record<string, unknown>;
  /** When its webhook was delivered, if it has one. */
  deliveredAt_ms?: number;
}

export interface InvoiceLine {
  description: string;
  operations: number;
  /** Rounded once to the currency's smallest unit, half to even, then kept as pico. */
  amount_pico: Pico;
}

export interface Invoice {
  id: string;
  organisation?: string;
  project?: string;
  /** `2026-11`, in the organisation's time zone. */
  period: string;
  currency: string;
  lines: InvoiceLine[];
  subtotal_pico: Pico;
  taxRate?: string;
  tax_pico: Pico;
  total_pico: Pico;
  createdAt_ms: number;
}

/** One side of a double entry. Within a posting the amounts of each currency add up to 0. Debits are positive. */
export interface Entry {
  account: string;
  currency: string;
  amount_pico: Pico;
}

/** A balanced set of entries. */
export interface Posting {
  id: string;
  at_ms: number;
  /** `settle`, `hold`, `release`, `top_up`, `expire`, `credit`, `invoice_tax` … */
  kind: string;
  /** What it belongs to: journal segment and range, wallet id, invoice id. */
  reference: string;
  entries: Entry[];
}

export interface OutcomeRecord {
  id: string;
  at_ms: number;
  project: string;
  operation?: string;
  run?: string;
  kind: string;
  value_pico?: Pico;
  currency?: string;
  minutesSaved?: number;
  idempotencyKey?: string;
}
