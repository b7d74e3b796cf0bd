/** What `doctor` can tell while no server runs: it opens the data folder itself. */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PARTS, partAt } from '../base/parts.ts';
import { type Config, loadConfig } from '../config.ts';
import type { DoctorReport } from '../contract/control/index.ts';
import { openStore } from '../store/index.ts';
import { bytes } from './format.ts';
import type { Io } from './io.ts';
import { version } from './package.ts';
import { pendingJournal } from './pending-journal.ts';
import { type ConnectionOptions, clientConfig } from './settings.ts';

type Check = DoctorReport['checks'][number];

const MIN_FREE_BYTES = 1024 ** 3;
const SECRET_FILES = ['admin-key', 'secret.key'];
const SERVER_NODE = 24;

export async function examine(options: ConnectionOptions, io: Io): Promise<DoctorReport> {
  const config = clientConfig(options);
  const checks: Check[] = [
    { name: 'server', ok: true, detail: `does not run on ${config.home}; these are the checks that need none` },
    nodeCheck(),
    configCheck(options),
  ];
  if (existsSync(config.home)) {
    checks.push(
      ...SECRET_FILES.flatMap((name) => secretCheck(join(config.home, name))),
      diskCheck(config.home),
      journalCheck(config.home),
      partsCheck(config.home),
    );
  }
  checks.push(...(await storeChecks(config, io)));
  return { ok: checks.every((check) => check.ok), version: version(), checks };
}

function nodeCheck(): Check {
  const ok = Number(process.versions.node.split('.')[0]) >= SERVER_NODE;
  return {
    name: 'node',
    ok,
    detail: ok ? process.versions.node : `${process.versions.node}; ${SERVER_NODE} or later is needed`,
  };
}

function configCheck(options: ConnectionOptions): Check {
  try {
    const config = loadConfig({ home: options.home });
    return { name: 'configuration', ok: true, detail: config.file ?? 'no tokenworks.yaml; it is optional' };
  } catch (error) {
    return { name: 'configuration', ok: false, detail: (error as Error).message };
  }
}

function secretCheck(path: string): Check[] {
  if (!existsSync(path)) return [];
  const open = (statSync(path).mode & 0o077) !== 0;
  return [
    {
      name: 'secret file',
      ok: !open,
      detail: open ? `${path} can be read by others; run chmod 600 ${path}` : `${path} is its owner's alone`,
    },
  ];
}

function diskCheck(home: string): Check {
  const { bavail, bsize } = statfsSync(home);
  const free = bavail * bsize;
  return { name: 'disk', ok: free >= MIN_FREE_BYTES, detail: `${bytes(free)} free under ${home}` };
}

function partsCheck(home: string): Check {
  const installed = PARTS.flatMap(({ name }) => {
    const { version } = partAt(home, name);
    return version === undefined ? [] : [`${name} ${version}`];
  });
  return {
    name: 'optional parts',
    ok: true,
    detail: installed.join(', ') || 'none; `tokenworks add --list` shows them',
  };
}

function journalCheck(home: string): Check {
  const pending = pendingJournal(home);
  const detail = pending === 0 ? 'no files' : `${pending} files; the next start loads what the store does not have yet`;
  return { name: 'journal', ok: true, detail };
}

async function storeChecks(config: Config, io: Io): Promise<Check[]> {
  if (!config.databaseUrl && !existsSync(join(config.home, 'db'))) {
    return [{ name: 'store', ok: true, detail: 'none yet; the first start makes it' }];
  }
  try {
    io.note('opening the store …');
    const store = await openStore({ home: config.home, databaseUrl: config.databaseUrl });
    try {
      const about = await store.describe();
      const wrong = await store.ledger.imbalances();
      return [
        { name: 'store', ok: true, detail: `${about.engine} ${about.version}, ${about.migrations} migrations` },
        ...about.notes.map((note) => ({ name: 'store', ok: true, detail: note })),
        {
          name: 'ledger',
          ok: wrong.length === 0,
          detail:
            wrong.length === 0
              ? 'adds up to 0 in every currency'
              : `off in ${[...new Set(wrong.map(({ currency }) => currency))].join(', ')}`,
        },
      ];
    } finally {
      await store.close();
    }
  } catch (error) {
    return [{ name: 'store', ok: false, detail: (error as Error).message }];
  }
}
