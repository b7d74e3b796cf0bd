import type { Command } from 'commander';
import { formatDecimal, type Money } from '../../base/money.ts';
import type { BudgetView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';
import { amount, list, oneOf } from '../options.ts';
import { WrongUsage } from '../wrong-usage.ts';

const SCOPES = ['organisation', 'project', 'key', 'agent'] as const;
const WINDOWS = ['total', 'day', 'month'] as const;

interface CreateOptions extends AskOptions {
  scope: (typeof SCOPES)[number];
  id?: string;
  amount: Money;
  window: (typeof WINDOWS)[number];
  soft?: boolean;
  alerts?: string[];
  webhook?: string;
}

export function addBudget(program: Command, io: Io): void {
  const budget = program.command('budget').description('budgets: what may be spent, by whom, in which time');
  withConnection(
    budget
      .command('create')
      .description('make a budget')
      .requiredOption('--amount <amount>', 'such as "100 USD"', amount('--amount'))
      .option('--scope <scope>', SCOPES.join(', '), oneOf('--scope', SCOPES), 'project')
      .option('--id <id>', 'whose: id of the organisation, project or key, or name of the agent (default: default)')
      .option(
        '--window <window>',
        'total, day or month, in the organisation’s time zone',
        oneOf('--window', WINDOWS),
        'month',
      )
      .option('--soft', 'alert only; do not refuse calls')
      .option('--alerts <percents>', 'shares at which an alert is sent, such as 50,80,100 (default: 80,100)', list)
      .option('--webhook <url>', 'where alerts are posted'),
  ).action((options: CreateOptions) => create(options, io));
  withConnection(budget.command('list').description('budgets, with what is spent and left')).action(
    (options: AskOptions) => listBudgets(options, io),
  );
  withConnection(budget.command('remove').description('remove a budget').argument('<id>', 'id of the budget')).action(
    (id: string, options: AskOptions) => remove(id, options, io),
  );
}

async function create(options: CreateOptions, io: Io): Promise<void> {
  const alerts = options.alerts?.map(Number);
  if (alerts?.some((percent) => !(percent > 0)))
    throw new WrongUsage('--alerts takes percentages after commas, such as 50,80,100.');
  const { connect } = await import('../client.ts');
  const made = await connect(options).send<BudgetView>('POST', '/admin/v1/budgets', {
    scope: options.scope,
    scope_id: options.id,
    amount: formatDecimal(options.amount.amount),
    currency: options.amount.currency,
    window: options.window,
    hard: !options.soft,
    alert_percents: alerts,
    webhook: options.webhook,
  });
  if (options.json) return printJson(io, made);
  io.out(
    `Budget ${made.id}: ${made.amount} ${made.currency} per ${made.window} for ${made.scope} ${made.scope_id}, ${made.hard ? 'hard' : 'soft'}.`,
  );
}

async function listBudgets(options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }] = await Promise.all([import('../client.ts'), import('../table.ts')]);
  const rows = await connect(options).list<BudgetView>('/admin/v1/budgets');
  if (options.json) return printJson(io, { data: rows });
  if (rows.length === 0)
    return io.out('No budgets. Make one: tokenworks budget create --amount "100 USD" --window month');
  io.out(
    formatTable<BudgetView>(
      [
        { title: 'budget', value: (row) => row.id },
        { title: 'for', value: (row) => `${row.scope} ${row.scope_id}` },
        { title: 'window', value: (row) => (row.window === 'total' ? 'total' : row.current_window) },
        { title: 'kind', value: (row) => (row.hard ? 'hard' : 'soft') },
        { title: 'amount', value: (row) => row.amount, align: 'right' },
        { title: 'spent', value: (row) => row.spent, align: 'right' },
        { title: 'left', value: (row) => row.remaining, align: 'right' },
        { title: 'currency', value: (row) => row.currency },
      ],
      rows,
    ),
  );
}

async function remove(id: string, options: AskOptions, io: Io): Promise<void> {
  const { connect } = await import('../client.ts');
  const answer = await connect(options).send<unknown>('DELETE', `/admin/v1/budgets/${encodeURIComponent(id)}`);
  if (options.json) return printJson(io, answer);
  io.out(`Budget ${id} is removed.`);
}
