/** Starts, kills and restarts a real Tokenworks on a data folder of its own, and speaks to its control plane. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, freePort, start, untilAnswers } from './process.ts';

export interface ServerOptions {
  /** The configuration, as tokenworks.yaml would hold it (JSON is YAML). */
  config: Record<string, unknown>;
  /** Default: a fresh folder, removed by `remove`. */
  home?: string;
  port?: number;
  core?: number;
  env?: Record<string, string>;
  nodeArgs?: string[];
}

export interface NewKey {
  name: string;
  budget?: { amount: string; currency: string; window: 'total' | 'day' | 'month'; hard: boolean };
  rpm?: number;
  tpm?: number;
  concurrency?: number;
}

export class TokenworksServer {
  readonly url: string;
  readonly home: string;
  readonly #port: number;
  readonly #options: ServerOptions;
  #child: Child;
  #adminKey = '';

  private constructor(options: ServerOptions, home: string, port: number, child: Child) {
    this.#options = options;
    this.home = home;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#child = child;
  }

  static async start(options: ServerOptions): Promise<TokenworksServer> {
    const home = options.home ?? (await mkdtemp(join(tmpdir(), 'tokenworks-bench-')));
    const port = options.port ?? (await freePort());
    await writeFile(join(home, 'tokenworks.yaml'), JSON.stringify(options.config, undefined, 2));
    const server = new TokenworksServer(options, home, port, spawnServer(options, home, port));
    try {
      await server.#ready();
    } catch (error) {
      await server.kill();
      if (!options.home) await rm(home, { recursive: true, force: true });
      throw error;
    }
    return server;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get adminKey(): string {
    return this.#adminKey;
  }

  /** What the server wrote on standard error. */
  get errors(): string {
    return this.#child.errors();
  }

  /** kill -9: nothing is flushed, nothing says goodbye. */
  async kill(): Promise<void> {
    await this.#child.stop('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#child.stop('SIGTERM');
  }

  /** Starts again on the same folder and port. */
  async restart(): Promise<void> {
    this.#child = spawnServer(this.#options, this.home, this.#port);
    await this.#ready();
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** A call of the control plane; throws with the answer's text unless its status is 2xx. */
  async admin<T>(method: string, path: string, body?: unknown): Promise<T> {
    const reply = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.#adminKey}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path} answered ${reply.status}: ${text.slice(0, 1000)}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  createKey(key: NewKey): Promise<{ id: string; secret: string }> {
    return this.admin('POST', '/admin/v1/keys', key);
  }

  async #ready(): Promise<void> {
    await untilAnswers(`${this.url}/readyz`, this.#child, { ready: true });
    const file = join(this.home, 'admin-key');
    this.#adminKey = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    if (!this.#adminKey) throw new Error(`the server wrote no admin key to ${file}`);
  }
}

function spawnServer(options: ServerOptions, home: string, port: number): Child {
  const config = join(home, 'tokenworks.yaml');
  const args = ['serve', '--port', String(port), '--config', config];
  // As `npm start` does it: a small young generation keeps each collection short.
  return start(process.execPath, ['--max-semi-space-size=16', '--v8-pool-size=1', 'src/cli/main.ts', ...args], {
    core: options.core,
    env: { TOKENWORKS_HOME: home, TOKENWORKS_LOG: 'warn', ...options.env },
  });
}
