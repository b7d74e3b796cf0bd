import type { Command } from 'commander';
import type { DoctorReport } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';

export function addDoctor(program: Command, io: Io): void {
  withConnection(
    program
      .command('doctor')
      .description('check the installation; asks the running server, or looks at the data folder when none runs'),
  ).action((options: AskOptions) => doctor(options, io));
}

async function doctor(options: AskOptions, io: Io): Promise<void> {
  const [{ connect, findServer }, { AppError }] = await Promise.all([
    import('../client.ts'),
    import('../../base/errors.ts'),
  ]);
  const report =
    findServer(options) === undefined
      ? await (await import('../examine.ts')).examine(options, io)
      : await connect(options).get<DoctorReport>('/admin/v1/doctor');
  const failed = report.checks.filter((check) => !check.ok);
  if (options.json) printJson(io, report);
  else {
    const { formatTable } = await import('../table.ts');
    io.out(
      formatTable<DoctorReport['checks'][number]>(
        [
          { title: '', value: (check) => (check.ok ? 'ok' : 'FAULT') },
          { title: `tokenworks ${report.version}`, value: (check) => check.name },
          { title: '', value: (check) => check.detail },
        ],
        report.checks,
      ),
    );
  }
  if (failed.length > 0)
    throw new AppError(
      'internal_error',
      `${failed.length} of ${report.checks.length} checks failed: ${failed.map(({ name }) => name).join(', ')}.`,
    );
}
