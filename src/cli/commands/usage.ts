import type { Command } from 'commander';
import type { UsageReport } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';
import { date, list, span } from '../options.ts';
import { WrongUsage } from '../wrong-usage.ts';

interface UsageOptions extends AskOptions {
  by?: string[];
  since?: number;
  from?: string;
  to?: string;
  project?: string;
  key?: string;
  model?: string;
  agent?: string;
  timezone?: string;
}

export function addUsage(program: Command, io: Io): void {
  withConnection(
    program
      .command('usage')
      .description('tokens, cost and charge; of the last 30 days unless told otherwise')
      .option(
        '--by <groups>',
        'group by model, provider, project, key, agent, day, hour, tag:NAME, after commas (default: model)',
        list,
      )
      .option('--since <time>', 'of the last 24h, 7d, 2w …', span('--since'))
      .option('--from <date>', 'from a date on', date('--from'))
      .option('--to <date>', 'up to a date, itself included', date('--to'))
      .option('--project <id>', 'only this project’s')
      .option('--key <id>', 'only this key’s')
      .option('--model <name>', 'only this model’s')
      .option('--agent <name>', 'only this agent’s')
      .option('--timezone <zone>', 'time zone of days and hours, such as Asia/Shanghai (default: the organisation’s)'),
  ).action((options: UsageOptions) => usage(options, io));
}

async function usage(options: UsageOptions, io: Io): Promise<void> {
  if (options.since !== undefined && options.from !== undefined)
    throw new WrongUsage('Give --since or --from, not both.');
  const by = options.by ?? ['model'];
  const [{ connect }, { usageTable }] = await Promise.all([import('../client.ts'), import('../usage-table.ts')]);
  const report = await connect(options).get<UsageReport>('/admin/v1/usage', {
    group_by: by,
    from: options.since === undefined ? options.from : new Date(Date.now() - options.since).toISOString(),
    to: options.to,
    project: options.project,
    key: options.key,
    model: options.model,
    agent: options.agent,
    timezone: options.timezone,
  });
  if (options.json) return printJson(io, report);
  if (report.data.length === 0) return io.out('No usage in that time.');
  io.out(usageTable(by, report.data));
}
