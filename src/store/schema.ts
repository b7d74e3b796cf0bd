/**
 * The tables, as drizzle knows them. Property names are those of the records in `contract/`, so that a row is a record but for its nulls.
 * Money is `numeric(38,0)` (int8 pico would end at 9.2 million units); counts and times are int8, read as numbers.
 * `operations` is partitioned by UTC day, which drizzle can't say: its migration is edited by hand, and schema.test.ts compares the two.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  index,
  integer,
  json,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { AttemptRecord, CascadeRecord, OperationHold, OperationStatus } from '../contract/operation.ts';
import type {
  BudgetScope,
  BudgetWindow,
  CapturePolicy,
  Entry,
  InvoiceLine,
  ManagedBy,
  Organisation,
  Wallet,
} from '../contract/records.ts';

const count = (name: string) => bigint(name, { mode: 'number' });
const time_ms = (name: string) => bigint(name, { mode: 'number' });
/** Bytes. The driver writes and reads them as Buffer. */
const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' });
const pico = (name: string) => numeric(name, { precision: 38, scale: 0, mode: 'bigint' });

export const counters = pgTable('counters', {
  name: text('name').primaryKey(),
  value: count('value').notNull(),
});

export const settings = pgTable('settings', {
  name: text('name').primaryKey(),
  value: json('value').notNull(),
});

export const organisations = pgTable('organisations', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  timezone: text('timezone').notNull(),
  capture: text('capture').$type<CapturePolicy>().notNull(),
  tagKeys: json('tag_keys').$type<Organisation['tagKeys']>().notNull(),
  createdAt_ms: time_ms('created_at_ms').notNull(),
});

export const projects = pgTable(
  'projects',
  {
    id: text('id').primaryKey(),
    organisation: text('organisation')
      .notNull()
      .references(() => organisations.id),
    name: text('name').notNull(),
    capture: text('capture').$type<CapturePolicy>(),
    createdAt_ms: time_ms('created_at_ms').notNull(),
  },
  (table) => [index('projects_by_organisation').on(table.organisation)],
);

export const keys = pgTable(
  'keys',
  {
    id: text('id').primaryKey(),
    project: text('project')
      .notNull()
      .references(() => projects.id),
    organisation: text('organisation')
      .notNull()
      .references(() => organisations.id),
    name: text('name').notNull(),
    hash: text('hash').notNull(),
    hint: text('hint').notNull(),
    rpm: count('rpm'),
    tpm: count('tpm'),
    concurrency: count('concurrency'),
    models: json('models').$type<string[]>(),
    actAsUser: boolean('act_as_user').notNull(),
    approve: boolean('approve').notNull(),
    unpriced: boolean('unpriced').notNull(),
    capture: text('capture').$type<CapturePolicy>(),
    expiresAt_ms: time_ms('expires_at_ms'),
    revokedAt_ms: time_ms('revoked_at_ms'),
    createdAt_ms: time_ms('created_at_ms').notNull(),
  },
  (table) => [
    uniqueIndex('keys_by_hash').on(table.hash),
    index('keys_by_project').on(table.project),
    index('keys_by_age').on(table.createdAt_ms, table.id),
  ],
);

export const budgets = pgTable(
  'budgets',
  {
    id: text('id').primaryKey(),
    scope: text('scope').$type<BudgetScope>().notNull(),
    scopeId: text('scope_id').notNull(),
    amount_pico: pico('amount_pico').notNull(),
    currency: text('currency').notNull(),
    window: text('window').$type<BudgetWindow>().notNull(),
    hard: boolean('hard').notNull(),
    alertPercents: json('alert_percents').$type<number[]>().notNull(),
    webhook: text('webhook'),
    createdAt_ms: time_ms('created_at_ms').notNull(),
  },
  (table) => [index('budgets_by_scope').on(table.scope, table.scopeId)],
);

export const budgetSpends = pgTable(
  'budget_spends',
  {
    budget: text('budget').notNull(),
    window: text('window').notNull(),
    spent_pico: pico('spent_pico').notNull(),
  },
  (table) => [primaryKey({ columns: [table.budget, table.window] })],
);

export const wallets = pgTable(
  'wallets',
  {
    id: text('id').primaryKey(),
    scope: text('scope').$type<Wallet['scope']>().notNull(),
    scopeId: text('scope_id').notNull(),
    currency: text('currency').notNull(),
    createdAt_ms: time_ms('created_at_ms').notNull(),
  },
  (table) => [index('wallets_by_scope').on(table.scope, table.scopeId)],
);

