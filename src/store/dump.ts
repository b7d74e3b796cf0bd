/**
 * The form of a dump: gzip of JSON lines. First a header, then `{"table":…,"row":…}` once a row, last a trailer with the number of rows and
 * the SHA-256 of all lines before it. Rows are text from one database to the other: no number in them passes through JavaScript.
 */
export const DUMP_FORMAT = 'tokenworks-backup';
export const DUMP_VERSION = 1;

export interface DumpHeader {
  format: string;
  version: number;
  migrations: { name: string; checksum: string }[];
  created: string;
  /** Days (since 1970, UTC) that had a partition of `operations`. */
  days: number[];
}

export interface DumpTrailer {
  end: true;
  rows: number;
  sha256: string;
}

/** In the order in which they can be filled. A table that is missing here is found by a test. */
export const DUMP_TABLES = [
  'counters',
  'settings',
  'organisations',
  'projects',
  'keys',
  'budgets',
  'budget_spends',
  'wallets',
  'postings',
  'entries',
  'account_balances',
  'prices',
  'fx_rates',
  'providers',
  'aliases',
  'audit',
  'alerts',
  'invoices',
  'invoice_lines',
  'outcomes',
  'replies',
  'captures',
  'journal_segments',
  'operations',
  'rollups',
  'tag_rollups',
  'usage_totals',
  'milestones',
  'reflex_models',
  'reflex_versions',
  'reflex_blocks',
  'reflex_changes',
] as const;

export function rowPrefix(table: string): string {
  return `{"table":"${table}","row":`;
}

/** The table and the text of the row that a line holds; undefined when it is no row. */
export function readRow(line: string): { table: string; row: string } | undefined {
  const match = /^\{"table":"([a-z_]+)","row":(?=\{)/.exec(line);
  return match && line.endsWith('}}') ? { table: match[1]!, row: line.slice(match[0].length, -1) } : undefined;
}
