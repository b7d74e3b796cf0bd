/** What the store can do; `index.ts` is its door. */

import type { Clock } from '../base/clock.ts';
import type { Pico } from '../base/money.ts';
import type { OperationRecord } from '../contract/operation.ts';
import type {
  AlertRecord,
  AliasRecord,
  ApiKey,
  AuditEntry,
  Budget,
  FxRate,
  Invoice,
  Organisation,
  OutcomeRecord,
  Posting,
  PriceRecord,
  Project,
  ProviderRecord,
  Wallet,
  WalletBalance,
} from '../contract/records.ts';
import type { UsageFilter, UsageRow } from '../contract/usage-report.ts';

import type { StoreTicket } from './engine.ts';

export type { UsageFilter, UsageRow } from '../contract/usage-report.ts';

/** A page of a cursor list; `next` is absent on the last. */
export interface Page<T> {
  data: T[];
  next?: string;
}

export interface PageQuery {
  /** 1 to 500, default 50. */
  limit?: number;
  cursor?: string;
}

/** Fields to change: one that is absent or undefined is left alone, null clears one that may be absent. */
export type Change<T> = { [Field in keyof T]?: T[Field] | (undefined extends T[Field] ? null : never) };

/** A write's audit row is written in the write's own transaction. */
export type Audit = Omit<AuditEntry, 'id' | 'at_ms'>;

/** What one journal batch books, in one transaction: it is applied once, whatever is retried. */
export interface UsageBatch {
  /** UUID minted with the segment file. */
  segment: string;
  /** Byte range of the segment that this batch covers; applied only if the segment stands at `from`. */
  from: number;
  to: number;
  operations: OperationRecord[];
  /** Entries, already added up per account. */
  postings: Posting[];
}

export interface BudgetSpend {
  budget: string;
  window: string;
  spent_pico: Pico;
}

export interface OperationQuery extends PageQuery {
  organisation?: string;
  project?: string;
  key?: string;
  model?: string;
  status?: string;
  from_ms?: number;
  to_ms?: number;
}

export interface StoredReply {
  key: string;
  path: string;
  idempotencyKey: string;
  bodyHash: string;
  operation: string;
  status: number;
  /** Reply headers and body, sealed. */
  sealed: string;
  expiresAt_ms: number;
}

export interface CapturedCall {
  operation: string;
  at_ms: number;
  project: string;
  user?: string;
  request: string;
  reply: string;
  expiresAt_ms: number;
}

/** A Reflex model as the store knows it. */
export interface StoredReflexModel {
  /** The registry's name, which bears the project. */
  model: string;
  project: string;
  createdAt_ms: number;
  /** The version that answers; absent while none was trained. */
  active?: StoredReflexVersion;
}

export interface StoredReflexVersion {
  version: number;
  /** SHA-256 of the model's bytes, hexadecimal. */
  hash: string;
  createdAt_ms: number;
  /** What the registry knows of it: counts, names, figures. */
  facts: Record<string, unknown>;
}

export interface StoredReflexChange {
  model: string;
  /** Grows with every change of its model. */
  id: number;
  change: unknown;
}

export interface Store {
  readonly engine: 'pglite' | 'postgres';
  /** Server version and what is missing (pgvector). */
  describe(): Promise<{ engine: string; version: string; migrations: number; notes: string[] }>;
  ping(): Promise<void>;
  /** For `joinStore` in another thread. */
  readonly ticket: StoreTicket;
  close(): Promise<void>;

