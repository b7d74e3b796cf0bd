import type { Command } from 'commander';
import { formatDecimal, type Money } from '../../base/money.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';
import { amount, date, list, oneOf, span, wholeNumber } from '../options.ts';
import { WrongUsage } from '../wrong-usage.ts';

const MAX_LIMIT = 1_000_000_000;
const WINDOWS = ['total', 'day', 'month'] as const;

interface CreateOptions extends AskOptions {
  name: string;
  project?: string;
  budget?: Money;
  window?: (typeof WINDOWS)[number];
  soft?: boolean;
  rpm?: number;
  tpm?: number;
  concurrency?: number;
  models?: string[];
  expires?: string;
  expiresIn?: number;
  actAsUser?: boolean;
  approve?: boolean;
  pricedOnly?: boolean;
}

/** A key as the control plane shows it. */
interface KeyAnswer {
  id: string;
  name: string;
  project: string;
  hint?: string;
  rpm?: number | null;
  tpm?: number | null;
  models?: string[] | null;
  expires_at?: string | null;
  revoked_at?: string | null;
  created_at?: string;
}

export function addKey(program: Command, io: Io): void {
  const key = program.command('key').description('API keys: create, list, revoke');
  withConnection(
    key
      .command('create')
      .description('make a key; its secret is shown this once')
      .requiredOption('--name <name>', 'what the key is for')
      .option('--project <id>', 'project it belongs to (default: default)')
      .option('--budget <amount>', 'what it may spend, such as "5 USD"; hard unless --soft', amount('--budget'))
      .option(
        '--window <window>',
        'over which time the budget counts: total, day or month (default: total)',
        oneOf('--window', WINDOWS),
      )
      .option('--soft', 'the budget alerts and does not refuse')
      .option('--rpm <number>', 'requests per minute', wholeNumber('--rpm', 1, MAX_LIMIT))
      .option('--tpm <number>', 'tokens per minute', wholeNumber('--tpm', 1, MAX_LIMIT))
      .option('--concurrency <number>', 'calls at the same time', wholeNumber('--concurrency', 1, MAX_LIMIT))
      .option('--models <names>', 'models it may call, after commas; patterns such as "openai/*"', list)
      .option('--expires <date>', 'when it ends, such as 2027-01-31', date('--expires'))
      .option('--expires-in <time>', 'after how long it ends, such as 30d', span('--expires-in'))
      .option('--act-as-user', 'it may name the user it acts for')
      .option('--approve', 'it may approve what agents ask for')
      .option('--priced-only', 'it may not call models without a price'),
  ).action((options: CreateOptions) => create(options, io));
  withConnection(
    key
      .command('list')
      .description('keys, without their secrets')
      .option('--project <id>', 'only this project’s')
      .option('--revoked', 'revoked ones too'),
  ).action((options: AskOptions & { project?: string; revoked?: boolean }) => listKeys(options, io));
  withConnection(
    key.command('revoke').description('end a key at once').argument('<id>', 'id of the key (key_…)'),
  ).action((id: string, options: AskOptions) => revoke(id, options, io));
}

async function create(options: CreateOptions, io: Io): Promise<void> {
  const body = keyBody(options, Date.now());
  const { connect } = await import('../client.ts');
  const made = await connect(options).send<KeyAnswer & { secret: string }>('POST', '/admin/v1/keys', body);
  if (options.json) return printJson(io, made);
  io.out(made.secret);
  io.note(
    `Key ${made.id} ("${made.name}", project ${made.project}). The secret above is shown this once: keep it now.`,
  );
}

/** The body of `POST /admin/v1/keys`. Throws WrongUsage. */
export function keyBody(options: Omit<CreateOptions, keyof AskOptions>, now_ms: number): Record<string, unknown> {
  if (options.expires && options.expiresIn) throw new WrongUsage('Give --expires or --expires-in, not both.');
  if (!options.budget && (options.window || options.soft))
    throw new WrongUsage('--window and --soft belong to --budget, which is missing.');
  const expires_at = options.expires
    ? new Date(options.expires).toISOString()
    : options.expiresIn
      ? new Date(now_ms + options.expiresIn).toISOString()
      : undefined;
  return {
    name: options.name,
    project: options.project,
    budget: options.budget && {
      amount: formatDecimal(options.budget.amount),
      currency: options.budget.currency,
      window: options.window ?? 'total',
      hard: !options.soft,
    },
    rpm: options.rpm,
    tpm: options.tpm,
    concurrency: options.concurrency,
    models: options.models,
    expires_at,
    act_as_user: options.actAsUser,
    approve: options.approve,
    unpriced: options.pricedOnly ? false : undefined,
  };
}

async function listKeys(options: AskOptions & { project?: string; revoked?: boolean }, io: Io): Promise<void> {
  const [{ connect }, { formatTable }, { localTime }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
  ]);
  const keys = await connect(options).list<KeyAnswer>('/admin/v1/keys', {
    project: options.project,
    revoked: options.revoked || undefined,
  });
  if (options.json) return printJson(io, { data: keys });
  if (keys.length === 0) return io.out('No keys yet. Make one: tokenworks key create --name NAME');
  io.out(
    formatTable<KeyAnswer>(
      [
        { title: 'id', value: (key) => key.id },
        { title: 'name', value: (key) => key.name },
        { title: 'project', value: (key) => key.project },
        { title: 'secret', value: (key) => key.hint ?? '' },
        { title: 'rpm', value: (key) => String(key.rpm ?? ''), align: 'right', optional: true },
        { title: 'tpm', value: (key) => String(key.tpm ?? ''), align: 'right', optional: true },
        { title: 'models', value: (key) => key.models?.join(',') ?? '', optional: true },
        { title: 'expires', value: (key) => localTime(key.expires_at ?? undefined), optional: true },
        { title: 'revoked', value: (key) => localTime(key.revoked_at ?? undefined), optional: true },
        { title: 'created', value: (key) => localTime(key.created_at) },
      ],
      keys,
    ),
  );
}

async function revoke(id: string, options: AskOptions, io: Io): Promise<void> {
  const { connect } = await import('../client.ts');
  const answer = await connect(options).send<unknown>('DELETE', `/admin/v1/keys/${encodeURIComponent(id)}`);
  if (options.json) return printJson(io, answer ?? { id, revoked: true });
  io.out(`Key ${id} is revoked.`);
}