export const postings = pgTable(
  'postings',
  {
    id: text('id').primaryKey(),
    at_ms: time_ms('at_ms').notNull(),
    kind: text('kind').notNull(),
    reference: text('reference').notNull(),
  },
  (table) => [index('postings_by_age').on(table.at_ms, table.id), index('postings_by_reference').on(table.reference)],
);

export const entries = pgTable(
  'entries',
  {
    posting: text('posting').notNull(),
    /** Place in its posting. */
    line: integer('line').notNull(),
    account: text('account').notNull(),
    currency: text('currency').notNull(),
    amount_pico: pico('amount_pico').$type<Entry['amount_pico']>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.posting, table.line] }), index('entries_by_account').on(table.account)],
);

/** Sums of the entries per account, currency and kind of posting, kept in the entries' own transactions. */
export const accountBalances = pgTable(
  'account_balances',
  {
    account: text('account').notNull(),
    currency: text('currency').notNull(),
    kind: text('kind').notNull(),
    amount_pico: pico('amount_pico').notNull(),
  },
  (table) => [primaryKey({ columns: [table.account, table.currency, table.kind] })],
);

export const prices = pgTable(
  'prices',
  {
    id: text('id').primaryKey(),
    book: text('book').$type<'cost' | 'sell'>().notNull(),
    provider: text('provider').notNull(),
    model: text('model').notNull(),
    currency: text('currency').notNull(),
    body: json('body').notNull(),
    effectiveFrom_ms: time_ms('effective_from_ms').notNull(),
    effectiveTo_ms: time_ms('effective_to_ms'),
    managedBy: text('managed_by').$type<ManagedBy>().notNull(),
    createdAt_ms: time_ms('created_at_ms').notNull(),
  },
  (table) => [index('prices_by_model').on(table.book, table.provider, table.model)],
);

export const fxRates = pgTable('fx_rates', {
  id: text('id').primaryKey(),
  base: text('base').notNull(),
  quote: text('quote').notNull(),
  rate_pico: pico('rate_pico').notNull(),
  effectiveFrom_ms: time_ms('effective_from_ms').notNull(),
  source: text('source'),
  createdAt_ms: time_ms('created_at_ms').notNull(),
});

export const providers = pgTable('providers', {
  name: text('name').primaryKey(),
  config: json('config').$type<Record<string, unknown>>().notNull(),
  sealed: text('sealed'),
  createdAt_ms: time_ms('created_at_ms').notNull(),
});

export const aliases = pgTable('aliases', {
  name: text('name').primaryKey(),
  config: json('config').$type<Record<string, unknown>>().notNull(),
  createdAt_ms: time_ms('created_at_ms').notNull(),
});

export const audit = pgTable(
  'audit',
  {
    id: text('id').primaryKey(),
    at_ms: time_ms('at_ms').notNull(),
    organisation: text('organisation'),
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    target: text('target').notNull(),
    detail: json('detail').$type<Record<string, unknown>>(),
  },
  (table) => [index('audit_by_age').on(table.at_ms, table.id)],
);

export const alerts = pgTable(
  'alerts',
  {
    id: text('id').primaryKey(),
    at_ms: time_ms('at_ms').notNull(),
    organisation: text('organisation').notNull(),
    kind: text('kind').notNull(),
    subject: text('subject').notNull(),
    detail: json('detail').$type<Record<string, unknown>>().notNull(),
    deliveredAt_ms: time_ms('delivered_at_ms'),
  },
  (table) => [
    index('alerts_by_age').on(table.at_ms, table.id),
    index('alerts_undelivered').on(table.at_ms).where(sql`delivered_at_ms is null`),
  ],
);

export const invoices = pgTable(
  'invoices',
  {
    id: text('id').primaryKey(),
    organisation: text('organisation'),
    project: text('project'),
    period: text('period').notNull(),
    currency: text('currency').notNull(),
    subtotal_pico: pico('subtotal_pico').notNull(),
    taxRate: text('tax_rate'),
    tax_pico: pico('tax_pico').notNull(),
    total_pico: pico('total_pico').notNull(),
    createdAt_ms: time_ms('created_at_ms').notNull(),
  },
  (table) => [index('invoices_by_age').on(table.createdAt_ms, table.id)],
);

