/**
 * `node bench/reflex.ts [--train A.jsonl --test B.jsonl]… [--vectors FOLDER] [--json]`
 *
 * What Reflex is worth: on utterances that a grammar makes (synthetic, with held-out values and some held-out phrasings, see reflex-grammar.ts),
 * and on every pair of files given, the format being that of `tokenworks reflex eval`.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { readExamples } from '../src/cli/read-examples.ts';
import { type EvalReport, type Example, evaluate, openVectors } from '../src/reflex/index.ts';
import { assistantExamples } from './reflex-grammar.ts';

interface Pair {
  name: string;
  train: Example[];
  test: Example[];
}

const COLUMNS: [string, (report: EvalReport) => string][] = [
  ['train', (report) => String(report.examples)],
  ['train s', (report) => report.train_s.toFixed(1)],
  ['accuracy', (report) => report.accuracy.toFixed(3)],
  ['macro F1', (report) => report.macro_f1.toFixed(3)],
  ['slot F1', (report) => share(report.slot_f1)],
  ['oos found', (report) => share(report.oos_recall)],
  ['kept', (report) => report.in_scope_kept.toFixed(3)],
  ['ECE', (report) => report.ece.toFixed(3)],
  ['cover@95', (report) => report.coverage_at_95.toFixed(3)],
  ['p50 ms', (report) => report.p50_ms.toFixed(2)],
  ['p99 ms', (report) => report.p99_ms.toFixed(2)],
  ['MB', (report) => (report.model_bytes / 1e6).toFixed(1)],
];

function share(value: number | null): string {
  return value === null ? '-' : value.toFixed(3);
}

/** A line a report, columns padded. */
export function reportTable(reports: readonly { name: string; report: EvalReport }[]): string {
  const lines = [
    ['set', ...COLUMNS.map(([title]) => title)],
    ...reports.map(({ name, report }) => [name, ...COLUMNS.map(([, format]) => format(report))]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
    )
    .join('\n');
}

function givenPairs(train: readonly string[], test: readonly string[]): Pair[] {
  if (train.length !== test.length) throw new Error('Every --train needs a --test.');
  return train.map((file, at) => ({
    name: basename(test[at]!),
    train: readExamples(file),
    test: readExamples(test[at]!),
  }));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      train: { type: 'string', multiple: true, default: [] },
      test: { type: 'string', multiple: true, default: [] },
      vectors: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const pairs: Pair[] = [
    { name: 'synthetic en', ...assistantExamples('en') },
    { name: 'synthetic zh', ...assistantExamples('zh') },
    ...givenPairs(values.train, values.test),
  ];
  const vectors = values.vectors === undefined ? undefined : await openVectors(values.vectors);
  const reports: { name: string; report: EvalReport }[] = [];
  for (const { name, train, test } of pairs) {
    reports.push({ name, report: await evaluate({ train, test, vectors }) });
    if (!values.json) console.error(`${name}: done`);
  }
  if (values.json) console.log(JSON.stringify(reports, null, 2));
  else {
    console.log(reportTable(reports));
    console.log(
      'The synthetic sets come from a grammar; their test uses values, and for a sixth of it phrasings, that training never shows.',
    );
  }
}
