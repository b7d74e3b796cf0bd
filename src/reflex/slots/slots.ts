/**
 * Slots by what examples show: values seen before (gazetteer), words that stand around values (context), and
 * values that have a form of their own (numbers, dates, times, durations). For the few examples of a conversation, learnt anew at each
 * answer; trained models have the tagger.
 */
import { foldSameLength, type Word, words } from '../text/text.ts';
import { type Example, LIMITS, type SlotSpan } from '../types.ts';
import { readDates, readDurations, readTimes, withoutOverlap } from '../values/moments.ts';
import { readNumbers } from '../values/numbers.ts';

type Kind = 'number' | 'date' | 'time' | 'duration';

interface SlotRules {
  /** Folded value → how often it was this slot ÷ how often it occurred in examples of its intents. */
  values: Map<string, number>;
  /** Folded left neighbour + `\t` + right neighbour → precision. */
  contexts: Map<string, number>;
  kind?: Kind;
  /** Share of examples of the intent that have the slot. */
  intents: Set<string>;
  maxWords: number;
}

export interface SlotReader {
  names: string[];
  /** Spans in order, none overlapping another. `intent` restricts them to slots that it was seen with. */
  read(text: string, intent: string | undefined, now_ms: number): SlotSpan[];
}

const EDGE = '|';
const VALUE_PRECISION = 0.5;
const CONTEXT_PRECISION = 0.6;
const MAX_VALUES = 20_000;
const MAX_CONTEXTS = 5_000;

export function learnSlots(examples: readonly Example[]): SlotReader {
  const rules = new Map<string, SlotRules>();
  const kinds = new Map<string, Map<Kind | 'none', number>>();
  const valueHits = new Map<string, Map<string, number>>();
  const contextHits = new Map<string, Map<string, number>>();
  const parsed = examples.map((example) => ({
    example,
    folded: foldSameLength(example.text),
    words: words(example.text.slice(0, LIMITS.featureChars)),
  }));
  for (const { example, folded, words: own } of parsed) {
    for (const slot of example.slots ?? []) {
      const rule = rules.get(slot.name) ?? {
        values: new Map(),
        contexts: new Map(),
        intents: new Set<string>(),
        maxWords: 1,
      };
      rules.set(slot.name, rule);
      rule.intents.add(example.intent);
      const from = own.findIndex((word) => word.end > slot.start);
      const to = own.findLastIndex((word) => word.start < slot.end);
      // A slot of punctuation, or past what features read, teaches nothing.
      if (from < 0 || to < from) continue;
      rule.maxWords = Math.max(rule.maxWords, Math.min(12, to - from + 1));
      count(valueHits, slot.name, folded.slice(slot.start, slot.end));
      for (const key of contextKeys(own, from, to)) count(contextHits, slot.name, key);
      count(
        kinds as Map<string, Map<string, number>>,
        slot.name,
        kindOf(example.text.slice(slot.start, slot.end)) ?? 'none',
      );
    }
  }
  const occurrences = countOccurrences(parsed, valueHits);
  for (const [name, rule] of rules) {
    if (!kinds.has(name)) continue;
    const kind = [...kinds.get(name)!].sort((a, b) => b[1] - a[1])[0]!;
    const total = [...kinds.get(name)!.values()].reduce((sum, one) => sum + one, 0);
    if (kind[0] !== 'none' && kind[1] / total >= 0.8) rule.kind = kind[0];
    for (const [value, hits] of [...valueHits.get(name)!].sort((a, b) => b[1] - a[1]).slice(0, MAX_VALUES)) {
      rule.values.set(value, hits / Math.max(hits, occurrences.get(value) ?? 0));
    }
  }
  learnContexts(rules, contextHits, parsed);
  return readerOf(rules);
}

function count(table: Map<string, Map<string, number>>, name: string, key: string): void {
  const row = table.get(name) ?? new Map<string, number>();
  table.set(name, row);
  row.set(key, (row.get(key) ?? 0) + 1);
}

function kindOf(value: string): Kind | undefined {
  const whole = (spans: readonly { start: number; end: number }[]) =>
    spans.some((span) => span.end - span.start >= value.trim().length);
  if (whole(readDurations(value))) return 'duration';
  if (whole(readDates(value, 0))) return 'date';
  if (whole(readTimes(value))) return 'time';
  return whole(readNumbers(value)) ? 'number' : undefined;
}

interface Parsed {
  example: Example;
  folded: string;
  words: Word[];
}

/** In how many examples each known value occurs on word bounds, slot or not. */
function countOccurrences(
  parsed: readonly Parsed[],
  hits: ReadonlyMap<string, ReadonlyMap<string, number>>,
): Map<string, number> {
  const known = new Set([...hits.values()].flatMap((row) => [...row.keys()]));
  const out = new Map<string, number>();
  for (const { folded, words: own } of parsed) {
    for (const span of spansOf(own, 6)) {
      const value = folded.slice(span.start, span.end);
      if (known.has(value)) out.set(value, (out.get(value) ?? 0) + 1);
    }
  }
  return out;
}

