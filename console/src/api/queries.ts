import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { addAmounts } from '../lib/decimal.ts';
import type { Range } from '../lib/time.ts';
import { call, withQuery } from './client.ts';
import { mergeRows, OPERATIONS_SHOWN, type OperationRow, rowOf } from './operation-rows.ts';
import type { BarometerView, BudgetView, KeyView, OperationView, Page, ProjectView, UsageReport } from './wire.ts';

const NAMES_PER_PAGE = 500;
/** Names are for labels only; an installation with more keys than this shows the others' ids. */
const NAME_PAGES = 4;

export type UsageGroupName = 'model' | 'key' | 'project' | 'hour' | 'day';

export function useBarometer() {
  return useQuery({
    queryKey: ['barometer'],
    queryFn: ({ signal }) => call<BarometerView>('/admin/v1/barometer', { signal }),
    refetchInterval: 60_000,
  });
}

export function useUsage(group: UsageGroupName, range: Range, timezone: string) {
  return useQuery({
    queryKey: ['usage', group, range.name, range.from_ms, timezone],
    queryFn: ({ signal }) =>
      call<UsageReport>(
        withQuery('/admin/v1/usage', {
          group_by: group,
          from: new Date(range.from_ms).toISOString(),
          to: new Date(range.to_ms).toISOString(),
          timezone,
        }),
        { signal },
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

/** What was charged since a moment, all groups together. */
export function useCharge(from_ms: number | undefined, timezone: string) {
  return useQuery({
    queryKey: ['usage', 'charge', from_ms, timezone],
    enabled: from_ms !== undefined,
    queryFn: async ({ signal }) => {
      const report = await call<UsageReport>(
        withQuery('/admin/v1/usage', { from: new Date(from_ms!).toISOString(), timezone }),
        { signal },
      );
      return {
        charge: addAmounts(report.data.map((row) => row.charge)),
        unpriced: report.data.reduce((sum, row) => sum + row.unpriced, 0),
      };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

export function useBudgets() {
  return useQuery({
    queryKey: ['budgets'],
    queryFn: async ({ signal }) =>
      (await call<Page<BudgetView>>(withQuery('/admin/v1/budgets', { limit: 100 }), { signal })).data,
    refetchInterval: 60_000,
  });
}

export function useOperations() {
  return useQuery({
    queryKey: ['operations'],
    queryFn: async ({ signal, client }) => {
      const query = { limit: OPERATIONS_SHOWN };
      const page = await call<Page<OperationView>>(withQuery('/admin/v1/operations', query), { signal });
      // What the live stream brought while the answer was on its way stays.
      return mergeRows(page.data.map(rowOf), client.getQueryData<OperationRow[]>(['operations']) ?? []);
    },
    refetchInterval: 60_000,
  });
}

/** One operation whole; the server looks into its journal where the ledger does not have it yet. */
export function useOperation(id: string) {
  return useQuery({
    queryKey: ['operation', id],
    queryFn: ({ signal }) => call<OperationView>(`/admin/v1/operations/${encodeURIComponent(id)}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Id → name of every key and project, for labels. */
export function useNames() {
  return useQuery({
    queryKey: ['names'],
    queryFn: async ({ signal }) => {
      const [keys, projects] = await Promise.all([
        pages<KeyView>('/admin/v1/keys', { revoked: 'true' }, signal),
        pages<ProjectView>('/admin/v1/projects', {}, signal),
      ]);
      return {
        key: new Map(keys.map((key) => [key.id, { name: key.name, detail: key.hint }])),
        project: new Map(projects.map((project) => [project.id, { name: project.name, detail: '' }])),
      };
    },
    staleTime: 30_000,
    refetchInterval: 120_000,
  });
}

export type Names = NonNullable<ReturnType<typeof useNames>['data']>;

async function pages<T>(path: string, query: Record<string, string>, signal: AbortSignal): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < NAME_PAGES; page++) {
    const answer: Page<T> = await call(withQuery(path, { ...query, limit: NAMES_PER_PAGE, cursor }), { signal });
    all.push(...answer.data);
    cursor = answer.next;
    if (!cursor) break;
  }
  return all;
}