export const invoiceLines = pgTable(
  'invoice_lines',
  {
    invoice: text('invoice')
      .notNull()
      .references(() => invoices.id),
    line: integer('line').notNull(),
    description: text('description').notNull(),
    operations: count('operations').notNull(),
    amount_pico: pico('amount_pico').$type<InvoiceLine['amount_pico']>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.invoice, table.line] })],
);

export const outcomes = pgTable(
  'outcomes',
  {
    id: text('id').primaryKey(),
    at_ms: time_ms('at_ms').notNull(),
    project: text('project').notNull(),
    operation: text('operation'),
    run: text('run'),
    kind: text('kind').notNull(),
    value_pico: pico('value_pico'),
    currency: text('currency'),
    minutesSaved: doublePrecision('minutes_saved'),
    idempotencyKey: text('idempotency_key'),
  },
  (table) => [
    uniqueIndex('outcomes_once').on(table.project, table.idempotencyKey),
    index('outcomes_by_age').on(table.at_ms, table.id),
  ],
);

export const replies = pgTable(
  'replies',
  {
    key: text('key').notNull(),
    path: text('path').notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    bodyHash: text('body_hash').notNull(),
    operation: text('operation').notNull(),
    status: integer('status').notNull(),
    sealed: text('sealed').notNull(),
    expiresAt_ms: time_ms('expires_at_ms').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.key, table.path, table.idempotencyKey] }),
    index('replies_by_expiry').on(table.expiresAt_ms),
  ],
);

export const captures = pgTable(
  'captures',
  {
    operation: text('operation').primaryKey(),
    at_ms: time_ms('at_ms').notNull(),
    project: text('project').notNull(),
    user: text('user'),
    request: text('request').notNull(),
    reply: text('reply').notNull(),
    expiresAt_ms: time_ms('expires_at_ms').notNull(),
  },
  (table) => [
    index('captures_by_user').on(table.project, table.user),
    index('captures_by_expiry').on(table.expiresAt_ms),
  ],
);

export const journalSegments = pgTable('journal_segments', {
  id: text('id').primaryKey(),
  position: count('position').notNull(),
});

/** One row per client call; its attempts and holds inside. The id alone is not a key, because a partitioned table's key has to hold the day. */
export const operations = pgTable(
  'operations',
  {
    id: text('id').notNull(),
    at_ms: time_ms('at_ms').notNull(),
    organisation: text('organisation').notNull(),
    project: text('project').notNull(),
    key: text('key').notNull(),
    user: text('user'),
    tags: jsonb('tags').$type<Record<string, string>>().notNull(),
    surface: text('surface').notNull(),
    model: text('model').notNull(),
    deployment: text('deployment').notNull(),
    stream: boolean('stream').notNull(),
    status: text('status').$type<OperationStatus>().notNull(),
    errorCode: text('error_code'),
    total_ms: doublePrecision('total_ms').notNull(),
    ttft_ms: doublePrecision('ttft_ms'),
    attempts: jsonb('attempts').$type<AttemptRecord[]>().notNull(),
    charge_pico: pico('charge_pico'),
    chargeCurrency: text('charge_currency'),
    sellPriceId: text('sell_price_id'),
    holds: jsonb('holds').$type<OperationHold[]>().notNull(),
    agent: text('agent'),
    run: text('run'),
    cascade: jsonb('cascade').$type<CascadeRecord>(),
  },
  (table) => [
    primaryKey({ columns: [table.at_ms, table.id] }),
    index('operations_by_id').on(table.id),
    index('operations_by_project').on(table.project, table.at_ms),
  ],
);

const dimensions = {
  /** Start of the quarter-hour, milliseconds since 1970. */
  quarter_ms: time_ms('quarter_ms').notNull(),
  /** First 128 bits of a SHA-256 over the dimensions: a key of fixed size, whatever the names are. */
  dims: uuid('dims').notNull(),
  organisation: text('organisation').notNull(),
  project: text('project').notNull(),
  key: text('key').notNull(),
  /** As the client asked for it. */
  model: text('model').notNull(),
  deployment: text('deployment').notNull(),
  provider: text('provider').notNull(),
  agent: text('agent').notNull(),
  /** Of the row's amounts; '' when it has none. */
  currency: text('currency').notNull(),
};

