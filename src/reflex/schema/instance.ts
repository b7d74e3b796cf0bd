/**
 * An instance of a JSON Schema, filled from a text. In mode `fill` every required place gets a value that validates,
 * read from the text where it says one; in mode `ask` a required place that the text says nothing about is reported instead.
 */
import {
  type Field,
  type Found,
  isAbout,
  isContent,
  type Reading,
  rankOptions,
  readBoolean,
  readDateTime,
  readNumber,
  readString,
  splitList,
} from '../reading.ts';
import type { Json, JsonObject, Schema } from '../types.ts';
import { samplePattern } from './pattern.ts';
import {
  equalJson,
  isObject,
  isSchema,
  lengthOf,
  patternOf,
  resolveRef,
  type SchemaScope,
  SchemaTooHard,
  validates,
} from './validate.ts';

export interface Missing {
  path: string;
  description: string;
  options?: Json[];
}

export interface BuildContext {
  scope: SchemaScope;
  reading: Reading;
  mode: 'fill' | 'ask';
  /** Text to put into places that want a reply of the model itself. */
  notice: string;
  /** What similar examples had at this path, best first. */
  hint?: (path: string) => Json | undefined;
  missing: Missing[];
  /** Characters gone through so far. */
  read?: number;
}

export interface Built {
  value: Json;
  /** The text said so (or something below). */
  evident: boolean;
}

const MAX_DEPTH = 24;
/** A value is looked for in the text in many ways; this many cost as much time as checking one by a schema that often. */
const STEPS_PER_VALUE = 8;
/** A schema that wants more items of a list than this is refused before they are made. */
const MOST_ITEMS = 1_000;
/** Beyond this depth only what is required is built, so that recursive schemas end. */
const SHALLOW_DEPTH = 6;

export interface Place {
  path: string;
  name: string;
  siblings: readonly string[];
  depth: number;
}

export const ROOT: Place = { path: '', name: '', siblings: [], depth: 0 };

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

// ---------------------------------------------------------------- flattening

/** The schema with `$ref` and `allOf` merged in, as far as that can be done; undefined where it refers to nothing or for ever. */
function flatten(schema: Schema, scope: SchemaScope, depth = 0): JsonObject | undefined {
  if (schema === true) return {};
  if (schema === false || depth > 20) return undefined;
  if (--scope.steps < 0) throw new SchemaTooHard();
  const { $ref, allOf, ...rest } = schema;
  let out: JsonObject = rest;
  if (typeof $ref === 'string') {
    const target = resolveRef($ref, scope);
    const flat = target === undefined ? undefined : flatten(target, scope, depth + 1);
    if (!flat) return undefined;
    out = merge(flat, out);
  }
  for (const part of Array.isArray(allOf) ? allOf : []) {
    const flat = isSchema(part) ? flatten(part, scope, depth + 1) : undefined;
    if (!flat) return undefined;
    out = merge(out, flat);
  }
  return out;
}

const TIGHTER: Record<string, (a: number, b: number) => number> = {
  minimum: Math.max,
  exclusiveMinimum: Math.max,
  minLength: Math.max,
  minItems: Math.max,
  minProperties: Math.max,
  maximum: Math.min,
  exclusiveMaximum: Math.min,
  maxLength: Math.min,
  maxItems: Math.min,
  maxProperties: Math.min,
};

/** Both schemas at once, keyword by keyword; what can't be merged keeps the later one (the caller validates against the original). */
function merge(a: JsonObject, b: JsonObject): JsonObject {
  const out: JsonObject = { ...a };
  for (const [key, value] of Object.entries(b)) {
    if (key === '__proto__') continue;
    const old = Object.hasOwn(out, key) ? out[key] : undefined;
    if (old === undefined) out[key] = value;
    else if (key in TIGHTER && typeof old === 'number' && typeof value === 'number')
      out[key] = TIGHTER[key]!(old, value);
    else if (key === 'required' && Array.isArray(old) && Array.isArray(value))
      out[key] = [...new Set([...old, ...value])];
    else if (key === 'enum' && Array.isArray(old) && Array.isArray(value))
      out[key] = old.filter((one) => value.some((other) => equalJson(one, other)));
    else if (key === 'type') out[key] = commonTypes(old, value);
    else if ((key === 'properties' || key === 'patternProperties') && isObject(old) && isObject(value))
      out[key] = mergeProperties(old, value);
    else if (key === 'items' && isSchema(old) && isSchema(value)) out[key] = { allOf: [old, value] };
    else if (key === 'additionalProperties')
      out[key] =
        old === false || value === false ? false : isSchema(old) && isSchema(value) ? { allOf: [old, value] } : value;
    else if ((key === 'anyOf' || key === 'oneOf') && Array.isArray(old) && Array.isArray(value))
      out.anyOf = cross(old, value);
    else out[key] = value;
  }
  return out;
}

