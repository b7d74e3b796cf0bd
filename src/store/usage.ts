import type { Context } from './context.ts';
import type { Partitions } from './partitions.ts';
import type { Store } from './types.ts';
import { appendBatch } from './usage-append.ts';
import { queryTimeline, queryUsage } from './usage-query.ts';

export function createUsage({ sql }: Context, partitions: Partitions): Store['usage'] {
  return {
    append: (batch) => appendBatch(sql, partitions, batch),
    position: async (segment) => {
      const [row] = await sql<{ position: string }[]>`select position from journal_segments where id = ${segment}`;
      return Number(row?.position ?? 0);
    },
    query: (filter) => queryUsage(sql, filter),
    timeline: (query) => queryTimeline(sql, query),
    totals: async (query) => {
      const [row] = await sql<{ tokens: string; requests: string; errors: string }[]>`
        select tokens, requests, errors from usage_totals where organisation = ${query.organisation ?? ''}`;
      return {
        tokens: Number(row?.tokens ?? 0),
        requests: Number(row?.requests ?? 0),
        errors: Number(row?.errors ?? 0),
      };
    },
    milestones: async (query) => {
      const rows = await sql<{ tokens: string; at_ms: string }[]>`
        select tokens, at_ms from milestones where organisation = ${query.organisation ?? ''} order by tokens`;
      return rows.map((row) => ({ tokens: Number(row.tokens), at_ms: Number(row.at_ms) }));
    },
  };
}
