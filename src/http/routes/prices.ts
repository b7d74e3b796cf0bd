/** The price book and the exchange rates. Rows are effective-dated and never rewritten. */
import type { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import { formatDecimal, parseDecimal } from '../../base/money.ts';
import { parsePriceBody, priceFromConfig } from '../../billing/index.ts';
import {
  CreateFxRate,
  CreatePrice,
  EndPriceQuery,
  FxRateView,
  IdParams,
  PageQuery,
  PriceQuery,
  PriceView,
  pageOf,
} from '../../contract/control/index.ts';
import type { FxRate, PriceRecord } from '../../contract/records.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { paged } from './paging.ts';
import { defined, iso, moment, notFound } from './wire.ts';

const TAG = 'Prices';
const PATH = '/admin/v1/prices';
/** The store refuses an end that has passed by the time it gets there. */
const END_AFTER_MS = 1000;

export function priceRoutes(routes: Routes, services: Services): void {
  const { store, clock } = services;

  routes.admin(
    { method: 'get', path: PATH, tag: TAG, summary: 'List prices', query: PriceQuery, response: pageOf(PriceView) },
    async ({ query }) => {
      const { book, provider, model } = query;
      const now_ms = clock.now();
      const rows = await store.prices.list({ book, provider, model });
      const page = paged(
        query.in_force === 'true' ? rows.filter((row) => inForce(row, now_ms)) : rows,
        query,
        (row) => row.id,
      );
      return { ...page, data: page.data.map(priceView) };
    },
  );

  routes.admin(
    { method: 'get', path: `${PATH}/{id}`, tag: TAG, summary: 'Read a price', params: IdParams, response: PriceView },
    async ({ params }) => {
      return priceView(await find(services, params.id));
    },
  );

  routes.admin(
    {
      method: 'post',
      path: PATH,
      tag: TAG,
      summary: 'Add a price',
      description:
        'Plain prices as tokenworks.yaml writes them, or a whole `body`. A row is never changed: a new one with a later effective_from takes over. Calls keep the price that held when they were admitted.',
      body: CreatePrice,
      status: 201,
      response: PriceView,
      errors: ['conflict'],
    },
    async ({ body, audit }) => {
      const row = readPrice(body, clock.now());
      if ((await store.prices.insert([row], audit('price.create', row.id, { ...body }))) === 0)
        throw new AppError('conflict', 'This price is in the book already.');
      await services.refresh();
      return priceView(row);
    },
  );

  routes.admin(
    {
      method: 'delete',
      path: `${PATH}/{id}`,
      tag: TAG,
      summary: 'End a price',
      description: 'Now, or at effective_to; what was priced by it stays as it is.',
      params: IdParams,
      query: EndPriceQuery,
      response: PriceView,
      errors: ['managed_by_file', 'conflict'],
    },
    async ({ params, query, audit }) => {
      const row = await find(services, params.id);
      if (row.managedBy === 'file')
        throw new AppError('managed_by_file', 'This price stands in tokenworks.yaml; change it there.');
      const soonest_ms = clock.now() + END_AFTER_MS;
      const effectiveTo_ms = query.effective_to === undefined ? soonest_ms : moment(query.effective_to);
      if (effectiveTo_ms < clock.now())
        throw new AppError('invalid_request', 'effective_to must be in the future: calls were priced by this row.', {
          param: 'effective_to',
        });
      if (
        !(await store.prices.end(
          row.id,
          Math.max(effectiveTo_ms, soonest_ms),
          audit('price.end', row.id, { effective_to: iso(effectiveTo_ms) }),
        ))
      ) {
        throw new AppError('conflict', 'This price has ended already.');
      }
      await services.refresh();
      return priceView(await find(services, params.id));
    },
  );

  fxRoutes(routes, services);
}

function fxRoutes(routes: Routes, services: Services): void {
  const { store, clock } = services;
  const path = '/admin/v1/fx-rates';

  routes.admin(
    { method: 'get', path, tag: TAG, summary: 'List exchange rates', query: PageQuery, response: pageOf(FxRateView) },
    async ({ query }) => {
      const page = paged(await store.fxRates.list(), query, (row) => row.id);
      return { ...page, data: page.data.map(fxView) };
    },
  );

  routes.admin(
    {
      method: 'post',
      path,
      tag: TAG,
      summary: 'Add an exchange rate',
      body: CreateFxRate,
      status: 201,
      response: FxRateView,
    },
    async ({ body, audit }) => {
      if (body.base === body.quote)
        throw new AppError('invalid_request', 'base and quote are the same currency.', { param: 'quote' });
      const now_ms = clock.now();
      const row: FxRate = {
        id: newId('fx', now_ms),
        base: body.base,
        quote: body.quote,
        rate_pico: parseDecimal(body.rate),
        effectiveFrom_ms: body.effective_from === undefined ? now_ms : moment(body.effective_from),
        source: body.source,
        createdAt_ms: now_ms,
      };
      await store.fxRates.insert(row, audit('fx_rate.create', row.id, body));
      await services.refresh();
      return fxView(row);
    },
  );
}

async function find(services: Services, id: string): Promise<PriceRecord> {
  const row = (await services.store.prices.list()).find((price) => price.id === id);
  if (!row) throw notFound('price', id);
  return row;
}

/** Throws AppError `invalid_request` that names the field. */
function readPrice(given: z.output<typeof CreatePrice>, now_ms: number): PriceRecord {
  const { book, provider, model, currency, effective_from, effective_to, body, ...plain } = given;
  const effectiveFrom_ms = effective_from === undefined ? now_ms : moment(effective_from);
  const effectiveTo_ms = effective_to === undefined ? undefined : moment(effective_to);
  if (effectiveTo_ms !== undefined && effectiveTo_ms <= effectiveFrom_ms) {
    throw new AppError('invalid_request', 'effective_to must be later than effective_from.', { param: 'effective_to' });
  }
  const head = {
    book,
    provider,
    model,
    currency,
    effectiveFrom_ms,
    effectiveTo_ms,
    managedBy: 'api' as const,
    createdAt_ms: now_ms,
  };
  const id = newId('price', now_ms);
  if (body === undefined)
    return {
      id,
      ...head,
      body: withoutFile(priceFromConfig(provider, model, { currency, ...defined(plain) }, now_ms).body),
    };
  const other = Object.keys(defined(plain))[0];
  if (other !== undefined)
    throw new AppError('invalid_request', `${other} stands beside body; move it into the body.`, { param: other });
  parsePriceBody(body);
  return { id, ...head, body };
}

function withoutFile(body: unknown): unknown {
  return { ...(body as object), source: 'set through the API' };
}

function inForce(row: PriceRecord, now_ms: number): boolean {
  return row.effectiveFrom_ms <= now_ms && (row.effectiveTo_ms === undefined || now_ms < row.effectiveTo_ms);
}

function priceView(row: PriceRecord): PriceView {
  return defined({
    id: row.id,
    book: row.book,
    provider: row.provider,
    model: row.model,
    currency: row.currency,
    body: row.body,
    effective_from: iso(row.effectiveFrom_ms),
    effective_to: row.effectiveTo_ms === undefined ? undefined : iso(row.effectiveTo_ms),
    managed_by: row.managedBy,
    created_at: iso(row.createdAt_ms),
  });
}

function fxView(row: FxRate): FxRateView {
  return defined({
    id: row.id,
    base: row.base,
    quote: row.quote,
    rate: formatDecimal(row.rate_pico),
    effective_from: iso(row.effectiveFrom_ms),
    source: row.source,
    created_at: iso(row.createdAt_ms),
  });
}