  organisations: {
    list(): Promise<Organisation[]>;
    get(id: string): Promise<Organisation | undefined>;
    create(organisation: Organisation, audit: Audit): Promise<void>;
    update(
      id: string,
      change: Change<Omit<Organisation, 'id' | 'createdAt_ms'>>,
      audit: Audit,
    ): Promise<Organisation | undefined>;
  };
  projects: {
    list(query?: { organisation?: string }): Promise<Project[]>;
    get(id: string): Promise<Project | undefined>;
    create(project: Project, audit: Audit): Promise<void>;
    update(
      id: string,
      change: Change<Omit<Project, 'id' | 'organisation' | 'createdAt_ms'>>,
      audit: Audit,
    ): Promise<Project | undefined>;
  };
  keys: {
    /** Without revoked ones unless asked. */
    list(query?: { project?: string; revoked?: boolean } & PageQuery): Promise<Page<ApiKey>>;
    /** All that are neither revoked nor expired, for the snapshot. */
    active(now_ms: number): Promise<ApiKey[]>;
    get(id: string): Promise<ApiKey | undefined>;
    byHash(hash: string): Promise<ApiKey | undefined>;
    create(key: ApiKey, audit: Audit): Promise<void>;
    update(
      id: string,
      change: Change<Omit<ApiKey, 'id' | 'project' | 'organisation' | 'hash' | 'hint' | 'createdAt_ms'>>,
      audit: Audit,
    ): Promise<ApiKey | undefined>;
  };
  budgets: {
    list(query?: { scope?: string; scopeId?: string }): Promise<Budget[]>;
    get(id: string): Promise<Budget | undefined>;
    create(budget: Budget, spent: BudgetSpend | undefined, audit: Audit): Promise<void>;
    update(
      id: string,
      change: Change<Pick<Budget, 'amount_pico' | 'hard' | 'alertPercents' | 'webhook'>>,
      audit: Audit,
    ): Promise<Budget | undefined>;
    remove(id: string, audit: Audit): Promise<boolean>;
    /** What has been booked per budget and window: all windows of one budget, or the last three of each. */
    spends(query?: { budget?: string }): Promise<BudgetSpend[]>;
  };
  wallets: {
    list(query?: { scope?: string; scopeId?: string }): Promise<Wallet[]>;
    get(id: string): Promise<Wallet | undefined>;
    create(wallet: Wallet, audit: Audit): Promise<void>;
    /** Sums of the wallet's ledger entries. */
    balances(): Promise<WalletBalance[]>;
    /** Books a top-up, expiry or credit; the same `posting.id` again changes nothing and answers false. */
    post(posting: Posting, audit: Audit): Promise<boolean>;
  };
  prices: {
    list(query?: { book?: 'cost' | 'sell'; provider?: string; model?: string }): Promise<PriceRecord[]>;
    /** Inserts; the same id again is ignored (price rows are immutable). Answers how many were new. */
    insert(prices: PriceRecord[], audit: Audit): Promise<number>;
    /** Ends an open row's validity at a time in the future; never rewrites the past. */
    end(id: string, effectiveTo_ms: number, audit: Audit): Promise<boolean>;
  };
  fxRates: {
    list(): Promise<FxRate[]>;
    insert(rate: FxRate, audit: Audit): Promise<void>;
  };
  providers: {
    list(): Promise<ProviderRecord[]>;
    put(provider: ProviderRecord, audit: Audit): Promise<void>;
    remove(name: string, audit: Audit): Promise<boolean>;
  };
  aliases: {
    list(): Promise<AliasRecord[]>;
    put(alias: AliasRecord, audit: Audit): Promise<void>;
    remove(name: string, audit: Audit): Promise<boolean>;
  };
  audit: {
    list(
      query: PageQuery & { organisation?: string; actor?: string; action?: string; from_ms?: number; to_ms?: number },
    ): Promise<Page<AuditEntry>>;
    append(audit: Audit): Promise<void>;
  };
  alerts: {
    list(query: PageQuery & { organisation?: string }): Promise<Page<AlertRecord>>;
    /** The same id again is ignored; answers whether it was new. */
    append(alert: AlertRecord): Promise<boolean>;
    delivered(id: string, at_ms: number): Promise<void>;
    undelivered(): Promise<AlertRecord[]>;
  };
  invoices: {
    list(query?: { organisation?: string; project?: string }): Promise<Invoice[]>;
    get(id: string): Promise<Invoice | undefined>;
    create(invoice: Invoice, posting: Posting | undefined, audit: Audit): Promise<void>;
  };
  outcomes: {
    /** The same idempotency key in a project answers the first record. */
    append(outcome: OutcomeRecord): Promise<OutcomeRecord>;
    list(query: PageQuery & { project?: string; kind?: string }): Promise<Page<OutcomeRecord>>;
  };
  replies: {
    get(key: string, path: string, idempotencyKey: string): Promise<StoredReply | undefined>;
    put(replies: StoredReply[]): Promise<void>;
    /** Those not expired, for the snapshot at start. */
    live(now_ms: number): Promise<StoredReply[]>;
    sweep(now_ms: number): Promise<number>;
  };
  captures: {
    put(calls: CapturedCall[]): Promise<void>;
    get(operation: string): Promise<CapturedCall | undefined>;
    purgeUser(project: string, user: string, audit: Audit): Promise<number>;
    sweep(now_ms: number): Promise<number>;
  };
  usage: {
    /**
     * Applies a journal batch in one transaction: operations (partitioned by day), quarter-hour rollups, budget spends, postings, and the
     * segment's position. Answers false when the segment already stands past `from` (nothing is applied then). Throws AppError `conflict` when
     * the segment stands before `from`, and `invalid_request` when a posting does not balance.
     */
    append(batch: UsageBatch): Promise<boolean>;
    /** How far a segment was loaded, in bytes; 0 when unknown. */
    position(segment: string): Promise<number>;
    /**
     * Exact sums of the quarter-hours that [from_ms, to_ms) touches, from the rollups alone. `model` is the deployment that did the work
     * (filter: or the name that was asked for); a group that an operation lacks (`agent`, a tag) is ''. `hour` has its offset
     * (`2026-11-24T09:00+08:00`). Tags are summed from when their organisation declared them.
     */
    query(filter: UsageFilter): Promise<UsageRow[]>;
    /** Tokens and charges of quarter-hours, oldest first, for the barometer. */
    timeline(query: {
      organisation?: string;
      from_ms: number;
      to_ms: number;
      step: 'quarter' | 'hour' | 'day';
      timezone: string;
    }): Promise<{ at_ms: number; tokens: number; requests: number }[]>;
    /** Tokens of all time. */
    totals(query: { organisation?: string }): Promise<{ tokens: number; requests: number; errors: number }>;
    /** 1, 2 and 5 times the powers of ten from a thousand on that the tokens of all time have passed, ascending, with the time of the operation that did it. */
    milestones(query: { organisation?: string }): Promise<{ tokens: number; at_ms: number }[]>;
  };
  operations: {
    get(id: string): Promise<OperationRecord | undefined>;
    list(query: OperationQuery): Promise<Page<OperationRecord>>;
    /** Deletes raw rows older than this (rollups stay). Drops whole day partitions where it can. */
    sweep(before_ms: number): Promise<number>;
  };
  ledger: {
    /** Balances per account and currency. */
    balances(query?: { prefix?: string }): Promise<{ account: string; currency: string; amount_pico: Pico }[]>;
    /** Currencies whose entries do not add up to 0, and postings that do not balance. Empty when the books are right. */
    imbalances(): Promise<{ currency: string; amount_pico: Pico; posting?: string }[]>;
    postings(query: PageQuery & { account?: string; reference?: string }): Promise<Page<Posting>>;
  };
  settings: {
    get<T>(name: string): Promise<T | undefined>;
    put(name: string, value: unknown, audit?: Audit): Promise<void>;
  };
  reflex: {
    list(): Promise<StoredReflexModel[]>;
    /** Newest first. */
    versions(model: string): Promise<StoredReflexVersion[]>;
    /** The number of the next version; makes the model where there is none. */
    reserve(model: string, project: string): Promise<number>;
    /** A piece of a version that is not committed yet. */
    putBlock(model: string, version: number, part: string, position: number, bytes: Uint8Array): Promise<void>;
    /** undefined past the last. */
    block(model: string, version: number, part: string, position: number): Promise<Uint8Array | undefined>;
    /**
     * Makes a version whose blocks are there the one that answers, drops the changes that it has learnt and all versions but the newest `keep`
     * and those that were ever activated. Throws AppError `conflict` where blocks are missing, the model is gone, or, where `over`
     * is given, another version than that (0: none) answers by now or some of the changes are gone.
     */
    commit(
      model: string,
      version: StoredReflexVersion,
      options: { blocks: number; changes: readonly number[]; keep: number; over?: number },
    ): Promise<void>;
    /** It is kept from now on. false where there is no such version. */
    activate(model: string, version: number): Promise<boolean>;
    /** Keeps changes once this has resolved; answers the id of the last. Makes the model where there is none. */
    append(model: string, project: string, changes: unknown[]): Promise<number>;
    /** In their order; of one model, or of all. */
    changes(query?: { model?: string; after?: number }): Promise<StoredReflexChange[]>;
    /** false where there is no such model. */
    remove(model: string): Promise<boolean>;
    /** Moves with every change of any Reflex model, so that other processes see it. */
    revision(): Promise<number>;
  };
  /** Counts every change of what a gateway keeps in memory (keys, budgets, prices, providers …), so that other processes see it. */
  revision(): Promise<number>;
  /** Writes a logical dump (gzip of JSON lines with a header and a checksum) that either engine reads. */
  backup(file: string): Promise<{ rows: number; bytes: number }>;
  /** Reads a dump into an empty store; refuses one that holds data. */
  restore(file: string): Promise<{ rows: number }>;
}

export interface StoreOptions {
  /** `DATABASE_URL`; absent: PGlite under `home`. */
  databaseUrl?: string;
  /** `$TOKENWORKS_HOME`. */
  home: string;
  log?: (message: string) => void;
  /** Times of audit rows, and what `prices.end` takes for now. Default: the system's. */
  clock?: Clock;
}
