import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Journal files of a data folder that the store may not have in full; the next start loads them. */
export function pendingJournal(home: string): number {
  const folder = join(home, 'journal');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')).length : 0;
}
