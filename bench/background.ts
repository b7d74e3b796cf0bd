/** Work that goes on beside the requests: reports over a million usage rows, and training of the built-in model. */
import { Random } from './exact/random.ts';
import type { TokenworksServer } from './tokenworks-server.ts';

export interface Background {
  /** Reports answered so far, and the slowest of them in milliseconds. */
  reports: number;
  slowest_ms: number;
  trained: boolean;
  /** Stops asking; rejects with what went wrong, if anything did. */
  stop(): Promise<void>;
}

const EXAMPLES = 15_000;
const INTENTS = 60;

/** Groups usage again and again, one report after another, and trains one model after another, until it is stopped. */
export function startBackground(server: TokenworksServer, options: { train: boolean; groups: string[] }): Background {
  let over = false;
  const work: Background = {
    reports: 0,
    slowest_ms: 0,
    trained: false,
    stop: async () => {
      over = true;
      await Promise.all(tasks);
    },
  };
  const report = async (): Promise<void> => {
    for (let index = 0; !over; index++) {
      const groups = options.groups[index % options.groups.length]!;
      const start = performance.now();
      await server.admin('GET', `/admin/v1/usage?group_by=${groups}&from=2020-01-01T00:00:00Z`);
      work.slowest_ms = Math.max(work.slowest_ms, performance.now() - start);
      work.reports++;
    }
  };
  const train = async (): Promise<void> => {
    for (let index = 0; !over; index++) {
      await server.admin('POST', '/v1/reflex/models', { name: `bench-${index}`, examples: syntheticExamples(index) });
      work.trained = true;
      // Training over two seconds goes on as a job; the next one begins when this has had its time.
      for (let waited = 0; waited < 20 && !over; waited++) await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  const tasks = [report(), ...(options.train ? [train()] : [])];
  for (const task of tasks) task.catch(() => {});
  return work;
}

const WORDS = 'turn set open close raise lower warm cool light seat window radio route tank door fan'.split(' ');
const ROOMS = 'kitchen bedroom hall office garden cellar attic garage'.split(' ');

/** Sentences of sixty intents that share their words, the same for the same seed. */
export function syntheticExamples(seed: number, count = EXAMPLES): { text: string; intent: string }[] {
  const random = new Random(seed);
  const below = (limit: number): number => random.int(0, limit - 1);
  return Array.from({ length: count }, () => {
    const intent = below(INTENTS);
    const verb = WORDS[intent % WORDS.length];
    const room = ROOMS[(intent * 3 + below(2)) % ROOMS.length];
    return {
      text: `please ${verb} the ${WORDS[below(WORDS.length)]} in the ${room} to ${below(40)}`,
      intent: `intent_${intent}`,
    };
  });
}
