/** The bench's figures as tables: absolute, as ratios, and beside the targets. */
import type { BudgetCall, BudgetRun } from './budget-run.ts';
import type { LoadResult } from './load.ts';
import type { Memory, Throughput } from './measure.ts';

export interface GatewayFigures {
  missing?: string;
  throughput?: Throughput;
  latency?: LoadResult;
  streaming?: { framesPerSecond: number };
  firstByte?: LoadResult;
  memory?: Memory;
}

export interface Figures {
  pinned: boolean;
  /** Requests/s of the latency runs. */
  rate: number;
  gateways: Record<string, GatewayFigures>;
  background?: {
    rows: number;
    fill_seconds: number;
    runs: {
      cores: string;
      idle: LoadResult;
      busy: LoadResult;
      reports: number;
      slowestReport_ms: number;
      trained: boolean;
    }[];
  };
  budget?: (BudgetCall & BudgetRun)[];
  failures: string[];
}

export interface Target {
  name: string;
  target: string;
  measured: string;
  met: boolean;
}

const MB = 1024 * 1024;

export function printReport(figures: Figures): void {
  const print = (rows: string[][]): void => console.log(`${table(rows)}\n`);
  if (!figures.pinned) console.log('Nothing was pinned to cores; the figures disturb each other.\n');
  if (Object.keys(figures.gateways).length > 0) print(gatewayRows(figures));
  for (const [name, found] of Object.entries(figures.gateways)) {
    if (found.missing) console.log(`${name} was left out: ${found.missing}\n`);
  }
  if (figures.background) print(backgroundRows(figures));
  if (figures.budget) print(budgetRows(figures.budget));
  const found = targets(figures);
  if (found.length > 0) {
    print([
      ['target', 'asked', 'measured', 'met'],
      ...found.map((each) => [each.name, each.target, each.measured, each.met ? 'yes' : 'NO']),
    ]);
  }
  for (const failure of figures.failures) console.log(`FAILED ${failure}`);
}

export function gatewayRows(figures: Figures): string[][] {
  const base = figures.gateways.direct;
  const own = figures.gateways.tokenworks?.throughput?.perSecond;
  const rows = [
    [
      '',
      'requests/s',
      'tokenworks is',
      'CPU µs/request',
      `added p50 ms at ${figures.rate}/s`,
      'added p99 ms',
      'chunks/s',
      'added first byte p50 ms',
      'p99 ms',
      'MB idle',
      'MB with streams',
      'kB/stream',
    ],
  ];
  for (const [name, found] of Object.entries(figures.gateways)) {
    if (found.missing) continue;
    const compared = found === base ? undefined : base;
    rows.push([
      name,
      number(found.throughput?.perSecond),
      own && found.throughput ? `${(own / found.throughput.perSecond).toFixed(2)} ×` : '',
      number(found.throughput?.cpu_us),
      added(found.latency?.latency.p50, compared?.latency?.latency.p50),
      added(found.latency?.latency.p99, compared?.latency?.latency.p99),
      number(found.streaming?.framesPerSecond),
      added(found.firstByte?.firstByte.p50, compared?.firstByte?.firstByte.p50),
      added(found.firstByte?.firstByte.p99, compared?.firstByte?.firstByte.p99),
      number(found.memory && found.memory.idle_bytes / MB),
      found.memory ? `${number(found.memory.held_bytes / MB)} (${found.memory.streams})` : '',
      found.memory ? number((found.memory.held_bytes - found.memory.idle_bytes) / 1024 / found.memory.streams) : '',
    ]);
  }
  return rows;
}

function backgroundRows(figures: Figures): string[][] {
  const { rows, runs } = figures.background!;
  const base = figures.gateways.direct?.latency?.latency;
  return [
    [
      `${rows} usage rows`,
      'p50 ms idle',
      'p99 ms idle',
      'p50 ms busy',
      'p99 ms busy',
      'busy ÷ idle (p99)',
      'reports',
      'slowest s',
      'trained',
    ],
    ...runs.map((run) => [
      run.cores,
      added(run.idle.latency.p50, base?.p50),
      added(run.idle.latency.p99, base?.p99),
      added(run.busy.latency.p50, base?.p50),
      added(run.busy.latency.p99, base?.p99),
      busyRatio(run, base?.p99 ?? 0).toFixed(2),
      String(run.reports),
      (run.slowestReport_ms / 1000).toFixed(2),
      run.trained ? 'yes' : 'no',
    ]),
  ];
}

type BackgroundRun = NonNullable<Figures['background']>['runs'][number];

function busyRatio(run: BackgroundRun, base_ms: number): number {
  const idle = Math.max(0.01, run.idle.latency.p99 - base_ms);
  return Math.max(0, run.busy.latency.p99 - base_ms) / idle;
}

function budgetRows(runs: NonNullable<Figures['budget']>): string[][] {
  return [
    [
      '500 calls, a budget for 50',
      'served',
      'refused',
      'refused too early',
      'most at once',
      'at once in the last tenth',
      'tokens written',
    ],
    ...runs.map((run) => [
      `${run.stream ? 'streams' : 'whole'}, ${run.max === undefined ? 'no limit' : `limit ${run.max}`}`,
      String(run.statuses['200'] ?? 0),
      String(run.statuses['402'] ?? 0),
      String(run.earlyRefusals),
      String(run.peak),
      String(run.peakNearEnd),
      String(run.output),
    ]),
  ];
}

/** What was asked of Tokenworks, and whether this run met it. */
export function targets(figures: Figures): Target[] {
  const { direct, portkey, nginx, tokenworks } = figures.gateways;
  const own = tokenworks?.throughput?.perSecond;
  const found: Target[] = [];
  const ratio = (name: string, other: GatewayFigures | undefined, least: number): void => {
    if (!own || !other?.throughput) return;
    const measured = own / other.throughput.perSecond;
    found.push({
      name: `requests/s against ${name}`,
      target: `≥ ${least} ×`,
      measured: `${measured.toFixed(2)} ×`,
      met: measured >= least,
    });
  };
  ratio('portkey', portkey, 10);
  ratio('nginx', nginx, 0.3);
  if (tokenworks?.latency && direct?.latency) {
    const measured = tokenworks.latency.latency.p99 - direct.latency.latency.p99;
    found.push({
      name: `added p99 at ${figures.rate}/s`,
      target: '≤ 3 ms',
      measured: `${measured.toFixed(2)} ms`,
      met: measured <= 3,
    });
  }
  for (const run of figures.background?.runs ?? []) {
    const measured = busyRatio(run, direct?.latency?.latency.p99 ?? 0);
    const name = `added p99 under background work, ${run.cores}`;
    found.push({ name, target: '≤ 3 × idle', measured: `${measured.toFixed(2)} ×`, met: measured <= 3 });
  }
  return found;
}

/** Three significant digits where it is small, whole where it is not. */
function number(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '';
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function added(value: number | undefined, base: number | undefined): string {
  if (value === undefined) return '';
  return base === undefined ? `(${value.toFixed(2)})` : (value - base).toFixed(2);
}

/** A Markdown table, its columns padded to one width. */
export function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}
