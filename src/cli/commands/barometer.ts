import type { Command } from 'commander';
import type { BarometerView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';

const DAYS_SHOWN = 7;

export function addBarometer(program: Command, io: Io): void {
  withConnection(
    program.command('barometer').description('the stream of tokens: now, today, in all, and its growth'),
  ).action((options: AskOptions) => barometer(options, io));
}

async function barometer(options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { formatFacts, formatTable }, { change, count, localTime }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
  ]);
  const view = await connect(options).get<BarometerView>('/admin/v1/barometer');
  if (options.json) return printJson(io, view);
  const next = view.milestones.find((milestone) => milestone.at === undefined);
  const last = view.milestones.filter((milestone) => milestone.at !== undefined).at(-1);
  io.out(
    formatFacts([
      [
        'tokens',
        `${count(view.tokens.total)} in all, ${count(view.tokens.today)} today, ${count(view.per_minute)} a minute`,
      ],
      [
        'requests',
        `${count(view.requests.total)} in all, ${count(view.requests.today)} today, ${count(view.open)} open`,
      ],
      ['errors', count(view.errors)],
      [
        'growth',
        `day ${change(view.growth.day)}, week ${change(view.growth.week)}, month ${change(view.growth.month)}`,
      ],
      [
        'milestone',
        [last && `${count(last.tokens)} passed ${localTime(last.at)}`, next && `next ${count(next.tokens)}`]
          .filter(Boolean)
          .join(', ') || '-',
      ],
    ]),
  );
  io.out('');
  io.out(
    formatTable(
      [
        { title: `day (${view.timezone})`, value: (day) => day.day },
        { title: 'tokens', value: (day) => count(day.tokens), align: 'right' },
        { title: 'requests', value: (day) => count(day.requests), align: 'right' },
      ],
      view.per_day.slice(-DAYS_SHOWN),
    ),
  );
}
