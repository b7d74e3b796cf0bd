import type { PriceRecord } from '../contract/records.ts';
import { compilePrice, type Price } from './price.ts';

/** A row that could not be read. It keeps its place, so that its model is unpriced instead of priced by a lesser row. */
export interface PriceProblem {
  id: string;
  provider: string;
  model: string;
  message: string;
}

interface Row {
  record: PriceRecord;
  /** undefined: the row's body could not be read. */
  price: Price | undefined;
}

interface Found {
  price: Price | undefined;
  from_ms: number;
  /** Until then the answer can't change, exclusive. */
  until_ms: number;
}

export type Book = 'cost' | 'sell';

const MANAGERS = ['file', 'api', 'builtin'] as const;
const CONFIDENCE = ['own', 'official', 'secondary', 'derived'] as const;
const DATED = /-(?:\d{4}-\d{2}-\d{2}|\d{8})$/;
/** Answers kept; names come from deployments, but a caller might send any. */
const MEMO_LIMIT = 10_000;

/**
 * The prices in force, as one immutable snapshot; a change makes a new book. For a model the first of these that has a row wins:
 * the names in the order given (a provider's instance, then its price provider, then `*`); for one name the exact id, an alias,
 * a dated version where the row allows it, then `*`; of those rows file before api before built-in; then the preferred currency;
 * then the better source; then the latest.
 */
export class PriceBook {
  readonly problems: readonly PriceProblem[];
  readonly #exact = new Map<string, Row[]>();
  readonly #alias = new Map<string, Row[]>();
  readonly #dated = new Map<string, Row[]>();
  readonly #byId = new Map<string, Price>();
  readonly #memo = new Map<string, Found>();

  constructor(records: readonly PriceRecord[] = []) {
    const problems: PriceProblem[] = [];
    for (const record of records) {
      const row: Row = { record, price: undefined };
      try {
        row.price = compilePrice(record);
        this.#byId.set(record.id, row.price);
      } catch (error) {
        const message = (error as Error).message;
        problems.push({ id: record.id, provider: record.provider, model: record.model, message });
      }
      const key = keyOf(record.book, record.provider, record.model);
      add(this.#exact, key, row);
      if (row.price?.body.dated_versions) add(this.#dated, key, row);
      for (const alias of row.price?.body.aliases ?? []) {
        add(this.#alias, keyOf(record.book, record.provider, alias), row);
      }
    }
    this.problems = problems;
  }

  /**
   * The price of a model at a moment; undefined when the book has none.
   * `names`: the provider's configured name and, after it, its price provider.
   * Costs one Map look-up once asked; an answer is kept until a row begins or ends.
   */
  find(book: Book, names: readonly string[], model: string, at_ms: number, currency?: string): Price | undefined {
    return this.lookUp(book, names, model, at_ms, currency).price;
  }

  /** As `find`, with the moment (exclusive) until which the answer holds; Infinity when nothing is due to change. */
  lookUp(
    book: Book,
    names: readonly string[],
    model: string,
    at_ms: number,
    currency?: string,
  ): { price: Price | undefined; until_ms: number } {
    const memoKey = `${book}\n${names.join('\n')}\n\n${model}\n${currency ?? ''}`;
    const known = this.#memo.get(memoKey);
    if (known && at_ms >= known.from_ms && at_ms < known.until_ms) return known;
    const found = this.#search(book, names, model, at_ms, currency);
    if (this.#memo.size >= MEMO_LIMIT) this.#memo.clear();
    this.#memo.set(memoKey, found);
    return found;
  }

  /** The row with that id, whenever it is or was effective. */
  byId(id: string): Price | undefined {
    return this.#byId.get(id);
  }

  /** All rows that could be read. */
  all(): Price[] {
    return [...this.#byId.values()];
  }

  #search(book: Book, names: readonly string[], model: string, at_ms: number, currency?: string): Found {
    let from_ms = Number.NEGATIVE_INFINITY;
    let until_ms = Number.POSITIVE_INFINITY;
    for (const rows of this.#candidates(book, names, model)) {
      for (const { record } of rows) {
        for (const edge_ms of [record.effectiveFrom_ms, record.effectiveTo_ms ?? Number.POSITIVE_INFINITY]) {
          if (edge_ms <= at_ms) from_ms = Math.max(from_ms, edge_ms);
          else until_ms = Math.min(until_ms, edge_ms);
        }
      }
      const row = best(rows, at_ms, currency);
      if (row) return { price: row.price, from_ms, until_ms };
    }
    return { price: undefined, from_ms, until_ms };
  }

  *#candidates(book: Book, names: readonly string[], model: string): Generator<readonly Row[]> {
    for (const name of names.includes('*') ? names : [...names, '*']) {
      const key = keyOf(book, name, model);
      yield this.#exact.get(key) ?? [];
      yield this.#alias.get(key) ?? [];
      const base = model.replace(DATED, '');
      if (base !== model) yield this.#dated.get(keyOf(book, name, base)) ?? [];
      if (model !== '*') yield this.#exact.get(keyOf(book, name, '*')) ?? [];
    }
  }
}

function best(rows: readonly Row[], at_ms: number, currency: string | undefined): Row | undefined {
  let winner: Row | undefined;
  for (const row of rows) {
    const { effectiveFrom_ms, effectiveTo_ms = Number.POSITIVE_INFINITY } = row.record;
    if (at_ms < effectiveFrom_ms || at_ms >= effectiveTo_ms) continue;
    if (!winner || isBefore(row, winner, currency)) winner = row;
  }
  return winner;
}

/** Whether `a` is to be preferred to `b`; both are in force. */
function isBefore(a: Row, b: Row, currency: string | undefined): boolean {
  const order =
    MANAGERS.indexOf(a.record.managedBy) - MANAGERS.indexOf(b.record.managedBy) ||
    Number(b.record.currency === currency) - Number(a.record.currency === currency) ||
    (a.record.currency === b.record.currency ? 0 : confidenceOf(a) - confidenceOf(b)) ||
    compareText(a.record.currency, b.record.currency) ||
    b.record.effectiveFrom_ms - a.record.effectiveFrom_ms ||
    b.record.createdAt_ms - a.record.createdAt_ms ||
    compareText(a.record.id, b.record.id);
  return order < 0;
}

function confidenceOf(row: Row): number {
  const confidence = row.price?.body.confidence;
  return confidence ? CONFIDENCE.indexOf(confidence) : CONFIDENCE.length;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function keyOf(book: Book, provider: string, model: string): string {
  return `${book}\n${provider}\n${model}`;
}

function add(map: Map<string, Row[]>, key: string, row: Row): void {
  const rows = map.get(key);
  if (rows) rows.push(row);
  else map.set(key, [row]);
}
