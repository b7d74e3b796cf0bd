/** Whether a JSON value fits a JSON Schema (2020-12 vocabulary; `format` is an annotation, as the standard has it by default). */
import type { Json, JsonObject, Schema } from '../types.ts';
import { matchesPattern, type Pattern, parsePattern } from './pattern.ts';

/** What has to be known of a schema beyond the part at hand. Patterns are parsed once. */
export interface SchemaScope {
  root: Schema;
  patterns: Map<string, Pattern | undefined>;
  /** Steps left; a schema that needs more than this is refused rather than stalling the process. */
  steps: number;
}

export class SchemaTooHard extends Error {
  constructor() {
    super('the schema needs too many steps');
    this.name = 'SchemaTooHard';
  }
}

export function scopeOf(root: Schema, steps = 40_000): SchemaScope {
  return { root, patterns: new Map(), steps };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'boolean' || isObject(value);
}

/** The schema that `ref` names: `#`, `#/$defs/x`, or a `$anchor` or `$id` of the root's definitions. undefined where there is none. */
export function resolveRef(ref: string, scope: SchemaScope): Schema | undefined {
  if (ref === '#') return scope.root;
  if (ref.startsWith('#/')) {
    let node: unknown = scope.root;
    for (const part of ref.slice(2).split('/')) {
      let key: string;
      try {
        key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      } catch {
        return undefined;
      }
      if (Array.isArray(node)) node = node[Number(key)];
      else if (isObject(node) && Object.hasOwn(node, key)) node = node[key];
      else return undefined;
    }
    return isSchema(node) ? node : undefined;
  }
  const name = ref.startsWith('#') ? ref.slice(1) : ref;
  if (!isObject(scope.root)) return undefined;
  if (scope.root.$id === name) return scope.root;
  for (const holder of [scope.root.$defs, scope.root.definitions]) {
    if (!isObject(holder)) continue;
    for (const candidate of Object.values(holder)) {
      if (isObject(candidate) && (candidate.$anchor === name || candidate.$id === name)) return candidate;
    }
  }
  return undefined;
}

export function patternOf(source: string, scope: SchemaScope): Pattern | undefined {
  if (!scope.patterns.has(source)) scope.patterns.set(source, parsePattern(source));
  return scope.patterns.get(source);
}

export function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' ? 'object' : typeof value;
}

function hasType(value: Json, type: Json): boolean {
  if (type === 'integer') return typeof value === 'number' && Number.isInteger(value);
  return typeOf(value) === type;
}

/** Deep equality of JSON values; the order of keys does not matter. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => equalJson(item, b[index]!));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key]!, b[key]!))
  );
}

/** Throws SchemaTooHard. An expression that `pattern.ts` can't read matches nothing here, so that what passes surely fits. */
export function validates(value: Json, schema: Schema, scope: SchemaScope, depth = 0): boolean {
  if (--scope.steps < 0) throw new SchemaTooHard();
  if (typeof schema === 'boolean') return schema;
  if (depth > 200) return false;
  if (typeof schema.$ref === 'string') {
    const target = resolveRef(schema.$ref, scope);
    if (target === undefined || !validates(value, target, scope, depth + 1)) return false;
  }
  const { type } = schema;
  if (Array.isArray(type) ? !type.some((one) => hasType(value, one)) : type !== undefined && !hasType(value, type))
    return false;
  if (Array.isArray(schema.enum) && !schema.enum.some((option) => equalJson(option, value))) return false;
  if (schema.const !== undefined && !equalJson(schema.const, value)) return false;
  if (!combines(value, schema, scope, depth)) return false;
  if (typeof value === 'number') return numberFits(value, schema);
  if (typeof value === 'string') return stringFits(value, schema, scope);
  if (Array.isArray(value)) return arrayFits(value, schema, scope, depth);
  if (isObject(value)) return objectFits(value, schema, scope, depth);
  return true;
}

function combines(value: Json, schema: JsonObject, scope: SchemaScope, depth: number): boolean {
  const fits = (part: unknown) => isSchema(part) && validates(value, part, scope, depth + 1);
  if (Array.isArray(schema.allOf) && !schema.allOf.every(fits)) return false;
  if (Array.isArray(schema.anyOf) && !schema.anyOf.some(fits)) return false;
  if (Array.isArray(schema.oneOf) && schema.oneOf.filter(fits).length !== 1) return false;
  if (schema.not !== undefined && fits(schema.not)) return false;
  if (schema.if !== undefined) {
    const branch = fits(schema.if) ? schema.then : schema.else;
    if (branch !== undefined && !fits(branch)) return false;
  }
  return true;
}

