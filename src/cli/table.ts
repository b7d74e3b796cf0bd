import { displayWidth, pad } from './width.ts';

export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  /** Figures stand on the right. */
  align?: 'left' | 'right';
  /** Left out where no row has anything to show in it ('', '0' or '-'). */
  optional?: boolean;
}

const GAP = '  ';
const EMPTY = new Set(['', '0', '-']);

/** Rows as text: a line of titles, a line per row, no rules. `totals` stands below, set off by a line of dashes. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], totals?: Row): string {
  const all = totals === undefined ? rows : [...rows, totals];
  const shown = columns
    .map((column) => ({ ...column, cells: all.map((row) => oneLine(column.value(row))) }))
    .filter((column) => !column.optional || column.cells.some((cell) => !EMPTY.has(cell)))
    .map((column) => ({ ...column, width: Math.max(displayWidth(column.title), ...column.cells.map(displayWidth)) }));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => pad(cell, shown[index]!.width, shown[index]!.align === 'right' ? 'left' : 'right'))
      .join(GAP)
      .trimEnd();
  const lines = [
    line(shown.map(({ title }) => title)),
    ...all.map((_, row) => line(shown.map(({ cells }) => cells[row]!))),
  ];
  if (totals !== undefined) lines.splice(-1, 0, shown.map(({ width }) => '─'.repeat(width)).join(GAP));
  return lines.join('\n');
}

/** A name that somebody chose must not break the table, or steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

/** Pairs of label and value, the values in one column. */
export function formatFacts(facts: readonly (readonly [string, string])[], indent = ''): string {
  const width = Math.max(0, ...facts.map(([label]) => displayWidth(label)));
  return facts.map(([label, value]) => `${indent}${pad(label, width)}${GAP}${oneLine(value)}`).join('\n');
}
