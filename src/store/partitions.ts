import type { Sql } from './connections.ts';
import { sqlState } from './errors.ts';

export const DAY_MS = 86_400_000;
/** Days that one batch may make partitions for: a batch of today's calls touches one or two, anything wild goes to the default partition. */
const MAX_NEW_DAYS = 40;
const FIRST_DAY = Date.UTC(2020, 0, 1) / DAY_MS;
const LAST_DAY = Date.UTC(2200, 0, 1) / DAY_MS;
const NAME = /^operations_(\d{4})(\d{2})(\d{2})$/;
const PARTITION_LOCK = 7_820_912;

/** The day partitions of `operations`: made before a batch of that day, dropped whole when it is swept. */
export class Partitions {
  readonly #sql: Sql;
  /** Days (since 1970, UTC) that need nothing more. */
  readonly #known = new Set<number>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Makes what is missing, in a transaction of its own: making one locks the table, which a batch shouldn't hold until its end. */
  async prepare(times_ms: Iterable<number>): Promise<void> {
    const days = new Set<number>();
    for (const at_ms of times_ms) {
      const day = Math.floor(at_ms / DAY_MS);
      if (!this.#known.has(day) && day >= FIRST_DAY && day < LAST_DAY && days.size < MAX_NEW_DAYS) days.add(day);
    }
    for (const day of [...days].sort()) await this.#make(day);
  }

  async #make(day: number): Promise<void> {
    try {
      await this.#sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(${PARTITION_LOCK}::int8)`;
        await tx.unsafe(partitionSql(day));
      });
    } catch (error) {
      // 23514: the default partition holds rows of that day already, from a time when it couldn't be made. They stay together there.
      if (sqlState(error) !== '23514') throw error;
    }
    this.#known.add(day);
  }

  /** Days that have a partition, oldest first. */
  async list(sql: Pick<Sql, 'unsafe'> = this.#sql): Promise<{ day: number; table: string }[]> {
    const rows = await sql.unsafe<{ table: string }[]>(
      `select child.relname as "table" from pg_inherits join pg_class child on child.oid = inhrelid
       where inhparent = 'operations'::regclass order by 1`,
    );
    return rows.flatMap(({ table }) => {
      const match = NAME.exec(table);
      return match ? [{ table, day: Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) / DAY_MS }] : [];
    });
  }

  /** Deletes the rows before a time and answers how many they were. */
  async sweep(before_ms: number): Promise<number> {
    let swept = 0;
    for (const { day, table } of await this.list()) {
      if ((day + 1) * DAY_MS > before_ms) continue;
      swept += await this.#sql.begin(async (tx) => {
        const [row] = await tx.unsafe<{ count: string }[]>(`select count(*) as count from ${table}`);
        await tx.unsafe(`drop table ${table}`);
        return Number(row!.count);
      });
      this.#known.delete(day);
    }
    const rest = await this.#sql`delete from operations where at_ms < ${Math.ceil(before_ms)}::int8`;
    return swept + rest.count;
  }
}

export function partitionSql(day: number): string {
  const name = new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
  return `create table if not exists operations_${name} partition of operations for values from (${day * DAY_MS}) to (${(day + 1) * DAY_MS})`;
}
