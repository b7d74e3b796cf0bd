/** More examples out of those there are: the values of a slot change places between sentences. */
import type { Span } from '../values/moments.ts';

/** `value` of each span is its slot. */
export interface Spanned {
  text: string;
  spans: readonly Span<number>[];
}

/** Every seventh value or so stays where it is, so that what goes together is still seen together. */
const SWAPPED = 0.7;

/** A text with its values replaced by others of the same slot, at random. */
export function swapValues(one: Spanned, pools: ReadonlyMap<number, readonly string[]>, next: () => number): Spanned {
  let text = '';
  let at = 0;
  const spans: Span<number>[] = [];
  for (const span of one.spans) {
    text += one.text.slice(at, span.start);
    const pool = pools.get(span.value)!;
    const value = next() < SWAPPED ? pool[Math.floor(next() * pool.length)]! : one.text.slice(span.start, span.end);
    spans.push({ value: span.value, start: text.length, end: text.length + value.length });
    text += value;
    at = span.end;
  }
  return { text: text + one.text.slice(at), spans };
}

/** All values of each slot, as often as they occur. */
export function poolsOf(all: readonly Spanned[]): Map<number, string[]> {
  const pools = new Map<number, string[]>();
  for (const { text, spans } of all) {
    for (const { value: slot, start, end } of spans) {
      const pool = pools.get(slot) ?? [];
      pools.set(slot, pool);
      pool.push(text.slice(start, end));
    }
  }
  return pools;
}
