import type { Context } from 'hono';
import { AppError } from '../../base/errors.ts';
import { checkTimezone } from '../../billing/index.ts';
import { UsageQuery, UsageReport } from '../../contract/control/index.ts';
import type { UsageGroup } from '../../contract/usage-report.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { readRange } from './when.ts';

const DEFAULT_AGE_MS = 30 * 86_400_000;

export function usageRoutes(routes: Routes, services: Services): void {
  const { reports, clock } = services;
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
      const format = wantsCsv(context, query.format) ? 'csv' : 'json';
      const filter = { organisation, project, key, model, agent, from_ms, to_ms, groupBy, timezone };
      const bytes = await reports.bytes(filter, format);
      context.header('content-type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json');
      if (format === 'csv') context.header('content-disposition', 'attachment; filename="usage.csv"');
      return context.body(bytes);
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

/** Throws AppError `not_found` unless one of the two names something. */
export function oneOf(query: { organisation?: string; project?: string }): void {
  if ((query.organisation === undefined) === (query.project === undefined)) {
    throw new AppError('invalid_request', 'Give either organisation or project.', { param: 'organisation' });
  }
}
