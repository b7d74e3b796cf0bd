/** Run by pglite.test.ts, which kills it: appends batches to a store and says so after each, once it was acknowledged. */
import { writeSync } from 'node:fs';
import { openStore } from './index.ts';

const [home, segment, start] = process.argv.slice(2) as [string, string, string];
const PER_BATCH = 50;

const store = await openStore({ home });
for (let batch = Number(start); ; batch++) {
  const operations = Array.from({ length: PER_BATCH }, (_, index) => ({
    id: `op_${batch}_${index}`,
    at_ms: Date.UTC(2026, 10, 24) + batch * 60_000,
    organisation: 'o',
    project: 'p',
    key: 'k',
    tags: {},
    surface: 'chat',
    model: 'mock/m',
    deployment: 'mock/m',
    stream: false,
    status: 'completed' as const,
    total_ms: 1,
    attempts: [],
    charge_pico: 3n,
    chargeCurrency: 'USD',
    holds: [
      { budget: 'b', window: 'total', kind: 'budget' as const, currency: 'USD', held_pico: 0n, settled_pico: 3n },
    ],
  }));
  const amount_pico = BigInt(3 * PER_BATCH);
  const entries = [
    { account: 'receivable', currency: 'USD', amount_pico },
    { account: 'revenue', currency: 'USD', amount_pico: -amount_pico },
  ];
  const postings = [
    { id: `posting_${batch}`, at_ms: Date.UTC(2026, 10, 24), kind: 'settle', reference: segment, entries },
  ];
  await store.usage.append({ segment, from: batch, to: batch + 1, operations, postings });
  writeSync(1, `${batch + 1}\n`);
}
