/** `$ref` and `allOf` merged into one schema, as far as that can be done. */
import type { Json, JsonObject, Schema } from '../types.ts';
import { define } from './place.ts';
import { equalJson, isObject, isSchema, resolveRef, type SchemaScope, SchemaTooHard } from './validate.ts';

/** The schema with `$ref` and `allOf` merged in, as far as that can be done; undefined where it refers to nothing or for ever. */
export function flatten(schema: Schema, scope: SchemaScope, depth = 0): JsonObject | undefined {
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
