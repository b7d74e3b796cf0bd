import { z } from 'zod';
import { formatDecimal } from '../../base/money.ts';
import { checkTimezone } from '../../billing/index.ts';
import { BarometerQuery, BarometerView, type LiveOperationView } from '../../contract/control/index.ts';
import type { OperationRecord } from '../../contract/operation.ts';
import { totalTokens } from '../../contract/usage.ts';
import { type LiveOperation, usageOf } from '../../gateway/live.ts';
import { barometer } from '../../usage/index.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { createLiveFeed, lastMinuteTokens } from './live-feed.ts';
import { zoneOf } from './usage.ts';
import { defined, iso } from './wire.ts';

const TAG = 'Usage';
const LAST_SHOWN = 50;

export function barometerRoutes(routes: Routes, services: Services): void {
  const { store, clock, live } = services;

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/barometer',
      tag: TAG,
      summary: 'The state of the token stream',
      query: BarometerQuery,
      response: BarometerView,
    },
    async ({ query }) => {
      await services.flushUsage();
      const { organisation } = query;
      const timezone = query.timezone ?? (await zoneOf(services, query));
      checkTimezone(timezone);
      // What this process counts belongs to all organisations together.
      const own =
        organisation === undefined
          ? { pendingTokens: 0, pendingRequests: 0, lastMinuteTokens: lastMinuteTokens(services) }
          : undefined;
      const state = await barometer(store, { organisation, timezone, now: clock.now(), live: own });
      const last = live.last().filter((row) => organisation === undefined || row.organisation === organisation);
      const { at_ms, milestones, ...rest } = state;
      return {
        ...rest,
        at: iso(at_ms),
        milestones: milestones.map((milestone) =>
          defined({ tokens: milestone.tokens, at: milestone.at_ms === undefined ? undefined : iso(milestone.at_ms) }),
        ),
        open: live.open,
        last: last.slice(-LAST_SHOWN).reverse().map(keptView),
      };
    },
  );

  const feed = createLiveFeed(services);
  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/live',
      tag: TAG,
      summary: 'Server-sent events for the console',
      description:
        '`barometer` once a second (LiveSnapshot) and `operation` for each settled call (LiveOperation). A reader that is too slow misses events; `dropped` counts them.',
      response: z.string(),
      responseType: 'text/event-stream',
    },
    ({ context }) => {
      context.header('content-type', 'text/event-stream; charset=utf-8');
      context.header('cache-control', 'no-store');
      // nginx would else keep events back until a buffer is full.
      context.header('x-accel-buffering', 'no');
      // Nobody would read or end the stream of a HEAD.
      return context.body(context.req.method === 'HEAD' ? null : feed.open());
    },
  );
}

function keptView(row: LiveOperation): LiveOperationView {
  return {
    id: row.id,
    at: iso(row.at_ms),
    organisation: row.organisation,
    project: row.project,
    key: row.key,
    model: row.model,
    deployment: row.deployment,
    status: row.status,
    tokens: row.tokens,
    charge: row.charge === undefined ? null : formatDecimal(BigInt(row.charge)),
    charge_currency: row.currency ?? null,
    total_ms: row.total_ms,
    ttft_ms: row.ttft_ms ?? null,
  };
}

export function liveOperationView(record: OperationRecord): LiveOperationView {
  return {
    id: record.id,
    at: iso(record.at_ms),
    organisation: record.organisation,
    project: record.project,
    key: record.key,
    surface: record.surface,
    model: record.model,
    deployment: record.deployment,
    status: record.status,
    tokens: totalTokens(usageOf(record)),
    charge: record.charge_pico === undefined ? null : formatDecimal(record.charge_pico),
    charge_currency: record.chargeCurrency ?? null,
    total_ms: Math.round(record.total_ms),
    ttft_ms: record.ttft_ms === undefined ? null : Math.round(record.ttft_ms),
  };
}
