import { AppError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import { formatDecimal, type Pico, parseDecimal } from '../../base/money.ts';
import { remaining, windowAt } from '../../billing/index.ts';
import {
  BudgetQuery,
  BudgetView,
  CreateBudget,
  IdParams,
  pageOf,
  Removed,
  UpdateBudget,
} from '../../contract/control/index.ts';
import type { Budget, BudgetScope } from '../../contract/records.ts';
import type { Audit } from '../../store/index.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { paged } from './paging.ts';
import { defined, iso, notFound } from './wire.ts';

const TAG = 'Budgets';
const PATH = '/admin/v1/budgets';

/** Whose a budget is, and the time zone of its windows. */
export interface BudgetOwner {
  organisation: string;
  timezone: string;
}

export function budgetRoutes(routes: Routes, services: Services): void {
  const { store, clock, limits } = services;

  routes.admin(
    {
      method: 'get',
      path: PATH,
      tag: TAG,
      summary: 'List budgets and what is spent of them',
      query: BudgetQuery,
      response: pageOf(BudgetView),
    },
    async ({ query }) => {
      await services.flushUsage();
      const page = paged(
        await store.budgets.list({ scope: query.scope, scopeId: query.scope_id }),
        query,
        (row) => row.id,
      );
      const spent = await spentByWindow(services);
      return { ...page, data: page.data.map((budget) => viewOf(services, budget, spent)) };
    },
  );

  routes.admin(
    { method: 'get', path: `${PATH}/{id}`, tag: TAG, summary: 'Read a budget', params: IdParams, response: BudgetView },
    async ({ params }) => {
      await services.flushUsage();
      const budget = await store.budgets.get(params.id);
      if (!budget) throw notFound('budget', params.id);
      return viewOf(services, budget, await spentByWindow(services));
    },
  );

  routes.admin(
    {
      method: 'post',
      path: PATH,
      tag: TAG,
      summary: 'Make a budget',
      description:
        'A day or month budget begins with what its window has spent already; a total one counts from now on.',
      body: CreateBudget,
      status: 201,
      response: BudgetView,
      errors: ['not_found'],
    },
    async ({ body, audit }) => {
      const scopeId = body.scope_id ?? defaultScope(body.scope);
      const budget: Budget = {
        id: newId('bud', clock.now()),
        scope: body.scope,
        scopeId,
        amount_pico: parseDecimal(body.amount),
        currency: body.currency,
        window: body.window,
        hard: body.hard,
        alertPercents: body.alert_percents,
        webhook: await checkedWebhook(services, body.webhook),
        createdAt_ms: clock.now(),
      };
      const owner = await ownerOf(services, budget);
      const view = await createBudget(
        services,
        budget,
        owner,
        audit('budget.create', budget.id, { ...body, scope_id: scopeId }, owner.organisation),
      );
      await services.refresh();
      return view;
    },
  );

  routes.admin(
    {
      method: 'patch',
      path: `${PATH}/{id}`,
      tag: TAG,
      summary: 'Change a budget',
      params: IdParams,
      body: UpdateBudget,
      response: BudgetView,
    },
    async ({ params, body, audit }) => {
      const before = await store.budgets.get(params.id);
      if (!before) throw notFound('budget', params.id);
      const webhook = body.webhook === null ? null : await checkedWebhook(services, body.webhook);
      const amount_pico = body.amount === undefined ? undefined : parseDecimal(body.amount);
      const change = { amount_pico, hard: body.hard, alertPercents: body.alert_percents, webhook };
      const owner = await ownerOf(services, before).catch(() => undefined);
      const row = await store.budgets.update(
        params.id,
        change,
        audit('budget.update', params.id, body, owner?.organisation),
      );
      if (!row) throw notFound('budget', params.id);
      await services.refresh();
      return viewOf(services, row, await spentByWindow(services));
    },
  );

  routes.admin(
    {
      method: 'delete',
      path: `${PATH}/{id}`,
      tag: TAG,
      summary: 'Remove a budget',
      params: IdParams,
      response: Removed,
    },
    async ({ params, audit }) => {
      if (!(await store.budgets.remove(params.id, audit('budget.delete', params.id))))
        throw notFound('budget', params.id);
      await services.refresh();
      await limits.budgets.forget(params.id);
      return { id: params.id, deleted: true as const };
    },
  );
}

/** Stores a budget together with what its window has spent so far. */
export async function createBudget(
  services: Services,
  budget: Budget,
  owner: BudgetOwner,
  audit: Audit,
): Promise<BudgetView> {
  const window = windowAt(budget.window, owner.timezone, services.clock.now());
  const spent_pico = budget.window === 'total' ? 0n : await spentBefore(services, budget, owner, window.from_ms);
  await services.store.budgets.create(budget, { budget: budget.id, window: window.key, spent_pico }, audit);
  return budgetView(budget, window.key, spent_pico);
}

/** Charges of the budget's scope since then, in its currency; what was charged in another is converted where there is a rate. */
async function spentBefore(services: Services, budget: Budget, owner: BudgetOwner, from_ms: number): Promise<Pico> {
  await services.flushUsage();
  const now_ms = services.clock.now();
  const rows = await services.usage.report({
    [budget.scope]: budget.scopeId,
    from_ms,
    to_ms: now_ms + 1,
    groupBy: [],
    timezone: owner.timezone,
  });
  const { fx } = services.snapshot();
  let spent = 0n;
  for (const row of rows) {
    for (const [currency, pico] of Object.entries(row.charge))
      spent += fx.convert(pico, currency, budget.currency, now_ms, 'half_even')?.pico ?? 0n;
  }
  return spent;
}

function defaultScope(scope: BudgetScope): string {
  if (scope === 'organisation' || scope === 'project') return 'default';
  throw new AppError(
    'invalid_request',
    `scope_id is needed: ${scope === 'key' ? 'the id of the key' : 'the name of the agent'}.`,
    { param: 'scope_id' },
  );
}

/** Throws AppError `not_found` where the scope names nothing. */
async function ownerOf(services: Services, budget: Pick<Budget, 'scope' | 'scopeId'>): Promise<BudgetOwner> {
  const { store } = services;
  switch (budget.scope) {
    case 'organisation':
      return organisationOwner(services, budget.scopeId);
    case 'project': {
      const project = await store.projects.get(budget.scopeId);
      if (!project) throw notFound('project', budget.scopeId);
      return organisationOwner(services, project.organisation);
    }
    case 'key': {
      const key = await store.keys.get(budget.scopeId);
      if (!key) throw notFound('key', budget.scopeId);
      return organisationOwner(services, key.organisation);
    }
    case 'agent':
      return organisationOwner(services, 'default');
  }
}

export async function organisationOwner(services: Services, id: string): Promise<BudgetOwner> {
  const row = await services.store.organisations.get(id);
  if (!row) throw notFound('organisation', id);
  return { organisation: row.id, timezone: row.timezone };
}

/** An alert must not be a way into our own network. */
async function checkedWebhook(services: Services, webhook: string | undefined): Promise<string | undefined> {
  if (webhook === undefined) return undefined;
  try {
    await services.egress.check(webhook);
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, error.message, { param: 'webhook' });
    throw error;
  }
  return webhook;
}

