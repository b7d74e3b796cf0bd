/**
 * The journal's lines. An operation is `intended` (i), each of its attempts `sent` (s) before the request's first byte leaves,
 * a stream notes its `progress` (p), a failed attempt that will be tried again is closed (a), and the operation is `settled` (f)
 * before the last byte of its reply leaves.
 *
 * Each line is `<crc32, 8 hex digits> <JSON>\n`, so that a torn or damaged line is told from a whole one.
 */
import { crc32 } from 'node:zlib';
import {
  type AttemptRecord,
  attemptToJson,
  holdToJson,
  type OperationHold,
  type OperationRecord,
  operationToJson,
  reviveOperation,
} from '../../contract/operation.ts';
import type { StoredReply } from '../../store/index.ts';

export interface SegmentHeader {
  t: 'h';
  segment: string;
  /** The process that wrote it; operations may begin in one of its segments and end in a later one. */
  process: string;
  sequence: number;
  at: number;
}

export interface Intended {
  t: 'i';
  op: string;
  at: number;
  organisation: string;
  project: string;
  key: string;
  user?: string;
  tags?: Record<string, string>;
  surface: string;
  model: string;
  stream: boolean;
  /** UTF-8 bytes of the body outside inline media: what an estimate of the input has to go by after a crash. */
  bytes: number;
  agent?: string;
  run?: string;
}

export interface Sent {
  t: 's';
  op: string;
  n: number;
  at: number;
  deployment: string;
  provider: string;
  model: string;
  priceId?: string;
  holds?: OperationHold[];
}

export interface Progress {
  t: 'p';
  op: string;
  n: number;
  /** Bytes of output delivered so far. */
  bytes: number;
}

export interface AttemptClosed {
  t: 'a';
  op: string;
  attempt: AttemptRecord;
}

export interface Settled {
  t: 'f';
  record: OperationRecord;
  /** The whole reply, where the call had an idempotency key. */
  reply?: StoredReply;
}

export type JournalRecord = SegmentHeader | Intended | Sent | Progress | AttemptClosed | Settled;

export function encodeLine(record: JournalRecord): string {
  const json = JSON.stringify(plain(record));
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

/** With strings in place of bigints. */
function plain(record: JournalRecord): unknown {
  switch (record.t) {
    case 'f':
      return { ...record, record: operationToJson(record.record) };
    case 's':
      return record.holds ? { ...record, holds: record.holds.map(holdToJson) } : record;
    case 'a':
      return { ...record, attempt: attemptToJson(record.attempt) };
    default:
      return record;
  }
}

/** The record of a line without its newline, or undefined when the line is damaged. */
export function decodeLine(line: string): JournalRecord | undefined {
  if (line.length < 11 || line[8] !== ' ') return undefined;
  const json = line.slice(9);
  if (crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) return undefined;
  const record = JSON.parse(json) as JournalRecord & Record<string, unknown>;
  if (record.t === 'f') reviveOperation(record.record as unknown as Record<string, unknown>);
  else if (record.t === 's') for (const hold of record.holds ?? []) reviveHold(hold);
  else if (record.t === 'a' && record.attempt.cost_pico !== undefined)
    record.attempt.cost_pico = BigInt(record.attempt.cost_pico);
  return record;
}

function reviveHold(hold: OperationHold): void {
  hold.held_pico = BigInt(hold.held_pico);
  hold.settled_pico = BigInt(hold.settled_pico);
}
