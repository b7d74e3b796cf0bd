import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLine, type JournalRecord, type SegmentHeader } from './record.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Read into again and again: a fresh megabyte for each piece would have the collector at work all the time. */
let scratch = Buffer.alloc(0);

function scratchOf(bytes: number): Buffer {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(Math.max(bytes, CHUNK_BYTES));
  return scratch;
}

export interface ReadBatch {
  records: JournalRecord[];
  /** Offset just past the last whole line read. */
  to: number;
  /** Lines whose checksum was wrong; they are skipped. */
  damaged: number;
  /** Nothing more is in the file (a torn last line counts as nothing). */
  done: boolean;
}

/** Whole lines of a segment from `from` up to `until` (default: its end), at most about `limitBytes` of them. */
export function readSegment(
  path: string,
  from: number,
  limitBytes: number = CHUNK_BYTES,
  until: number = Number.POSITIVE_INFINITY,
): ReadBatch {
  const fd = openSync(path, 'r');
  try {
    const size = Math.min(fstatSync(fd).size, until);
    let want = Math.min(limitBytes, size - from);
    while (true) {
      const bytes = scratchOf(want);
      let read = 0;
      while (read < want) {
        const count = readSync(fd, bytes, read, want - read, from + read);
        if (count === 0) break;
        read += count;
      }
      const end = read === 0 ? -1 : bytes.lastIndexOf(10, read - 1);
      if (end < 0 && from + read < size) {
        // One line longer than the limit: read on until it ends.
        want = Math.min(want * 2, size - from);
        continue;
      }
      const records: JournalRecord[] = [];
      let damaged = 0;
      for (const line of end < 0 ? [] : bytes.toString('utf8', 0, end).split('\n')) {
        const record = decodeLine(line);
        if (record) records.push(record);
        else damaged++;
      }
      const to = from + end + 1;
      return { records, to, damaged, done: from + read >= size };
    }
  } finally {
    closeSync(fd);
  }
}

export interface SegmentFile {
  path: string;
  header: SegmentHeader;
  size: number;
}

/** All segments of a folder, by process and sequence. Files without a readable header are left out (nothing was ever written after it). */
export function listSegments(dir: string): SegmentFile[] {
  if (!existsSync(dir)) return [];
  const found: SegmentFile[] = [];
  for (const name of readdirSync(dir)) {
    if (!name.endsWith('.jsonl')) continue;
    const path = join(dir, name);
    const { records } = readSegment(path, 0, 4096);
    const header = records[0];
    if (header?.t !== 'h') continue;
    const fd = openSync(path, 'r');
    found.push({ path, header, size: fstatSync(fd).size });
    closeSync(fd);
  }
  return found.sort(
    (a, b) => a.header.process.localeCompare(b.header.process) || a.header.sequence - b.header.sequence,
  );
}
