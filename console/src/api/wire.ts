/** The wire as the server's own schemas have it; types only, so that none of its code comes into the page. */
export type { KeyView, ProjectView } from '../../../src/contract/control/accounts.ts';
export type { BudgetView } from '../../../src/contract/control/budgets.ts';
export type { AttemptView, OperationView } from '../../../src/contract/control/operations.ts';
export type {
  BarometerView,
  LiveOperationView,
  LiveSnapshot,
  UsageReport,
  UsageRowView,
  UsageView,
} from '../../../src/contract/control/usage.ts';

export interface Page<T> {
  data: T[];
  next?: string;
}
