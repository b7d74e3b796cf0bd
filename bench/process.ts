/** Child processes of the bench: pinned to a core, watched through /proc, ended by their id. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Linux counts a process's time in ticks of a hundredth of a second (USER_HZ, proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100;

export interface Child {
  pid: number;
  process: ChildProcess;
  /** What it wrote on standard error, the last 64 kB of it. */
  errors(): string;
  /** The next line of standard output. Rejects when the process ends first. */
  line(): Promise<string>;
  /** Resolves when it has ended. */
  ended: Promise<number | NodeJS.Signals | null>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Whether processes can be pinned to cores here: `taskset` is there and there are two cores. */
export const canPin: boolean = availableParallelism() >= 2 && spawnSync('taskset', ['-V']).status === 0;

const MAX_ERRORS = 64 * 1024;

/** Starts a program, on one core if asked and possible. The environment is PATH, HOME and what `env` adds: no provider's key leaks in. */
export function start(
  command: string,
  args: string[],
  options: { core?: number; env?: Record<string, string>; cwd?: string } = {},
): Child {
  const pinned = options.core !== undefined && canPin;
  const child = spawn(pinned ? 'taskset' : command, pinned ? ['-c', String(options.core), command, ...args] : args, {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  let errors = '';
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!.slice(-MAX_ERRORS);
    for (const part of parts) {
      const waiter = waiting.shift();
      if (waiter) waiter.resolve(part);
      else if (lines.length < 1000) lines.push(part);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-MAX_ERRORS);
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('error', (error) => {
      errors += String(error);
      resolve(null);
    });
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  let over = false;
  void ended.then((code) => {
    over = true;
    for (const waiter of waiting) waiter.reject(new Error(`${command} ended (${code}): ${errors.slice(-2000)}`));
  });
  return {
    pid: child.pid ?? 0,
    process: child,
    errors: () => errors,
    line: () => {
      const ready = lines.shift();
      if (ready !== undefined) return Promise.resolve(ready);
      if (over) return Promise.reject(new Error(`${command} has ended: ${errors.slice(-2000)}`));
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    ended,
    stop: async (signal = 'SIGTERM') => {
      if (!over) child.kill(signal);
      const patience = setTimeout(() => child.kill('SIGKILL'), 40_000);
      await ended;
      clearTimeout(patience);
    },
  };
}

/** Runs a TypeScript program of the bench on this very Node. */
export function startScript(file: string, args: string[], options: Parameters<typeof start>[2] = {}): Child {
  return start(process.execPath, [file, ...args], options);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until a URL answers at all, or with 200 where `ready` is asked. Rejects when the process ends or time is up. */
export async function untilAnswers(
  url: string,
  child: Child,
  options: { ready?: boolean; timeout_ms?: number } = {},
): Promise<void> {
  const end = performance.now() + (options.timeout_ms ?? 60_000);
  let over = false;
  void child.ended.then(() => {
    over = true;
  });
  while (performance.now() < end) {
    if (over) throw new Error(`the process ended before ${url} answered: ${child.errors().slice(-2000)}`);
    const status = await fetch(url).then(
      async (reply) => {
        await reply.arrayBuffer();
        return reply.status;
      },
      () => 0,
    );
    if (status === 200 || (status > 0 && !options.ready)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} did not answer in time: ${child.errors().slice(-2000)}`);
}

/** A process and its descendants. */
export function processTree(pid: number): number[] {
  const tree = [pid];
  for (let index = 0; index < tree.length; index++) tree.push(...childrenOf(tree[index]!));
  return tree;
}

function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return [];
  return readdirSync(tasks).flatMap((task) => {
    const list = readOr(`${tasks}/${task}/children`, '').trim();
    return list ? list.split(' ').map(Number) : [];
  });
}

/** Seconds of processor time that a process and its descendants have used, threads included. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const each of processTree(pid)) {
    const stat = readOr(`/proc/${each}/stat`, '');
    // The name in parentheses may hold spaces; utime and stime are the 14th and 15th fields.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Resident memory of a process and its descendants, in bytes. */
export function residentBytes(pid: number): number {
  let kilobytes = 0;
  for (const each of processTree(pid)) {
    kilobytes += Number(/VmRSS:\s+(\d+) kB/.exec(readOr(`/proc/${each}/status`, ''))?.[1] ?? 0);
  }
  return kilobytes * 1024;
}

function readOr(file: string, fallback: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return fallback;
  }
}
