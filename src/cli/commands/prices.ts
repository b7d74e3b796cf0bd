import type { Command } from 'commander';
import type { PriceView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';
import { date, decimal, oneOf } from '../options.ts';

const BOOKS = ['cost', 'sell'] as const;

interface PriceOptions extends AskOptions {
  provider?: string;
  model?: string;
  book?: (typeof BOOKS)[number];
  all?: boolean;
}

interface AddOptions extends AskOptions {
  provider: string;
  model: string;
  currency: string;
  input: string;
  output?: string;
  cacheRead?: string;
  cacheWrite?: string;
  reasoning?: string;
  book: (typeof BOOKS)[number];
  from?: string;
}

export function addPrices(program: Command, io: Io): void {
  const prices = program.command('prices').description('the price books: what providers cost, and what is charged');
  withConnection(
    prices
      .command('list', { isDefault: true })
      .description('rows that hold now')
      .option('--provider <name>', 'only this provider’s')
      .option('--model <id>', 'only this model’s')
      .option('--book <book>', 'cost or sell', oneOf('--book', BOOKS))
      .option('--all', 'past and future rows too'),
  ).action((options: PriceOptions) => listPrices(options, io));
  withConnection(
    prices
      .command('add')
      .description('a new price per 1M tokens; the row before it ends where this one begins')
      .requiredOption('--provider <name>', 'provider that it is for')
      .requiredOption('--model <id>', 'the provider’s id of the model')
      .requiredOption('--currency <code>', 'such as USD')
      .requiredOption('--input <amount>', 'price of input tokens', decimal('--input'))
      .option('--output <amount>', 'price of output tokens', decimal('--output'))
      .option('--cache-read <amount>', 'price of tokens read from a cache', decimal('--cache-read'))
      .option('--cache-write <amount>', 'price of tokens written to a cache', decimal('--cache-write'))
      .option('--reasoning <amount>', 'price of reasoning tokens (default: output’s)', decimal('--reasoning'))
      .option(
        '--book <book>',
        'cost (what the provider takes) or sell (what is charged)',
        oneOf('--book', BOOKS),
        'cost',
      )
      .option('--from <date>', 'from when it holds (default: now)', date('--from')),
  ).action((options: AddOptions) => addPrice(options, io));
}

async function listPrices(options: PriceOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }, { localTime }, { priceCells }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
    import('../price-cells.ts'),
  ]);
  const rows = await connect(options).list<PriceView>('/admin/v1/prices', {
    provider: options.provider,
    model: options.model,
    book: options.book,
    in_force: options.all ? undefined : true,
  });
  if (options.json) return printJson(io, { data: rows });
  if (rows.length === 0) return io.out('No such price.');
  io.out(
    formatTable<PriceView>(
      [
        { title: 'book', value: (row) => row.book },
        { title: 'provider', value: (row) => row.provider },
        { title: 'model', value: (row) => row.model },
        { title: 'input', value: (row) => priceCells(row).input, align: 'right' },
        { title: 'cache read', value: (row) => priceCells(row).cacheRead, align: 'right', optional: true },
        { title: 'output', value: (row) => priceCells(row).output, align: 'right' },
        { title: 'per', value: (row) => priceCells(row).per },
        { title: 'from', value: (row) => localTime(row.effective_from) },
        { title: 'to', value: (row) => localTime(row.effective_to), optional: true },
        { title: 'owner', value: (row) => row.managed_by },
      ],
      rows,
    ),
  );
}

async function addPrice(options: AddOptions, io: Io): Promise<void> {
  const [{ connect }, { localTime }] = await Promise.all([import('../client.ts'), import('../format.ts')]);
  const made = await connect(options).send<PriceView>('POST', '/admin/v1/prices', {
    book: options.book,
    provider: options.provider,
    model: options.model,
    currency: options.currency,
    effective_from: options.from,
    input: options.input,
    output: options.output,
    cache_read: options.cacheRead,
    cache_write: options.cacheWrite,
    reasoning: options.reasoning,
  });
  if (options.json) return printJson(io, made);
  io.out(
    `Price ${made.id} (${made.provider}/${made.model}, ${made.currency}) holds from ${localTime(made.effective_from)}.`,
  );
}
