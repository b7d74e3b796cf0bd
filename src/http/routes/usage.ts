import type { Context } from 'hono';
import { AppError } from '../../base/errors.ts';
import { checkTimezone } from '../../billing/index.ts';
import { UsageQuery, UsageReport, type UsageRowView } from '../../contract/control/index.ts';
import { USAGE_FIELDS } from '../../contract/usage.ts';
import type { UsageGroup, UsageRow } from '../../contract/usage-report.ts';
import type { Services } from '../services.ts';
import { csvText } from './csv.ts';
import type { Routes } from './define.ts';
import { readRange } from './when.ts';
import { amountsView, iso, usageView } from './wire.ts';

const DEFAULT_AGE_MS = 30 * 86_400_000;

export function usageRoutes(routes: Routes, services: Services): void {
  const { usage, clock } = services;
  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/usage',
      tag: 'Usage',
      summary: 'What was used, and what it cost',
      description:
        'Every call whose reply has ended is in it. With `format=csv` or `accept: text/csv` the rows come as CSV.',
      query: UsageQuery,
      response: UsageReport,
      errors: ['too_large'],
    },
    async ({ query, context }) => {
      await services.flushUsage();
      const timezone = query.timezone ?? (await zoneOf(services, query));
      checkTimezone(timezone);
      const { from_ms, to_ms } = readRange(query, timezone, clock.now(), DEFAULT_AGE_MS);
      const groupBy = readGroups(query.group_by);
      const { organisation, project, key, model, agent } = query;
      const rows = await usage.report({ organisation, project, key, model, agent, from_ms, to_ms, groupBy, timezone });
      if (wantsCsv(context, query.format)) return csvAnswer(context, groupBy, rows);
      return { from: iso(from_ms), to: iso(to_ms), timezone, data: rows.map(rowView) };
    },
  );
}

/** The time zone of the organisation that is asked for. */
export async function zoneOf(services: Services, query: { organisation?: string; project?: string }): Promise<string> {
  const { store } = services;
  const id =
    query.organisation ??
    (query.project === undefined ? undefined : (await store.projects.get(query.project))?.organisation) ??
    'default';
  return (await store.organisations.get(id))?.timezone ?? 'UTC';
}

function readGroups(text: string | undefined): UsageGroup[] {
  const groups = (text ?? '').split(',').map((group) => group.trim());
  return groups.filter((group) => group !== '') as UsageGroup[];
}

export function wantsCsv(context: Context, format: string | undefined): boolean {
  if (format !== undefined) return format === 'csv';
  return /\btext\/csv\b/.test(context.req.header('accept') ?? '');
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

function csvAnswer(context: Context, groupBy: readonly string[], rows: readonly UsageRow[]): Response {
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
  context.header('content-type', 'text/csv; charset=utf-8');
  context.header('content-disposition', 'attachment; filename="usage.csv"');
  return context.body(csvText([head, ...lines]));
}

/** Throws AppError `not_found` unless one of the two names something. */
export function oneOf(query: { organisation?: string; project?: string }): void {
  if ((query.organisation === undefined) === (query.project === undefined)) {
    throw new AppError('invalid_request', 'Give either organisation or project.', { param: 'organisation' });
  }
}
