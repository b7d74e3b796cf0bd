import type { Command } from 'commander';
import { type Io, printJson } from '../io.ts';

interface EvalOptions {
  train: string;
  test: string;
  json?: boolean;
}

export function addReflex(program: Command, io: Io): void {
  const reflex = program.command('reflex').description('the built-in model that learns from examples');
  reflex
    .command('eval')
    .description('train on one file and measure on another; needs no server')
    .requiredOption('--train <file>', 'JSON lines of {"text", "intent", "slots"}')
    .requiredOption('--test <file>', 'the same; the intent "oos" means out of scope')
    .option('--json', 'print the answer as JSON')
    .action((options: EvalOptions) => evaluateFiles(options, io));
}

async function evaluateFiles(options: EvalOptions, io: Io): Promise<void> {
  const [{ evaluate }, { readExamples }] = await Promise.all([
    import('../../reflex/index.ts'),
    import('../read-examples.ts'),
  ]);
  const train = readExamples(options.train);
  const test = readExamples(options.test);
  if (!options.json) io.note(`training on ${train.length} examples …`);
  const report = evaluate({ train, test });
  if (options.json) return printJson(io, report);
  const [{ formatFacts }, { bytes, count }] = await Promise.all([import('../table.ts'), import('../format.ts')]);
  const share = (value: number | null): string => (value === null ? '-' : value.toFixed(4));
  io.out(
    formatFacts([
      [
        'examples',
        `${count(report.examples)}, trained in ${report.train_s.toFixed(1)} s; ${count(test.length)} in the test`,
      ],
      ['accuracy', `${share(report.accuracy)} (in scope)`],
      ['macro F1', share(report.macro_f1)],
      ['out of scope', `${share(report.oos_recall)} found, ${share(report.in_scope_kept)} of the others kept`],
      ['slot F1', share(report.slot_f1)],
      ['calibration', `${share(report.ece)} expected error`],
      ['latency', `p50 ${report.p50_ms.toFixed(2)} ms, p99 ${report.p99_ms.toFixed(2)} ms`],
      ['model', bytes(report.model_bytes)],
    ]),
  );
}
