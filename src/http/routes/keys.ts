import { AppError } from '../../base/errors.ts';
import { newId, newSecret } from '../../base/ids.ts';
import { parseDecimal } from '../../base/money.ts';
import { CreatedKey, CreateKey, IdParams, KeyQuery, KeyView, pageOf, UpdateKey } from '../../contract/control/index.ts';
import type { ApiKey, Budget } from '../../contract/records.ts';
import type { Services } from '../services.ts';
import { findProject } from './accounts.ts';
import { createBudget, organisationOwner } from './budgets.ts';
import type { Routes } from './define.ts';
import { mapPage } from './paging.ts';
import { defined, iso, moment, notFound } from './wire.ts';

const TAG = 'Keys';
const PATH = '/admin/v1/keys';

export function keyRoutes(routes: Routes, services: Services): void {
  const { store, clock, vault } = services;

  routes.admin(
    { method: 'get', path: PATH, tag: TAG, summary: 'List keys', query: KeyQuery, response: pageOf(KeyView) },
    async ({ query }) => mapPage(await store.keys.list({ ...query, revoked: query.revoked === 'true' }), keyView),
  );

  routes.admin(
    { method: 'get', path: `${PATH}/{id}`, tag: TAG, summary: 'Read a key', params: IdParams, response: KeyView },
    async ({ params }) => {
      const row = await store.keys.get(params.id);
      if (!row) throw notFound('key', params.id);
      return keyView(row);
    },
  );

  routes.admin(
    {
      method: 'post',
      path: PATH,
      tag: TAG,
      summary: 'Make a key',
      description: 'The secret is in this answer and nowhere else.',
      body: CreateKey,
      status: 201,
      response: CreatedKey,
      errors: ['not_found'],
    },
    async ({ body, audit }) => {
      const project = await findProject(services, body.project ?? 'default');
      const now_ms = clock.now();
      const secret = newSecret('tw');
      const key: ApiKey = {
        id: newId('key', now_ms),
        project: project.id,
        organisation: project.organisation,
        name: body.name,
        hash: vault.fingerprint(secret),
        hint: hintOf(secret),
        rpm: body.rpm,
        tpm: body.tpm,
        concurrency: body.concurrency,
        models: body.models,
        actAsUser: body.act_as_user,
        approve: body.approve,
        unpriced: body.unpriced,
        capture: body.capture,
        expiresAt_ms: readExpiry(body.expires_at ?? undefined, now_ms),
        createdAt_ms: now_ms,
      };
      const budget = body.budget && keyBudget(key, body.budget, now_ms);
      // The budget first: a failure in between leaves a budget of no key, never a key without its budget.
      const budgetView =
        budget &&
        (await createBudget(
          services,
          budget,
          await organisationOwner(services, key.organisation),
          audit('budget.create', budget.id, { scope: 'key', scope_id: key.id, ...body.budget }, key.organisation),
        ));
      try {
        await store.keys.create(
          key,
          audit('key.create', key.id, { name: key.name, project: key.project }, key.organisation),
        );
      } catch (error) {
        if (budget)
          await store.budgets.remove(budget.id, audit('budget.delete', budget.id, undefined, key.organisation));
        throw error;
      }
      await services.refresh();
      return defined({ ...keyView(key), secret, budget: budgetView });
    },
  );

  routes.admin(
    {
      method: 'patch',
      path: `${PATH}/{id}`,
      tag: TAG,
      summary: 'Change a key',
      params: IdParams,
      body: UpdateKey,
      response: KeyView,
      errors: ['conflict'],
    },
    async ({ params, body, audit }) => {
      const before = await store.keys.get(params.id);
      if (!before) throw notFound('key', params.id);
      if (before.revokedAt_ms !== undefined) throw new AppError('conflict', 'This key is revoked; make a new one.');
      const { act_as_user, expires_at, ...rest } = body;
      const change = {
        ...rest,
        actAsUser: act_as_user,
        expiresAt_ms: expires_at === null ? null : readExpiry(expires_at, clock.now()),
      };
      const row = await store.keys.update(params.id, change, audit('key.update', params.id, body, before.organisation));
      if (!row) throw notFound('key', params.id);
      await services.refresh();
      return keyView(row);
    },
  );

  routes.admin(
    {
      method: 'delete',
      path: `${PATH}/{id}`,
      tag: TAG,
      summary: 'Revoke a key',
      description: 'At once and for good; what it used stays in the ledger.',
      params: IdParams,
      response: KeyView,
    },
    async ({ params, audit }) => {
      const before = await store.keys.get(params.id);
      if (!before) throw notFound('key', params.id);
      if (before.revokedAt_ms !== undefined) return keyView(before);
      const row = await store.keys.update(
        params.id,
        { revokedAt_ms: clock.now() },
        audit('key.revoke', params.id, undefined, before.organisation),
      );
      await services.refresh();
      return keyView(row ?? before);
    },
  );
}

function keyBudget(
  key: ApiKey,
  given: { amount: string; currency: string; window: Budget['window']; hard: boolean },
  now_ms: number,
): Budget {
  return {
    id: newId('bud', now_ms),
    scope: 'key',
    scopeId: key.id,
    amount_pico: parseDecimal(given.amount),
    currency: given.currency,
    window: given.window,
    hard: given.hard,
    alertPercents: [80, 100],
    createdAt_ms: now_ms,
  };
}

function readExpiry(text: string | undefined, now_ms: number): number | undefined {
  if (text === undefined) return undefined;
  const expires_ms = moment(text);
  if (expires_ms <= now_ms)
    throw new AppError('invalid_request', 'expires_at is in the past; to end a key now, revoke it.', {
      param: 'expires_at',
    });
  return expires_ms;
}

/** Enough to tell keys apart, far too little to guess one. */
function hintOf(secret: string): string {
  return `${secret.slice(0, 6)}…${secret.slice(-4)}`;
}

function keyView(key: ApiKey): KeyView {
  return defined({
    id: key.id,
    name: key.name,
    project: key.project,
    organisation: key.organisation,
    hint: key.hint,
    rpm: key.rpm,
    tpm: key.tpm,
    concurrency: key.concurrency,
    models: key.models,
    act_as_user: key.actAsUser,
    approve: key.approve,
    unpriced: key.unpriced,
    capture: key.capture,
    expires_at: key.expiresAt_ms === undefined ? undefined : iso(key.expiresAt_ms),
    revoked_at: key.revokedAt_ms === undefined ? undefined : iso(key.revokedAt_ms),
    created_at: iso(key.createdAt_ms),
  });
}
