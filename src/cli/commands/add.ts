import type { Command } from 'commander';
import { type Io, printJson } from '../io.ts';
import { WrongUsage } from '../wrong-usage.ts';

interface AddOptions {
  list?: boolean;
  home?: string;
  json?: boolean;
}

interface PartState {
  name: string;
  title: string;
  state: 'installed' | 'available' | 'later';
  version?: string;
  bytes?: number;
}

export function addAdd(program: Command, io: Io): void {
  program
    .command('add')
    .description('bring an optional part into the data folder; restart the server to use it')
    .argument('[part]', 'its name: see --list')
    .option('--list', 'show what there is, and what is installed')
    .option('--home <dir>', 'data folder (default: TOKENWORKS_HOME, or ./.tokenworks)')
    .option('--json', 'print the answer as JSON')
    .action((name: string | undefined, options: AddOptions) => add(name, options, io));
}

async function add(name: string | undefined, options: AddOptions, io: Io): Promise<void> {
  if (options.list) return list(options, io);
  const { PARTS } = await import('../../base/parts.ts');
  const available = PARTS.filter(({ packages }) => Object.keys(packages).length > 0).map((part) => part.name);
  if (name === undefined) throw new WrongUsage(`add takes the name of a part: ${available.join(', ')}.`);
  const part = PARTS.find((one) => one.name === name);
  if (!part) throw new WrongUsage(`add takes ${available.join(', ')}; there is no part "${name}".`);
  const [{ clientConfig }, { bringPart }, { bytes }, { AppError }] = await Promise.all([
    import('../settings.ts'),
    import('../bring-part.ts'),
    import('../format.ts'),
    import('../../base/errors.ts'),
  ]);
  if (!available.includes(name))
    throw new AppError('not_found', `${name} is planned; this version has ${available.join(', ')}.`);
  const { home } = clientConfig({ home: options.home });
  const { partAt } = await import('../../base/parts.ts');
  const wasThere = partAt(home, name).version !== undefined;
  if (!wasThere) await makeFolder(home);
  if (!wasThere) io.note(`bringing ${name} from npm …`);
  const size = await bringPart(home, part, { note: (message) => io.note(message) });
  const { folder, version } = partAt(home, name);
  if (options.json) return printJson(io, { name, version, folder, bytes: size, installed: true });
  io.out(`${name} ${version} ${wasThere ? 'is there already' : 'is installed'}: ${bytes(size)} in ${folder}`);
}

/** Makes a folder level by level: asked for all at once, Node hangs where a file system takes none. Throws AppError. */
async function makeFolder(folder: string): Promise<void> {
  const [{ mkdir, stat }, { dirname }, { AppError }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
    import('../../base/errors.ts'),
  ]);
  try {
    if ((await stat(folder).catch(() => undefined))?.isDirectory()) return;
    if (dirname(folder) !== folder) await makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'EEXIST' ? 'is no folder' : `can't be made (${code})`;
    throw new AppError('invalid_request', `${folder} ${what}; name another data folder with --home.`);
  }
}

async function list(options: AddOptions, io: Io): Promise<void> {
  const [{ PARTS, partAt }, { clientConfig }, { folderSize }, { formatTable }, { bytes }] = await Promise.all([
    import('../../base/parts.ts'),
    import('../settings.ts'),
    import('../bring-part.ts'),
    import('../table.ts'),
    import('../format.ts'),
  ]);
  const { home } = clientConfig({ home: options.home });
  const parts = await Promise.all(
    PARTS.map(async ({ name, title, packages }): Promise<PartState> => {
      const { folder, version } = partAt(home, name);
      if (version !== undefined) return { name, title, state: 'installed', version, bytes: await folderSize(folder) };
      return { name, title, state: Object.keys(packages).length > 0 ? 'available' : 'later' };
    }),
  );
  if (options.json) return printJson(io, { data: parts });
  io.out(
    formatTable<PartState>(
      [
        { title: 'part', value: (part) => part.name },
        { title: 'state', value: (part) => part.state },
        { title: 'version', value: (part) => part.version ?? '', optional: true },
        {
          title: 'size',
          value: (part) => (part.bytes === undefined ? '' : bytes(part.bytes)),
          align: 'right',
          optional: true,
        },
        { title: 'what it brings', value: (part) => part.title },
      ],
      parts,
    ),
  );
}
