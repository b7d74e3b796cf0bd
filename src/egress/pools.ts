import { type Dispatcher, Pool } from 'undici';

/** More origins than a configuration names: past it, the one that was used least lately is closed. */
const MAX_POOLS = 256;

export interface PoolOptions {
  /** Connections per origin. Each open stream takes one; more calls than that wait. */
  connections: number;
  connect_timeout_ms: number;
}

/** Connections that are kept for the origins of providers. */
export interface Pools {
  get(origin: string): Dispatcher;
  close(): Promise<void>;
}

export function createPools(options: PoolOptions): Pools {
  const pools = new Map<string, Pool>();
  const open = (origin: string): Pool =>
    new Pool(origin, {
      allowH2: false,
      connections: options.connections,
      connect: { timeout: options.connect_timeout_ms, autoSelectFamily: true },
      // A model may think for minutes; who calls sets its own deadline.
      headersTimeout: 600_000,
      bodyTimeout: 600_000,
      keepAliveTimeout: 15_000,
    });
  return {
    get(origin) {
      let pool = pools.get(origin);
      if (pool) {
        // A map keeps the order of insertion: put back last, the first is the one used least lately.
        if (pools.size >= MAX_POOLS) {
          pools.delete(origin);
          pools.set(origin, pool);
        }
        return pool;
      }
      if (pools.size >= MAX_POOLS) {
        const [oldest, idle] = pools.entries().next().value!;
        pools.delete(oldest);
        void idle.close();
      }
      pool = open(origin);
      pools.set(origin, pool);
      return pool;
    },
    async close() {
      const all = [...pools.values()];
      pools.clear();
      await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
}
