/** One call for each of several names where the tool takes one: the weather "in Paris and London". */
import type { JsonObject } from '../types.ts';
import type { Filled } from './fill.ts';
import { spansOf } from './han-spans.ts';
import type { HanText } from './han-text.ts';
import type { Mention, Utterance } from './utterance.ts';

const MOST = 8;
const NAMED = new Set(['place', 'person', 'group', 'title', 'plain']);

/** The arguments of every call, the given one first; only that where nothing is to be spread. */
export function spread(filled: Filled, utterance: Utterance): JsonObject[] {
  const { value } = filled;
  if (!value) return [];
  for (const { parameter, start, end } of filled.chosen) {
    if (!parameter.required || parameter.type !== 'string' || parameter.options || parameter.path.length !== 1)
      continue;
    if (!NAMED.has(parameter.role)) continue;
    const behind = utterance.han && hanNamesBehind(end, utterance.han, filled.spans);
    if (behind && behind.length > 0)
      return [value, ...behind.map((name) => ({ ...value, [parameter.path[0]!]: name }))];
    const own = utterance.mentions.find((one) => one.kind === 'name' && one.start === start && one.end === end);
    const others = own ? namesBehind(own, utterance, filled.spans) : [];
    if (others.length > 0) return [value, ...others.map((name) => ({ ...value, [parameter.path[0]!]: name.value }))];
  }
  return [value];
}

/** Names that go on a list begun by `first`. A comma alone may also join a city to its state, so a list must end in "and". */
function namesBehind(first: Mention, utterance: Utterance, used: Filled['spans']): Mention[] {
  const out: Mention[] = [];
  let at = first.end;
  let closed = false;
  while (out.length < MOST && !closed) {
    const gap = /^(?:\s*,)?\s+(?:and|as well as)\s+(?:in\s+|for\s+|of\s+)?|^\s*,\s*/.exec(
      utterance.text.slice(at, at + 24),
    );
    if (!gap) break;
    closed = /and|as/.test(gap[0]);
    const start = at + gap[0].length;
    const next = utterance.mentions
      .filter((one) => one.kind === 'name' && one.start === start && !one.raw.includes(','))
      .filter(
        (one) => !/ (?:and|in) /.test(one.raw) && !used.some((span) => span.start < one.end && one.start < span.end),
      )
      .sort((a, b) => b.end - a.end)[0];
    if (!next) return [];
    out.push(next);
    at = next.end;
  }
  return closed ? out : [];
}

/** 北京和上海的天气: what goes on a list in Chinese. */
function hanNamesBehind(end: number, han: HanText, used: Filled['spans']): string[] {
  const out: string[] = [];
  let at = end;
  while (out.length < MOST) {
    const joint = /^(?:、|和|与|以及|还有|跟)/.exec(han.text.slice(at, at + 2));
    if (!joint) break;
    const start = at + joint[0].length;
    const next = spansOf(han)
      .filter(
        (one) => one.start === start && !one.cutRight && one.verbs + one.joins + one.particles + one.numbers === 0,
      )
      .filter((one) => !used.some((span) => span.start < one.end && one.start < span.end))
      .sort((a, b) => b.end - a.end)[0];
    if (!next) return [];
    out.push(next.value);
    at = next.end;
  }
  return out;
}
