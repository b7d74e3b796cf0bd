import type { Sql } from './connections.ts';

/** How another thread of this process reaches an opened database; opaque to whoever passes it on, and fit for a message. */
export type StoreTicket = { kind: 'pglite'; socket: string } | { kind: 'postgres'; databaseUrl: string };

/** An opened database: what both engines have in common. */
export interface Engine {
  readonly kind: 'pglite' | 'postgres';
  readonly sql: Sql;
  readonly ticket: StoreTicket;
  /** Set when the database has gone for good; the next call then fails with it instead of waiting. */
  failure(): Error | undefined;
  close(): Promise<void>;
}
