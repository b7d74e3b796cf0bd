/** The books: balances, postings, invoices. */

import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { formatDecimal } from '../../base/money.ts';
import { buildInvoice, invoiceTaxPosting, periodBounds } from '../../billing/index.ts';
import {
  BalanceQuery,
  BalanceView,
  CreateInvoice,
  IdParams,
  InvoiceQuery,
  InvoiceView,
  LedgerCheck,
  PostingQuery,
  PostingView,
  pageOf,
} from '../../contract/control/index.ts';
import type { Invoice } from '../../contract/records.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { mapPage, paged } from './paging.ts';
import { oneOf } from './usage.ts';
import { defined, iso, notFound } from './wire.ts';

const TAG = 'Ledger';

export function ledgerRoutes(routes: Routes, services: Services): void {
  const { store } = services;

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/ledger/balances',
      tag: TAG,
      summary: 'Balances of accounts',
      query: BalanceQuery,
      response: z.object({ data: z.array(BalanceView) }),
    },
    async ({ query }) => {
      await services.flushUsage();
      const rows = await store.ledger.balances(query);
      return {
        data: rows.map(({ account, currency, amount_pico }) => ({
          account,
          currency,
          amount: formatDecimal(amount_pico),
        })),
      };
    },
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/ledger/check',
      tag: TAG,
      summary: 'Whether every currency adds up to 0',
      description: 'Reads all entries.',
      response: LedgerCheck,
    },
    async () => {
      await services.flushUsage();
      const rows = await store.ledger.imbalances();
      return {
        ok: rows.length === 0,
        imbalances: rows.map(({ currency, amount_pico, posting }) =>
          defined({ currency, amount: formatDecimal(amount_pico), posting }),
        ),
      };
    },
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/ledger/postings',
      tag: TAG,
      summary: 'List postings, newest first',
      query: PostingQuery,
      response: pageOf(PostingView),
    },
    async ({ query }) => {
      await services.flushUsage();
      return mapPage(await store.ledger.postings(query), (posting) => ({
        id: posting.id,
        at: iso(posting.at_ms),
        kind: posting.kind,
        reference: posting.reference,
        entries: posting.entries.map(({ account, currency, amount_pico }) => ({
          account,
          currency,
          amount: formatDecimal(amount_pico),
        })),
      }));
    },
  );

  invoiceRoutes(routes, services);
}

function invoiceRoutes(routes: Routes, services: Services): void {
  const { store, usage, clock } = services;
  const path = '/admin/v1/invoices';

  routes.admin(
    {
      method: 'get',
      path,
      tag: TAG,
      summary: 'List invoices, newest first',
      query: InvoiceQuery,
      response: pageOf(InvoiceView),
    },
    async ({ query }) => {
      const page = paged(
        await store.invoices.list({ organisation: query.organisation, project: query.project }),
        query,
        (row) => row.id,
      );
      return { ...page, data: page.data.map(invoiceView) };
    },
  );

  routes.admin(
    {
      method: 'get',
      path: `${path}/{id}`,
      tag: TAG,
      summary: 'Read an invoice',
      params: IdParams,
      response: InvoiceView,
    },
    async ({ params }) => {
      const invoice = await store.invoices.get(params.id);
      if (!invoice) throw notFound('invoice', params.id);
      return invoiceView(invoice);
    },
  );

  routes.admin(
    {
      method: 'post',
      path,
      tag: TAG,
      summary: 'Make an invoice',
      description: 'Of what an organisation or project was charged in a period, one line per model, each rounded once.',
      body: CreateInvoice,
      status: 201,
      response: InvoiceView,
      errors: ['no_exchange_rate', 'not_found'],
    },
    async ({ body, audit }) => {
      oneOf(body);
      await services.flushUsage();
      const owner = await ownerOf(services, body);
      const { period, currency, tax_rate } = body;
      const { from_ms, to_ms } = periodBounds(period, owner.timezone);
      if (from_ms > clock.now())
        throw new AppError('invalid_request', 'The period has not begun yet.', { param: 'period' });
      const { organisation, project } = body;
      const { timezone } = owner;
      const rows = await usage.report({
        organisation,
        project,
        from_ms,
        to_ms,
        groupBy: ['model', 'currency'],
        timezone,
      });
      const invoice = buildInvoice(rows, {
        organisation,
        project,
        period,
        timezone,
        currency,
        taxRate: tax_rate,
        fx: services.snapshot().fx,
        now_ms: clock.now(),
      });
      const posting = invoiceTaxPosting({ ...invoice, organisation: owner.organisation });
      await store.invoices.create(invoice, posting, audit('invoice.create', invoice.id, body, owner.organisation));
      return invoiceView(invoice);
    },
  );
}

async function ownerOf(
  services: Services,
  body: { organisation?: string; project?: string },
): Promise<{ organisation: string; timezone: string }> {
  const { store } = services;
  let id = body.organisation;
  if (body.project !== undefined) {
    const project = await store.projects.get(body.project);
    if (!project) throw notFound('project', body.project);
    id = project.organisation;
  }
  const organisation = await store.organisations.get(id!);
  if (!organisation) throw notFound('organisation', id!);
  return { organisation: organisation.id, timezone: organisation.timezone };
}

function invoiceView(invoice: Invoice): InvoiceView {
  return defined({
    id: invoice.id,
    organisation: invoice.organisation,
    project: invoice.project,
    period: invoice.period,
    currency: invoice.currency,
    lines: invoice.lines.map((line) => ({
      description: line.description,
      operations: line.operations,
      amount: formatDecimal(line.amount_pico),
    })),
    subtotal: formatDecimal(invoice.subtotal_pico),
    tax_rate: invoice.taxRate,
    tax: formatDecimal(invoice.tax_pico),
    total: formatDecimal(invoice.total_pico),
    created_at: iso(invoice.createdAt_ms),
  });
}
