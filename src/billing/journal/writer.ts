import { randomUUID } from 'node:crypto';
import { close, closeSync, fdatasync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
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
  /** On the monotonic clock: a wall clock that is set back must not keep the journal closed. */
  let retryAt = 0;
  let pending: string[] = [];
  let waiting: ((error?: AppError) => void)[] = [];
  let scheduled = false;
  let syncTimer: NodeJS.Timeout | undefined;
  let syncing = false;
  let syncAgain = false;

  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  openSegment();

  function openSegment(): void {
    retire();
    const next = randomUUID();
    const path = segmentPath(options.dir, next);
    fd = openSync(path, 'ax', 0o600);
    let written: number;
    try {
      written = writeAll(encodeLine({ t: 'h', segment: next, process: processId, sequence, at: options.now() }));
    } catch (error) {
      closeSync(fd);
      fd = -1;
      // Without its header nobody would read it, nor ever delete it.
      rmSync(path, { force: true });
      throw error;
    }
    segment = next;
    offset = written;
    sequence++;
    options.onSegment?.(segment);
  }

  /** Lets go of the file, once what it holds is on the disk. The number is forgotten first: it may be another file's soon. */
  function retire(): void {
    if (fd < 0) return;
    const old = fd;
    fd = -1;
    fdatasync(old, () => close(old, () => {}));
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
        if (performance.now() < retryAt) throw new Error('the journal is closed after a failed write');
        openSegment();
      } else if (offset > SEGMENT_BYTES) openSegment();
      offset += writeAll(text);
      healthy = true;
      if (!syncTimer) syncTimer = setTimeout(sync, SYNC_AFTER_MS);
    } catch (error) {
      takeBack();
      fail(error);
      failure = new AppError('overloaded', 'The journal can not be written, so no call is served until it can.', {
        cause: error,
        retryAfter_s: 1,
      });
    }
    for (const callback of callbacks) callback(failure);
  }

  /** Callers are told that nothing of the group was written, so what a full disk did take of it must go. */
  function takeBack(): void {
    try {
      if (fd >= 0) ftruncateSync(fd, offset);
    } catch {
      // Then the loader skips the torn line, and whole ones before it end as broken: charged to nobody.
    }
  }

  function fail(error: unknown): void {
    if (healthy) options.onError?.(error);
    healthy = false;
    retryAt = performance.now() + REOPEN_AFTER_MS;
  }

  function sync(): void {
    syncTimer = undefined;
    if (fd < 0) return;
    // A disk slower than the window: what was written meanwhile is the next round's.
    syncAgain = syncing;
    if (syncing) return;
    syncing = true;
    fdatasync(fd, (error) => {
      syncing = false;
      // After a failed fsync nobody knows what is on the disk, and a second one may lie: go on in a new file.
      if (error && error.code !== 'EBADF') fail(error);
      else if (syncAgain) sync();
    });
  }

  return {
    process: processId,
    get healthy() {
      return healthy || performance.now() >= retryAt;
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
      if (fd >= 0) closeSync(fd);
      fd = -1;
    },
  };
}
