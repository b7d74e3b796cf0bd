import { openThread, workerUrl } from '../../base/thread.ts';
import type { UsageFilter } from '../../contract/usage-report.ts';
import type { Store, StoreTicket } from '../../store/index.ts';
import { type ReportFormat, reportText } from './text.ts';

/** Usage reports as the bytes that are sent. */
export interface Reports {
  /** See `UsageQuery.report`. Throws AppError `invalid_request`, `too_large`. */
  bytes(filter: UsageFilter, format: ReportFormat): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export interface ReportQuestion {
  filter: UsageFilter;
  format: ReportFormat;
}

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
  const thread = openThread<ReportQuestion>(workerUrl('./report.worker', import.meta.url), {
    name: 'reports',
    workerData: ticket,
    lost: 'The report could not be made; the log has the details.',
  });
  return { bytes: (filter, format) => thread.ask({ filter, format }), close: thread.close };
}
