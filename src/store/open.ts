import { drizzle } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { createAlerts } from './alerts.ts';
import { createAudit } from './audit.ts';
import { backupTo } from './backup.ts';
import { createBudgets } from './budgets.ts';
import { createCaptures } from './captures.ts';
import { createAliases, createProviders } from './catalogue.ts';
import type { Sql } from './connections.ts';
import { type Context, REVISION } from './context.ts';
import type { Engine, StoreTicket } from './engine.ts';
import { toStoreError } from './errors.ts';
import { createFxRates } from './fx-rates.ts';
import { createInvoices } from './invoices.ts';
import { createKeys } from './keys.ts';
import { createLedger } from './ledger.ts';
import { type Migration, migrate, readMigrations } from './migrate.ts';
import { createOperations } from './operations.ts';
import { createOrganisations } from './organisations.ts';
import { createOutcomes } from './outcomes.ts';
import { Partitions } from './partitions.ts';
import { joinPglite, openPglite } from './pglite.ts';
import { openPostgres } from './postgres.ts';
import { createPrices } from './prices.ts';
import { createProjects } from './projects.ts';
import { createReflexModels } from './reflex-models.ts';
import { createReplies } from './replies.ts';
import { restoreFrom } from './restore.ts';
import { createSettings } from './settings.ts';
import type { Store, StoreOptions } from './types.ts';
import { createUsage } from './usage.ts';
import { createWallets } from './wallets.ts';

/**
 * Opens the store and brings it to this version. Throws AppError: `conflict` when another process has the embedded database or when it was
 * written by another version, `overloaded` when the server can't be reached.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const log = options.log ?? (() => {});
  const engine = options.databaseUrl ? await openPostgres(options.databaseUrl) : await openPglite(options.home, log);
  try {
    const migrations = readMigrations();
    const applied = await migrate(engine.sql, migrations);
    if (applied > 0) log(`The database was brought up to date (${applied} migrations).`);
    return guard(build(engine, options, migrations), engine);
  } catch (error) {
    await engine.close();
    throw toStoreError(error);
  }
}

/** The same store, from another thread of the process that opened it. It is migrated already; closing it closes only this connection. */
export async function joinStore(ticket: StoreTicket): Promise<Store> {
  const engine = ticket.kind === 'pglite' ? joinPglite(ticket.socket) : await openPostgres(ticket.databaseUrl);
  return guard(build(engine, {}, readMigrations()), engine);
}

function build(engine: Engine, options: Pick<StoreOptions, 'clock'>, migrations: Migration[]): Store {
  const context: Context = { sql: engine.sql, db: openDrizzle(engine.sql), clock: options.clock ?? systemClock };
  const partitions = new Partitions(engine.sql);
  return {
    engine: engine.kind,
    ticket: engine.ticket,
    describe: () => describe(engine, migrations),
    ping: async () => {
      await engine.sql`select 1`;
    },
    close: once(() => engine.close()),
    organisations: createOrganisations(context),
    projects: createProjects(context),
    keys: createKeys(context),
    budgets: createBudgets(context),
    wallets: createWallets(context),
    prices: createPrices(context),
    fxRates: createFxRates(context),
    providers: createProviders(context),
    aliases: createAliases(context),
    audit: createAudit(context),
    alerts: createAlerts(context),
    invoices: createInvoices(context),
    outcomes: createOutcomes(context),
    replies: createReplies(context),
    captures: createCaptures(context),
    usage: createUsage(context, partitions),
    operations: createOperations(context, partitions),
    ledger: createLedger(context),
    settings: createSettings(context),
    reflex: createReflexModels(context),
    revision: async () => {
      const [row] = await engine.sql<{ value: string }[]>`select value from counters where name = ${REVISION}`;
      return Number(row?.value ?? 0);
    },
    backup: (file) => backupTo(engine.sql, partitions, migrations, file, context.clock),
    restore: (file) => restoreFrom(engine.sql, migrations, file),
  };
}

/** drizzle needs of its client no more than `unsafe` and `begin`, and tables of parsers to write into. */
function openDrizzle(sql: Sql): Context['db'] {
  const client = Object.assign(sql, { options: { parsers: {}, serializers: {} } });
  return drizzle(client as unknown as postgres.Sql);
}

async function describe(engine: Engine, migrations: Migration[]): ReturnType<Store['describe']> {
  const [row] = await engine.sql<{ version: string; vector: boolean }[]>`
    select current_setting('server_version') as version, exists(select from pg_available_extensions where name = 'vector') as vector`;
  const notes = row!.vector
    ? []
    : ['pgvector is not available: similarity search over documents and memory is left out'];
  return { engine: engine.kind, version: row!.version, migrations: migrations.length, notes };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= action();
    return running;
  };
}

/** Every method of the door: what the driver throws becomes one of our errors, and a database that is gone says so at once. */
function guard<T extends object>(part: T, engine: Engine): T {
  const guarded: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(part)) {
    if (typeof member === 'function') guarded[name] = guardMethod(name, member as Method, engine);
    else guarded[name] = typeof member === 'object' && member !== null ? guard(member, engine) : member;
  }
  return guarded as T;
}

type Method = (...args: unknown[]) => Promise<unknown>;

function guardMethod(name: string, method: Method, engine: Engine): Method {
  return async (...args) => {
    if (name !== 'close') assertAlive(engine);
    try {
      return await method(...args);
    } catch (error) {
      if (name !== 'close') assertAlive(engine);
      throw toStoreError(error);
    }
  };
}

function assertAlive(engine: Engine): void {
  const failure = engine.failure();
  if (!failure) return;
  throw new AppError(
    'overloaded',
    'The embedded database has stopped; restart Tokenworks, which recovers it. The log has the reason.',
    { cause: failure },
  );
}
