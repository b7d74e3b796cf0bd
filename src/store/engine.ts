import type { Sql } from './connections.ts';

/** An opened database: what both engines have in common. */
export interface Engine {
  readonly kind: 'pglite' | 'postgres';
  readonly sql: Sql;
  /** Set when the database has gone for good; the next call then fails with it instead of waiting. */
  failure(): Error | undefined;
  close(): Promise<void>;
}
