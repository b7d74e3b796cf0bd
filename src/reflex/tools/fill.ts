/** The arguments of a tool from a text: every parameter's candidates, the best assignment, and what is missing. */

import { isObject, scopeOf, validates } from '../schema/validate.ts';
import { splitIdentifier } from '../text/text.ts';
import type { Json, JsonObject, SlotSpan } from '../types.ts';
import { assign, type Candidate } from './assign.ts';
import { type HanContext, stringCandidates } from './han-strings.ts';
import {
  optionCandidates as hanOptions,
  listCandidates,
  numberCandidates,
  optionPlaces,
  truthCandidates,
} from './han-values.ts';
import type { Parameter, Plan } from './parameters.ts';
import { stemOf } from './rarity.ts';
import { findLists } from './score-list.ts';
import { scoreNumber } from './score-number.ts';
import { findOptions, findTruth } from './score-option.ts';
import { scoreText, type TextContext } from './score-text.ts';
import type { Utterance } from './utterance.ts';

export interface Filled {
  /** undefined where something that is needed is missing. */
  value?: JsonObject;
  missing: Parameter[];
  /** Pieces of the text that became values. */
  spans: { start: number; end: number }[];
  /** Which parameter got which piece. */
  chosen: { parameter: Parameter; start: number; end: number }[];
  /** Mean score of what the required parameters got, 0 where there are none. */
  strength: number;
  /** The lowest of these. */
  weakest: number;
}

export interface FillOptions {
  /** Spans that a trained model or examples named; they win. */
  slots?: readonly SlotSpan[];
  /** What a similar example passed at a path without its text saying so. */
  hint?: (path: string) => Json | undefined;
}

const LEAST_OPTIONAL = 2.4;
const LEAST_REQUIRED = 0.2;

export function fill(plan: Plan, utterance: Utterance, options: FillOptions = {}): Filled {
  const { parameters } = plan;
  const names = new Set(parameters.flatMap((parameter) => parameter.names.map(stemOf)));
  const context: TextContext = { utterance, about: plan.about, names, siblings: parameters };
  const han: HanContext | undefined = utterance.han && {
    han: utterance.han,
    about: plan.hanAbout,
    siblings: parameters,
    options: optionPlaces(parameters, utterance.han),
  };
  const slots = parameters.map((parameter) => ({
    required: parameter.required,
    kind: kindOf(parameter),
    candidates: [
      ...learnt(parameter, options.slots ?? [], utterance),
      ...hinted(parameter, options.hint),
      ...(han ? hanCandidates(parameter, han) : candidatesOf(parameter, context)),
    ],
  }));
  const chosen = assign<Json>(slots, LEAST_OPTIONAL, LEAST_REQUIRED);
  const values = new Map<Parameter, Json>();
  const scores: number[] = [];
  const extra: number[] = [];
  parameters.forEach((parameter, index) => {
    const one = chosen[index];
    const value = one ? one.value : fallback(parameter);
    const schema = plainSchema(parameter);
    if (value === undefined || !validates(value, schema, scopeOf(schema, 4_000))) return;
    values.set(parameter, value);
    if (one) (parameter.required ? scores : extra).push(one.score);
  });
  const missing = parameters.filter((parameter) => parameter.required && !values.has(parameter));
  const taken = parameters.flatMap((parameter, index) => {
    const one = chosen[index];
    return one ? [{ parameter, start: one.start, end: one.end }] : [];
  });
  const spans = taken.map(({ start, end }) => ({ start, end }));
  if (scores.length === 0) scores.push(...extra);
  const strength = scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const weakest = scores.length === 0 ? 0 : Math.min(...scores);
  const value = missing.length > 0 ? undefined : assemble(plan.root, [], values);
  return { value, missing, spans, chosen: taken, strength, weakest };
}

/** The schema in the words of the standard. */
function plainSchema({ schema, type, item }: Parameter): JsonObject {
  const { type: _, ...rest } = schema;
  const out: JsonObject =
    schema.type === undefined || Array.isArray(schema.type) ? schema : type === 'any' ? rest : { ...rest, type };
  return item && isObject(schema.items) ? { ...out, items: plainSchema(item) } : out;
}

function kindOf({ type, role, options }: Parameter): string {
  if (options || type === 'boolean') return 'option';
  return type === 'string' ? role : type;
}

function learnt(parameter: Parameter, slots: readonly SlotSpan[], utterance: Utterance): Candidate<Json>[] {
  const name = splitIdentifier(parameter.path.at(-1)!).join('_');
  return slots.flatMap((slot) => {
    if (splitIdentifier(slot.name).join('_') !== name) return [];
    const value = slotValue(parameter, slot, utterance);
    return value === undefined ? [] : [{ value, score: 12, start: slot.start, end: slot.end }];
  });
}

