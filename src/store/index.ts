/**
 * The door to storage. One dialect, PostgreSQL; two engines behind the same driver: PGlite in a worker thread (the default,
 * in `$TOKENWORKS_HOME/db`) and a PostgreSQL server (`DATABASE_URL`). No SQL and no driver type leaves this folder.
 */
export type { StoreTicket } from './engine.ts';
export { joinStore, openStore } from './open.ts';
export type * from './types.ts';
