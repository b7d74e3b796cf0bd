/** One exactness run: a real server, a mock upstream, mixed operations, kills at random moments, and the comparison. */
import { startMockUpstream } from '../mock-upstream.ts';
import { TokenworksServer } from '../tokenworks-server.ts';
import { type Case, makeCases } from './cases.ts';
import { type Answer, NotSent, send } from './client.ts';
import { readImbalances, readOperations, readReport } from './ledger.ts';
import { Random } from './random.ts';
import { type Verdict, verify } from './verify.ts';
import { worldConfig } from './world.ts';

export interface ExactnessOptions {
  operations: number;
  /** How often the server is killed (SIGKILL) and started again. */
  kills: number;
  seed: number;
  /** Operations at a time. */
  concurrency?: number;
  /** A PostgreSQL server's URL; absent: PGlite. */
  databaseUrl?: string;
  log?(message: string): void;
}

export interface ExactnessResult extends Verdict {
  seconds: number;
  kills: number;
}

const CONCURRENCY = 24;
/** How long the ledger may take to say everything after the last answer. */
const SETTLE_MS = 20_000;

export async function runExactness(options: ExactnessOptions): Promise<ExactnessResult> {
  const start = performance.now();
  const log = options.log ?? (() => {});
  const mock = await startMockUpstream();
  const server = await TokenworksServer.start({
    config: worldConfig(mock.url),
    env: options.databaseUrl ? { DATABASE_URL: options.databaseUrl } : {},
  });
  try {
    const cases = makeCases(options.operations, options.seed);
    const secrets = await makeKeys(server);
    const answers = await new Drive(server, secrets, cases, options, log).run();
    log(`${answers.length} operations were sent; comparing`);
    await mock.idle(30_000);
    const verdict = await settledVerdict(() =>
      compare(server, mock.truth().entries, cases, answers, options.kills > 0),
    );
    return { ...verdict, seconds: (performance.now() - start) / 1000, kills: options.kills };
  } finally {
    await server.remove();
    await mock.close();
  }
}

/** One key with a hard budget and limits that never bind, so that calls are held for and counted; one with nothing above it. */
async function makeKeys(server: TokenworksServer): Promise<string[]> {
  const bounded = await server.createKey({
    name: 'bounded',
    budget: { amount: '1000000', currency: 'USD', window: 'total', hard: true },
    rpm: 10_000_000,
    tpm: 2_000_000_000,
    concurrency: 10_000,
  });
  const free = await server.createKey({ name: 'free' });
  return [bounded.secret, free.secret];
}

async function compare(
  server: TokenworksServer,
  truth: Parameters<typeof verify>[0]['truth'],
  cases: Case[],
  answers: Answer[],
  killed: boolean,
): Promise<Verdict> {
  const [operations, report, imbalances] = [
    await readOperations(server),
    await readReport(server),
    await readImbalances(server),
  ];
  return verify({ cases, answers, truth, operations, report, imbalances, killed });
}

/** Calls whose client left are drained for up to two seconds, and the journal is loaded in batches: differences get that much time to go. */
async function settledVerdict(look: () => Promise<Verdict>): Promise<Verdict> {
  const end = performance.now() + SETTLE_MS;
  while (true) {
    const verdict = await look();
    if (verdict.differences.length === 0 || performance.now() > end) return verdict;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Sends all cases, a few at a time, and kills the server on the way. */
class Drive {
  readonly #server: TokenworksServer;
  readonly #secrets: string[];
  readonly #queue: Case[];
  readonly #answers: Answer[] = [];
  readonly #options: ExactnessOptions;
  readonly #log: (message: string) => void;
  readonly #killAt: number[];
  readonly #random: Random;
  #kills = 0;
  /** Resolves when the server is up. */
  #up: Promise<void> = Promise.resolve();

  constructor(
    server: TokenworksServer,
    secrets: string[],
    cases: Case[],
    options: ExactnessOptions,
    log: (message: string) => void,
  ) {
    this.#server = server;
    this.#secrets = secrets;
    this.#queue = [...cases];
    this.#options = options;
    this.#log = log;
    this.#random = new Random(options.seed + 1);
    const points = Array.from({ length: options.kills }, () => this.#random.int(1, Math.max(1, cases.length - 10)));
    this.#killAt = points.sort((a, b) => a - b);
  }

  async run(): Promise<Answer[]> {
    const workers = Array.from({ length: this.#options.concurrency ?? CONCURRENCY }, () => this.#work());
    await Promise.all(workers);
    await this.#up;
    return this.#answers;
  }

  async #work(): Promise<void> {
    for (let item = this.#queue.shift(); item; item = this.#queue.shift()) {
      await this.#up;
      const secret = this.#secrets[Number(item.name) % this.#secrets.length]!;
      try {
        this.#answers.push(await send(this.#server.url, secret, item));
      } catch (error) {
        if (!(error instanceof NotSent)) throw error;
        this.#queue.push(item);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (this.#answers.length >= (this.#killAt[0] ?? Number.POSITIVE_INFINITY)) {
        this.#killAt.shift();
        this.#up = this.#up.then(() => this.#kill());
      }
    }
  }

  async #kill(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#random.int(0, 40)));
    await this.#server.kill();
    this.#kills++;
    this.#log(`killed for the ${this.#kills}. time after ${this.#answers.length} answers`);
    await this.#server.restart();
  }
}
