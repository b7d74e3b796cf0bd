import { z } from 'zod';
import { checkTimezone } from '../../billing/index.ts';
import { BarometerQuery, BarometerView } from '../../contract/control/index.ts';
import { barometer } from '../../usage/index.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { createLiveFeed, lastMinuteTokens } from './live-feed.ts';
import { keptOperationView } from './live-operation.ts';
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
        last: last.slice(-LAST_SHOWN).reverse().map(keptOperationView),
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
      return context.req.method === 'HEAD' ? context.body(null) : context.body(feed.open());
    },
  );
}
