import type { Command } from 'commander';
import type { OperationView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';
import { oneOf, span, wholeNumber } from '../options.ts';

const STATUSES = ['completed', 'failed', 'broken', 'aborted', 'cut'] as const;

interface OperationOptions extends AskOptions {
  limit: number;
  model?: string;
  project?: string;
  key?: string;
  status?: (typeof STATUSES)[number];
  since?: number;
}

export function addOperations(program: Command, io: Io): void {
  const operations = program.command('operations').description('single calls: what each used, and what it cost');
  withConnection(
    operations
      .command('list', { isDefault: true })
      .description('the last calls, newest first')
      .option('--limit <number>', 'how many', wholeNumber('--limit', 1, 10_000), 20)
      .option('--model <name>', 'only calls of this model')
      .option('--project <id>', 'only this project’s')
      .option('--key <id>', 'only this key’s')
      .option('--status <status>', `only ${STATUSES.join(', ')}`, oneOf('--status', STATUSES))
      .option('--since <time>', 'of the last 24h, 7d …', span('--since')),
  ).action((options: OperationOptions) => listOperations(options, io));
  withConnection(
    operations.command('get').description('one call with its attempts').argument('<id>', 'id of the operation (op_…)'),
  ).action((id: string, options: AskOptions) => getOperation(id, options, io));
}

async function listOperations(options: OperationOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }, { count, duration, localTime }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
  ]);
  const { totalTokens } = await import('../../contract/usage.ts');
  const rows = await connect(options).list<OperationView>(
    '/admin/v1/operations',
    {
      model: options.model,
      project: options.project,
      key: options.key,
      status: options.status,
      from: options.since === undefined ? undefined : new Date(Date.now() - options.since).toISOString(),
    },
    options.limit,
  );
  if (options.json) return printJson(io, { data: rows });
  if (rows.length === 0) return io.out('No such calls.');
  io.out(
    formatTable<OperationView>(
      [
        { title: 'operation', value: (row) => row.id },
        { title: 'at', value: (row) => localTime(row.at) },
        { title: 'model', value: (row) => row.deployment || row.model },
        { title: 'status', value: (row) => (row.error_code ? `${row.status} (${row.error_code})` : row.status) },
        { title: 'tokens', value: (row) => count(totalTokens(row.usage)), align: 'right' },
        { title: 'charge', value: chargeOf, align: 'right' },
        { title: 'time', value: (row) => duration(row.latency.total_ms), align: 'right' },
        { title: 'first token', value: (row) => duration(row.latency.ttft_ms), align: 'right', optional: true },
      ],
      rows,
    ),
  );
}

function chargeOf(row: OperationView): string {
  return row.charge === null ? 'no price' : `${row.charge} ${row.charge_currency ?? ''}`.trimEnd();
}

function cascadeText({
  decision,
  reason,
  confidence,
  threshold,
  saved,
}: NonNullable<OperationView['cascade']>): string {
  const sure = confidence === undefined ? '' : ` (confidence ${confidence.toFixed(3)}, asked ${threshold?.toFixed(3)})`;
  if (decision === 'passed') return `passed on: ${reason?.replace('_', ' ')}${sure}`;
  const money = saved?.cost === undefined ? '' : `, ${saved.cost} ${saved.currency}`;
  const time = saved?.ms === undefined ? '' : `, ${saved.ms} ms`;
  return `answered by Reflex${sure}${saved ? `; saved about ${saved.tokens} tokens${money}${time}` : ''}`;
}

async function getOperation(id: string, options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { formatFacts, formatTable }, { count, duration, localTime, money }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
  ]);
  const row = await connect(options).get<OperationView>(`/v1/operations/${encodeURIComponent(id)}`);
  if (options.json) return printJson(io, row);
  const usage = Object.entries(row.usage).filter(([, value]) => value);
  const tags = Object.entries(row.tags).map(([name, value]) => `${name}=${value}`);
  io.out(
    formatFacts([
      ['operation', row.id],
      ['at', localTime(row.at)],
      ['status', row.error_code ? `${row.status} (${row.error_code})` : row.status],
      ['model', row.model === row.deployment ? row.model : `${row.model} → ${row.deployment}`],
      ['surface', `${row.surface}${row.stream ? ', streamed' : ''}`],
      ['project, key', `${row.project}, ${row.key}`],
      [
        'usage',
        `${usage.map(([name, value]) => `${count(value)} ${name}`).join(', ') || 'none'} (${row.usage_source ?? 'nothing was counted'})`,
      ],
      ['cost', money(row.costs)],
      ['charge', chargeOf(row)],
      ...(row.cascade ? ([['cascade', cascadeText(row.cascade)]] as const) : []),
      ['price', row.sell_price_version ?? row.price_version ?? '-'],
      [
        'time',
        [
          duration(row.latency.total_ms),
          row.latency.ttft_ms !== null && `first token after ${duration(row.latency.ttft_ms)}`,
        ]
          .filter(Boolean)
          .join(', '),
      ],
      ...(tags.length > 0 ? ([['tags', tags.join(', ')]] as const) : []),
    ]),
  );
  io.out('');
  io.out(
    formatTable<OperationView['attempts'][number]>(
      [
        { title: 'attempt', value: (attempt) => String(attempt.index), align: 'right' },
        { title: 'deployment', value: (attempt) => attempt.deployment },
        {
          title: 'status',
          value: (attempt) => (attempt.error_code ? `${attempt.status} (${attempt.error_code})` : attempt.status),
        },
        { title: 'http', value: (attempt) => String(attempt.http_status ?? ''), align: 'right', optional: true },
        {
          title: 'cost',
          value: (attempt) => (attempt.cost === null ? '-' : `${attempt.cost} ${attempt.currency ?? ''}`),
          align: 'right',
        },
        { title: 'time', value: (attempt) => duration(attempt.latency.total_ms), align: 'right' },
      ],
      row.attempts,
    ),
  );
}
