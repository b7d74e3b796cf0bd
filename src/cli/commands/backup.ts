import type { Command } from 'commander';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';

interface BackupOptions extends AskOptions {
  force?: boolean;
}

export function addBackup(program: Command, io: Io): void {
  withConnection(
    program
      .command('backup')
      .description('write everything into one file, which either database reads again')
      .argument('<file>', 'file to write, such as tokenworks.backup')
      .option('--force', 'replace the file if it is there'),
  ).action((file: string, options: BackupOptions) => backup(file, options, io));
}

async function backup(file: string, options: BackupOptions, io: Io): Promise<void> {
  const [{ existsSync, statSync }, { AppError }, { findServer }] = await Promise.all([
    import('node:fs'),
    import('../../base/errors.ts'),
    import('../client.ts'),
  ]);
  if (existsSync(file) && !options.force)
    throw new AppError('conflict', `${file} is there already: choose another name, or add --force.`);
  if (findServer(options) === undefined) await fromStore(file, options, io);
  else await fromServer(file, options);
  const size = statSync(file).size;
  if (options.json) return printJson(io, { file, bytes: size });
  const { bytes } = await import('../format.ts');
  io.out(`${file}: ${bytes(size)}.`);
  io.note(
    'Keep secret.key of the data folder too, apart from the file: without it, stored keys and provider secrets open no more.',
  );
}

/** The file appears only when it is whole. */
async function fromServer(file: string, options: BackupOptions): Promise<void> {
  const [{ createWriteStream }, { rename, rm }, { Readable }, { pipeline }, { connect }] = await Promise.all([
    import('node:fs'),
    import('node:fs/promises'),
    import('node:stream'),
    import('node:stream/promises'),
    import('../client.ts'),
  ]);
  const body = await connect(options).stream('/admin/v1/backup');
  const draft = `${file}.${process.pid}.part`;
  try {
    await pipeline(
      Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]),
      createWriteStream(draft, { flags: 'wx', mode: 0o600 }),
    );
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function fromStore(file: string, options: BackupOptions, io: Io): Promise<void> {
  const [{ openStore }, { clientConfig }, { pendingJournal }] = await Promise.all([
    import('../../store/index.ts'),
    import('../settings.ts'),
    import('../pending-journal.ts'),
  ]);
  const config = clientConfig(options);
  await requireStore(config);
  io.note('No server runs; opening the store …');
  const store = await openStore({ home: config.home, databaseUrl: config.databaseUrl });
  try {
    await store.backup(file);
  } finally {
    await store.close();
  }
  const pending = pendingJournal(config.home);
  if (pending > 0)
    io.note(
      `${pending} journal files may hold calls that are not in the backup yet; start the server and back up while it runs to have them in.`,
    );
}

async function requireStore(config: { home: string; databaseUrl?: string }): Promise<void> {
  const [{ existsSync }, { join }, { AppError }] = await Promise.all([
    import('node:fs'),
    import('node:path'),
    import('../../base/errors.ts'),
  ]);
  if (!config.databaseUrl && !existsSync(join(config.home, 'db'))) {
    throw new AppError('not_found', `There is nothing to back up in ${config.home}; name the data folder with --home.`);
  }
}
