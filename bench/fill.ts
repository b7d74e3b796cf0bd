/**
 * Fills a data folder with usage, through the ledger's own door: `node bench/fill.ts --home DIR --rows 1000000`.
 * The server must not be running (one process may open the folder). Rows are spread over sixty days, forty models and eight keys, so that
 * hardly two fall into the same rollup row: the hardest case for a report.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { newId } from '../src/base/ids.ts';
import type { OperationRecord } from '../src/contract/operation.ts';
import type { Posting } from '../src/contract/records.ts';
import { openStore, type Store } from '../src/store/index.ts';

const BATCH = 5_000;
const DAY_MS = 86_400_000;
const DAYS = 60;
const MODELS = 40;
const KEYS = 8;
/** Pico-USD a token. */
const INPUT_PICO = 1_000_000n;
const OUTPUT_PICO = 4_000_000n;

/** Appends `rows` operations; answers how long it took in seconds. */
export async function fill(store: Store, rows: number, report: (done: number) => void = () => {}): Promise<number> {
  const start = performance.now();
  const [organisation] = await store.organisations.list();
  const [project] = await store.projects.list();
  if (!organisation || !project)
    throw new Error('the store has no organisation yet: start the server on this folder once');
  const segment = randomUUID();
  const begin_ms = Date.now() - DAYS * DAY_MS;
  for (let from = 0; from < rows; from += BATCH) {
    const to = Math.min(rows, from + BATCH);
    const operations = Array.from({ length: to - from }, (_, index) =>
      operation(
        from + index,
        begin_ms + Math.floor(((from + index) / rows) * DAYS * DAY_MS),
        organisation.id,
        project.id,
      ),
    );
    await store.usage.append({ segment, from, to, operations, postings: [posting(operations, `${segment}:${from}`)] });
    report(to);
  }
  return (performance.now() - start) / 1000;
}

/** Scatters consecutive numbers (Knuth's multiplicative hash), the same on every run. */
function scatter(value: number, below: number): number {
  return (Math.imul(value, 2_654_435_761) >>> 8) % below;
}

function operation(number: number, at_ms: number, organisation: string, project: string): OperationRecord {
  const model = `model-${scatter(number, MODELS)}`;
  const input = 200 + scatter(number + 1, 2_000);
  const output = 20 + scatter(number + 2, 400);
  const cost_pico = BigInt(input) * INPUT_PICO + BigInt(output) * OUTPUT_PICO;
  return {
    id: newId('op', at_ms),
    at_ms,
    organisation,
    project,
    key: `key_filled_${scatter(number + 3, KEYS)}`,
    tags: {},
    surface: 'chat',
    model: `filled/${model}`,
    deployment: `filled/${model}`,
    stream: number % 2 === 0,
    status: 'completed',
    total_ms: 900,
    ttft_ms: 200,
    attempts: [
      {
        index: 0,
        deployment: `filled/${model}`,
        provider: 'filled',
        model,
        status: 'completed',
        httpStatus: 200,
        at_ms,
        ttft_ms: 200,
        total_ms: 900,
        usage: { input, output },
        usageSource: 'provider',
        cost_pico,
        currency: 'USD',
      },
    ],
    charge_pico: cost_pico,
    chargeCurrency: 'USD',
    holds: [],
  };
}

function posting(operations: OperationRecord[], reference: string): Posting {
  const sum = operations.reduce((total, each) => total + (each.charge_pico ?? 0n), 0n);
  const organisation = operations[0]!.organisation;
  const entries = [
    { account: 'cost:filled', currency: 'USD', amount_pico: sum },
    { account: 'payable:filled', currency: 'USD', amount_pico: -sum },
    { account: `receivable:${operations[0]!.project}`, currency: 'USD', amount_pico: sum },
    { account: `revenue:${organisation}`, currency: 'USD', amount_pico: -sum },
  ];
  return { id: newId('post'), at_ms: operations[0]!.at_ms, kind: 'settle', reference, entries };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { home: { type: 'string' }, rows: { type: 'string', default: '1000000' } } });
  if (!values.home) throw new Error('--home DIR is missing');
  const store = await openStore({ home: values.home });
  const rows = Number(values.rows);
  const seconds = await fill(store, rows, (done) => {
    if (done % 100_000 === 0) console.error(`${done} of ${rows} rows`);
  });
  await store.close();
  console.log(JSON.stringify({ rows, seconds }));
}
