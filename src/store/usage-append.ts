import { setImmediate } from 'node:timers/promises';
import { AppError } from '../base/errors.ts';
import type { OperationRecord } from '../contract/operation.ts';
import type { Sql, Tx } from './connections.ts';
import { isConflict, isDisconnect } from './errors.ts';
import type { Partitions } from './partitions.ts';
import { assertBalanced, sumBalances } from './postings.ts';
import { BatchSummer, MEASURES, type Totals } from './rollup.ts';
import { name, storable, storableJson } from './text.ts';
import type { UsageBatch } from './types.ts';

/** Rows of one statement. The database reads the JSON of a statement at one go, so this bounds its memory. */
const CHUNK = 500;
/** Operations or rows between two of which other work of this thread may run: about 2 ms. */
const YIELD = 100;
const MAX_ATTEMPTS = 4;

/** Books a journal batch; see `Store.usage.append`. */
export async function appendBatch(sql: Sql, partitions: Partitions, batch: UsageBatch): Promise<boolean> {
  checkBatch(batch);
  await partitions.prepare(batch.operations.map((operation) => operation.at_ms));
  const prepared = await prepare(sql, batch);
  for (let attempt = 1; ; attempt++) {
    try {
      return await sql.begin((tx) => book(tx, batch, prepared));
    } catch (error) {
      if (error === STALE) return false;
      // Two gateways may still meet in the totals, and a connection may end. The same again is safe: nothing of it was kept, or all of it, and
      // then the segment says so.
      if (attempt >= MAX_ATTEMPTS || !(isConflict(error) || isDisconnect(error))) throw error;
    }
  }
}

function checkBatch({ segment, from, to, postings }: UsageBatch): void {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to <= from) {
    throw new AppError(
      'invalid_request',
      `batch of segment ${segment} covers ${from} to ${to}; it needs 0 ≤ from < to`,
      { param: 'to' },
    );
  }
  for (const posting of postings) assertBalanced(posting);
}

/** Thrown inside the transaction to undo it: the segment has been loaded past this batch. */
const STALE = new Error('stale batch');

interface Insert {
  statement: string;
  /** JSON array of the rows. */
  rows: string;
}

interface Prepared {
  inserts: Insert[];
  totals: Map<string, Totals>;
}

const ADD_MEASURES = MEASURES.map((measure) => `${measure} = t.${measure} + excluded.${measure}`).join(', ');
const ON_SAME_ROLLUP = `on conflict (quarter_ms, dims) do update set ${ADD_MEASURES}`;

/** All that can be done before the transaction, so that it is short; and in steps, so that a large batch holds up no request. */
async function prepare(sql: Sql, { operations, postings }: UsageBatch): Promise<Prepared> {
  const summer = new BatchSummer(await declaredTags(sql, operations));
  for (const [index, operation] of operations.entries()) {
    summer.add(operation);
    if (index % YIELD === YIELD - 1) await setImmediate();
  }
  const sums = summer.sums();
  const inserts = [
    ...(await insertsOf('operations', operations, '', operationRow)),
    ...(await insertsOf('rollups', sums.rollups, ON_SAME_ROLLUP)),
    ...(await insertsOf('tag_rollups', sums.tagRollups, ON_SAME_ROLLUP)),
    ...(await insertsOf('postings', postings, '', ({ id, at_ms, kind, reference }) => ({
      id,
      at_ms: Math.floor(at_ms),
      kind,
      reference,
    }))),
    ...(await insertsOf(
      'entries',
      postings.flatMap(({ id, entries }) => entries.map((entry, line) => ({ ...entry, posting: id, line }))),
      '',
    )),
    ...(await insertsOf(
      'account_balances',
      sumBalances(postings),
      'on conflict (account, currency, kind) do update set amount_pico = t.amount_pico + excluded.amount_pico',
    )),
    ...(await insertsOf(
      'budget_spends',
      sums.spends,
      'on conflict (budget, "window") do update set spent_pico = t.spent_pico + excluded.spent_pico',
    )),
  ];
  return { inserts, totals: sums.totals };
}

