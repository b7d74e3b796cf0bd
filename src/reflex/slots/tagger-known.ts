/** What training showed of words and whole values: how often each was which slot. */
import { join } from '../text/hash.ts';

/** How often something occurred, and how often as (a part of) which slot. */
export interface Tally {
  total: number;
  slots: Map<number, number>;
}

/** Counts of one example, to be taken off the counts of all. */
export interface Own {
  words: Map<number, Tally>;
  values: Map<number, Tally>;
}

/** A word as a token sees it. */
export interface Seen {
  /** Occurrences elsewhere. */
  total: number;
  inside: number;
  outside: number;
  /** Slot × share, for slots that the word is often a part of. */
  slots: number[];
}

/** A known value that a token is part of. */
export interface SeenValue {
  /** Slot × place × share. */
  mark: number;
  slot: number;
  /** Slot × place × length. */
  exact: number;
}

/** Hashes of an example's tokens, and their BIO labels (crf.ts). */
export interface TokenLabels {
  ids: Int32Array;
  labels: Uint16Array;
}

const MAX_VALUE_TOKENS = 16;

export class KnownWords {
  readonly words: Map<number, Tally>;
  readonly values: Map<number, Tally>;

  constructor(words: Map<number, Tally> = new Map(), values: Map<number, Tally> = new Map()) {
    this.words = words;
    this.values = values;
  }

  /** Counts examples, and gives what each of them told. */
  learn(all: readonly TokenLabels[]): Own[] {
    const own = all.map(({ ids, labels }) => tallyOf(ids, labels));
    for (const { words, values } of own) {
      merge(this.words, words);
      merge(this.values, values);
    }
    all.forEach(({ ids }, at) => {
      countValues(ids, this.values, own[at]!.values);
    });
    for (const { values } of own) for (const [id, { total }] of values) this.values.get(id)!.total += total;
    return own;
  }

  word(id: number, own?: Own): Seen {
    const tally = this.words.get(id);
    const mine = own?.words.get(id);
    const total = (tally?.total ?? 0) - (mine?.total ?? 0);
    if (!tally || total <= 0) return { total: 0, inside: 0, outside: 0, slots: [] };
    const slots: number[] = [];
    let inside = 0;
    for (const [slot, count] of tally.slots) {
      const left = count - (mine?.slots.get(slot) ?? 0);
      if (left <= 0) continue;
      inside += left;
      const share = left / total;
      if (share >= 0.15) slots.push(slot * 4 + (share > 0.75 ? 2 : share > 0.4 ? 1 : 0));
    }
    return { total, inside, outside: total - inside, slots };
  }
}

/** The longest known value of each slot over each token. */
export function seenValues(ids: Int32Array, known: KnownWords, own?: Own): SeenValue[][] {
  const count = ids.length;
  const best: Map<number, { from: number; to: number; share: number }>[] = Array.from(
    { length: count },
    () => new Map(),
  );
  for (let from = 0; from < count; from++) {
    let hash = 0;
    for (let to = from + 1; to <= Math.min(count, from + MAX_VALUE_TOKENS); to++) {
      hash = join(hash, ids[to - 1]!);
      const tally = known.values.get(hash);
      if (!tally) continue;
      const mine = own?.values.get(hash);
      const total = tally.total - (mine?.total ?? 0);
      if (total <= 0) continue;
      for (const [slot, times] of tally.slots) {
        const left = times - (mine?.slots.get(slot) ?? 0);
        if (left <= 0) continue;
        for (let at = from; at < to; at++) {
          const held = best[at]!.get(slot);
          if (!held || held.to - held.from < to - from) best[at]!.set(slot, { from, to, share: left / total });
        }
      }
    }
  }
  return best.map((row, at) =>
    [...row].map(([slot, { from, to, share }]) => {
      const place = to - from === 1 ? 0 : at === from ? 1 : at === to - 1 ? 3 : 2;
      const level = share > 0.75 ? 2 : share > 0.3 ? 1 : 0;
      return {
        mark: (slot * 4 + place) * 3 + level,
        slot: slot * 2 + (place < 2 ? 0 : 1),
        exact: (slot * 4 + place) * 8 + Math.min(7, to - from),
      };
    }),
  );
}

function add(table: Map<number, Tally>, id: number, total: number, slot?: number, times = 1): void {
  let tally = table.get(id);
  if (!tally) {
    tally = { total: 0, slots: new Map() };
    table.set(id, tally);
  }
  tally.total += total;
  if (slot !== undefined) tally.slots.set(slot, (tally.slots.get(slot) ?? 0) + times);
}

function merge(into: Map<number, Tally>, from: ReadonlyMap<number, Tally>): void {
  for (const [id, { total, slots }] of from) {
    add(into, id, total);
    for (const [slot, times] of slots) add(into, id, 0, slot, times);
  }
}

/** Words and slots of one example; values without their totals. */
function tallyOf(ids: Int32Array, labels: Uint16Array): Own {
  const own: Own = { words: new Map(), values: new Map() };
  for (let token = 0; token < ids.length; token++) {
    const label = labels[token]!;
    const slot = label === 0 ? undefined : (label - 1) >> 1;
    add(own.words, ids[token]!, 1, slot);
    if (label % 2 === 0) continue;
    let hash = join(0, ids[token]!);
    let to = token + 1;
    while (to < ids.length && labels[to] === label + 1) hash = join(hash, ids[to++]!);
    if (to - token <= MAX_VALUE_TOKENS) add(own.values, hash, 0, slot);
  }
  return own;
}

/** Adds to `into` how often each known value occurs among the tokens, slot or not. */
function countValues(ids: Int32Array, known: ReadonlyMap<number, Tally>, into: Map<number, Tally>): void {
  for (let from = 0; from < ids.length; from++) {
    let hash = 0;
    for (let to = from; to < Math.min(ids.length, from + MAX_VALUE_TOKENS); to++) {
      hash = join(hash, ids[to]!);
      if (known.has(hash)) add(into, hash, 1);
    }
  }
}

/** What an example that was not counted would have told: taken off, its values look as rare as they are. */
export function ownOf({ ids, labels }: TokenLabels, known: KnownWords): Own {
  const own = tallyOf(ids, labels);
  countValues(ids, known.values, own.values);
  return own;
}
