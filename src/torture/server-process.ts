/** The server as a process of its own, as `npm start` runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_MS = 60_000;

export interface ProcessOptions {
  /** Data folder; `tokenworks.yaml` in it is the configuration. */
  home: string;
  adminKey: string;
  env?: Record<string, string>;
  /** Flags for node. */
  flags?: string[];
}

export interface RunningProcess {
  process: ChildProcess;
  output(): string;
  errors(): string;
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerProcess extends RunningProcess {
  url: string;
}

export function startProcess({ home, adminKey, env = {}, flags = [] }: ProcessOptions): RunningProcess {
  const args = [
    ...flags,
    join(ROOT, 'src/cli/main.ts'),
    'serve',
    '--port',
    '0',
    '--config',
    join(home, 'tokenworks.yaml'),
  ];
  const child = spawn(process.execPath, args, {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      TOKENWORKS_HOME: home,
      TOKENWORKS_ADMIN_KEY: adminKey,
      TOKENWORKS_LOG: 'debug',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal)),
  );
  return {
    process: child,
    output: () => output,
    errors: () => errors,
    ended,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}

/** Started and ready. */
export async function serve(options: ProcessOptions): Promise<ServerProcess> {
  const running = startProcess(options);
  let over: unknown;
  void running.ended.then((code) => (over = code ?? 'gone'));
  for (
    const until = performance.now() + START_MS;
    performance.now() < until && over === undefined;
    await new Promise((resolve) => setTimeout(resolve, 30))
  ) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(running.output())?.[0];
    if (url && (await fetch(`${url}/readyz`).catch(() => undefined))?.ok) return { ...running, url };
  }
  throw new Error(`the server did not start (${String(over)}): ${running.errors()} ${running.output()}`);
}