function cross(a: readonly Json[], b: readonly Json[]): Json[] {
  const out: Json[] = [];
  for (const left of a) for (const right of b) if (out.length < 64) out.push({ allOf: [left, right] });
  return out;
}

function mergeProperties(a: JsonObject, b: JsonObject): JsonObject {
  const out: JsonObject = { ...a };
  for (const [name, part] of Object.entries(b))
    define(out, name, Object.hasOwn(out, name) ? { allOf: [out[name]!, part] } : part);
  return out;
}

function commonTypes(a: Json, b: Json): Json {
  const left = Array.isArray(a) ? a : [a];
  const right = Array.isArray(b) ? b : [b];
  const out = left.filter((type) => right.includes(type) || (type === 'integer' && right.includes('number')));
  if (left.includes('number') && right.includes('integer') && !out.includes('integer')) out.push('integer');
  return out.length === 1 ? out[0]! : out;
}

// ---------------------------------------------------------------- candidates

function* candidates(schema: JsonObject, place: Place, context: BuildContext): Generator<Built | undefined> {
  const hint = context.hint?.(place.path);
  if (schema.const !== undefined) {
    yield { value: schema.const, evident: false };
    return;
  }
  if (Array.isArray(schema.enum)) {
    yield* enumCandidates(schema, schema.enum, place, context, hint);
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
  options: readonly Json[],
  place: Place,
  context: BuildContext,
  hint: Json | undefined,
): Generator<Built | undefined> {
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

function descriptionOf(schema: JsonObject): string {
  return typeof schema.description === 'string'
    ? schema.description
    : typeof schema.title === 'string'
      ? schema.title
      : '';
}

function fieldOf(schema: JsonObject, place: Place): Field {
  return { name: place.name, description: descriptionOf(schema), schema, siblings: place.siblings };
}

function* typeCandidates(
  type: string,
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  hint: Json | undefined,
): Generator<Built> {
  if (type === 'null') yield { value: null, evident: false };
  else if (type === 'object') yield* objectCandidates(schema, place, context);
  else if (type === 'array') yield* arrayCandidates(schema, place, context);
  else if (type === 'boolean' || type === 'number' || type === 'integer' || type === 'string')
    yield* leafCandidates(type, schema, place, context, hint);
}

function* leafCandidates(
  type: 'boolean' | 'number' | 'integer' | 'string',
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  hint: Json | undefined,
): Generator<Built> {
  const field = fieldOf(schema, place);
  const found = readLeaf(type, field, schema, context);
  if (found?.leftover && hint !== undefined) yield { value: hint, evident: true };
  if (found) {
    context.reading.taken.push({ start: found.start, end: found.end });
    yield { value: found.value, evident: true };
  }
  if (hint !== undefined) yield { value: hint, evident: true };
  if (schema.default !== undefined) yield { value: schema.default, evident: false };
  if (context.mode === 'ask') {
    context.missing.push({ path: place.path, description: field.description });
    return;
  }
  if (type === 'boolean') {
    yield { value: false, evident: false };
    yield { value: true, evident: false };
  } else if (type === 'string')
    for (const value of stringFallbacks(field, schema, context)) yield { value, evident: false };
  else for (const value of numberFallbacks(type, schema)) yield { value, evident: false };
}

/** Characters of text that the places of one schema may go through; beyond, they get what they get without a text. */
const READING = 1_000_000;

/** Pays for going through the text `times` times. */
function mayRead(context: BuildContext, times: number): boolean {
  if (context.reading.text === '') return false;
  context.read = (context.read ?? 0) + context.reading.text.length * times;
  return context.read <= READING;
}

function readLeaf(type: string, field: Field, schema: JsonObject, context: BuildContext): Found | undefined {
  const { reading, scope } = context;
  if (!mayRead(context, type === 'string' ? 4 : 1)) return undefined;
  if (type === 'boolean') return readBoolean(field, reading);
  if (type === 'string') {
    const found = readString(field, reading);
    if (found && typeof schema.maxLength === 'number' && typeof found.value === 'string')
      found.value = [...found.value].slice(0, schema.maxLength).join('');
    return found;
  }
  const bounds = { ...schema, type };
  // Trying the numbers of a long text must not eat up the steps of the schema.
  const own = { ...scope, steps: 20_000 };
  return readNumber(field, reading, (value) => validates(value, bounds, own));
}

// ---------------------------------------------------------------- values where the text says nothing

function* numberFallbacks(type: 'number' | 'integer', schema: JsonObject): Generator<number> {
  const number = (key: string) => (typeof schema[key] === 'number' ? (schema[key] as number) : undefined);
  const low = Math.max(number('minimum') ?? -Infinity, number('exclusiveMinimum') ?? -Infinity);
  const high = Math.min(number('maximum') ?? Infinity, number('exclusiveMaximum') ?? Infinity);
  yield 0;
  const multiple = number('multipleOf');
  if (multiple && multiple > 0) {
    const start = Number.isFinite(low)
      ? Math.ceil(low / multiple)
      : Number.isFinite(high)
        ? Math.floor(high / multiple) - 2_000
        : 0;
    // An integer may need a common multiple of 1 and a fraction such as 0.3.
    for (let step = 0; step <= 2_000; step++) yield Number(((start + step) * multiple).toPrecision(15));
    return;
  }
  if (Number.isFinite(low)) yield* type === 'integer' ? [Math.ceil(low), Math.floor(low) + 1] : [low];
  if (Number.isFinite(high)) yield* type === 'integer' ? [Math.floor(high), Math.ceil(high) - 1] : [high];
  if (Number.isFinite(low) && Number.isFinite(high)) yield (low + high) / 2;
  if (Number.isFinite(low)) yield* [low + 1, low + Math.abs(low) * 1e-6 + 1e-9, low * 2 + 1];
  if (Number.isFinite(high)) yield* [high - 1, high - Math.abs(high) * 1e-6 - 1e-9, high * 2 - 1];
}

const FORMATS: Record<string, string[]> = {
  email: ['unknown@example.com'],
  'idn-email': ['unknown@example.com'],
  uri: ['about:blank', 'https://example.com/'],
  url: ['https://example.com/'],
  'uri-reference': ['#'],
  iri: ['about:blank'],
  uuid: ['00000000-0000-0000-0000-000000000000'],
  ipv4: ['0.0.0.0'],
  ipv6: ['::'],
  hostname: ['example.com'],
  date: ['1970-01-01'],
  time: ['00:00:00Z'],
  'date-time': ['1970-01-01T00:00:00Z'],
  duration: ['PT0S'],
  regex: ['.*'],
  'json-pointer': ['/a'],
};

function* stringFallbacks(field: Field, schema: JsonObject, context: BuildContext): Generator<string> {
  const min = typeof schema.minLength === 'number' ? schema.minLength : 0;
  const max = typeof schema.maxLength === 'number' ? schema.maxLength : Infinity;
  const fit = (text: string) => fitLength(text, min, max);
  if (typeof schema.format === 'string' && FORMATS[schema.format]) {
    const moment = schema.format === 'date-time' ? readDateTime(context.reading, true) : undefined;
    if (moment) yield String(moment.value);
    yield* FORMATS[schema.format]!;
  }
  if (typeof schema.pattern === 'string') {
    const pattern = patternOf(schema.pattern, context.scope);
    for (const length of pattern ? [0, min, min + 1] : []) {
      const text = samplePattern(pattern!, Math.min(length, 10_000));
      if (text === undefined) continue;
      yield text;
      yield fit(text);
    }
  }
  if (
    isAbout(
      field,
      'answer',
      'reply',
      'response',
      'explanation',
      'reasoning',
      'analysis',
      'thought',
      'thoughts',
      '回答',
      '回复',
      '解释',
      '理由',
    )
  )
    yield fit(context.notice);
  if (isContent(field) && context.reading.text.trim() !== '') yield fit(context.reading.text.trim());
  if (Number.isFinite(min) && min <= 1_000_000) yield fit('');
}

/** Cut or padded to a length in code points. */
function fitLength(text: string, min: number, max: number): string {
  const length = lengthOf(text);
  if (length > max) return [...text].slice(0, Math.max(0, Math.floor(max))).join('');
  return length < min ? text + '-'.repeat(Math.ceil(min) - length) : text;
}

// ---------------------------------------------------------------- arrays

function* arrayCandidates(schema: JsonObject, place: Place, context: BuildContext): Generator<Built> {
  const min = typeof schema.minItems === 'number' ? schema.minItems : 0;
  if (min > MOST_ITEMS) throw new SchemaTooHard();
  const max = typeof schema.maxItems === 'number' ? schema.maxItems : Infinity;
  const tuple = Array.isArray(schema.prefixItems)
    ? schema.prefixItems
    : Array.isArray(schema.items)
      ? schema.items
      : [];
  const rest: Schema = Array.isArray(schema.items)
    ? ((schema.additionalItems as Schema | undefined) ?? true)
    : ((schema.items as Schema | undefined) ?? true);
  const read =
    tuple.length > 0 || place.depth > SHALLOW_DEPTH || !mayRead(context, 1) ? [] : readItems(rest, place, context);
  const hint = context.hint?.(place.path);
  const limited = unique(read, schema).slice(0, Math.min(max, 1_000));
  if (limited.length > 0 && limited.length >= min) yield { value: limited, evident: true };
  if (Array.isArray(hint)) yield { value: hint, evident: true };
  if (schema.default !== undefined) yield { value: schema.default, evident: false };
  if (context.mode === 'ask') {
    context.missing.push({ path: place.path, description: descriptionOf(schema) });
    return;
  }
  for (const start of [limited, []])
    yield { value: padItems(start, Math.max(min, 0), tuple, rest, schema, place, context), evident: start.length > 0 };
  const wanted = isSchema(schema.contains)
    ? build({ allOf: [schema.contains, rest] }, childOf(place, '0', []), context)
    : undefined;
  if (wanted) {
    const count = Math.max(min, typeof schema.minContains === 'number' ? schema.minContains : 1);
    yield { value: Array.from({ length: Math.min(count, 1_000) }, () => wanted.value), evident: false };
    yield {
      value: [wanted.value, ...padItems([], Math.max(0, min - 1), [], rest, schema, place, context)],
      evident: false,
    };
  }
}

function unique(items: readonly Json[], schema: JsonObject): Json[] {
  if (schema.uniqueItems !== true) return [...items];
  return items.filter((item, index) => !items.slice(0, index).some((other) => equalJson(item, other)));
}

function childOf(place: Place, name: string, siblings: readonly string[]): Place {
  return { path: place.path === '' ? name : `${place.path}.${name}`, name, siblings, depth: place.depth + 1 };
}

/** The items that the text names: every option of an enum, every number, every part of a list, one object where it says something of it. */
function readItems(items: Schema, place: Place, context: BuildContext): Json[] {
  const flat = flatten(items, context.scope);
  if (!flat) return [];
  const fits = (value: Json) => validates(value, items, context.scope);
  if (Array.isArray(flat.enum)) {
    return rankOptions(flat.enum, context.reading)
      .filter((entry) => entry.found.score > 0)
      .map((entry) => entry.option)
      .filter(fits);
  }
  const type = flat.type;
  const item = { ...childOf(place, '0', []), name: singular(place.name) };
  if (type === 'number' || type === 'integer')
    return context.reading.numbers
      .slice(0, 200)
      .map((number) => number.value)
      .filter(fits);
  if (type === 'string') {
    const found = readString(
      { name: item.name, description: descriptionOf(flat), schema: flat, siblings: place.siblings },
      context.reading,
    );
    if (!found || typeof found.value !== 'string') return [];
    return listAround(found, context.reading).filter(fits);
  }
  if (type !== 'object') return [];
  const missing = context.missing.length;
  const built = build(items, item, context);
  context.missing.length = missing;
  return built?.evident ? [built.value] : [];
}

/** A list is longer than the run of words that was found: it goes on behind commas and "and". */
function listAround(found: Found, reading: Reading): string[] {
  const tail = reading.text.slice(found.end);
  const more = /^(?:\s*(?:,|，|、|\band\b|和)\s*[\p{L}\p{N}'’ -]{1,40}){1,30}/u.exec(tail)?.[0] ?? '';
  const end = found.end + more.length;
  reading.taken.push({ start: found.start, end });
  return splitList(`${String(found.value)}${more}`.replace(/^(?:和|and )/, ''));
}

function singular(name: string): string {
  return name.replace(/ies$/, 'y').replace(/([^s])s$/, '$1');
}

function padItems(
  start: readonly Json[],
  min: number,
  tuple: readonly Json[],
  rest: Schema,
  schema: JsonObject,
  place: Place,
  context: BuildContext,
): Json[] {
  const out: Json[] = [...start];
  const count = Math.min(Math.max(min, 0), 10_000);
  for (let index = out.length; index < count; index++) {
    const part = index < tuple.length ? tuple[index]! : rest;
    if (!isSchema(part)) break;
    const built =
      schema.uniqueItems === true
        ? buildOther(part, out, index, place, context)
        : build(part, childOf(place, String(index), []), context)?.value;
    if (built === undefined) break;
    out.push(built);
  }
  return out;
}

/** A value that is not in `taken` yet. */
function buildOther(
  part: Schema,
  taken: readonly Json[],
  index: number,
  place: Place,
  context: BuildContext,
): Json | undefined {
  const first = build(part, childOf(place, String(index), []), context)?.value;
  const flat = flatten(part, context.scope) ?? {};
  const options: Json[] = [];
  if (first !== undefined) options.push(first);
  if (Array.isArray(flat.enum)) options.push(...flat.enum);
  const low =
    typeof flat.minimum === 'number'
      ? flat.minimum
      : typeof flat.exclusiveMinimum === 'number'
        ? flat.exclusiveMinimum
        : 0;
  const step = typeof flat.multipleOf === 'number' && flat.multipleOf > 0 ? flat.multipleOf : 1;
  const min = typeof flat.minLength === 'number' ? flat.minLength : 0;
  for (let shift = 0; shift <= taken.length + 1; shift++) {
    const base = Math.ceil(low / step) * step + shift * step;
    options.push(
      base,
      -base,
      low + shift / 1024,
      fitLength(String(shift), min, Infinity),
      shift.toString(36).padStart(Math.min(min, 1_000), '0'),
      [shift],
    );
  }
  options.push(null, false, true);
  return options.find(
    (option) => !taken.some((other) => equalJson(other, option)) && validates(option, part, context.scope),
  );
}

// ---------------------------------------------------------------- objects

function* objectCandidates(schema: JsonObject, place: Place, context: BuildContext): Generator<Built> {
  const full = buildObject(schema, place, context, place.depth <= SHALLOW_DEPTH);
  if (full) yield full;
  if (context.mode === 'ask') return;
  const bare = buildObject(schema, place, context, false);
  if (bare) yield bare;
  const filled = bare && withMoreProperties(bare, schema, place, context);
  if (filled) yield filled;
}

/** Typed fields read first, so that free text gets what they leave. */
function readingOrder(schema: Schema | undefined, name: string, scope: SchemaScope): number {
  const flat = isSchema(schema) ? flatten(schema, scope) : undefined;
  if (!flat) return 9;
  if (flat.const !== undefined) return 0;
  const format = typeof flat.format === 'string';
  const field = { name, description: '', schema: flat, siblings: [] };
  const optional = Array.isArray(flat.type) ? flat.type[0] : flat.type;
  if (format) return 1;
  if (Array.isArray(flat.enum)) return 2;
  if (optional === 'number' || optional === 'integer') return 3;
  if (optional === 'boolean') return 4;
  if (optional === 'object' || optional === 'array') return 7;
  if (isAbout(field, 'date', 'day', 'time', 'datetime', 'email', 'phone', 'url')) return 1;
  return isContent(field) ? 8 : 5;
}

function buildObject(
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  withOptional: boolean,
): Built | undefined {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = (Array.isArray(schema.required) ? schema.required : []).filter((name) => typeof name === 'string');
  const names = [...new Set([...Object.keys(properties), ...required])].filter(
    (name) => required.includes(name) || (withOptional && name !== '__proto__'),
  );
  const partOf = (name: string): Schema | undefined =>
    Object.hasOwn(properties, name) ? (properties[name] as Schema) : extraSchema(name, schema, context);
  const order = names
    .map((name) => ({
      name,
      rank: readingOrder(partOf(name), name, context.scope) - (required.includes(name) ? 0.5 : 0),
    }))
    .sort((a, b) => a.rank - b.rank);
  const values = new Map<string, Json>();
  let evident = false;
  let failed = false;
  const takenBefore = context.reading.taken.length;
  for (const { name } of order) {
    const part = partOf(name);
    const needed = required.includes(name);
    if (part === undefined || !isSchema(part)) {
      if (needed) failed = true;
      continue;
    }
    const before = context.missing.length;
    const siblings = names.filter((other) => other !== name);
    const built = build(part, childOf(place, name, siblings), context);
    if (!needed) context.missing.length = before;
    if (built && (needed || built.evident)) {
      values.set(name, built.value);
      evident ||= built.evident;
    } else if (needed) failed = true;
  }
  if (failed) {
    context.reading.taken.length = takenBefore;
    return undefined;
  }
  const out: JsonObject = {};
  for (const name of names) if (values.has(name)) define(out, name, values.get(name)!);
  return { value: out, evident };
}

/** `__proto__` is a name like any other in JSON. */
function define(target: JsonObject, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

/** What a property that `properties` doesn't list has to fit. */
function extraSchema(name: string, schema: JsonObject, context: BuildContext): Schema | undefined {
  const parts: Json[] = [];
  if (isObject(schema.patternProperties)) {
    for (const [source, part] of Object.entries(schema.patternProperties)) {
      const pattern = patternOf(source, context.scope);
      if (pattern && validates(name, { pattern: source }, context.scope)) parts.push(part);
    }
  }
  if (parts.length > 0) return { allOf: parts };
  return isSchema(schema.additionalProperties) ? schema.additionalProperties : true;
}

function withMoreProperties(base: Built, schema: JsonObject, place: Place, context: BuildContext): Built | undefined {
  if (!isObject(base.value)) return undefined;
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(base.value)) define(out, name, value);
  const min = Math.min(typeof schema.minProperties === 'number' ? schema.minProperties : 0, 1_000);
  const dependent = isObject(schema.dependentRequired) ? Object.entries(schema.dependentRequired) : [];
  const names: string[] = dependent.flatMap(([key, needed]) =>
    Object.hasOwn(out, key) && Array.isArray(needed) ? needed.map(String) : [],
  );
  const forced = names.length;
  if (isObject(schema.properties)) names.push(...Object.keys(schema.properties));
  if (isObject(schema.patternProperties)) {
    for (const source of Object.keys(schema.patternProperties)) {
      const pattern = patternOf(source, context.scope);
      for (const length of pattern ? [0, 1, 2, 3] : []) names.push(samplePattern(pattern!, length) ?? '');
    }
  }
  for (let index = 0; index < min; index++) {
    const name = isSchema(schema.propertyNames)
      ? buildOther(schema.propertyNames, Object.keys(out).concat(names), index, place, context)
      : `field_${index + 1}`;
    if (typeof name === 'string') names.push(name);
  }
  names.forEach((name, index) => {
    if (Object.hasOwn(out, name) || (index >= forced && Object.keys(out).length >= min)) return;
    const part =
      isObject(schema.properties) && Object.hasOwn(schema.properties, name)
        ? (schema.properties[name] as Schema)
        : extraSchema(name, schema, context);
    const built = part === undefined || !isSchema(part) ? undefined : build(part, childOf(place, name, []), context);
    if (built) define(out, name, built.value);
  });
  return { value: out, evident: base.evident };
}
