/** What reads a document for the fields of a schema. It stands behind `build`, so that building knows nothing of texts. */
import type { Json, JsonObject } from '../types.ts';

/** One field that wants a value. */
export interface Ask {
  path: string;
  name: string;
  description: string;
  /** Flat: no `$ref`, no `allOf`. */
  schema: JsonObject;
  siblings: readonly string[];
}

export interface Answer {
  value: Json;
  /** 0 to 1. */
  confidence: number;
  /** Where the text says so; start = end where no one place does. */
  start: number;
  end: number;
}

export interface Bounds {
  start: number;
  end: number;
}

export interface FieldReader {
  /** Values for a boolean, number or string, best first; empty where the text says none. */
  leaf(type: 'boolean' | 'number' | 'integer' | 'string', ask: Ask, taken: readonly Bounds[]): Answer[];
  /** Options of an enum, best first, only those that something speaks for. `about` describes each option where the schema does. */
  choose(options: readonly Json[], about: readonly string[], ask: Ask): Answer[];
  /** All options that the text speaks for. */
  chooseAll(options: readonly Json[], about: readonly string[], ask: Ask): Json[];
  /** Texts or numbers for a list. */
  list(type: 'number' | 'integer' | 'string', ask: Ask, max: number): Json[];
  /** Readers of the parts of the text that speak of one item each. */
  parts(properties: readonly Ask[]): FieldReader[];
  /** Fields that say something of other fields come last. */
  isLate(ask: Ask): boolean;
  /** What to say where a reason is asked for. */
  reason(ask: Ask): string | undefined;
}
