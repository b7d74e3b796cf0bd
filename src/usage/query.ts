import type { UsageFilter, UsageRow } from '../contract/usage-report.ts';
import type { Store } from '../store/index.ts';

/** Answers from the quarter-hour sums, never from single operations. */
export interface UsageQuery {
  /** Exact sums of the quarter-hours that [from_ms, to_ms) touches, one row per group that has any. Throws AppError `invalid_request`. */
  report(filter: UsageFilter): Promise<UsageRow[]>;
  timeline: Store['usage']['timeline'];
  totals: Store['usage']['totals'];
}

export function createUsageQuery(store: Pick<Store, 'usage'>): UsageQuery {
  return {
    report: (filter) => store.usage.query(filter),
    timeline: (query) => store.usage.timeline(query),
    totals: (query) => store.usage.totals(query),
  };
}
