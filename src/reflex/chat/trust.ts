/** How far a trained model stands behind an answer: only then does a measured precision say anything about it. */
import { isObject } from '../schema/validate.ts';
import { fold, splitIdentifier } from '../text/text.ts';
import type { Json, JsonObject, Prediction, ReflexTool } from '../types.ts';

export interface MadeCall {
  tool: ReflexTool;
  values: readonly JsonObject[];
  prediction?: Prediction;
}

/** Of calls: each was meant by the model as well, by the name of its tool, and its free texts are slots that the model read. */
export function trustInCalls(made: readonly MadeCall[]): number | undefined {
  let least = 1;
  for (const { tool, values, prediction } of made) {
    if (!prediction || prediction.intent !== tool.name) return undefined;
    const slots = new Set(prediction.slots.map((slot) => fold(slot.value)));
    if (values.some((value) => !isRead(value, tool.parameters, slots))) return undefined;
    least = Math.min(least, prediction.confidence);
  }
  return made.length === 0 ? undefined : least;
}

/** Numbers, options, dates and the like were read by what they are; which words a free text takes, only examples can teach. */
function isRead(value: Json, schema: Json | undefined, slots: ReadonlySet<string>): boolean {
  const known = isObject(schema) ? schema : {};
  if (typeof value === 'string')
    return ['enum', 'const', 'format'].some((word) => Object.hasOwn(known, word)) || slots.has(fold(value));
  if (Array.isArray(value)) return value.every((one) => isRead(one, known.items, slots));
  if (!isObject(value)) return true;
  const properties = isObject(known.properties) ? known.properties : {};
  return Object.entries(value).every(([name, part]) => isRead(part, properties[name], slots));
}

/** Of JSON: the intent stands in it as a label, and what else it holds the model read as slots, or is empty. */
export function trustInJson(value: Json, prediction: Prediction | undefined): number | undefined {
  if (!prediction || prediction.intent !== prediction.best) return undefined;
  const values = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.values(value) : [value];
  const slots = new Set(prediction.slots.map((slot) => slot.value));
  let labels = 0;
  for (const one of values) {
    if (isLabel(one, prediction.intent)) labels++;
    else if (!isEmpty(one) && !(typeof one === 'string' && slots.has(one))) return undefined;
  }
  return labels === 1 ? prediction.confidence : undefined;
}

/** As classify.ts tells a label from an intent: by its words, however they are joined. */
function isLabel(value: Json, intent: string): boolean {
  if (typeof value !== 'string' || value === '') return false;
  return fold(value) === fold(intent) || splitIdentifier(value).join('_') === splitIdentifier(intent).join('_');
}

function isEmpty(value: Json): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
