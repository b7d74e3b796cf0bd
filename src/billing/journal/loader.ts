import { rmSync } from 'node:fs';
import type { OperationRecord } from '../../contract/operation.ts';
import type { Posting } from '../../contract/records.ts';
import type { StoredReply, UsageBatch } from '../../store/index.ts';
import { listSegments, readSegment, type SegmentFile } from './reader.ts';
import type { JournalRecord } from './record.ts';
import { OpenOperations, type PriceBroken } from './recover.ts';
import { type Position, segmentPath } from './writer.ts';

export interface LoaderDependencies {
  dir: string;
  sink: {
    append(batch: UsageBatch): Promise<boolean>;
    position(segment: string): Promise<number>;
  };
  postings: (operations: OperationRecord[], reference: string) => Posting[];
  keepReplies: (replies: StoredReply[]) => Promise<void>;
  price: PriceBroken;
  onLoaded?: (operations: OperationRecord[]) => void;
}

/**
 * Carries the journal into the store, in batches that are each applied once: a batch names its segment and byte range, and the
 * store moves the segment's position in the batch's own transaction.
 */
export class JournalLoader {
  readonly #deps: LoaderDependencies;
  readonly #open = new OpenOperations();
  /** Segments of this process whose operations have not all ended, with how many are open. */
  readonly #openIn = new Map<string, Set<string>>();
  /** Where reading stands in each segment of this process, oldest first. */
  readonly #segments: { segment: string; read: number; booked: number }[] = [];

  constructor(deps: LoaderDependencies) {
    this.#deps = deps;
  }

  /** Loads what dead processes left, closes what they had open, and deletes their segments. Answers how many operations were booked. */
  async recover(): Promise<{ loaded: number; broken: number; damaged: number }> {
    const result = { loaded: 0, broken: 0, damaged: 0 };
    for (const group of groupByProcess(listSegments(this.#deps.dir))) {
      const open = new OpenOperations();
      for (const [index, file] of group.entries()) {
        const booked = await this.#deps.sink.position(file.header.segment);
        // Past its end: what the process had open was closed already, and only the deletion was missed.
        if (booked > file.size) continue;
        // What is booked already is read only to know which operations were open there.
        for (let at = 0; at < booked; ) {
          const batch = readSegment(file.path, at, undefined, booked);
          for (const record of batch.records) open.apply(record);
          if (batch.to <= at) break;
          at = batch.to;
        }
        let at = booked;
        let from = booked;
        while (true) {
          const batch = readSegment(file.path, at);
          result.damaged += batch.damaged;
          const { operations, replies } = collect(batch.records, open);
          at = batch.done ? file.size : batch.to;
          const last = batch.done && index === group.length - 1;
          const broken = last ? open.closeAll(this.#deps.price) : [];
          result.broken += broken.length;
          operations.push(...broken);
          if (last) at = file.size + 1;
          if (at > from) {
            await this.#book(file.header.segment, from, at, operations, replies);
            result.loaded += operations.length;
            from = at;
          }
          if (batch.done) break;
        }
      }
      for (const file of group) rmSync(file.path, { force: true });
    }
    return result;
  }

  /** Loads this process's journal up to `target`. Calls must not overlap. */
  async loadTo(target: Position): Promise<void> {
    if (!this.#segments.some((entry) => entry.segment === target.segment)) {
      this.#segments.push({ segment: target.segment, read: 0, booked: 0 });
    }
    for (const entry of [...this.#segments]) {
      const current = entry.segment === target.segment;
      await this.#loadSegment(entry, current ? target.offset : Number.POSITIVE_INFINITY);
      if (!current && (this.#openIn.get(entry.segment)?.size ?? 0) === 0) this.#drop(entry.segment);
    }
  }

  /** Segments must be announced in the order they are begun. */
  begin(segment: string): void {
    if (!this.#segments.some((entry) => entry.segment === segment))
      this.#segments.push({ segment, read: 0, booked: 0 });
  }

  async #loadSegment(entry: { segment: string; read: number; booked: number }, until: number): Promise<void> {
    const path = segmentPath(this.#deps.dir, entry.segment);
    while (entry.read < until) {
      const batch = readSegment(path, entry.read, undefined, until);
      if (batch.to === entry.read) return;
      for (const record of batch.records) {
        if (record.t === 'i') this.#note(entry.segment, record.op);
      }
      const { operations, replies } = collect(batch.records, this.#open, (operation) => this.#forget(operation));
      if (operations.length > 0) {
        await this.#book(entry.segment, entry.booked, batch.to, operations, replies);
        entry.booked = batch.to;
      }
      entry.read = batch.to;
      if (batch.done) return;
    }
  }

  async #book(
    segment: string,
    from: number,
    to: number,
    operations: OperationRecord[],
    replies: StoredReply[],
  ): Promise<void> {
    if (replies.length > 0) await this.#deps.keepReplies(replies);
    // A large range is one batch with one position move: splitting it would need offsets inside it.
    const postings = this.#deps.postings(operations, `${segment}:${from}`);
    await this.#deps.sink.append({ segment, from, to, operations, postings });
    this.#deps.onLoaded?.(operations);
  }

  #note(segment: string, operation: string): void {
    const open = this.#openIn.get(segment) ?? new Set();
    this.#openIn.set(segment, open);
    open.add(operation);
  }

  #forget(operation: string): void {
    for (const open of this.#openIn.values()) if (open.delete(operation)) return;
  }

  #drop(segment: string): void {
    this.#openIn.delete(segment);
    const index = this.#segments.findIndex((entry) => entry.segment === segment);
    if (index >= 0) this.#segments.splice(index, 1);
    rmSync(segmentPath(this.#deps.dir, segment), { force: true });
  }
}

function collect(
  records: JournalRecord[],
  open: OpenOperations,
  ended?: (operation: string) => void,
): { operations: OperationRecord[]; replies: StoredReply[] } {
  const operations: OperationRecord[] = [];
  const replies: StoredReply[] = [];
  for (const record of records) {
    const operation = open.apply(record);
    if (operation !== undefined) ended?.(operation);
    if (record.t !== 'f') continue;
    operations.push(record.record);
    if (record.reply) replies.push(record.reply);
  }
  return { operations, replies };
}

function groupByProcess(files: SegmentFile[]): SegmentFile[][] {
  const groups = new Map<string, SegmentFile[]>();
  for (const file of files) {
    const group = groups.get(file.header.process);
    if (group) group.push(file);
    else groups.set(file.header.process, [file]);
  }
  return [...groups.values()];
}
