import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import postgres from 'postgres';
import { AppError } from '../base/errors.ts';
import { workerUrl } from '../base/thread.ts';
import { CLIENT_OPTIONS, type MakeClient, openConnections, type Sql } from './connections.ts';
import type { Engine } from './engine.ts';
import { takeLock } from './lock.ts';

export interface WorkerStart {
  dataDir: string;
  socket: string;
}

export type WorkerMessage = { kind: 'ready' } | { kind: 'closed' } | { kind: 'failed'; message: string };

const SOCKET_PREFIX = 'tokenworks-db-';
/** A unix socket's path ends at 108 bytes on Linux and 104 on macOS (unix(7)). */
const MAX_SOCKET_PATH = 100;

/** Opens `$home/db`, made when missing. Takes 0.4 s warm and 3 to 4 s the first time. Throws AppError `conflict` where it may not be opened. */
export async function openPglite(home: string, log: (message: string) => void): Promise<Engine> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const socketDir = makeSocketDir();
  let release = (): void => {};
  try {
    const lock = await takeLock(join(home, 'db.lock'), socketDir);
    release = lock.release;
    if (lock.staleSocketDir !== undefined) {
      log('The last process that used the database did not end cleanly; recovering.');
      removeSocketDir(lock.staleSocketDir);
    }
    const finishInit = prepareDataDir(home);
    const worker = await startWorker({ dataDir: join(home, 'db'), socket: join(socketDir, 's') });
    const socket = join(socketDir, 's');
    const sql = connect(socket);
    try {
      await sql`select 1`;
      // The home may have been made by somebody else, open to all; prompts and replies may be in here.
      chmodSync(join(home, 'db'), 0o700);
      finishInit();
    } catch (error) {
      await sql.end();
      await worker.stop();
      throw error;
    }
    return {
      kind: 'pglite',
      sql,
      ticket: { kind: 'pglite', socket },
      failure: worker.failure,
      close: async () => {
        try {
          await sql.end();
          await worker.stop();
        } finally {
          removeSocketDir(socketDir);
          release();
        }
      },
    };
  } catch (error) {
    removeSocketDir(socketDir);
    release();
    throw error;
  }
}

/** The version of the installed PGlite; the form of its files changes with it. */
export function pgliteVersion(): string {
  let folder = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

/**
 * Checks that `$home/db` can be read by this PGlite, and removes one that a first start left half made (nothing was ever
 * acknowledged from it). Answers what to do once the database has answered.
 */
function prepareDataDir(home: string): () => void {
  const data = join(home, 'db');
  const mark = join(home, 'db.initialising');
  const engineFile = join(home, 'engine.json');
  if (existsSync(mark)) rmSync(data, { recursive: true, force: true });
  if (existsSync(data) && !existsSync(mark)) {
    checkVersion(engineFile);
    return () => {};
  }
  writeFileSync(mark, '', { mode: 0o600 });
  return () => {
    const draft = `${engineFile}.new`;
    writeFileSync(draft, `${JSON.stringify({ engine: 'pglite', version: pgliteVersion() })}\n`, { mode: 0o600 });
    renameSync(draft, engineFile);
    rmSync(mark, { force: true });
  };
}

function checkVersion(engineFile: string): void {
  let found: string | undefined;
  try {
    found = (JSON.parse(readFileSync(engineFile, 'utf8')) as { version?: string }).version;
  } catch {
    found = undefined;
  }
  const own = pgliteVersion();
  if (found === own) return;
  const what =
    found === undefined
      ? `${engineFile} is missing or unreadable, so nobody knows which`
      : `It was written by ${found}, not by this`;
  throw new AppError(
    'conflict',
    `The database in ${join(dirname(engineFile), 'db')} can't be opened with PGlite ${own}. ${what} PGlite${found === undefined ? ' wrote it' : ''}, and versions can't read ` +
      "each other's files. Start the Tokenworks that wrote it, run `tokenworks backup FILE`, move `db` and `engine.json` away, and run `tokenworks restore FILE` with this one.",
  );
}

interface RunningWorker {
  failure(): Error | undefined;
  stop(): Promise<void>;
}

async function startWorker(start: WorkerStart): Promise<RunningWorker> {
  // Run from source the worker is TypeScript as it is; from `dist` it is compiled.
  const worker = new Worker(workerUrl('./pglite.worker', import.meta.url), {
    workerData: start,
    name: 'pglite',
    execArgv: [],
  });
  let failure: Error | undefined;
  let stopping = false;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.on('error', (error) => {
    failure ??= error instanceof Error ? error : new Error(String(error));
  });
  worker.on('exit', (code) => {
    if (!stopping) failure ??= new Error(`the database thread ended with code ${code}`);
  });
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind !== 'failed') return;
    failure ??= new Error(message.message);
    // Calls in flight fail with their connection, instead of waiting for an answer that can't come.
    void worker.terminate();
  });
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => message.kind === 'ready' && resolve());
    worker.once('exit', () => reject(cannotStart(start.dataDir, failure)));
  });
  return {
    failure: () => failure,
    stop: async () => {
      stopping = true;
      if (!failure) {
        const closed = new Promise<void>((resolve) => {
          worker.on('message', (message: WorkerMessage) => message.kind === 'closed' && resolve());
        });
        worker.postMessage('close');
        await Promise.race([closed, exited]);
      }
      await worker.terminate();
    },
  };
}

function cannotStart(dataDir: string, cause: Error | undefined): AppError {
  return new AppError(
    'internal_error',
    `The embedded database in ${dataDir} does not start (${cause?.message ?? 'no reason given'}). If its files are damaged, move them and engine.json ` +
      'away and run `tokenworks restore FILE` with your last backup.',
    { cause },
  );
}

/** A further connection to a database that another thread of this process has opened; closing it leaves the database open. */
export function joinPglite(socket: string): Engine {
  const sql = connect(socket);
  return { kind: 'pglite', sql, ticket: { kind: 'pglite', socket }, failure: () => undefined, close: () => sql.end() };
}

function connect(socket: string): Sql {
  const make: MakeClient = (onclose) =>
    postgres({
      ...CLIENT_OPTIONS,
      path: socket,
      host: socket,
      user: 'postgres',
      database: 'postgres',
      connect_timeout: 30,
      onclose,
    });
  return openConnections(make, { max: 1, isolate: true });
}

function makeSocketDir(): string {
  const base = join(tmpdir(), `${SOCKET_PREFIX}XXXXXX`, 's').length <= MAX_SOCKET_PATH ? tmpdir() : '/tmp';
  // mkdtemp makes it 0700: only this user reaches the socket.
  return mkdtempSync(join(base, SOCKET_PREFIX));
}

/** Removes a socket directory, and nothing that merely claims to be one (the name may come from a lock file). */
export function removeSocketDir(folder: string): void {
  if (!basename(folder).startsWith(SOCKET_PREFIX) || ![tmpdir(), '/tmp'].includes(dirname(folder))) return;
  try {
    if (statSync(folder).isDirectory()) rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
