/** A usage report as it leaves: JSON or CSV. */
import { csvText } from '../../base/csv.ts';
import type { UsageRowView } from '../../contract/control/index.ts';
import { USAGE_FIELDS } from '../../contract/usage.ts';
import type { UsageFilter, UsageRow } from '../../contract/usage-report.ts';
import { amountsView, usageView } from '../../contract/usage-view.ts';

export type ReportFormat = 'json' | 'csv';

export function reportText(filter: UsageFilter, rows: readonly UsageRow[], format: ReportFormat): string {
  if (format === 'csv') return reportCsv(filter.groupBy, rows);
  const { from_ms, to_ms, timezone } = filter;
  const [from, to] = [from_ms, to_ms].map((at_ms) => new Date(at_ms).toISOString());
  return JSON.stringify({ from, to, timezone, data: rows.map(rowView) });
}

function rowView(row: UsageRow): UsageRowView {
  return {
    group: row.group,
    requests: row.requests,
    attempts: row.attempts,
    errors: row.errors,
    usage: usageView(row.usage),
    estimated: row.estimated,
    unreconciled: row.unreconciled,
    unpriced: row.unpriced,
    cost: amountsView(row.cost),
    charge: amountsView(row.charge),
  };
}

function reportCsv(groupBy: readonly string[], rows: readonly UsageRow[]): string {
  const currencies = [...new Set(rows.flatMap((row) => [...Object.keys(row.cost), ...Object.keys(row.charge)]))].sort();
  const head = [
    ...groupBy,
    'requests',
    'attempts',
    'errors',
    'estimated',
    'unreconciled',
    'unpriced',
    ...USAGE_FIELDS,
    ...currencies.flatMap((currency) => [`cost_${currency}`, `charge_${currency}`]),
  ];
  const lines = rows.map((row) => {
    const cost = amountsView(row.cost);
    const charge = amountsView(row.charge);
    return [
      ...groupBy.map((group) => row.group[group] ?? ''),
      ...[row.requests, row.attempts, row.errors, row.estimated, row.unreconciled, row.unpriced],
      ...USAGE_FIELDS.map((field) => row.usage[field] ?? 0),
      ...currencies.flatMap((currency) => [cost[currency] ?? '0', charge[currency] ?? '0']),
    ];
  });
  return csvText([head, ...lines]);
}
