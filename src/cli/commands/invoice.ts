import type { Command } from 'commander';
import type { InvoiceView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';
import { decimal } from '../options.ts';
import { WrongUsage } from '../wrong-usage.ts';

interface CreateOptions extends AskOptions {
  period: string;
  currency: string;
  organisation?: string;
  project?: string;
  taxRate?: string;
}

export function addInvoice(program: Command, io: Io): void {
  const invoice = program.command('invoice').description('invoices: create, list, get');
  withConnection(
    invoice
      .command('create')
      .description('bill a month')
      .requiredOption('--period <month>', 'such as 2026-11, in the organisation’s time zone')
      .requiredOption('--currency <code>', 'such as USD')
      .option('--organisation <id>', 'bill an organisation (default: default)')
      .option('--project <id>', 'bill one project')
      .option('--tax-rate <share>', 'such as 0.06', decimal('--tax-rate')),
  ).action((options: CreateOptions) => create(options, io));
  withConnection(invoice.command('list').description('invoices that were made')).action((options: AskOptions) =>
    listInvoices(options, io),
  );
  withConnection(
    invoice.command('get').description('one invoice with its lines').argument('<id>', 'id of the invoice'),
  ).action((id: string, options: AskOptions) => get(id, options, io));
}

async function create(options: CreateOptions, io: Io): Promise<void> {
  if (options.organisation && options.project) throw new WrongUsage('Give --organisation or --project, not both.');
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(options.period))
    throw new WrongUsage(`--period takes a month such as 2026-11, not "${options.period}".`);
  const { connect } = await import('../client.ts');
  const made = await connect(options).send<InvoiceView>('POST', '/admin/v1/invoices', {
    organisation: options.project ? undefined : (options.organisation ?? 'default'),
    project: options.project,
    period: options.period,
    currency: options.currency,
    tax_rate: options.taxRate,
  });
  await show(made, options, io);
}

async function get(id: string, options: AskOptions, io: Io): Promise<void> {
  const { connect } = await import('../client.ts');
  await show(await connect(options).get<InvoiceView>(`/admin/v1/invoices/${encodeURIComponent(id)}`), options, io);
}

async function show(invoice: InvoiceView, options: AskOptions, io: Io): Promise<void> {
  if (options.json) return printJson(io, invoice);
  const [{ formatFacts, formatTable }, { count }] = await Promise.all([import('../table.ts'), import('../format.ts')]);
  io.out(
    formatFacts([
      ['invoice', invoice.id],
      ['for', invoice.project ? `project ${invoice.project}` : `organisation ${invoice.organisation}`],
      ['period', invoice.period],
    ]),
  );
  io.out('');
  io.out(
    formatTable<InvoiceView['lines'][number]>(
      [
        { title: 'line', value: (line) => line.description },
        { title: 'operations', value: (line) => count(line.operations), align: 'right' },
        { title: invoice.currency, value: (line) => line.amount, align: 'right' },
      ],
      invoice.lines,
    ),
  );
  io.out('');
  io.out(
    formatFacts([
      ['subtotal', `${invoice.subtotal} ${invoice.currency}`],
      [invoice.tax_rate ? `tax (${invoice.tax_rate})` : 'tax', `${invoice.tax} ${invoice.currency}`],
      ['total', `${invoice.total} ${invoice.currency}`],
    ]),
  );
}

async function listInvoices(options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }, { localTime }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
  ]);
  const rows = await connect(options).list<InvoiceView>('/admin/v1/invoices');
  if (options.json) return printJson(io, { data: rows });
  if (rows.length === 0) return io.out('No invoices yet.');
  io.out(
    formatTable<InvoiceView>(
      [
        { title: 'invoice', value: (row) => row.id },
        { title: 'for', value: (row) => (row.project ? `project ${row.project}` : `organisation ${row.organisation}`) },
        { title: 'period', value: (row) => row.period },
        { title: 'total', value: (row) => `${row.total} ${row.currency}`, align: 'right' },
        { title: 'made', value: (row) => localTime(row.created_at) },
      ],
      rows,
    ),
  );
}