const measures = {
  requests: count('requests').notNull(),
  attempts: count('attempts').notNull(),
  errors: count('errors').notNull(),
  estimated: count('estimated').notNull(),
  unreconciled: count('unreconciled').notNull(),
  unpriced: count('unpriced').notNull(),
  input: count('input').notNull(),
  cache_read: count('cache_read').notNull(),
  cache_write_5m: count('cache_write_5m').notNull(),
  cache_write_1h: count('cache_write_1h').notNull(),
  cache_storage: count('cache_storage').notNull(),
  output: count('output').notNull(),
  reasoning: count('reasoning').notNull(),
  audio_in: count('audio_in').notNull(),
  audio_out: count('audio_out').notNull(),
  image_in: count('image_in').notNull(),
  image_out: count('image_out').notNull(),
  images: count('images').notNull(),
  seconds: count('seconds').notNull(),
  searches: count('searches').notNull(),
  calls: count('calls').notNull(),
  cost_pico: pico('cost_pico').notNull(),
  charge_pico: pico('charge_pico').notNull(),
  /** Requests to cascades that Reflex answered, and those that it passed on. */
  cascade_reflex: count('cascade_reflex').notNull().default(0),
  cascade_passed: count('cascade_passed').notNull().default(0),
  /** What the large models would have taken, in the row's currency. */
  saved_tokens: count('saved_tokens').notNull().default(0),
  saved_ms: count('saved_ms').notNull().default(0),
  saved_pico: pico('saved_pico').notNull().default(sql`0`),
};

export const rollups = pgTable('rollups', { ...dimensions, ...measures }, (table) => [
  primaryKey({ columns: [table.quarter_ms, table.dims] }),
  index('rollups_by_organisation').on(table.organisation, table.quarter_ms),
]);

/** The same sums split by the organisation's declared tags, for organisations that declare any: each operation is in one row of it. */
export const tagRollups = pgTable(
  'tag_rollups',
  {
    ...dimensions,
    /** The declared tags that the operation bore. */
    tags: jsonb('tags').$type<Record<string, string>>().notNull(),
    ...measures,
  },
  (table) => [
    primaryKey({ columns: [table.quarter_ms, table.dims] }),
    index('tag_rollups_by_organisation').on(table.organisation, table.quarter_ms),
  ],
);

/** All-time sums per organisation; '' is the whole installation. */
export const usageTotals = pgTable('usage_totals', {
  organisation: text('organisation').primaryKey(),
  tokens: count('tokens').notNull(),
  requests: count('requests').notNull(),
  errors: count('errors').notNull(),
});

/** When a total first passed 1, 2 or 5 times a power of ten. */
export const milestones = pgTable(
  'milestones',
  {
    organisation: text('organisation').notNull(),
    tokens: count('tokens').notNull(),
    at_ms: time_ms('at_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.organisation, table.tokens] })],
);

/** Reflex models by their registry name. `active` is the version that answers; 0 while none was trained. */
export const reflexModels = pgTable('reflex_models', {
  model: text('model').primaryKey(),
  project: text('project').notNull(),
  active: count('active').notNull(),
  /** The newest version and change that were given out; neither number is used twice. */
  lastVersion: count('last_version').notNull(),
  lastChange: count('last_change').notNull(),
  createdAt_ms: time_ms('created_at_ms').notNull(),
});

/** One training. It is there only when all of its blocks are. */
export const reflexVersions = pgTable(
  'reflex_versions',
  {
    model: text('model')
      .notNull()
      .references(() => reflexModels.model, { onDelete: 'cascade' }),
    version: count('version').notNull(),
    /** SHA-256 of the model's bytes, hexadecimal. */
    hash: text('hash').notNull(),
    createdAt_ms: time_ms('created_at_ms').notNull(),
    /** What the registry knows of it: counts, names, figures. */
    facts: json('facts').$type<Record<string, unknown>>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.model, table.version] })],
);

/** Bytes of versions, in pieces that one statement carries without holding anybody up. */
export const reflexBlocks = pgTable(
  'reflex_blocks',
  {
    model: text('model')
      .notNull()
      .references(() => reflexModels.model, { onDelete: 'cascade' }),
    version: count('version').notNull(),
    part: text('part').notNull(),
    position: integer('position').notNull(),
    bytes: bytes('bytes').notNull(),
  },
  (table) => [primaryKey({ columns: [table.model, table.version, table.part, table.position] })],
);

/** Examples that were added or removed since the version that answers, in their order. */
export const reflexChanges = pgTable(
  'reflex_changes',
  {
    model: text('model')
      .notNull()
      .references(() => reflexModels.model, { onDelete: 'cascade' }),
    id: count('id').notNull(),
    change: json('change').notNull(),
  },
  (table) => [primaryKey({ columns: [table.model, table.id] })],
);
