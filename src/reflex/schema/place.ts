/** What the parts that build an instance of a schema share. */
import type { Field, Reading } from '../reading/index.ts';
import type { Json, JsonObject, Schema } from '../types.ts';
import type { Ask, FieldReader } from './field-reader.ts';
import type { SchemaScope } from './validate.ts';

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
  /** Reads a document instead of a command; `reading` is then of no text, and only keeps what is taken. */
  reader?: FieldReader;
  missing: Missing[];
  /** Characters gone through so far. */
  read?: number;
}

export interface Built {
  value: Json;
  /** The text said so (or something below). */
  evident: boolean;
}
/** Beyond this depth only what is required is built, so that recursive schemas end. */
export const SHALLOW_DEPTH = 6;

export interface Place {
  path: string;
  name: string;
  siblings: readonly string[];
  depth: number;
}

export const ROOT: Place = { path: '', name: '', siblings: [], depth: 0 };
/** Builds a part; handed down, so that lists and objects need not know of what builds them. */
export type Build = (schema: Schema, place: Place, context: BuildContext) => Built | undefined;

export function childOf(place: Place, name: string, siblings: readonly string[]): Place {
  return { path: place.path === '' ? name : `${place.path}.${name}`, name, siblings, depth: place.depth + 1 };
}

export function descriptionOf(schema: JsonObject): string {
  return typeof schema.description === 'string'
    ? schema.description
    : typeof schema.title === 'string'
      ? schema.title
      : '';
}

export function askOf(schema: JsonObject, place: Place): Ask {
  return { path: place.path, name: place.name, description: descriptionOf(schema), schema, siblings: place.siblings };
}

export function fieldOf(schema: JsonObject, place: Place): Field {
  return { name: place.name, description: descriptionOf(schema), schema, siblings: place.siblings };
}
/** Characters of text that the places of one schema may go through; beyond, they get what they get without a text. */
const READING = 1_000_000;

/** Pays for going through the text `times` times. */
export function mayRead(context: BuildContext, times: number): boolean {
  if (context.reading.text === '') return false;
  context.read = (context.read ?? 0) + context.reading.text.length * times;
  return context.read <= READING;
}
/** `__proto__` is a name like any other in JSON. */
export function define(target: JsonObject, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}
