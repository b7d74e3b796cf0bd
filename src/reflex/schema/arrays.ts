/** Lists: the items that the text names, and as many more as the schema wants. */
import { type Found, type Reading, rankOptions, readString, splitList } from '../reading/index.ts';
import type { Json, JsonObject, Schema } from '../types.ts';
import { fitLength } from './fallbacks.ts';
import { flatten } from './flatten.ts';
import { optionsOf } from './options.ts';
import {
  askOf,
  type Build,
  type BuildContext,
  type Built,
  childOf,
  descriptionOf,
  mayRead,
  type Place,
  SHALLOW_DEPTH,
} from './place.ts';
import { equalJson, isObject, isSchema, SchemaTooHard, validates } from './validate.ts';

/** A schema that wants more items of a list than this is refused before they are made. */
const MOST_ITEMS = 1_000;

export function* arrayCandidates(
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  build: Build,
): Generator<Built> {
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
    tuple.length > 0 || place.depth > SHALLOW_DEPTH || !(context.reader || mayRead(context, 1))
      ? []
      : readItems(rest, schema, place, context, build);
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
    yield {
      value: padItems(start, Math.max(min, 0), tuple, rest, schema, place, context, build),
      evident: start.length > 0,
    };
  const wanted = isSchema(schema.contains)
    ? build({ allOf: [schema.contains, rest] }, childOf(place, '0', []), context)
    : undefined;
  if (wanted) {
    const count = Math.max(min, typeof schema.minContains === 'number' ? schema.minContains : 1);
    yield { value: Array.from({ length: Math.min(count, 1_000) }, () => wanted.value), evident: false };
    yield {
      value: [wanted.value, ...padItems([], Math.max(0, min - 1), [], rest, schema, place, context, build)],
      evident: false,
    };
  }
}

function unique(items: readonly Json[], schema: JsonObject): Json[] {
  if (schema.uniqueItems !== true) return [...items];
  return items.filter((item, index) => !items.slice(0, index).some((other) => equalJson(item, other)));
}
/** The items that the text names: every option of an enum, every number, every part of a list, one object where it says something of it. */
function readItems(items: Schema, list: JsonObject, place: Place, context: BuildContext, build: Build): Json[] {
  const flat = flatten(items, context.scope);
  if (!flat) return [];
  const fits = (value: Json) => validates(value, items, context.scope);
  if (context.reader) return readDocumentItems(flat, items, list, place, context, build).filter(fits);
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

/** What a document says for a list: options of an enum, values of one kind, or one object for every part that speaks of one. */
function readDocumentItems(
  flat: JsonObject,
  items: Schema,
  list: JsonObject,
  place: Place,
  context: BuildContext,
  build: Build,
): Json[] {
  const reader = context.reader!;
  const description = [descriptionOf(list), descriptionOf(flat)].filter(Boolean).join(' ');
  const ask = { ...askOf(flat, place), description };
  const max = Math.min(typeof list.maxItems === 'number' ? list.maxItems : 20, 200);
  const options = optionsOf(flat);
  if (options) return reader.chooseAll(options.values, options.about, ask);
  const { type } = flat;
  if (type === 'number' || type === 'integer' || type === 'string') return reader.list(type, ask, max);
  if (type !== 'object' || !isObject(flat.properties)) return [];
  const properties = Object.entries(flat.properties).flatMap(([name, part]) => {
    const own = isSchema(part) ? flatten(part, context.scope) : undefined;
    return own ? [askOf(own, childOf(place, name, []))] : [];
  });
  const out: Json[] = [];
  const own = { ...childOf(place, '0', []), name: singular(place.name) };
  for (const part of reader.parts(properties)) {
    if (out.length >= max) break;
    const before = context.missing.length;
    const built = build(items, own, { ...context, reader: part, reading: { ...context.reading, taken: [] } });
    context.missing.length = before;
    if (built?.evident && !out.some((other) => equalJson(other, built.value))) out.push(built.value);
  }
  return out;
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
  build: Build,
): Json[] {
  const out: Json[] = [...start];
  const count = Math.min(Math.max(min, 0), 10_000);
  for (let index = out.length; index < count; index++) {
    const part = index < tuple.length ? tuple[index]! : rest;
    if (!isSchema(part)) break;
    const built =
      schema.uniqueItems === true
        ? buildOther(part, out, index, place, context, build)
        : build(part, childOf(place, String(index), []), context)?.value;
    if (built === undefined) break;
    out.push(built);
  }
  return out;
}

/** A value that is not in `taken` yet. */
export function buildOther(
  part: Schema,
  taken: readonly Json[],
  index: number,
  place: Place,
  context: BuildContext,
  build: Build,
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
