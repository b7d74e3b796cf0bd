/** Booleans, numbers and strings: from the text, from similar examples, or whatever fits. */
import { type Field, type Found, readBoolean, readNumber, readString } from '../reading/index.ts';
import type { Json, JsonObject } from '../types.ts';
import { numberFallbacks, stringFallbacks } from './fallbacks.ts';
import type { FieldReader } from './field-reader.ts';
import { askOf, type BuildContext, type Built, fieldOf, mayRead, type Place } from './place.ts';
import { validates } from './validate.ts';

export function* leafCandidates(
  type: 'boolean' | 'number' | 'integer' | 'string',
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  hint: Json | undefined,
): Generator<Built> {
  const field = fieldOf(schema, place);
  if (context.reader) yield* documentAnswers(type, schema, place, context, context.reader);
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
function* documentAnswers(
  type: 'boolean' | 'number' | 'integer' | 'string',
  schema: JsonObject,
  place: Place,
  context: BuildContext,
  reader: FieldReader,
): Generator<Built> {
  for (const { value, start, end } of reader.leaf(type, askOf(schema, place), context.reading.taken)) {
    const before = context.reading.taken.length;
    if (end > start) context.reading.taken.push({ start, end });
    yield { value, evident: true };
    context.reading.taken.length = before;
  }
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
