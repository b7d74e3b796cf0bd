import type { Command } from 'commander';
import { formatDecimal, type Money } from '../../base/money.ts';
import type { WalletView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';
import { amount, oneOf } from '../options.ts';

const SCOPES = ['organisation', 'project'] as const;

interface CreateOptions extends AskOptions {
  scope: (typeof SCOPES)[number];
  id?: string;
  currency: string;
}

interface TopUpOptions extends AskOptions {
  amount: Money;
  reference?: string;
}

export function addWallet(program: Command, io: Io): void {
  const wallet = program.command('wallet').description('prepaid credit of a project or an organisation');
  withConnection(
    wallet
      .command('create')
      .description('make a wallet; from then on its calls need credit')
      .requiredOption('--currency <code>', 'such as USD')
      .option('--scope <scope>', SCOPES.join(' or '), oneOf('--scope', SCOPES), 'project')
      .option('--id <id>', 'id of the project or organisation (default: default)'),
  ).action((options: CreateOptions) => create(options, io));
  withConnection(
    wallet
      .command('top-up')
      .description('put credit into a wallet')
      .argument('<id>', 'id of the wallet')
      .requiredOption('--amount <amount>', 'such as "50 USD", in the wallet’s currency', amount('--amount'))
      .option('--reference <text>', 'number of the payment; the same one again books nothing'),
  ).action((id: string, options: TopUpOptions) => topUp(id, options, io));
  withConnection(wallet.command('list').description('wallets and their balances')).action((options: AskOptions) =>
    listWallets(options, io),
  );
}

async function create(options: CreateOptions, io: Io): Promise<void> {
  const { connect } = await import('../client.ts');
  const made = await connect(options).send<WalletView>('POST', '/admin/v1/wallets', {
    scope: options.scope,
    scope_id: options.id,
    currency: options.currency,
  });
  if (options.json) return printJson(io, made);
  io.out(
    `Wallet ${made.id} of ${made.scope} ${made.scope_id}, ${made.currency}. Put credit in: tokenworks wallet top-up ${made.id} --amount "50 ${made.currency}"`,
  );
}

async function topUp(id: string, options: TopUpOptions, io: Io): Promise<void> {
  const [{ connect }, { AppError }] = await Promise.all([import('../client.ts'), import('../../base/errors.ts')]);
  const client = connect(options);
  const wallet = (await client.list<WalletView>('/admin/v1/wallets')).find((one) => one.id === id);
  if (!wallet) throw new AppError('not_found', `There is no wallet ${id}; see tokenworks wallet list.`);
  if (wallet.currency !== options.amount.currency) {
    throw new AppError(
      'invalid_request',
      `Wallet ${id} holds ${wallet.currency}; --amount is in ${options.amount.currency}.`,
    );
  }
  const after = await client.send<WalletView>('POST', `/admin/v1/wallets/${encodeURIComponent(id)}/top-ups`, {
    amount: formatDecimal(options.amount.amount),
    idempotency_key: options.reference,
  });
  if (options.json) return printJson(io, after);
  io.out(`Wallet ${id} holds ${after.balance} ${after.currency}.`);
}

async function listWallets(options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }] = await Promise.all([import('../client.ts'), import('../table.ts')]);
  const rows = await connect(options).list<WalletView>('/admin/v1/wallets');
  if (options.json) return printJson(io, { data: rows });
  if (rows.length === 0) return io.out('No wallets. Make one: tokenworks wallet create --currency USD');
  io.out(
    formatTable<WalletView>(
      [
        { title: 'wallet', value: (row) => row.id },
        { title: 'of', value: (row) => `${row.scope} ${row.scope_id}` },
        { title: 'credited', value: (row) => row.credited, align: 'right' },
        { title: 'spent', value: (row) => row.spent, align: 'right' },
        { title: 'balance', value: (row) => row.balance, align: 'right' },
        { title: 'currency', value: (row) => row.currency },
      ],
      rows,
    ),
  );
}
