/** Lists: numbers, names and phrases one behind the other, and what stands in brackets. */
import type { Json } from '../types.ts';
import { nearness } from './nearness.ts';
import type { Parameter } from './parameters.ts';
import { scoreNumber } from './score-number.ts';
import { findOptions, type Place } from './score-option.ts';
import { scoreText, type TextContext } from './score-text.ts';
import type { Mention, Utterance } from './utterance.ts';

export interface ListPlace {
  value: Json;
  score: number;
  start: number;
  end: number;
}

export function findLists(parameter: Parameter, context: TextContext): ListPlace[] {
  const item = parameter.item!;
  const { utterance } = context;
  const out: ListPlace[] = [];
  for (const mention of utterance.mentions) {
    if (mention.kind === 'json' && Array.isArray(mention.value) && fitsItems(mention.value, item)) {
      const longer = mention.raw.startsWith('(') ? 0.5 : 2;
      out.push({
        value: asItems(mention.value, item),
        score: 3 + longer + nearness(parameter, mention, utterance) + named(parameter, mention, utterance),
        start: mention.start,
        end: mention.end,
      });
    }
    if (item.type === 'number' || item.type === 'integer' || item.type === 'any') {
      if (mention.kind === 'numbers' && fitsItems(mention.value as Json[], item))
        out.push({
          value: mention.value,
          score: 2.5 + nearness(parameter, mention, utterance) + named(parameter, mention, utterance),
          start: mention.start,
          end: mention.end,
        });
      if (mention.kind === 'number' && !mention.inner) {
        const one = scoreNumber(item, mention, utterance);
        if (one) out.push({ value: [one.value], score: one.score - 2, start: mention.start, end: mention.end });
      }
    }
  }
  if (item.type === 'array') out.push(...bracketRuns(parameter, item, utterance));
  if (item.options) out.push(...optionLists(parameter, item, utterance));
  else if (item.type === 'string') out.push(...textLists(item, context));
  return out;
}

/** "(1, 2), (3, 5) and (4, 4)": a list of lists. */
function bracketRuns(parameter: Parameter, item: Parameter, utterance: Utterance): ListPlace[] {
  const lists = utterance.mentions.filter(
    (one) => one.kind === 'json' && Array.isArray(one.value) && fitsItems([one.value], item),
  );
  const out: ListPlace[] = [];
  lists.forEach((first, index) => {
    const run = [first];
    for (const next of lists.slice(index + 1)) {
      if (!/^\s*(?:,\s*(?:and\s*)?|and\s*|;\s*|)$/.test(utterance.text.slice(run.at(-1)!.end, next.start))) break;
      run.push(next);
    }
    out.push({
      value: run.map((one) => one.value),
      score: 2.5 + run.length + nearness(parameter, first, utterance),
      start: first.start,
      end: run.at(-1)!.end,
    });
  });
  return out;
}

/** "x = [1, 2]". */
function named(parameter: Parameter, mention: Mention, utterance: Utterance): number {
  const link = utterance.tokens[mention.from - 1];
  const name = utterance.tokens[mention.from - 2];
  const own = parameter.names.join('');
  if (link?.low === own) return 3;
  return link && /^(?:=|:|is|are)$/.test(link.low) && name?.low === own ? 4 : 0;
}

function fitsItems(items: readonly Json[], item: Parameter): boolean {
  if (item.type === 'array') return items.every((one) => Array.isArray(one) && fitsItems(one, item.item!));
  if (item.type === 'string') return items.every((one) => typeof one === 'string' || typeof one === 'number');
  if (item.type === 'integer') return items.every((one) => Number.isInteger(one));
  if (item.type === 'number') return items.every((one) => typeof one === 'number');
  if (item.type === 'boolean') return items.every((one) => typeof one === 'boolean');
  if (item.type === 'object') return items.every((one) => typeof one === 'object' && !Array.isArray(one));
  return true;
}

function asItems(items: readonly Json[], item: Parameter): Json[] {
  return item.type === 'string' ? items.map(String) : [...items];
}

function optionLists(parameter: Parameter, item: Parameter, utterance: Utterance): ListPlace[] {
  const places = findOptions({ ...item, terms: parameter.terms }, item.options!, utterance).filter(
    (one) => one.score >= 2,
  );
  const kept: Place[] = [];
  for (const one of places.sort((a, b) => b.score - a.score)) {
    if (!kept.some((other) => other.value === one.value || (other.start < one.end && one.start < other.end)))
      kept.push(one);
  }
  if (kept.length === 0) return [];
  kept.sort((a, b) => a.start - b.start);
  return [
    {
      value: kept.map((one) => one.value),
      score: kept[0]!.score + kept.length,
      start: kept[0]!.start,
      end: kept.at(-1)!.end,
    },
  ];
}

interface Part {
  mention: Mention;
  score: number;
}

function textLists(item: Parameter, context: TextContext): ListPlace[] {
  const { utterance } = context;
  const parts: Part[] = [];
  for (const mention of utterance.mentions) {
    if (!['quoted', 'name', 'phrase', 'code'].includes(mention.kind) || /,/.test(mention.raw)) continue;
    const one = scoreText(item, mention, context);
    if (one) parts.push({ mention, score: one.score });
  }
  const out: ListPlace[] = [];
  for (const first of parts) {
    out.push({
      value: [first.mention.value],
      score: first.score - 0.8,
      start: first.mention.start,
      end: first.mention.end,
    });
    const run = [first];
    for (;;) {
      const next = nextPart(run.at(-1)!, parts, utterance);
      if (!next || run.length > 50) break;
      run.push(next);
    }
    if (run.length > 1 && closes(run, utterance)) {
      const mean = run.reduce((sum, part) => sum + part.score, 0) / run.length;
      out.push({
        value: run.map((part) => part.mention.value),
        score: Math.max(first.score, mean) + 2 + 0.3 * run.length,
        start: first.mention.start,
        end: run.at(-1)!.mention.end,
      });
    }
  }
  return out;
}

/** The best part right behind a comma or "and". */
function nextPart(last: Part, parts: readonly Part[], utterance: Utterance): Part | undefined {
  let best: Part | undefined;
  for (const part of parts) {
    const gap = part.mention.start - last.mention.end;
    if (gap < 1 || gap > 12) continue;
    const between = utterance.text.slice(last.mention.end, part.mention.start);
    if (!/^\s*(?:,\s*(?:and|or)?|and|&|or|;|between)\s*(?:a|an|the|some)?\s*$/i.test(between)) continue;
    if (!best || part.score > best.score || (part.score === best.score && part.mention.end > best.mention.end))
      best = part;
  }
  return best;
}

/** A list of more than two parts by commas ends in "and", or in the text's or clause's end. */
function closes(run: readonly Part[], utterance: Utterance): boolean {
  const text = utterance.text.slice(run[0]!.mention.start, run.at(-1)!.mention.end);
  return run.length > 2 || / (?:and|or|&) /i.test(text) || run.every((part) => part.mention.kind === 'quoted');
}
