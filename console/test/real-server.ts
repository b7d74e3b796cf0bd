/** The real server on a fresh home in front of the mock upstream, as a person would start it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startMockUpstream } from '../../bench/mock-upstream.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CONSOLE = join(ROOT, 'console');
/** Moves a server's wall clock. */
const CLOCK = new URL('../dev/shifted-clock.mjs', import.meta.url).href;
const START_MS = 60_000;

export interface RealServer {
  url: string;
  /** The one-time address that the server printed. */
  link: string;
  adminKey: string;
  mockUrl: string;
  /** Calls with the admin key unless `secret` is given; throws on any status but 2xx. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** A call of the data plane; answers whatever comes. */
  chat(body: Record<string, unknown>, secret?: string, headers?: Record<string, string>): Promise<Response>;
  /** Sets the server's wall clock, where it was started with one to be set. */
  setClock(at_ms: number): void;
  close(): Promise<void>;
}

export interface RealServerOptions {
  /** The text of tokenworks.yaml. */
  config?(mockUrl: string): string;
  /** Starts with another wall clock, which can then be set. */
  start_ms?: number;
}

/** Builds the console where its sources are newer than what was built. */
export function buildConsole(): void {
  const built = join(CONSOLE, 'dist/index.html');
  const sources = globSync(['src/**/*', 'index.html', 'vite.config.ts', 'public/*'], { cwd: CONSOLE });
  const newest = Math.max(...sources.map((path) => statSync(join(CONSOLE, path)).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs > newest) return;
  const vite = join(CONSOLE, 'node_modules/vite/bin/vite.js');
  const result = spawnSync(process.execPath, [vite, 'build'], {
    cwd: CONSOLE,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (result.status !== 0) throw new Error(`the console can't be built: ${result.stderr || result.stdout}`);
}

function configOf(mockUrl: string): string {
  const model = (id: string, input: string, output: string): string =>
    `      - { id: ${id}, price: { currency: USD, unit: 1M_tokens, input: "${input}", output: "${output}", cache_read: "0.10" } }`;
  return [
    'organisation: { timezone: Asia/Shanghai }',
    'providers:',
    `  - name: openai`,
    `    protocol: openai`,
    `    base_url: ${mockUrl}/v1`,
    `    api_key: sk-mock`,
    `    models:`,
    model('gpt-5.6-sol', '2.00', '10.00'),
    `      - { id: preview-unpriced }`,
    `  - name: anthropic`,
    `    protocol: anthropic`,
    `    base_url: ${mockUrl}`,
    `    api_key: sk-mock`,
    `    models:`,
    model('claude-sonnet-5', '3.00', '15.00'),
    `  - name: deepseek`,
    `    protocol: openai`,
    `    base_url: ${mockUrl}/v1`,
    `    api_key: sk-mock`,
    `    models:`,
    model('deepseek-v4', '0.28', '0.42'),
    'models:',
    '  - { name: smart, targets: [anthropic/claude-sonnet-5, openai/gpt-5.6-sol], retries: 1 }',
    '',
  ].join('\n');
}

export async function startRealServer(options: RealServerOptions = {}): Promise<RealServer> {
  buildConsole();
  const mock = await startMockUpstream();
  const home = await mkdtemp(join(tmpdir(), 'tw-console-'));
  const config = join(home, 'tokenworks.yaml');
  await writeFile(config, (options.config ?? configOf)(mock.url));
  const { start_ms } = options;
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TOKENWORKS_LOG: 'silent',
    ...(start_ms !== undefined && { CLOCK_OFFSET_MS: String(start_ms - Date.now()) }),
  };
  const child = spawn(
    process.execPath,
    [
      ...(start_ms === undefined ? [] : ['--import', CLOCK]),
      ...['src/cli/main.ts', 'serve', '--port', '0', '--home', join(home, 'data'), '--config', config],
    ],
    { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await mock.close();
    await rm(home, { recursive: true, force: true });
  };
  try {
    const link = await printedLink(child);
    const url = new URL(link).origin;
    const adminKey = readFileSync(join(home, 'data/admin-key'), 'utf8').trim();
    const call = (path: string, method: string, body: unknown, secret = adminKey, headers = {}): Promise<Response> =>
      fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    const json = async <T>(answer: Response): Promise<T> => {
      if (!answer.ok) throw new Error(`${answer.status} of ${answer.url}: ${await answer.text()}`);
      return (await answer.json()) as T;
    };
    return {
      url,
      link,
      adminKey,
      mockUrl: mock.url,
      get: async (path) => json(await call(path, 'GET', undefined)),
      post: async (path, body) => json(await call(path, 'POST', body)),
      chat: async (body, secret, headers) => {
        const answer = await call('/v1/chat/completions', 'POST', body, secret, headers);
        await answer.clone().text();
        return answer;
      },
      setClock: (at_ms) => void child.send({ offset_ms: at_ms - Date.now() }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function printedLink(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`the server printed no link: ${said}`)), START_MS);
    const hear = (chunk: Buffer): void => {
      said += chunk;
      const link = /http:\/\/\S+\/console\/#token=[\w-]+/.exec(said)?.[0];
      if (!link) return;
      clearTimeout(timer);
      resolve(link);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code}: ${said}`));
    });
  });
}
