import { randomUUID } from 'node:crypto';
import { closeSync, fdatasync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { encodeLine, type JournalRecord } from './record.ts';

/** A segment is closed past this size and a new one begun, so that loaded ones can be deleted. */
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** A power cut may lose what was written in this window; kill -9 loses nothing, since write(2) has returned. */
const SYNC_AFTER_MS = 10;
const REOPEN_AFTER_MS = 1000;

export interface Position {
  segment: string;
  offset: number;
}

export interface Journal {
  /** Id of this process's journal; its holds are owned by it. */
  readonly process: string;
  /** False while the file can't be written; then no new work may be admitted. */
  readonly healthy: boolean;
  /**
   * Adds a record to the group that is written at the end of this turn of the event loop, and calls back once write(2) has
   * returned for it, or with the error.
   */
  append(record: JournalRecord, written?: (error?: AppError) => void): void;
  /** Writes what waits, now. */
  flush(): void;
  /** Where the next record will be written. */
  position(): Position;
  close(): Promise<void>;
}

export interface JournalOptions {
  dir: string;
  now: () => number;
  /** Told the id of each segment as it begins. */
  onSegment?: (segment: string) => void;
  onError?: (error: unknown) => void;
}

export function segmentPath(dir: string, segment: string): string {
  return join(dir, `${segment}.jsonl`);
}

export function openJournal(options: JournalOptions): Journal {
  const processId = randomUUID();
  let sequence = 0;
  let segment = '';
  let fd = -1;
  let offset = 0;
  let healthy = true;
  let retryAt = 0;
  let pending: string[] = [];
  let waiting: ((error?: AppError) => void)[] = [];
  let scheduled = false;
  let syncTimer: NodeJS.Timeout | undefined;
  let syncing = false;

  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  openSegment();

  function openSegment(): void {
    if (fd >= 0) closeSync(fd);
    segment = randomUUID();
    fd = openSync(segmentPath(options.dir, segment), 'ax', 0o600);
    offset = 0;
    offset += writeAll(encodeLine({ t: 'h', segment, process: processId, sequence: sequence++, at: options.now() }));
    options.onSegment?.(segment);
  }

  function writeAll(text: string): number {
    const bytes = Buffer.from(text, 'utf8');
    let done = 0;
    while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
    return bytes.length;
  }

  function flush(): void {
    scheduled = false;
    if (pending.length === 0) return;
    const text = pending.length === 1 ? pending[0]! : pending.join('');
    const callbacks = waiting;
    pending = [];
    waiting = [];
    let failure: AppError | undefined;
    try {
      // After a failed write the segment may end in a torn line: go on in a new one.
      if (!healthy) {
        if (options.now() < retryAt) throw new Error('the journal is closed after a failed write');
        openSegment();
      } else if (offset > SEGMENT_BYTES) openSegment();
      offset += writeAll(text);
      healthy = true;
      if (!syncTimer) syncTimer = setTimeout(sync, SYNC_AFTER_MS);
    } catch (error) {
      if (healthy) options.onError?.(error);
      healthy = false;
      retryAt = options.now() + REOPEN_AFTER_MS;
      failure = new AppError('overloaded', 'The journal can not be written, so no call is served until it can.', {
        cause: error,
        retryAfter_s: 1,
      });
    }
    for (const callback of callbacks) callback(failure);
  }

  function sync(): void {
    syncTimer = undefined;
    if (syncing || fd < 0) return;
    syncing = true;
    fdatasync(fd, () => {
      syncing = false;
    });
  }

  return {
    process: processId,
    get healthy() {
      return healthy || options.now() >= retryAt;
    },
    append(record, written) {
      pending.push(encodeLine(record));
      if (written) waiting.push(written);
      if (!scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
    },
    flush,
    position: () => ({ segment, offset }),
    async close() {
      flush();
      clearTimeout(syncTimer);
      if (fd < 0) return;
      await new Promise<void>((done) => fdatasync(fd, () => done()));
      closeSync(fd);
      fd = -1;
    },
  };
}