function numberFits(value: number, schema: JsonObject): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === 'number' && (exclusiveMinimum === true ? value <= minimum : value < minimum)) return false;
  if (typeof maximum === 'number' && (exclusiveMaximum === true ? value >= maximum : value > maximum)) return false;
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) return false;
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) return false;
  return typeof multipleOf !== 'number' || multipleOf <= 0 || Number.isInteger(value / multipleOf);
}

/** Length as JSON Schema counts it: code points. */
export function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function stringFits(value: string, schema: JsonObject, scope: SchemaScope): boolean {
  const { minLength, maxLength, pattern } = schema;
  if (typeof minLength === 'number' && lengthOf(value) < minLength) return false;
  if (typeof maxLength === 'number' && lengthOf(value) > maxLength) return false;
  if (typeof pattern !== 'string') return true;
  const parsed = patternOf(pattern, scope);
  scope.steps -= Math.ceil(((parsed?.program.length ?? 0) * value.length) / 50);
  return parsed !== undefined && matchesPattern(parsed, value);
}

function arrayFits(value: readonly Json[], schema: JsonObject, scope: SchemaScope, depth: number): boolean {
  const { minItems, maxItems, uniqueItems, prefixItems, items, contains } = schema;
  if (typeof minItems === 'number' && value.length < minItems) return false;
  if (typeof maxItems === 'number' && value.length > maxItems) return false;
  const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : [];
  const rest = Array.isArray(items) ? schema.additionalItems : items;
  for (let index = 0; index < value.length; index++) {
    const part = index < tuple.length ? tuple[index] : rest;
    if (isSchema(part) && !validates(value[index]!, part, scope, depth + 1)) return false;
  }
  if (isSchema(contains)) {
    const count = value.filter((item) => validates(item, contains, scope, depth + 1)).length;
    if (count < (typeof schema.minContains === 'number' ? schema.minContains : 1)) return false;
    if (typeof schema.maxContains === 'number' && count > schema.maxContains) return false;
  }
  if (uniqueItems !== true) return true;
  scope.steps -= value.length * value.length;
  return value.every((item, index) => !value.slice(0, index).some((other) => equalJson(item, other)));
}

function objectFits(value: JsonObject, schema: JsonObject, scope: SchemaScope, depth: number): boolean {
  const keys = Object.keys(value);
  if (typeof schema.minProperties === 'number' && keys.length < schema.minProperties) return false;
  if (typeof schema.maxProperties === 'number' && keys.length > schema.maxProperties) return false;
  if (
    Array.isArray(schema.required) &&
    !schema.required.every((key) => typeof key === 'string' && Object.hasOwn(value, key))
  )
    return false;
  if (isObject(schema.dependentRequired)) {
    for (const [key, needed] of Object.entries(schema.dependentRequired)) {
      if (
        Object.hasOwn(value, key) &&
        Array.isArray(needed) &&
        !needed.every((name) => Object.hasOwn(value, String(name)))
      )
        return false;
    }
  }
  if (isObject(schema.dependentSchemas)) {
    for (const [key, part] of Object.entries(schema.dependentSchemas)) {
      if (Object.hasOwn(value, key) && isSchema(part) && !validates(value, part, scope, depth + 1)) return false;
    }
  }
  return keys.every((key) => propertyFits(key, value[key]!, schema, scope, depth));
}

function propertyFits(key: string, value: Json, schema: JsonObject, scope: SchemaScope, depth: number): boolean {
  if (isSchema(schema.propertyNames) && !validates(key, schema.propertyNames, scope, depth + 1)) return false;
  let known = false;
  if (isObject(schema.properties) && Object.hasOwn(schema.properties, key)) {
    known = true;
    const part = schema.properties[key];
    if (isSchema(part) && !validates(value, part, scope, depth + 1)) return false;
  }
  if (isObject(schema.patternProperties)) {
    for (const [source, part] of Object.entries(schema.patternProperties)) {
      const parsed = patternOf(source, scope);
      // An expression that can't be read might match: then the key is not safe.
      if (!parsed) return false;
      if (!matchesPattern(parsed, key)) continue;
      known = true;
      if (isSchema(part) && !validates(value, part, scope, depth + 1)) return false;
    }
  }
  const rest = schema.additionalProperties;
  return known || !isSchema(rest) || validates(value, rest, scope, depth + 1);
}
