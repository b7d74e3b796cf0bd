/** A usage report as it leaves: JSON or CSV. */
import { csvText } from '../../base/csv.ts';
import type { UsageRowView } from '../../contract/control/index.ts';
import { USAGE_FIELDS } from '../../contract/usage.ts';
import { type CascadeSums, REQUEST_COUNTS, type UsageFilter, type UsageRow } from '../../contract/usage-report.ts';
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
    ...(row.cascade && { cascade: cascadeView(row.cascade) }),
  };
}

function cascadeView({ reflex, passed, saved }: CascadeSums): NonNullable<UsageRowView['cascade']> {
  return { reflex, passed, saved: { tokens: saved.tokens, cost: amountsView(saved.cost), ms: saved.ms } };
}

function reportCsv(groupBy: readonly string[], rows: readonly UsageRow[]): string {
  const isCascade = rows.some((row) => row.cascade);
  const currencies = [
    ...new Set(
      rows.flatMap((row) => [row.cost, row.charge, row.cascade?.saved.cost ?? {}].flatMap((sums) => Object.keys(sums))),
    ),
  ].sort();
  const head = [
    ...groupBy,
    ...REQUEST_COUNTS,
    ...USAGE_FIELDS,
    ...currencies.flatMap((currency) => [`cost_${currency}`, `charge_${currency}`]),
    ...(isCascade
      ? ['cascade_reflex', 'cascade_passed', 'saved_tokens', 'saved_ms', ...currencies.map((one) => `saved_${one}`)]
      : []),
  ];
  const lines = rows.map((row) => {
    const cost = amountsView(row.cost);
    const charge = amountsView(row.charge);
    return [
      ...groupBy.map((group) => row.group[group] ?? ''),
      ...REQUEST_COUNTS.map((count) => row[count]),
      ...USAGE_FIELDS.map((field) => row.usage[field] ?? 0),
      ...currencies.flatMap((currency) => [cost[currency] ?? '0', charge[currency] ?? '0']),
      ...(isCascade ? cascadeCells(row.cascade, currencies) : []),
    ];
  });
  return csvText([head, ...lines]);
}

function cascadeCells(cascade: CascadeSums | undefined, currencies: readonly string[]): (string | number)[] {
  const saved = amountsView(cascade?.saved.cost ?? {});
  return [
    ...[cascade?.reflex, cascade?.passed, cascade?.saved.tokens, cascade?.saved.ms].map((value) => value ?? 0),
    ...currencies.map((currency) => saved[currency] ?? '0'),
  ];
}
