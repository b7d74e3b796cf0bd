/** What English words mean, as directions: near where they are used alike. */
import { fold, words } from './text.ts';
import { rowsOfWord, type WordTable, wordTable } from './word-table.ts';

/** Direction of a word, of length one; undefined for what the table does not know. */
export function wordVector(word: string, table: WordTable = wordTable()): Float32Array | undefined {
  return meanVector([word], table);
}

/** Words that every text has say little: a (Arora et al., "A Simple but Tough-to-Beat Baseline", ICLR 2017), in ranks. */
const COMMON = 300;

/** Mean direction of words (or of a text's words), rare ones weighing more, of length one; undefined where none is known. */
export function meanVector(text: string | readonly string[], table: WordTable = wordTable()): Float32Array | undefined {
  const own = typeof text === 'string' ? words(text).map((word) => word.text) : text.map(fold);
  const sum = new Float32Array(table.dimensions);
  let known = 0;
  for (const word of own) {
    for (const row of rowsOfWord(word, table)) {
      const rank = table.rankOf(row);
      table.addTo(sum, row, (rank + 10) / (rank + COMMON));
      known++;
    }
  }
  if (known === 0) return undefined;
  const length = Math.hypot(...sum) || 1;
  return sum.map((value) => value / length);
}

export interface SimilarWord {
  word: string;
  /** Cosine, -1 to 1. */
  similarity: number;
}

/** The words that are used most like one, or that lie nearest a direction; the most alike first. Looks at the whole table: some milliseconds. */
export function similarWords(of: string | Float32Array, count = 10, table: WordTable = wordTable()): SimilarWord[] {
  const direction = typeof of === 'string' ? wordVector(of, table) : of;
  if (!direction) return [];
  const same = typeof of === 'string' ? new Set(rowsOfWord(fold(of), table)) : new Set<number>();
  const own = new Float32Array(table.dimensions);
  const best: { row: number; similarity: number }[] = [];
  for (let row = 0; row < table.words; row++) {
    if (same.has(row)) continue;
    own.fill(0);
    table.addTo(own, row, 1);
    let similarity = 0;
    for (let at = 0; at < own.length; at++) similarity += own[at]! * direction[at]!;
    if (best.length === count && similarity <= best.at(-1)!.similarity) continue;
    const at = best.findIndex((one) => one.similarity < similarity);
    best.splice(at < 0 ? best.length : at, 0, { row, similarity });
    if (best.length > count) best.pop();
  }
  return best.map(({ row, similarity }) => ({ word: table.wordAt(row), similarity }));
}
