/** The options of a field: an `enum`, or a choice between constants, which may each say what they mean. */
import type { Json, JsonObject } from '../types.ts';
import { descriptionOf } from './place.ts';
import { isObject } from './validate.ts';

export interface Options {
  values: Json[];
  /** What the schema says of each; '' where it says nothing. */
  about: string[];
}

/** undefined where the field is no choice between given values. */
export function optionsOf(schema: JsonObject): Options | undefined {
  if (Array.isArray(schema.enum)) {
    const about = [schema['x-enum-descriptions'], schema['x-enumDescriptions'], schema.enumDescriptions].find(
      Array.isArray,
    );
    return { values: schema.enum, about: schema.enum.map((_, index) => (about ? String(about[index] ?? '') : '')) };
  }
  const choice = Array.isArray(schema.oneOf) ? schema.oneOf : Array.isArray(schema.anyOf) ? schema.anyOf : undefined;
  if (!choice || choice.length === 0) return undefined;
  const out: Options = { values: [], about: [] };
  for (const part of choice) {
    if (!isObject(part)) return undefined;
    const value =
      part.const !== undefined
        ? part.const
        : Array.isArray(part.enum) && part.enum.length === 1
          ? part.enum[0]!
          : part.type === 'null'
            ? null
            : undefined;
    if (value === undefined || (value !== null && typeof value === 'object')) return undefined;
    out.values.push(value);
    out.about.push(descriptionOf(part));
  }
  return out;
}
