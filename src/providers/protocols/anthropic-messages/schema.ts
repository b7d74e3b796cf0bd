/**
 * JSON Schema as Anthropic's structured output takes it ("Structured outputs", limitations): objects are closed, and keywords that
 * constrain values are refused. Such a keyword moves into the description, where the model still reads it.
 */
import type { Json, JsonObject } from '../../protocol.ts';
import { isObject } from './fields.ts';

const UNSUPPORTED = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'patternProperties',
];

/** Children that are one schema each, lists of schemas, and maps of schemas. */
const ONE = ['items', 'not', 'additionalItems'];
const LISTS = ['anyOf', 'allOf', 'oneOf', 'prefixItems'];
const MAPS = ['properties', '$defs', 'definitions'];
const MAX_DEPTH = 64;

/** The schema for Anthropic, and the keywords that moved into descriptions. */
export function structuredSchema(schema: JsonObject): { schema: JsonObject; moved: string[] } {
  const moved = new Set<string>();
  return { schema: convert(schema, moved, 0), moved: [...moved] };
}

function convert(schema: JsonObject, moved: Set<string>, depth: number): JsonObject {
  if (depth > MAX_DEPTH) return schema;
  const out: JsonObject = {};
  const notes: string[] = [];
  const child = (value: Json): Json => (isObject(value) ? convert(value, moved, depth + 1) : value);
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$schema') continue;
    if (UNSUPPORTED.includes(key) || (key === 'minItems' && value !== 0 && value !== 1)) {
      notes.push(`${key}: ${JSON.stringify(value)}`);
      moved.add(key);
    } else if (ONE.includes(key)) out[key] = child(value);
    else if (LISTS.includes(key) && Array.isArray(value)) out[key === 'oneOf' ? 'anyOf' : key] = value.map(child);
    else if (MAPS.includes(key) && isObject(value)) {
      out[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, child(each)]));
    } else out[key] = value;
  }
  if (isObjectType(schema.type) || isObject(schema.properties)) {
    // An open object can't be asked for; that it was is worth a warning.
    if (schema.additionalProperties !== undefined && schema.additionalProperties !== false)
      moved.add('additionalProperties');
    out.additionalProperties = false;
  }
  if (notes.length > 0) {
    const before = typeof out.description === 'string' ? `${out.description}\n\n` : '';
    out.description = `${before}{${notes.join(', ')}}`;
  }
  return out;
}

function isObjectType(type: Json | undefined): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object'));
}
