/** Keeps the journal flowing into the store, in the background and on demand. */
import { performance } from 'node:perf_hooks';
import type { JournalLoader } from './loader.ts';
import type { Journal } from './writer.ts';

const EVERY_MS = 250;
/** While the server is busy the load waits, at most this long: the journal is the truth, and the store is for reports. */
const LONGEST_DELAY_MS = 10_000;
const BUSY = 0.6;

export interface JournalLoad {
  /** Resolves once everything written before the call is in the store. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function startJournalLoad(journal: Journal, loader: JournalLoader, onError: (error: unknown) => void): JournalLoad {
  let tail: Promise<void> = Promise.resolve();
  let loaded = '';
  let loadedAt = performance.now();
  let utilization = performance.eventLoopUtilization();
  let closed = false;

  function load(): Promise<void> {
    tail = tail
      .catch(() => {})
      .then(async () => {
        const position = journal.position();
        const key = `${position.segment}:${position.offset}`;
        if (key === loaded) return;
        await loader.loadTo(position);
        loaded = key;
        loadedAt = performance.now();
      });
    return tail;
  }

  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(now, utilization).utilization > BUSY;
    utilization = now;
    if (busy && performance.now() - loadedAt < LONGEST_DELAY_MS) return;
    load().catch(onError);
  }, EVERY_MS);
  timer.unref();

  return {
    async flush() {
      journal.flush();
      await load();
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      await this.flush();
    },
  };
}
