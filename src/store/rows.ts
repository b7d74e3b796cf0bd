import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { AppError } from '../base/errors.ts';
import type { Page, PageQuery } from './types.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** A row as its record: columns that are null are absent. */
export function toRecord<T>(row: object): T {
  const record: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (value !== null) record[name] = value;
  }
  return record as T;
}

export function toRecords<T>(rows: object[]): T[] {
  return rows.map((row) => toRecord<T>(row));
}

/** The fields of a change that are set: undefined leaves a column alone, null clears it. */
export function changed<T extends object>(change: T): Partial<T> | undefined {
  const entries = Object.entries(change).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Partial<T>);
}

interface Place {
  at_ms: number;
  id: string;
}

export interface Paging {
  limit: number;
  after?: Place;
}

/** Reads the paging of a list. Throws AppError `invalid_request`. */
export function readPaging(query: PageQuery): Paging {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new AppError('invalid_request', `limit is ${limit}; it must be a whole number from 1 to ${MAX_LIMIT}`, {
      param: 'limit',
    });
  }
  return { limit, after: query.cursor === undefined ? undefined : readCursor(query.cursor) };
}

function readCursor(cursor: string): Place {
  try {
    const [at_ms, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (Number.isSafeInteger(at_ms) && typeof id === 'string' && !id.includes('\0'))
      return { at_ms: at_ms as number, id };
  } catch {
    // Falls through to the one message.
  }
  throw new AppError('invalid_request', 'cursor is none of ours; pass the `next` of the page before, or leave it out', {
    param: 'cursor',
  });
}

/** Rows past the cursor, newest first (`desc`) or oldest first. */
export function pastCursor(paging: Paging, order: 'asc' | 'desc', at_ms: PgColumn, id: PgColumn): SQL | undefined {
  if (!paging.after) return undefined;
  const { after } = paging;
  return order === 'desc'
    ? sql`(${at_ms}, ${id}) < (${after.at_ms}::int8, ${after.id}::text)`
    : sql`(${at_ms}, ${id}) > (${after.at_ms}::int8, ${after.id}::text)`;
}

/** A page from `limit + 1` rows: the one too many says that another page follows. */
export function toPage<T>(records: T[], paging: Paging, placeOf: (record: T) => Place): Page<T> {
  if (records.length <= paging.limit) return { data: records };
  const data = records.slice(0, paging.limit);
  const last = placeOf(data.at(-1)!);
  return { data, next: Buffer.from(JSON.stringify([last.at_ms, last.id])).toString('base64url') };
}

/** Rows in groups that one statement may take: some are megabytes, so a group ends by size as well as by number. */
export function* chunksOf<T>(rows: T[], limit: number, sizeOf: (row: T) => number, maxSize: number): Generator<T[]> {
  let chunk: T[] = [];
  let size = 0;
  for (const row of rows) {
    const next = sizeOf(row);
    if (chunk.length > 0 && (chunk.length >= limit || size + next > maxSize)) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(row);
    size += next;
  }
  if (chunk.length > 0) yield chunk;
}
