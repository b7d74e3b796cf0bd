/** What was done and what was seen: audit log, alerts, captured calls. */
import {
  AlertQuery,
  AlertView,
  AuditQuery,
  AuditView,
  CaptureView,
  IdParams,
  Purged,
  PurgeQuery,
  pageOf,
} from '../../contract/control/index.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { mapPage } from './paging.ts';
import { defined, iso, moment, notFound } from './wire.ts';

const TAG = 'Records';

export function recordRoutes(routes: Routes, services: Services): void {
  const { store } = services;

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/audit',
      tag: TAG,
      summary: 'List writes, newest first',
      query: AuditQuery,
      response: pageOf(AuditView),
    },
    async ({ query }) => {
      const { from, to, ...rest } = query;
      const page = await store.audit.list({
        ...rest,
        from_ms: from === undefined ? undefined : moment(from),
        to_ms: to === undefined ? undefined : moment(to),
      });
      return mapPage(page, ({ at_ms, ...row }) => defined({ ...row, at: iso(at_ms) }));
    },
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/alerts',
      tag: TAG,
      summary: 'List alerts, newest first',
      query: AlertQuery,
      response: pageOf(AlertView),
    },
    async ({ query }) =>
      mapPage(await store.alerts.list(query), ({ at_ms, deliveredAt_ms, ...row }) =>
        defined({
          ...row,
          at: iso(at_ms),
          delivered_at: deliveredAt_ms === undefined ? undefined : iso(deliveredAt_ms),
        }),
      ),
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/captures/{id}',
      tag: TAG,
      summary: "Read a call's prompt and reply",
      description: 'By the id of its operation. Kept only where the capture policy is `full`.',
      params: IdParams,
      response: CaptureView,
    },
    async ({ params, audit }) => {
      const call = await store.captures.get(params.id);
      if (!call) throw notFound('captured call of operation', params.id);
      // Prompts are people's words: who read them is on record.
      await store.audit.append(audit('capture.read', params.id));
      const { at_ms, expiresAt_ms, ...rest } = call;
      return defined({ ...rest, at: iso(at_ms), expires_at: iso(expiresAt_ms) });
    },
  );

  routes.admin(
    {
      method: 'delete',
      path: '/admin/v1/captures',
      tag: TAG,
      summary: "Delete a user's captured calls",
      description: 'Also what a cascade keeps for a day to learn from.',
      query: PurgeQuery,
      response: Purged,
    },
    async ({ query, audit }) => {
      const { project, user } = query;
      const purged = await store.captures.purgeUser(project, user, audit('capture.purge', project, { user }));
      return { project, user, deleted: purged + services.lessons.forgetUser(project, user) };
    },
  );
}
