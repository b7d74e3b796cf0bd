/**
 * An instance of a JSON Schema, filled from a text. In mode `fill` every required place gets a value that validates,
 * read from the text where it says one; in mode `ask` a required place that the text says nothing about is reported instead.
 */
import { rankOptions } from '../reading/index.ts';
import type { Json, JsonObject, Schema } from '../types.ts';
import { arrayCandidates } from './arrays.ts';
import { flatten } from './flatten.ts';
import { leafCandidates } from './leaves.ts';
import { objectCandidates } from './objects.ts';
import { type Options, optionsOf } from './options.ts';
import { askOf, type BuildContext, type Built, descriptionOf, type Missing, mayRead, type Place } from './place.ts';
import { equalJson, isSchema, SchemaTooHard, validates } from './validate.ts';

export { type BuildContext, type Built, type Missing, type Place, ROOT } from './place.ts';

const MAX_DEPTH = 24;
/** A value is looked for in the text in many ways; this many cost as much time as checking one by a schema that often. */
const STEPS_PER_VALUE = 8;

/** undefined: nothing that validates could be built (or, in mode `ask`, something is missing). Throws SchemaTooHard. */
export function build(schema: Schema, place: Place, context: BuildContext): Built | undefined {
  context.scope.steps -= STEPS_PER_VALUE;
  if (context.scope.steps < 0) throw new SchemaTooHard();
  if (schema === false || place.depth > MAX_DEPTH) return undefined;
  const flat = flatten(schema, context.scope);
  if (!flat) return undefined;
  const missingBefore = context.missing.length;
  for (const candidate of candidates(flat, place, context)) {
    if (candidate && validates(candidate.value, schema, context.scope)) {
      context.missing.length = missingBefore;
      return candidate;
    }
  }
  return undefined;
}
function* candidates(schema: JsonObject, place: Place, context: BuildContext): Generator<Built | undefined> {
  const hint = context.hint?.(place.path);
  if (schema.const !== undefined) {
    yield { value: schema.const, evident: false };
    return;
  }
  const options = optionsOf(schema);
  if (options && (context.reader || Array.isArray(schema.enum))) {
    yield* enumCandidates(schema, options, place, context, hint);
    return;
  }
  for (const key of ['anyOf', 'oneOf'] as const) {
    if (Array.isArray(schema[key])) {
      yield* optionCandidates(schema, key, schema[key], place, context);
      return;
    }
  }
  if (isSchema(schema.if)) yield* conditionCandidates(schema, place, context);
  const types = typesOf(schema);
  const read: Built[] = [];
  for (const type of types) {
    for (const built of typeCandidates(type, schema, place, context, hint)) {
      if (built.evident || types.length === 1) yield built;
      else if (read.length < 40) read.push(built);
    }
  }
  // Several declared types and nothing in the text: null says that best.
  yield* Array.isArray(schema.type) ? read.sort((a, b) => Number(b.value === null) - Number(a.value === null)) : read;
  if (schema.default !== undefined) yield { value: schema.default, evident: false };
}

function typesOf(schema: JsonObject): string[] {
  if (typeof schema.type === 'string') return [schema.type];
  if (Array.isArray(schema.type)) return schema.type.filter((type) => typeof type === 'string');
  const has = (...keys: string[]) => keys.some((key) => schema[key] !== undefined);
  const out: string[] = [];
  if (
    has(
      'properties',
      'required',
      'additionalProperties',
      'minProperties',
      'maxProperties',
      'patternProperties',
      'propertyNames',
    )
  )
    out.push('object');
  if (has('items', 'prefixItems', 'minItems', 'maxItems', 'contains', 'uniqueItems')) out.push('array');
  if (has('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf')) out.push('number');
  if (out.length === 0 || has('minLength', 'maxLength', 'pattern', 'format')) out.push('string');
  // Without a type, anything else is allowed too: last resorts.
  for (const type of ['string', 'boolean', 'number', 'object', 'array', 'null'])
    if (!out.includes(type)) out.push(type);
  return out;
}

function isOther(option: Json): boolean {
  return (
    typeof option === 'string' &&
    /^(?:other|others|unknown|none|neutral|unspecified|n\/?a|其他|其它|未知|无|中性)$/i.test(option)
  );
}

function* enumCandidates(
  schema: JsonObject,
  { values: options, about }: Options,
  place: Place,
  context: BuildContext,
  hint: Json | undefined,
): Generator<Built | undefined> {
  for (const answer of context.reader?.choose(options, about, askOf(schema, place)) ?? [])
    yield { value: answer.value, evident: true };
  const ranked = mayRead(context, options.length) ? rankOptions(options, context.reading) : [];
  for (const { option, found } of ranked) {
    if (found.score <= 0) break;
    if (found.end > found.start) context.reading.taken.push({ start: found.start, end: found.end });
    yield { value: option, evident: true };
  }
  if (hint !== undefined && options.some((option) => equalJson(option, hint))) yield { value: hint, evident: true };
  if (schema.default !== undefined) yield { value: schema.default, evident: false };
  if (context.mode === 'ask' && options.length > 1 && !options.includes(null)) {
    context.missing.push({ path: place.path, description: descriptionOf(schema), options: [...options] });
    return;
  }
  for (const option of [...options].sort(
    (a, b) => Number(b === null) - Number(a === null) || Number(isOther(b)) - Number(isOther(a)),
  ))
    yield { value: option, evident: false };
}

function* optionCandidates(
  schema: JsonObject,
  key: 'anyOf' | 'oneOf',
  options: readonly Json[],
  place: Place,
  context: BuildContext,
): Generator<Built | undefined> {
  const { [key]: _, ...rest } = schema;
  const plain: Built[] = [];
  const missing: Missing[][] = [];
  for (const option of options.slice(0, 64)) {
    if (!isSchema(option)) continue;
    const whole: Schema =
      option === false ? false : Object.keys(rest).length === 0 ? option : { allOf: [rest, option] };
    const before = context.missing.length;
    const takenBefore = context.reading.taken.length;
    const built = build(whole, { ...place, depth: place.depth + 1 }, context);
    missing.push(context.missing.splice(before));
    if (built?.evident) yield built;
    context.reading.taken.length = Math.min(context.reading.taken.length, takenBefore);
    if (built && !built.evident) plain.push(built);
  }
  yield* plain.sort((a, b) => Number(b.value === null) - Number(a.value === null));
  const shortest = missing.filter((list) => list.length > 0).sort((a, b) => a.length - b.length)[0];
  if (shortest) context.missing.push(...shortest);
}

function* conditionCandidates(schema: JsonObject, place: Place, context: BuildContext): Generator<Built | undefined> {
  const { if: condition, then, else: otherwise, ...rest } = schema;
  for (const parts of [
    [rest, condition, then],
    [rest, otherwise],
  ]) {
    const whole: JsonObject = { allOf: parts.filter((part) => isSchema(part)) };
    yield build(whole, { ...place, depth: place.depth + 1 }, context);
  }
}
function* typeCandidates(
  type: string,
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  hint: Json | undefined,
): Generator<Built> {
  if (type === 'null') yield { value: null, evident: false };
  else if (type === 'object') yield* objectCandidates(schema, place, context, build);
  else if (type === 'array') yield* arrayCandidates(schema, place, context, build);
  else if (type === 'boolean' || type === 'number' || type === 'integer' || type === 'string')
    yield* leafCandidates(type, schema, place, context, hint);
}