function slotValue(parameter: Parameter, slot: SlotSpan, utterance: Utterance): Json | undefined {
  if (parameter.options) {
    const part = {
      ...utterance,
      tokens: utterance.tokens.filter((token) => token.start < slot.end && slot.start < token.end),
    };
    const best = findOptions(parameter, parameter.options, part).sort((a, b) => b.score - a.score)[0];
    return best?.value;
  }
  if (parameter.type === 'number' || parameter.type === 'integer') {
    const inner = utterance.mentions.find(
      (mention) => mention.kind === 'number' && mention.start < slot.end && slot.start < mention.end,
    );
    return inner && scoreNumber(parameter, inner, utterance)?.value;
  }
  if (parameter.type === 'boolean') return undefined;
  if (parameter.type === 'array') return parameter.item?.type === 'string' ? [slot.value] : undefined;
  return slot.value;
}

function candidatesOf(parameter: Parameter, context: TextContext): Candidate<Json>[] {
  const { utterance, about } = context;
  if (parameter.options) return optionCandidates(parameter, context);
  const out: Candidate<Json>[] = [];
  const push = (mention: { start: number; end: number }, scored: { value: Json; score: number } | undefined) => {
    if (scored) out.push({ ...scored, start: mention.start, end: mention.end });
  };
  switch (parameter.type) {
    case 'boolean': {
      const place = findTruth(parameter, utterance, about);
      // What a yes is read from may be read again: it is no value that would be used up.
      if (place) out.push({ value: place.value, score: place.score, start: place.start, end: place.start });
      return out;
    }
    case 'number':
    case 'integer':
      for (const mention of utterance.mentions) push(mention, scoreNumber(parameter, mention, utterance));
      return out;
    case 'array':
      return findLists(parameter, context);
    case 'object':
      for (const mention of utterance.mentions)
        if (mention.kind === 'json' && isObject(mention.value)) push(mention, { value: mention.value, score: 4 });
      return out;
    case 'any':
      for (const mention of utterance.mentions) push(mention, scoreNumber(parameter, mention, utterance));
  }
  for (const mention of utterance.mentions) push(mention, scoreText(parameter, mention, context));
  return out;
}

function optionCandidates(parameter: Parameter, context: TextContext): Candidate<Json>[] {
  return findOptions(parameter, parameter.options!, context.utterance).map((place) => {
    const lead = scoreText(
      { ...parameter, role: 'unit', required: false },
      { ...place.mention, kind: 'phrase' },
      context,
    );
    const directed =
      /^(?:from|to|source|target|origin|destination)$/.test(parameter.names[0] ?? '') && lead ? lead.score - 1 : 0;
    const inTitle = context.utterance.mentions.some(
      (mention) =>
        (mention.kind === 'quoted' ||
          (mention.kind === 'name' && mention.to - mention.from > place.mention.to - place.mention.from)) &&
        mention.start <= place.start &&
        place.end <= mention.end,
    );
    return {
      value: place.value,
      score: place.score + directed - (inTitle ? 1.5 : 0),
      start: place.start,
      end: place.end,
    };
  });
}

function hanCandidates(parameter: Parameter, context: HanContext): Candidate<Json>[] {
  if (parameter.options) return hanOptions(parameter, context);
  switch (parameter.type) {
    case 'boolean':
      return truthCandidates(parameter, context);
    case 'number':
    case 'integer':
      return numberCandidates(parameter, context);
    case 'array':
      return parameter.item ? listCandidates(parameter, context) : [];
    case 'object':
      return [];
    case 'any':
      return [...numberCandidates(parameter, context), ...stringCandidates(parameter, context)];
  }
  return stringCandidates(parameter, context);
}

/** What the example passed without saying so takes no piece of the text. */
function hinted(parameter: Parameter, hint: FillOptions['hint']): Candidate<Json>[] {
  const value = hint?.(parameter.path.join('.'));
  return value === undefined ? [] : [{ value, score: 3.2, start: 0, end: 0 }];
}

function fallback(parameter: Parameter): Json | undefined {
  if (!parameter.required) return undefined;
  if (parameter.schema.default !== undefined) return parameter.schema.default;
  return parameter.options?.length === 1 ? parameter.options[0] : undefined;
}

/** undefined where an object that is needed lacks something. */
function assemble(
  schema: JsonObject,
  path: readonly string[],
  values: ReadonlyMap<Parameter, Json>,
): JsonObject | undefined {
  const out: JsonObject = {};
  const needed = Array.isArray(schema.required) ? schema.required : [];
  for (const [name, part] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    const own = [...values].find(
      ([parameter]) => parameter.path.length === path.length + 1 && same(parameter.path, [...path, name]),
    );
    if (own) out[name] = own[1];
    else if (
      isObject(part) &&
      [...values.keys()].some(
        (parameter) =>
          parameter.path.length > path.length + 1 && same(parameter.path.slice(0, path.length + 1), [...path, name]),
      )
    ) {
      const inner = assemble(part, [...path, name], values);
      if (inner) out[name] = inner;
    }
    if (!Object.hasOwn(out, name) && needed.includes(name)) {
      if (
        isObject(part) &&
        part.type === 'object' &&
        isObject(part.properties) &&
        !(Array.isArray(part.required) && part.required.length > 0)
      )
        out[name] = {};
      else return undefined;
    }
  }
  return out;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
