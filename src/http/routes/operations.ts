import { formatDecimal, type Pico } from '../../base/money.ts';
import { type AttemptView, IdParams, OperationQuery, OperationView, pageOf } from '../../contract/control/index.ts';
import type { AttemptRecord, CascadeRecord, OperationRecord } from '../../contract/operation.ts';
import type { UsageSource } from '../../contract/usage.ts';
import { amountsView, usageView } from '../../contract/usage-view.ts';
import { usageOf } from '../../gateway/live.ts';
import { ADMIN_ACTOR } from '../middleware/auth.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { mapPage } from './paging.ts';
import { addAmount, defined, iso, moment, notFound } from './wire.ts';

const TAG = 'Operations';

export function operationRoutes(routes: Routes, services: Services): void {
  const { store } = services;

  routes.key(
    {
      method: 'get',
      path: '/v1/operations/{id}',
      tag: TAG,
      summary: 'Read what became of a call',
      description: "Its id is in the reply's header x-tokenworks-operation. Confined to the key's project.",
      params: IdParams,
      response: OperationView,
    },
    async ({ params, principal }) => {
      const record = await findOperation(services, params.id);
      if (!record || !maySee(record, principal.key)) throw notFound('operation', params.id);
      return operationView(record);
    },
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/operations',
      tag: TAG,
      summary: 'List operations, newest first',
      query: OperationQuery,
      response: pageOf(OperationView),
    },
    async ({ query }) => {
      await services.flushUsage();
      const { from, to, ...rest } = query;
      const page = await store.operations.list({
        ...rest,
        from_ms: from === undefined ? undefined : moment(from),
        to_ms: to === undefined ? undefined : moment(to),
      });
      return mapPage(page, operationView);
    },
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/operations/{id}',
      tag: TAG,
      summary: 'Read an operation of any project',
      params: IdParams,
      response: OperationView,
    },
    async ({ params }) => {
      const record = await findOperation(services, params.id);
      if (!record) throw notFound('operation', params.id);
      return operationView(record);
    },
  );
}

/** The admin key belongs to no one project. */
export function maySee(record: { project: string }, key: { id: string; project: string }): boolean {
  return key.id === ADMIN_ACTOR || record.project === key.project;
}

/** Also one whose reply ended a moment ago and that only the journal has yet. */
export async function findOperation(services: Services, id: string): Promise<OperationRecord | undefined> {
  const found = await services.store.operations.get(id);
  if (found) return found;
  await services.flushUsage();
  return services.store.operations.get(id);
}

export function operationView(record: OperationRecord): OperationView {
  const costs: Record<string, Pico> = {};
  for (const attempt of record.attempts) {
    if (attempt.cost_pico !== undefined && attempt.currency !== undefined)
      addAmount(costs, attempt.currency, attempt.cost_pico);
  }
  const [only, ...others] = Object.keys(costs);
  const single = only !== undefined && others.length === 0 ? only : undefined;
  return {
    id: record.id,
    at: iso(record.at_ms),
    status: record.status,
    error_code: record.errorCode ?? null,
    surface: record.surface,
    model: record.model,
    deployment: record.deployment,
    stream: record.stream,
    organisation: record.organisation,
    project: record.project,
    key: record.key,
    user: record.user ?? null,
    agent: record.agent ?? null,
    run: record.run ?? null,
    tags: record.tags,
    usage: usageView(usageOf(record)),
    usage_source: leastCertain(record.attempts),
    cost: single === undefined ? null : formatDecimal(costs[single]!),
    currency: single ?? null,
    costs: amountsView(costs),
    charge: record.charge_pico === undefined ? null : formatDecimal(record.charge_pico),
    charge_currency: record.chargeCurrency ?? null,
    price_version: record.attempts.at(-1)?.priceId ?? null,
    sell_price_version: record.sellPriceId ?? null,
    latency: latency(record),
    attempts: record.attempts.map(attemptView),
    holds: record.holds.map((hold) => ({
      budget: hold.budget,
      window: hold.window,
      kind: hold.kind,
      currency: hold.currency,
      held: formatDecimal(hold.held_pico),
      settled: formatDecimal(hold.settled_pico),
    })),
    cascade: record.cascade && cascadeView(record.cascade),
  };
}

function cascadeView({ decision, reason, confidence, threshold, saved }: CascadeRecord): OperationView['cascade'] {
  return defined({
    decision,
    reason,
    confidence,
    threshold,
    saved:
      saved &&
      defined({
        estimated: true as const,
        tokens: saved.tokens,
        cost: saved.cost_pico === undefined ? undefined : formatDecimal(saved.cost_pico),
        currency: saved.currency,
        ms: saved.ms,
      }),
  });
}

function attemptView(attempt: AttemptRecord): AttemptView {
  return {
    index: attempt.index,
    deployment: attempt.deployment,
    provider: attempt.provider,
    model: attempt.model,
    status: attempt.status,
    error_code: attempt.errorCode ?? null,
    http_status: attempt.httpStatus ?? null,
    at: iso(attempt.at_ms),
    latency: latency(attempt),
    usage: usageView(attempt.usage),
    usage_source: attempt.usageSource ?? null,
    tokenizer: attempt.tokenizer ?? null,
    served_tier: attempt.servedTier ?? null,
    cost: attempt.cost_pico === undefined ? null : formatDecimal(attempt.cost_pico),
    currency: attempt.currency ?? null,
    price_version: attempt.priceId ?? null,
    raw_usage: attempt.rawUsage ?? null,
  };
}

function latency(timed: { total_ms: number; ttft_ms?: number }): { total_ms: number; ttft_ms: number | null } {
  return { total_ms: timed.total_ms, ttft_ms: timed.ttft_ms ?? null };
}

const CERTAINTY: readonly UsageSource[] = ['provider', 'estimated', 'unreconciled'];

/** A sum is as uncertain as its least certain part; null where nothing was counted at all. */
function leastCertain(attempts: readonly AttemptRecord[]): UsageSource | null {
  const worst = Math.max(
    -1,
    ...attempts.map((attempt) => (attempt.usageSource === undefined ? -1 : CERTAINTY.indexOf(attempt.usageSource))),
  );
  return CERTAINTY[worst] ?? null;
}
