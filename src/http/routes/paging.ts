import { AppError } from '../../base/errors.ts';
import type { PageQuery, WirePage } from '../../contract/control/index.ts';

const DEFAULT_LIMIT = 50;

/** A page of a list that is short enough to be in memory. The cursor names the last row, so that rows added meanwhile move nothing. */
export function paged<T>(rows: readonly T[], query: PageQuery, idOf: (row: T) => string): WirePage<T> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  let start = 0;
  if (query.cursor !== undefined) {
    const last = Buffer.from(query.cursor, 'base64url').toString('utf8');
    start = rows.findIndex((row) => idOf(row) === last) + 1;
    if (start === 0)
      throw new AppError('invalid_request', 'cursor is none of ours, or its row is gone; begin anew without it.', {
        param: 'cursor',
      });
  }
  const data = rows.slice(start, start + limit);
  if (start + limit >= rows.length) return { data };
  return { data, next: Buffer.from(idOf(data.at(-1)!)).toString('base64url') };
}

/** A page of the store with its rows as the wire has them. */
export function mapPage<T, U>(page: { data: readonly T[]; next?: string }, view: (row: T) => U): WirePage<U> {
  return { data: page.data.map(view), ...(page.next !== undefined && { next: page.next }) };
}
