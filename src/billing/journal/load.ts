/** Keeps the journal flowing into the store, in the background and on demand. */
import { performance } from 'node:perf_hooks';
import type { Loading } from './thread.ts';
import type { Journal } from './writer.ts';

/** A transaction costs about the same for a hundred rows as for a thousand, so seldom is cheap; whoever reads usage need not wait for it. */
const EVERY_MS = 1000;
/** While the server is busy the load waits, at most this long: the journal is the truth, and the store is for reports. */
const LONGEST_DELAY_MS = 10_000;
const BUSY = 0.6;

export interface JournalLoad {
  /** Resolves once everything written before the call is in the store. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function startJournalLoad(journal: Journal, loading: Loading, onError: (error: unknown) => void): JournalLoad {
  let running: Promise<void> = Promise.resolve();
  /** A load that waits for the running one; whoever asks meanwhile shares it. */
  let next: Promise<void> | undefined;
  let loaded = '';
  let loadedAt_ms = performance.now();
  let utilization = performance.eventLoopUtilization();
  let closed = false;

  function load(): Promise<void> {
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        running = loadNow();
        return running;
      });
    return next;
  }

  async function loadNow(): Promise<void> {
    journal.flush();
    const position = journal.position();
    const key = `${position.segment}:${position.offset}`;
    if (key !== loaded) await loading.loadTo(position);
    loaded = key;
    loadedAt_ms = performance.now();
  }

  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(now, utilization).utilization > BUSY;
    utilization = now;
    if (busy && performance.now() - loadedAt_ms < LONGEST_DELAY_MS) return;
    load().catch(onError);
  }, EVERY_MS);
  timer.unref();

  return {
    flush: load,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      try {
        await load();
      } finally {
        await loading.close();
      }
    },
  };
}