function* spansOf(
  own: readonly Word[],
  longest: number,
): Generator<{ start: number; end: number; from: number; to: number }> {
  for (let from = 0; from < own.length; from++) {
    for (let to = from; to < Math.min(own.length, from + longest); to++)
      yield { start: own[from]!.start, end: own[to]!.end, from, to };
  }
}

/** What stands around the words `from` to `to`: the neighbours, and the two words before. */
function contextKeys(own: readonly Word[], from: number, to: number): [string, string] {
  const near = own[from - 1]?.text ?? EDGE;
  return [`${near}\t${own[to + 1]?.text ?? EDGE}`, `${own[from - 2]?.text ?? EDGE} ${near}\t*`];
}

/** A context's precision: how often what stands in it is the slot. */
function learnContexts(
  rules: Map<string, SlotRules>,
  hits: ReadonlyMap<string, ReadonlyMap<string, number>>,
  parsed: readonly Parsed[],
): void {
  const wanted = new Set(
    [...hits.values()].flatMap((row) => [...row].filter(([, times]) => times > 1).map(([key]) => key)),
  );
  const seen = new Map<string, number>();
  for (const { words: own, example } of parsed) {
    const slots = example.slots ?? [];
    for (let index = 0; index < own.length; index++) {
      // A place counts once, as a span of one word or the slot that begins there.
      const slot = slots.find((one) => one.start === own[index]!.start);
      const to = slot ? own.findLastIndex((word) => word.start < slot.end) : index;
      for (const key of contextKeys(own, index, to)) if (wanted.has(key)) seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  for (const [name, rule] of rules) {
    const rows = [...(hits.get(name) ?? [])].filter(([key]) => wanted.has(key));
    for (const [key, times] of rows.sort((a, b) => b[1] - a[1]).slice(0, MAX_CONTEXTS)) {
      const precision = times / Math.max(times, seen.get(key) ?? 0);
      if (precision >= CONTEXT_PRECISION) rule.contexts.set(key, precision);
    }
  }
}

interface Candidate extends SlotSpan {
  score: number;
}

function readerOf(rules: ReadonlyMap<string, SlotRules>): SlotReader {
  return {
    names: [...rules.keys()],
    read: (text, intent, now_ms) => readSlots(text.slice(0, LIMITS.featureChars), intent, now_ms, rules),
  };
}

function readSlots(
  text: string,
  intent: string | undefined,
  now_ms: number,
  rules: ReadonlyMap<string, SlotRules>,
): SlotSpan[] {
  const active = [...rules].filter(([, rule]) => intent === undefined || rule.intents.has(intent));
  if (active.length === 0) return [];
  const folded = foldSameLength(text);
  const own = words(text);
  const typed: Record<Kind, readonly { start: number; end: number }[]> = {
    number: [],
    date: [],
    time: [],
    duration: [],
  };
  if (active.some(([, rule]) => rule.kind !== undefined)) {
    typed.number = readNumbers(text).filter((number) => !number.weak);
    typed.date = readDates(text, now_ms);
    typed.time = readTimes(text);
    typed.duration = readDurations(text);
  }
  const longest = Math.max(...active.map(([, rule]) => rule.maxWords));
  const candidates: Candidate[] = [];
  for (const span of spansOf(own, longest)) {
    const value = folded.slice(span.start, span.end);
    const keys = contextKeys(own, span.from, span.to);
    for (const [name, rule] of active) {
      if (span.to - span.from >= rule.maxWords) continue;
      const score = spanScore(rule, value, keys);
      if (score > 0)
        candidates.push({
          name,
          value: text.slice(span.start, span.end),
          start: span.start,
          end: span.end,
          score: score + (span.end - span.start) * 0.01,
        });
    }
  }
  for (const [name, rule] of active) {
    for (const span of rule.kind ? typed[rule.kind] : [])
      candidates.push({
        name,
        value: text.slice(span.start, span.end),
        start: span.start,
        end: span.end,
        score: 0.9 + (span.end - span.start) * 0.01,
      });
  }
  return pick(candidates);
}

function spanScore(rule: SlotRules, value: string, keys: readonly string[]): number {
  const seen = rule.values.get(value) ?? 0;
  const both = rule.contexts.get(keys[0]!) ?? 0;
  const left = rule.contexts.get(keys[1]!) ?? 0;
  const context = Math.max(both, left * 0.9);
  if (seen > 0) return seen + context * 0.5 >= VALUE_PRECISION ? 0.5 + seen + context * 0.5 : 0;
  return both >= CONTEXT_PRECISION ? both : 0;
}

/** The best candidates that don't touch each other. */
function pick(candidates: Candidate[]): SlotSpan[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates.sort((a, b) => b.score - a.score || a.start - b.start)) {
    if (!kept.some((other) => other.start < candidate.end && candidate.start < other.end)) kept.push(candidate);
  }
  return withoutOverlap(kept).map(({ name, value, start, end }) => ({ name, value, start, end }));
}
