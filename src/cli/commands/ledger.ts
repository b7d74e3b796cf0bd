import type { Command } from 'commander';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';

interface LedgerCheck {
  ok: boolean;
  imbalances: { currency: string; amount: string; posting?: string }[];
}

interface Balance {
  account: string;
  currency: string;
  amount: string;
}

export function addLedger(program: Command, io: Io): void {
  const ledger = program.command('ledger').description('the double-entry ledger');
  withConnection(
    ledger.command('check').description('do all entries add up to 0, per currency and per posting?'),
  ).action((options: AskOptions) => check(options, io));
  withConnection(
    ledger
      .command('balances')
      .description('balances per account')
      .option('--prefix <text>', 'only accounts that begin with this'),
  ).action((options: AskOptions & { prefix?: string }) => balances(options, io));
}

async function check(options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { AppError }] = await Promise.all([import('../client.ts'), import('../../base/errors.ts')]);
  const result = await connect(options).get<LedgerCheck>('/admin/v1/ledger/check');
  if (options.json) printJson(io, result);
  if (!result.ok) {
    const wrong = result.imbalances.map(
      ({ currency, amount, posting }) => `${amount} ${currency}${posting ? ` in ${posting}` : ''}`,
    );
    throw new AppError('internal_error', `The ledger does not add up: off by ${wrong.join(', ')}.`);
  }
  if (!options.json) io.out('The ledger adds up: Σ entries = 0 in every currency and posting.');
}

async function balances(options: AskOptions & { prefix?: string }, io: Io): Promise<void> {
  const [{ connect }, { formatTable }] = await Promise.all([import('../client.ts'), import('../table.ts')]);
  const answer = await connect(options).get<{ data: Balance[] }>('/admin/v1/ledger/balances', {
    prefix: options.prefix,
  });
  if (options.json) return printJson(io, answer);
  if (answer.data.length === 0) return io.out('Nothing is booked yet.');
  io.out(
    formatTable<Balance>(
      [
        { title: 'account', value: (row) => row.account },
        { title: 'balance', value: (row) => row.amount, align: 'right' },
        { title: 'currency', value: (row) => row.currency },
      ],
      answer.data,
    ),
  );
}
