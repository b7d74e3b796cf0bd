/**
 * `npm run bench`: gateways side by side in one run, each alone on core 0, upstream and load on core 1.
 *   --quick        shorter runs, fewer streams and rows
 *   --only A,B     of the gateways (direct, plain proxy, nginx, portkey, tokenworks) and parts (throughput, latency, streaming,
 *                  first-byte, memory, background, budget) only these; direct is always measured, for the others are compared with it
 *   --json         the figures as one JSON document instead of tables
 * Timings are reported, never judged by the exit code: it is 1 only where a run did not work.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackground } from './background.ts';
import { runAgainstBudget } from './budget-run.ts';
import { direct, type Gateway, LOAD_CORE, nginx, plain, portkey, startTokenworks, tokenworks } from './gateways.ts';
import {
  type Durations,
  FULL,
  firstByte,
  latency,
  type Memory,
  memory,
  OPEN_RATE,
  QUICK,
  streaming,
  type Throughput,
  throughput,
} from './measure.ts';
import { startMockUpstream } from './mock-upstream.ts';
import { canPin, startScript } from './process.ts';
import { type Figures, printReport } from './report.ts';

const GATEWAYS: Gateway[] = [direct, plain, nginx, portkey, tokenworks];
const PARTS = ['throughput', 'latency', 'streaming', 'first-byte', 'memory', 'background', 'budget'] as const;
type Part = (typeof PARTS)[number];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const time: Durations = values.quick ? QUICK : FULL;
const wanted = new Set(values.only?.split(',').map((name) => name.trim()));
const unknown = [...wanted].filter((name) => !isPart(name) && !GATEWAYS.some((gateway) => gateway.name === name));
if (unknown.length > 0) {
  console.error(`bench: --only knows nothing called ${unknown.join(', ')}`);
  process.exit(2);
}

function isPart(name: string): name is Part {
  return (PARTS as readonly string[]).includes(name);
}

/** Whether a part is asked for; naming only gateways asks for all parts that compare gateways. */
function asked(part: Part): boolean {
  const parts = [...wanted].filter(isPart);
  if (parts.length > 0) return parts.includes(part);
  return wanted.size === 0 || wanted.has('tokenworks') || !['background', 'budget'].includes(part);
}

function askedGateway(gateway: Gateway): boolean {
  const names = [...wanted].filter((name) => !isPart(name));
  return gateway === direct || names.length === 0 || names.includes(gateway.name);
}

function note(text: string): void {
  console.error(`bench: ${text}`);
}

async function measureGateway(gateway: Gateway, upstream: string): Promise<Figures['gateways'][string]> {
  const missing = gateway.missing?.();
  if (missing) return { missing };
  const running = await gateway.start(upstream);
  const figures: Figures['gateways'][string] = {};
  try {
    if (asked('memory')) figures.memory = await step<Memory | undefined>('memory', () => memory(running, time));
    if (asked('throughput')) figures.throughput = await step<Throughput>('throughput', () => throughput(running, time));
    // Idle is meant: asking for usage waits until the ledger has what the throughput run left in the journal. `background` measures busy.
    await running.server?.admin('GET', '/admin/v1/usage?group_by=day');
    if (asked('latency')) figures.latency = await step('latency', () => latency(running, time));
    if (asked('streaming')) figures.streaming = await step('streaming', () => streaming(running, time));
    if (asked('first-byte')) figures.firstByte = await step('first byte', () => firstByte(running, time));
  } finally {
    await running.stop();
  }
  return figures;

  function step<T>(name: string, work: () => Promise<T>): Promise<T> {
    note(`${gateway.name}: ${name}`);
    return work();
  }
}

/** Latency of Tokenworks over a filled ledger: idle, and while reports and training go on; on one core and on both. */
async function measureBackground(upstream: string): Promise<Figures['background']> {
  const home = await mkdtemp(join(tmpdir(), 'tokenworks-bench-filled-'));
  const rows = values.quick ? 100_000 : 1_000_000;
  try {
    note('background: first start');
    await (await startTokenworks(upstream, { home })).server!.stop();
    note(`background: filling ${rows} rows`);
    const filler = startScript('bench/fill.ts', ['--home', home, '--rows', String(rows)]);
    const filled = JSON.parse(await filler.line()) as { seconds: number };
    await filler.ended;
    const runs: NonNullable<Figures['background']>['runs'] = [];
    for (const core of [0, undefined]) {
      const running = await startTokenworks(upstream, { home, core });
      try {
        note(`background: idle, ${core === undefined ? 'both cores' : 'one core'}`);
        const idle = await latency(running, time);
        note('background: reports and training');
        const work = startBackground(running.server!, {
          train: true,
          groups: ['model,day', 'key,hour', 'model,key', 'day'],
        });
        const busy = await latency(running, time, time.open_ms * 2);
        await work.stop();
        runs.push({
          cores: core === undefined ? 'both cores' : 'one core',
          idle,
          busy,
          reports: work.reports,
          slowestReport_ms: work.slowest_ms,
          trained: work.trained,
        });
      } finally {
        await running.server!.stop();
      }
    }
    return { rows, fill_seconds: filled.seconds, runs };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** 500 calls at once against a hard budget that covers 50 of them: how many still run at once near its end. */
async function measureBudget(): Promise<Figures['budget']> {
  const mock = await startMockUpstream();
  const running = await startTokenworks(mock.url, { core: undefined });
  const runs: NonNullable<Figures['budget']> = [];
  try {
    for (const stream of [false, true]) {
      for (const max of [100, undefined]) {
        mock.reset();
        // Each call reads 10 tokens at 1 USD and writes 100 at 4 USD a million: 50 of them cost 0.0205 USD.
        const budget = { amount: '0.0205', currency: 'USD', window: 'total' as const, hard: true };
        const { secret } = await running.server!.createKey({ name: `budget-${stream}-${max}`, budget });
        note(`budget: ${stream ? 'streaming' : 'whole'}, ${max ? `limit ${max}` : 'no limit of their own'}`);
        const call = { stream, max, output: 100, delay_ms: 50 };
        runs.push({ ...call, ...(await runAgainstBudget(running.server!.url, secret, mock, 500, call)) });
      }
    }
  } finally {
    await running.stop();
    await mock.close();
  }
  return runs;
}

async function main(): Promise<void> {
  const figures: Figures = { pinned: canPin, rate: OPEN_RATE, gateways: {}, failures: [] };
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      figures.failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      note(`${name} did not work: ${figures.failures.at(-1)}`);
    }
  };
  if (!canPin) note('taskset or a second core is missing: nothing is pinned, and the figures disturb each other');
  const upstream = startScript('bench/lean-upstream.ts', ['--port', '0'], { core: LOAD_CORE });
  const { url } = JSON.parse(await upstream.line()) as { url: string };
  try {
    if (PARTS.slice(0, 5).some(asked)) {
      for (const gateway of GATEWAYS.filter(askedGateway)) {
        await attempt(gateway.name, async () => {
          figures.gateways[gateway.name] = await measureGateway(gateway, url);
        });
      }
    }
    if (asked('background') && askedGateway(tokenworks)) {
      await attempt('background', async () => {
        figures.background = await measureBackground(url);
      });
    }
    if (asked('budget') && askedGateway(tokenworks)) {
      await attempt('budget', async () => {
        figures.budget = await measureBudget();
      });
    }
  } finally {
    await upstream.stop();
  }
  if (values.json) console.log(JSON.stringify(figures, undefined, 2));
  else printReport(figures);
  process.exit(figures.failures.length > 0 ? 1 : 0);
}

await main();
