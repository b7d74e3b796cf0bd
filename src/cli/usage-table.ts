import type { UsageRowView, UsageView } from '../contract/control/index.ts';
import { USAGE_FIELDS, type UsageField } from '../contract/usage.ts';
import { addMoney, count, money } from './format.ts';
import { type Column, formatTable } from './table.ts';

const TITLES: Partial<Record<UsageField, string>> = {
  cache_read: 'cache read',
  cache_write_5m: 'cache write',
  cache_write_1h: 'cache write 1h',
  cache_storage: 'cache storage',
  audio_in: 'audio in',
  audio_out: 'audio out',
  image_in: 'image in',
  image_out: 'image out',
};
/** Shown also where they are 0. */
const ALWAYS = new Set<UsageField>(['input', 'output']);

/** Usage rows as a table with a line of sums; charge has a column of its own only where it is not the cost. */
export function usageTable(by: readonly string[], rows: readonly UsageRowView[]): string {
  const charged = rows.some((row) => money(row.charge) !== money(row.cost));
  const columns: Column<UsageRowView>[] = [
    ...by.map((group): Column<UsageRowView> => ({ title: group, value: (row) => row.group[group] || '-' })),
    figure('requests', (row) => row.requests),
    { ...figure('errors', (row) => row.errors), optional: true },
    ...USAGE_FIELDS.map((field) => ({
      ...figure(TITLES[field] ?? field, (row) => row.usage[field]),
      optional: !ALWAYS.has(field),
    })),
    { title: 'cost', value: (row) => amountOf(row, row.cost), align: 'right' },
    ...cascadeColumns(rows),
    ...(charged
      ? [{ title: 'charge', value: (row: UsageRowView) => amountOf(row, row.charge), align: 'right' as const }]
      : []),
  ];
  const totals = rows.length > 1 && by.length > 0 ? sumOf(by, rows) : undefined;
  return [formatTable(columns, rows, totals), ...remarks(rows)].join('\n');
}

function figure(title: string, value: (row: UsageRowView) => number | undefined): Column<UsageRowView> {
  return { title, value: (row) => count(value(row)), align: 'right' };
}

/** Nothing booked is 0 where every request had a price (the built-in model's is 0), and unknown where one had none. */
function amountOf(row: UsageRowView, amounts: Record<string, string>): string {
  return Object.keys(amounts).length === 0 && row.unpriced === 0 ? '0' : money(amounts);
}

function sumOf(by: readonly string[], rows: readonly UsageRowView[]): UsageRowView {
  const add = (value: (row: UsageRowView) => number | undefined): number =>
    rows.reduce((sum, row) => sum + (value(row) ?? 0), 0);
  return {
    group: { [by[0]!]: 'total' },
    requests: add((row) => row.requests),
    attempts: add((row) => row.attempts),
    errors: add((row) => row.errors),
    usage: Object.fromEntries(USAGE_FIELDS.map((field) => [field, add((row) => row.usage[field])])) as UsageView,
    estimated: add((row) => row.estimated),
    unreconciled: add((row) => row.unreconciled),
    unpriced: add((row) => row.unpriced),
    cost: addMoney(rows.map((row) => row.cost)),
    charge: addMoney(rows.map((row) => row.charge)),
    cascade: sumOfCascades(rows),
  };
}

/** Only where a cascade was called. */
function cascadeColumns(rows: readonly UsageRowView[]): Column<UsageRowView>[] {
  if (!rows.some((row) => row.cascade)) return [];
  return [
    figure('by Reflex', (row) => row.cascade?.reflex),
    figure('passed on', (row) => row.cascade?.passed),
    figure('tokens saved', (row) => row.cascade?.saved.tokens),
    { title: 'saved', value: (row) => money(row.cascade?.saved.cost ?? {}), align: 'right' },
  ];
}

function sumOfCascades(rows: readonly UsageRowView[]): UsageRowView['cascade'] {
  const all = rows.flatMap((row) => (row.cascade ? [row.cascade] : []));
  if (all.length === 0) return undefined;
  const add = (value: (one: (typeof all)[number]) => number): number => all.reduce((sum, one) => sum + value(one), 0);
  return {
    reflex: add((one) => one.reflex),
    passed: add((one) => one.passed),
    saved: {
      tokens: add((one) => one.saved.tokens),
      cost: addMoney(all.map((one) => one.saved.cost)),
      ms: add((one) => one.saved.ms),
    },
  };
}

/** What the figures alone do not say. */
function remarks(rows: readonly UsageRowView[]): string[] {
  const sum = (field: 'estimated' | 'unreconciled' | 'unpriced'): number =>
    rows.reduce((total, row) => total + row[field], 0);
  const lines = [
    [sum('unpriced'), 'without a known price: their cost is not in the sums'],
    [sum('estimated'), 'counted here, not by the provider (estimated)'],
    [sum('unreconciled'), 'with usage that contradicts itself: not in the sums (unreconciled)'],
  ] as const;
  const said = lines
    .filter(([requests]) => requests > 0)
    .map(([requests, what]) => `${count(requests)} of the requests: ${what}`);
  if (rows.some((row) => row.cascade))
    said.push('Saved is an estimate: what the large models would have taken for what Reflex answered.');
  return said.length > 0 ? ['', ...said] : [];
}
