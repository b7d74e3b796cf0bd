/**
 * `node bench/exactness.ts --operations 2000 --kills 10 [--seed N] [--engine pglite|postgres]`
 *
 * Mixed operations on every surface and protocol, with faults, aborts and (with --kills) a server that is killed at random moments; then the
 * ledger is compared with what the upstream knows. Exit code 1 on any difference. `--engine postgres` uses the server at
 * TOKENWORKS_TEST_DATABASE_URL, whose database must be empty.
 */
import { parseArgs } from 'node:util';
import { type ExactnessResult, runExactness } from './exact/run.ts';

const MAX_SHOWN = 50;

export function printResult(result: ExactnessResult): void {
  const { counts, differences } = result;
  const kinds = Object.entries(counts.byKind).map(([kind, count]) => `${kind} ${count}`);
  console.log(
    `${counts.cases} operations (${kinds.join(', ')}), ${result.kills} kills, ${result.seconds.toFixed(1)} s`,
  );
  console.log(`${counts.acknowledged} answered to the last byte; each of them is in the ledger, once`);
  console.log(
    `${counts.attempts} attempts: ${counts.exact} exact (${counts.exactTokens} tokens, ${counts.exactCost_pico} pico-USD, each equal to the upstream's), ` +
      `${counts.estimated} estimated and marked, ${counts.withoutUsage} without usage`,
  );
  for (const difference of differences.slice(0, MAX_SHOWN)) console.log(`DIFFERENCE ${difference}`);
  if (differences.length > MAX_SHOWN) console.log(`… and ${differences.length - MAX_SHOWN} more`);
  console.log(differences.length === 0 ? 'no differences; the books balance' : `${differences.length} differences`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      operations: { type: 'string', default: '2000' },
      kills: { type: 'string', default: '0' },
      seed: { type: 'string' },
      engine: { type: 'string', default: 'pglite' },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const databaseUrl = values.engine === 'postgres' ? process.env.TOKENWORKS_TEST_DATABASE_URL : undefined;
  if (values.engine === 'postgres' && !databaseUrl) {
    console.error('exactness: --engine postgres needs TOKENWORKS_TEST_DATABASE_URL');
    process.exit(2);
  }
  console.log(`seed ${seed}, ${values.engine}`);
  const options = { operations: Number(values.operations), kills: Number(values.kills), seed, databaseUrl };
  const result = await runExactness({ ...options, log: (message) => console.error(`exactness: ${message}`) });
  printResult(result);
  process.exit(result.differences.length === 0 ? 0 : 1);
}
