import { Worker } from 'node:worker_threads';
import { AppError } from '../../base/errors.ts';
import { errorOf, type Failure } from '../../base/failure.ts';
import type { UsageFilter } from '../../contract/usage-report.ts';
import type { Store, StoreTicket } from '../../store/index.ts';
import { type ReportFormat, reportText } from './text.ts';

/** Usage reports as the bytes that are sent. */
export interface Reports {
  /** See `UsageQuery.report`. Throws AppError `invalid_request`, `too_large`. */
  bytes(filter: UsageFilter, format: ReportFormat): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export type ToReports = { id: number; filter: UsageFilter; format: ReportFormat } | { close: true };
export type FromReports = { id: number; bytes?: Uint8Array<ArrayBuffer>; failure?: Failure };

/** Reports made where they are asked for. */
export function createReports(store: Pick<Store, 'usage'>): Reports {
  return {
    async bytes(filter, format) {
      const text = reportText(filter, await store.usage.query(filter), format);
      return new TextEncoder().encode(text);
    },
    close: async () => {},
  };
}

/**
 * The same in a thread of its own, with its own connection to the store: ten thousand rows are added up, written out and swept up
 * again in 100 ms, in which no call would be answered. The thread begins with the first report.
 */
export function openReportThread(ticket: StoreTicket): Reports {
  let running: Running | undefined;
  return {
    bytes(filter, format) {
      running ??= start(ticket, () => {
        running = undefined;
      });
      return running.ask(filter, format);
    },
    close: async () => running?.close(),
  };
}

interface Running {
  ask(filter: UsageFilter, format: ReportFormat): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

function start(ticket: StoreTicket, onEnd: () => void): Running {
  const file = import.meta.url.endsWith('.ts') ? './report.worker.ts' : './report.worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: ticket, name: 'reports', execArgv: [] });
  const waiting = new Map<number, { resolve(bytes: Uint8Array<ArrayBuffer>): void; reject(error: Error): void }>();
  let next = 0;
  const fail = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('message', ({ id, bytes, failure }: FromReports) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (bytes) call?.resolve(bytes);
    else call?.reject(errorOf(failure!));
  });
  worker.on('error', (cause) =>
    fail(new AppError('internal_error', 'The report could not be made; the log has the details.', { cause })),
  );
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      onEnd();
      fail(new AppError('overloaded', 'The report was cut off; ask again.', { retryAfter_s: 1 }));
      resolve();
    });
  });
  const tell = (message: ToReports): void => worker.postMessage(message);
  return {
    ask(filter, format) {
      return new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        tell({ id, filter, format });
      });
    },
    async close() {
      tell({ close: true });
      await exited;
    },
  };
}
