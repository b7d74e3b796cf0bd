/** Objects: every property that the text speaks of or that is required. */
import { isAbout, isContent } from '../reading/index.ts';
import type { Json, JsonObject, Schema } from '../types.ts';
import { buildOther } from './arrays.ts';
import { flatten } from './flatten.ts';
import { samplePattern } from './pattern.ts';
import {
  askOf,
  type Build,
  type BuildContext,
  type Built,
  childOf,
  define,
  type Place,
  ROOT,
  SHALLOW_DEPTH,
} from './place.ts';
import { isObject, isSchema, patternOf, validates } from './validate.ts';

export function* objectCandidates(
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  build: Build,
): Generator<Built> {
  const full = buildObject(schema, place, context, place.depth <= SHALLOW_DEPTH, build);
  if (full) yield full;
  if (context.mode === 'ask') return;
  const bare = buildObject(schema, place, context, false, build);
  if (bare) yield bare;
  const filled = bare && withMoreProperties(bare, schema, place, context, build);
  if (filled) yield filled;
}

/** Typed fields read first, so that free text gets what they leave. */
function readingOrder(schema: Schema | undefined, name: string, context: BuildContext): number {
  const flat = isSchema(schema) ? flatten(schema, context.scope) : undefined;
  if (!flat) return 9;
  if (context.reader?.isLate(askOf(flat, childOf(ROOT, name, [])))) return 12;
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
  build: Build,
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
      rank: readingOrder(partOf(name), name, context) - (required.includes(name) ? 0.5 : 0),
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

function withMoreProperties(
  base: Built,
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  build: Build,
): Built | undefined {
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
      ? buildOther(schema.propertyNames, Object.keys(out).concat(names), index, place, context, build)
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
