/** Brings an optional part from npm into the data folder. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../base/errors.ts';
import { type Part, partAt } from '../base/parts.ts';
import { redact } from '../base/text.ts';
import { bytes } from './format.ts';

const TELL_EVERY_MS = 2_000;
const MAX_SAID = 20_000;
const MIN_TOLD = 64 * 1024;
const UNREACHABLE =
  /\b(?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/;

export interface BringOptions {
  note: (message: string) => void;
  /** npm, unless a test hands in something else. */
  command?: readonly string[];
}

/** Installs the part's packages; one that is there already is left alone. Answers its size in bytes. Throws AppError. */
export async function bringPart(home: string, part: Part, { note, command = npm() }: BringOptions): Promise<number> {
  const installed = partAt(home, part.name);
  if (installed.version !== undefined) return folderSize(installed.folder);
  await mkdir(dirname(installed.folder), { recursive: true, mode: 0o700 });
  // Beside its place, so that what is there is always whole.
  const draft = await mkdtemp(`${installed.folder}-`);
  try {
    await writeFile(
      join(draft, 'package.json'),
      `${JSON.stringify({ name: `tokenworks-${part.name}`, private: true, dependencies: part.packages }, null, 2)}\n`,
    );
    await install(draft, command, note);
    await rm(installed.folder, { recursive: true, force: true });
    await rename(draft, installed.folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  if (partAt(home, part.name).version === undefined)
    throw new AppError('internal_error', `npm ended well, but ${part.name} is not whole; run the command again.`);
  return folderSize(installed.folder);
}

function npm(): string[] {
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

async function install(folder: string, command: readonly string[], note: (message: string) => void): Promise<void> {
  const [program, ...lead] = command;
  const args = [
    ...lead,
    'install',
    '--prefix',
    folder,
    // What is brought is JavaScript and data; nothing of it has to run to be installed.
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--omit=dev',
    '--workspaces=false',
    '--loglevel=error',
    // Its own retries would take two minutes to say that there is no network.
    '--fetch-retries=1',
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=3000',
  ];
  const child = spawn(program!, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  let said = '';
  const listen = (chunk: Buffer): void => {
    said = (said + chunk.toString('utf8')).slice(-MAX_SAID);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const started = performance.now();
  let told = MIN_TOLD;
  const timer = setInterval(() => {
    void folderSize(folder).then((size) => {
      if (size > told) note(`  ${bytes(size)} after ${Math.round((performance.now() - started) / 1000)} s`);
      told = Math.max(told, size);
    });
  }, TELL_EVERY_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0) throw refusal(said, code);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new AppError('not_found', 'npm is not in PATH; it comes with Node: https://nodejs.org.', { cause: error });
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function refusal(said: string, code: number | null): AppError {
  if (UNREACHABLE.test(said))
    return new AppError(
      'upstream_error',
      'npm could not reach its registry: check the network (or npm’s proxy and registry settings) and run the command again. Nothing was changed.',
    );
  const line = said
    .split('\n')
    .map((one) => one.replace(/^npm (?:error|ERR!)\s*/i, '').trim())
    .find((one) => one !== '' && !/^code\b/.test(one));
  return new AppError(
    'upstream_error',
    `npm failed (${code ?? 'stopped'})${line ? `: ${redact(line)}` : ''}. Nothing was changed.`,
  );
}

export async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
