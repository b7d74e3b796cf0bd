import type { Command } from 'commander';
import { type Io, printJson } from '../io.ts';

interface RestoreOptions {
  home?: string;
  json?: boolean;
}

export function addRestore(program: Command, io: Io): void {
  program
    .command('restore')
    .description('read a backup into an empty data folder (or an empty DATABASE_URL); the server must not run')
    .argument('<file>', 'file that backup wrote')
    .option('--json', 'print the answer as JSON')
    .option('--home <dir>', 'data folder (default: TOKENWORKS_HOME, or ./.tokenworks)')
    .action((file: string, options: RestoreOptions) => restore(file, options, io));
}

async function restore(file: string, options: RestoreOptions, io: Io): Promise<void> {
  const [{ existsSync }, { AppError }, { readServerFile }, { clientConfig }, { openStore }] = await Promise.all([
    import('node:fs'),
    import('../../base/errors.ts'),
    import('../server-file.ts'),
    import('../settings.ts'),
    import('../../store/index.ts'),
  ]);
  if (!existsSync(file)) throw new AppError('not_found', `${file} does not exist.`);
  const config = clientConfig(options);
  const running = readServerFile(config.home);
  if (running)
    throw new AppError('conflict', `A server runs on ${config.home} (process ${running.pid}): stop it first.`);
  io.note('opening the store …');
  const store = await openStore({ home: config.home, databaseUrl: config.databaseUrl });
  let rows: number;
  try {
    ({ rows } = await store.restore(file));
  } finally {
    await store.close();
  }
  if (options.json) return printJson(io, { file, rows });
  const { count } = await import('../format.ts');
  io.out(`${count(rows)} rows are back. Put the secret.key of that time into ${config.home}, then start.`);
}
