/**
 * Connections and transactions over the driver. The driver's own pool and `begin` are not used: when a connection is lost inside a transaction,
 * postgres.js 3.4.9 ends the process from a timer (porsager/postgres issue 1208), and may run what was left of that transaction inside
 * the next one on the same connection (issue 1216). Here a connection has one user at a time and is thrown away once it was lost, and a
 * transaction that lost its connection sends nothing more.
 */
import { once } from 'node:events';
import type postgres from 'postgres';

/** A statement's rows, and how many it touched. */
export type Rows<T extends object[]> = T & { count: number };

type Parameter = string | number | boolean | null;

/** A statement that is sent when it is awaited. */
export interface Statement<T extends object[]> extends PromiseLike<Rows<T>> {
  /** Rows as arrays. */
  values(): Promise<unknown[][]>;
}

/** Where statements can be sent: as they come, or in a transaction. */
export interface Tx {
  <T extends object[] = Record<string, unknown>[]>(
    text: TemplateStringsArray,
    ...values: Parameter[]
  ): Promise<Rows<T>>;
  unsafe<T extends object[] = Record<string, unknown>[]>(text: string, values?: Parameter[]): Statement<T>;
  /** Several statements without parameters. */
  script(text: string): Promise<void>;
}

/** How long statements under way may take when the store is closed. */
const END_TIMEOUT_MS = 30_000;

export interface Sql extends Tx {
  /** Commits what `work` did, or rolls it back when it throws. `mode` is what follows `begin`. */
  begin<T>(work: (tx: Tx) => Promise<T>, mode?: string): Promise<T>;
  /** Waits for the statements under way, but not for ever. */
  end(): Promise<void>;
}

/** Makes a client of one connection that calls `onClose` when it is lost, before it makes another. */
export type MakeClient = (onClose: () => void) => postgres.Sql;

/** What every client needs: no connection may end by age or idleness, as it could be in a transaction. */
export const CLIENT_OPTIONS = {
  max: 1,
  idle_timeout: 0,
  max_lifetime: null,
  fetch_types: false,
  onnotice: () => {},
} as const;

export interface ConnectionOptions {
  /** Connections at a time. */
  max: number;
  /**
   * Puts every statement into a transaction of its own. PGlite has one session behind all its connections, and its socket server takes turns
   * by message: outside a transaction another connection's message can come between the parts of a statement and destroy it.
   */
  isolate: boolean;
}

export function openConnections(make: MakeClient, options: ConnectionOptions): Sql {
  const pool = new Pool(make, options.max);
  const tx = makeTx((send) =>
    pool.use((connection) => (options.isolate ? isolated(connection, send) : send(connection))),
  );
  return Object.assign(tx, {
    begin: <T>(work: (tx: Tx) => Promise<T>, mode = '') => pool.use((connection) => transact(connection, work, mode)),
    end: () => pool.end(),
  });
}

async function isolated<T>(connection: Connection, send: (connection: Connection) => Promise<T>): Promise<T> {
  await connection.send((client) => client.unsafe('begin'));
  try {
    const result = await send(connection);
    await connection.send((client) => client.unsafe('commit'));
    return result;
  } catch (error) {
    await rollBack(connection);
    throw error;
  }
}

async function transact<T>(connection: Connection, work: (tx: Tx) => Promise<T>, mode: string): Promise<T> {
  await connection.send((client) => client.unsafe(`begin ${mode}`));
  const state: { open: boolean; failure?: unknown } = { open: true };
  const tx = makeTx(async (send) => {
    if (!state.open) throw new Error('a statement came after the end of its transaction');
    try {
      return await send(connection);
    } catch (error) {
      state.failure ??= error;
      throw error;
    }
  });
  try {
    const result = await work(tx);
    // PostgreSQL answers the commit of a failed transaction with a rollback, and no error.
    if (state.failure !== undefined) throw state.failure;
    await connection.send((client) => client.unsafe('commit'));
    return result;
  } catch (error) {
    await rollBack(connection);
    throw error;
  } finally {
    state.open = false;
  }
}