type SpentByWindow = (budget: string, window: string) => Pico;

async function spentByWindow(services: Services): Promise<SpentByWindow> {
  const spends = await services.store.budgets.spends();
  const byKey = new Map(spends.map((row) => [`${row.budget}\n${row.window}`, row.spent_pico]));
  return (budget, window) => byKey.get(`${budget}\n${window}`) ?? 0n;
}

function viewOf(services: Services, budget: Budget, spent: SpentByWindow): BudgetView {
  const window = windowAt(budget.window, timezoneOf(services, budget), services.clock.now()).key;
  return budgetView(budget, window, spent(budget.id, window));
}

/** From memory, since a list asks for each of its rows. */
function timezoneOf({ directory }: Services, { scope, scopeId }: Budget): string {
  const id =
    scope === 'organisation'
      ? scopeId
      : scope === 'project'
        ? directory.project(scopeId)?.organisation
        : scope === 'key'
          ? directory.principalOf(scopeId)?.organisation.id
          : undefined;
  return directory.organisation(id ?? 'default')?.timezone ?? 'UTC';
}

function budgetView(budget: Budget, window: string, spent_pico: Pico): BudgetView {
  return defined({
    id: budget.id,
    scope: budget.scope,
    scope_id: budget.scopeId,
    amount: formatDecimal(budget.amount_pico),
    currency: budget.currency,
    window: budget.window,
    hard: budget.hard,
    alert_percents: budget.alertPercents,
    webhook: budget.webhook,
    created_at: iso(budget.createdAt_ms),
    current_window: window,
    spent: formatDecimal(spent_pico),
    remaining: formatDecimal(remaining(budget.amount_pico, spent_pico)),
  });
}