/** Inserts of objects whose fields are the table's columns. Amounts travel as decimal strings, which the database reads exactly. */
async function insertsOf<T extends object>(
  table: string,
  rows: T[],
  onConflict: string,
  toRow: (row: T) => object = (row) => row,
): Promise<Insert[]> {
  const statement = `insert into ${table} as t select * from json_populate_recordset(null::${table}, $1::text::json) ${onConflict}`;
  const inserts: Insert[] = [];
  for (let start = 0; start < rows.length; start += CHUNK) {
    const pieces: string[] = [];
    for (let at = start; at < Math.min(start + CHUNK, rows.length); at += YIELD) {
      const piece = rows.slice(at, Math.min(at + YIELD, start + CHUNK)).map(toRow);
      pieces.push(storableJson(JSON.stringify(piece, writeBigint)).slice(1, -1));
      await setImmediate();
    }
    inserts.push({ statement, rows: `[${pieces.join(',')}]` });
  }
  return inserts;
}

function writeBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

async function book(tx: Tx, batch: UsageBatch, { inserts, totals }: Prepared): Promise<boolean> {
  await moveSegment(tx, batch);
  for (const { statement, rows } of inserts) await tx.unsafe(statement, [rows]);
  // Last, because every gateway wants these rows.
  await addTotals(tx, totals);
  return true;
}

async function moveSegment(tx: Tx, { segment, from, to }: UsageBatch): Promise<void> {
  if (from === 0) await tx`insert into journal_segments (id, position) values (${segment}, 0) on conflict do nothing`;
  const moved =
    await tx`update journal_segments set position = ${to}::int8 where id = ${segment} and position = ${from}::int8`;
  if (moved.count === 1) return;
  const [row] = await tx<{ position: string }[]>`select position from journal_segments where id = ${segment}`;
  const position = Number(row?.position ?? 0);
  if (position > from) throw STALE;
  throw new AppError(
    'conflict',
    `batch of segment ${segment} begins at ${from}, but the segment is loaded only to ${position}; load what lies between first`,
    { param: 'from' },
  );
}

async function declaredTags(sql: Sql, operations: OperationRecord[]): Promise<Map<string, string[]>> {
  if (operations.length === 0) return new Map();
  const rows = await sql<
    { id: string; tag_keys: string[] }[]
  >`select id, tag_keys from organisations where tag_keys::text <> '[]'`;
  return new Map(rows.map((row) => [row.id, row.tag_keys]));
}

/** Column names of the table → values. */
function operationRow(operation: OperationRecord): Record<string, unknown> {
  return {
    id: operation.id,
    at_ms: Math.floor(operation.at_ms),
    organisation: name(operation.organisation),
    project: name(operation.project),
    key: name(operation.key),
    user: operation.user,
    tags: operation.tags,
    surface: operation.surface,
    model: name(operation.model),
    deployment: name(operation.deployment),
    stream: operation.stream,
    status: operation.status,
    error_code: operation.errorCode,
    total_ms: operation.total_ms,
    ttft_ms: operation.ttft_ms,
    attempts: operation.attempts,
    charge_pico: operation.charge_pico,
    charge_currency: operation.chargeCurrency,
    sell_price_id: operation.sellPriceId,
    holds: operation.holds,
    agent: operation.agent,
    run: operation.run,
    cascade: operation.cascade,
  };
}

async function addTotals(tx: Tx, totals: Map<string, Totals>): Promise<void> {
  // '' sorts first; it is the row that all gateways share, so it comes last.
  const shared = totals.get('');
  for (const [organisation, sum] of totals) if (organisation !== '') await addTotal(tx, organisation, sum);
  if (shared) await addTotal(tx, '', shared);
}

async function addTotal(tx: Tx, organisation: string, sum: Totals): Promise<void> {
  const [row] = await tx<{ tokens: string }[]>`
    insert into usage_totals as t (organisation, tokens, requests, errors)
    values (${storable(organisation)}, ${sum.tokens}::int8, ${sum.requests}::int8, ${sum.errors}::int8)
    on conflict (organisation) do update
      set tokens = t.tokens + excluded.tokens, requests = t.requests + excluded.requests, errors = t.errors + excluded.errors
    returning tokens`;
  const after = Number(row!.tokens);
  for (const tokens of milestonesBetween(after - sum.tokens, after)) {
    await tx`insert into milestones (organisation, tokens, at_ms) values (${storable(organisation)}, ${tokens}::int8, ${Math.floor(sum.at_ms)}::int8) on conflict do nothing`;
  }
}

/** 1,000, 2,000, 5,000, 10,000 … up to the largest exact number: those that lie in (before, after]. */
export function milestonesBetween(before: number, after: number): number[] {
  const found: number[] = [];
  for (let power = 1_000; power <= 1e15; power *= 10) {
    for (const step of [1, 2, 5]) {
      const tokens = power * step;
      if (tokens > before && tokens <= after) found.push(tokens);
    }
  }
  return found;
}
