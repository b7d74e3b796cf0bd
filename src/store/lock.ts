import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';

/** Who holds a database directory. `start` tells a process from a later one with the same pid. */
interface LockHolder {
  pid: number;
  start: string;
  /** Directory of the holder's socket, left behind when it was killed. */
  socketDir: string;
  token: string;
}

export interface Lock {
  /** The dead holder's socket directory, if a stale lock was taken over. */
  staleSocketDir?: string;
  release(): void;
}

/**
 * Takes `file` for this process, or throws AppError `conflict` naming the process that has it. A lock whose process is dead is taken over.
 * PGlite itself does not notice a second process, and two of them ruin the files.
 */
export async function takeLock(file: string, socketDir: string): Promise<Lock> {
  const own: LockHolder = { pid: process.pid, start: startOf(process.pid), socketDir, token: newId('lock') };
  let staleSocketDir: string | undefined;
  for (let attempt = 0; attempt < 20; attempt++) {
    if (create(file, own)) {
      // A takeover that judged an older lock may have moved ours away for a moment, and then puts it back.
      await sleep(staleSocketDir === undefined ? 0 : 20);
      if (read(file)?.token === own.token) return { staleSocketDir, release: () => release(file, own) };
      continue;
    }
    const holder = read(file);
    if (holder && alive(holder)) throw inUse(file, holder);
    if (holder) staleSocketDir = holder.socketDir;
    discard(file, holder);
    await sleep(5 * attempt);
  }
  throw new AppError('conflict', `${file} can't be taken: other processes keep taking it. Stop them and try again.`);
}

function inUse(file: string, holder: LockHolder): AppError {
  const who = holder.pid === process.pid ? `this process (${holder.pid})` : `process ${holder.pid}`;
  return new AppError(
    'conflict',
    `The database is in use by ${who}: ${file}. Only one process can open it. Stop that one, or give this one another TOKENWORKS_HOME, ` +
      'or keep the data in a PostgreSQL server (DATABASE_URL), which many processes can share.',
  );
}

function create(file: string, holder: LockHolder): boolean {
  // Written aside and linked into place, so that nobody ever reads half a lock.
  const draft = `${file}.${holder.token}`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, JSON.stringify(holder));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the lock that was judged dead, and puts back any other that took its place in between. */
function discard(file: string, judged: LockHolder | undefined): void {
  const aside = `${file}.${newId('stale')}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = read(aside);
  try {
    if (moved && moved.token !== judged?.token) linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function release(file: string, own: LockHolder): void {
  if (read(file)?.token === own.token) rmSync(file, { force: true });
}

function read(file: string): LockHolder | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<LockHolder>;
    if (typeof value.pid !== 'number' || !Number.isInteger(value.pid) || value.pid <= 0) return undefined;
    return {
      pid: value.pid,
      start: String(value.start ?? ''),
      socketDir: String(value.socketDir ?? ''),
      token: String(value.token ?? ''),
    };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function alive(holder: LockHolder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const start = startOf(holder.pid);
  return start === '' || holder.start === '' || start === holder.start;
}

/** When a process started, in clock ticks since the machine did (proc(5), /proc/pid/stat field 22); '' where the system has no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold spaces, so count from its end. Zombies ("Z") are dead.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'dead' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
