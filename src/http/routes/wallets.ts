import { AppError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import { formatDecimal, parseDecimal } from '../../base/money.ts';
import { topUpPosting, walletBalance } from '../../billing/index.ts';
import { CreateWallet, IdParams, pageOf, TopUp, WalletQuery, WalletView } from '../../contract/control/index.ts';
import type { Wallet, WalletBalance } from '../../contract/records.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { paged } from './paging.ts';
import { iso, notFound } from './wire.ts';

const TAG = 'Wallets';
const PATH = '/admin/v1/wallets';

export function walletRoutes(routes: Routes, services: Services): void {
  const { store, clock } = services;

  routes.admin(
    {
      method: 'get',
      path: PATH,
      tag: TAG,
      summary: 'List wallets with their balances',
      query: WalletQuery,
      response: pageOf(WalletView),
    },
    async ({ query }) => {
      await services.flushUsage();
      const page = paged(
        await store.wallets.list({ scope: query.scope, scopeId: query.scope_id }),
        query,
        (row) => row.id,
      );
      const balances = await store.wallets.balances();
      return { ...page, data: page.data.map((wallet) => walletView(wallet, balances)) };
    },
  );

  routes.admin(
    { method: 'get', path: `${PATH}/{id}`, tag: TAG, summary: 'Read a wallet', params: IdParams, response: WalletView },
    async ({ params }) => {
      await services.flushUsage();
      return viewOf(services, params.id);
    },
  );

  routes.admin(
    {
      method: 'post',
      path: PATH,
      tag: TAG,
      summary: 'Make a prepaid wallet',
      description:
        'From now on the calls of its organisation or project are paid from it: while it is empty they are refused.',
      body: CreateWallet,
      status: 201,
      response: WalletView,
      errors: ['not_found', 'conflict'],
    },
    async ({ body, audit }) => {
      const organisation = await organisationOf(services, body);
      if ((await store.wallets.list({ scope: body.scope, scopeId: body.scope_id })).length > 0) {
        throw new AppError('conflict', `That ${body.scope} has a wallet already.`, { param: 'scope_id' });
      }
      const wallet: Wallet = {
        id: newId('wal', clock.now()),
        scope: body.scope,
        scopeId: body.scope_id,
        currency: body.currency,
        createdAt_ms: clock.now(),
      };
      await store.wallets.create(wallet, audit('wallet.create', wallet.id, body, organisation));
      await services.refresh();
      return walletView(wallet, []);
    },
  );

  routes.admin(
    {
      method: 'post',
      path: `${PATH}/{id}/top-ups`,
      tag: TAG,
      summary: 'Pay into a wallet',
      params: IdParams,
      body: TopUp,
      status: 201,
      response: WalletView,
      errors: ['conflict'],
    },
    async ({ params, body, audit }) => {
      const wallet = await store.wallets.get(params.id);
      if (!wallet) throw notFound('wallet', params.id);
      const organisation = await organisationOf(services, { scope: wallet.scope, scope_id: wallet.scopeId });
      const reference = `${wallet.id}:${body.idempotency_key ?? newId('top', clock.now())}`;
      const amount_pico = parseDecimal(body.amount);
      const posting = topUpPosting({
        wallet: wallet.id,
        organisation,
        currency: wallet.currency,
        amount_pico,
        reference,
        at_ms: clock.now(),
      });
      const isNew = await store.wallets.post(
        posting,
        audit('wallet.top_up', wallet.id, { ...body, currency: wallet.currency }, organisation),
      );
      if (!isNew) await checkSameAmount(services, reference, `wallet:${wallet.id}`, amount_pico);
      await services.refresh();
      return viewOf(services, wallet.id);
    },
  );
}

/** A repeated key stands for the same payment only if it is the same amount. */
async function checkSameAmount(
  services: Services,
  reference: string,
  account: string,
  amount_pico: bigint,
): Promise<void> {
  const { data } = await services.store.ledger.postings({ reference, limit: 1 });
  const booked = data[0]?.entries.find((entry) => entry.account === account)?.amount_pico;
  if (booked === -amount_pico) return;
  throw new AppError('conflict', 'This idempotency_key stands for another amount already.', {
    param: 'idempotency_key',
  });
}

async function organisationOf(
  services: Services,
  scope: { scope: Wallet['scope']; scope_id: string },
): Promise<string> {
  const { store } = services;
  if (scope.scope === 'organisation') {
    if (!(await store.organisations.get(scope.scope_id))) throw notFound('organisation', scope.scope_id);
    return scope.scope_id;
  }
  const project = await store.projects.get(scope.scope_id);
  if (!project) throw notFound('project', scope.scope_id);
  return project.organisation;
}

async function viewOf(services: Services, id: string): Promise<WalletView> {
  const wallet = await services.store.wallets.get(id);
  if (!wallet) throw notFound('wallet', id);
  return walletView(wallet, await services.store.wallets.balances());
}

function walletView(wallet: Wallet, balances: readonly WalletBalance[]): WalletView {
  const balance = balances.find((row) => row.wallet === wallet.id) ?? { credited_pico: 0n, spent_pico: 0n };
  return {
    id: wallet.id,
    scope: wallet.scope,
    scope_id: wallet.scopeId,
    currency: wallet.currency,
    credited: formatDecimal(balance.credited_pico),
    spent: formatDecimal(balance.spent_pico),
    balance: formatDecimal(walletBalance(balance)),
    created_at: iso(wallet.createdAt_ms),
  };
}