async function rollBack(connection: Connection): Promise<void> {
  if (connection.lost) return;
  try {
    await connection.send((client) => client.unsafe('rollback'));
  } catch {
    // The server rolls back when the connection ends, and what went wrong first is what the caller has to know.
    connection.lost = true;
  }
}

type Use = <T>(send: (connection: Connection) => Promise<T>) => Promise<T>;

function makeTx(use: Use): Tx {
  const tagged = <T extends object[]>(text: TemplateStringsArray, ...values: Parameter[]): Promise<Rows<T>> =>
    use((connection) => connection.send<Rows<T>>((client) => client.unsafe(numberParameters(text), values)));
  return Object.assign(tagged, {
    unsafe: <T extends object[]>(text: string, values: Parameter[] = []): Statement<T> => ({
      // biome-ignore lint/suspicious/noThenProperty: as the driver's statements are, so that drizzle can use it
      then: (resolve, reject) =>
        use((connection) => connection.send<Rows<T>>((client) => client.unsafe(text, values))).then(resolve, reject),
      values: () => use((connection) => connection.send<unknown[][]>((client) => client.unsafe(text, values).values())),
    }),
    script: async (text: string) => {
      await use((connection) => connection.send((client) => client.unsafe(text).simple()));
    },
  });
}

function numberParameters(text: TemplateStringsArray): string {
  return text.reduce((whole, part, index) => `${whole}$${index}${part}`);
}

class Connection {
  lost = false;
  readonly #client: postgres.Sql;

  constructor(make: MakeClient) {
    this.#client = make(() => {
      this.lost = true;
    });
    // drizzle and the store write JSON themselves.
    for (const type of [114, 3802]) this.#client.options.serializers[type] = (value: unknown) => value;
  }

  async send<T>(statement: (client: postgres.Sql) => PromiseLike<unknown>): Promise<T> {
    if (this.lost) throw connectionLost();
    try {
      return (await statement(this.#client)) as T;
    } catch (error) {
      // What the server said leaves the connection as it was; after anything else nobody knows.
      if ((error as Error).name !== 'PostgresError') this.lost = true;
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#client.end({ timeout: this.lost ? 0 : 5 });
  }
}

function connectionLost(): Error {
  return Object.assign(new Error('the connection to the database was lost'), { code: 'CONNECTION_CLOSED' });
}

class Pool {
  readonly #make: MakeClient;
  readonly #max: number;
  readonly #idle: Connection[] = [];
  readonly #waiting: { resolve(): void; reject(error: Error): void }[] = [];
  #used = 0;
  #ending?: { promise: Promise<void>; resolve(): void };

  constructor(make: MakeClient, max: number) {
    this.#make = make;
    this.#max = max;
  }

  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    await this.#turn();
    const connection = this.#take();
    try {
      return await work(connection);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** Statements wait in the order in which they came. */
  async #turn(): Promise<void> {
    if (this.#ending) throw connectionLost();
    if (this.#used < this.#max) {
      this.#used += 1;
      return;
    }
    // Whoever gives back hands its place over, so the number in use stays.
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #take(): Connection {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (!connection.lost) return connection;
      void connection.end();
    }
    return new Connection(this.#make);
  }

  #giveBack(connection: Connection): void {
    if (connection.lost || this.#ending) void connection.end();
    else this.#idle.push(connection);
    const next = this.#waiting.shift();
    if (next) {
      next.resolve();
      return;
    }
    this.#used -= 1;
    if (this.#used === 0) this.#ending?.resolve();
  }

  async end(): Promise<void> {
    if (!this.#ending) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#ending = { promise, resolve };
      for (const { reject } of this.#waiting.splice(0)) reject(connectionLost());
      if (this.#used === 0) resolve();
    }
    const waited = AbortSignal.timeout(END_TIMEOUT_MS);
    await Promise.race([this.#ending.promise, once(waited, 'abort')]);
    await Promise.all(this.#idle.splice(0).map((connection) => connection.end()));
  }
}
