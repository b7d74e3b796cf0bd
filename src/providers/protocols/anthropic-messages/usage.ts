/**
 * Anthropic's usage object as our vector. Its rules (API reference "Usage"): `input_tokens` leaves out both cache fields;
 * `cache_creation` splits the cache write by time to live; `output_tokens` includes thinking, which `output_tokens_details` splits off;
 * in a stream `message_start` states the input and each `message_delta` is cumulative: what it states replaces, nothing is added.
 */
import type { UsageReading, UsageVector } from '../../../contract/usage.ts';
import type { Json, JsonObject } from '../../protocol.ts';
import { isObject } from './fields.ts';

/** The parts that one usage object, or one of its `iterations`, states. */
type Tokens = Pick<UsageVector, 'input' | 'cache_read' | 'cache_write_5m' | 'cache_write_1h' | 'output' | 'reasoning'>;

class Contradiction extends Error {}

/** `undefined` when the provider stated no tokens at all. A contradiction gives an empty vector marked `unreconciled`. */
export function readUsage(raw: Json | undefined): UsageReading | undefined {
  if (!isObject(raw) || (absent(raw.input_tokens) && absent(raw.output_tokens))) return undefined;
  try {
    return { vector: readVector(raw), raw, source: 'provider' };
  } catch (error) {
    if (!(error instanceof Contradiction)) throw error;
    return { vector: {}, raw, source: 'unreconciled', problem: error.message };
  }
}

/**
 * The tier that prices depend on: `default`, `priority`, `batch`, `fast` (the speed, which outranks the tier), and with
 * `+inference_geo:us` added where the provider says it kept inference in one region, which has a price of its own.
 */
export function readServedTier(raw: Json | undefined): string | undefined {
  if (!isObject(raw)) return undefined;
  const parts: string[] = [];
  if (raw.speed === 'fast') parts.push('fast');
  else if (typeof raw.service_tier === 'string' && raw.service_tier !== 'standard') parts.push(raw.service_tier);
  const geo = raw.inference_geo;
  if (typeof geo === 'string' && geo !== '' && geo !== 'global' && geo !== 'not_available') {
    parts.push(`inference_geo:${geo}`);
  }
  if (parts.length > 0) return parts.join('+');
  return raw.service_tier === 'standard' ? 'default' : undefined;
}

/** `message_start`'s usage with what a later `message_delta` states put in its place. */
export function mergeUsage(earlier: JsonObject | undefined, later: Json | undefined): JsonObject | undefined {
  if (!isObject(later)) return earlier;
  const merged: JsonObject = { ...earlier };
  for (const key of Object.keys(later)) {
    if (later[key] !== null) merged[key] = later[key]!;
  }
  // A split stated earlier describes the total stated with it, not one that has been replaced since.
  if (!absent(later.cache_creation_input_tokens) && absent(later.cache_creation) && isObject(earlier?.cache_creation)) {
    if (later.cache_creation_input_tokens !== earlier.cache_creation_input_tokens) delete merged.cache_creation;
  }
  return merged;
}

function readVector(raw: JsonObject): UsageVector {
  const vector: UsageVector = readTokens(raw, '');
  const searches = isObject(raw.server_tool_use)
    ? count(raw.server_tool_use.web_search_requests, 'server_tool_use.web_search_requests')
    : undefined;
  if (searches !== undefined) vector.searches = searches;
  addIterations(vector, raw.iterations);
  return vector;
}

function readTokens(raw: JsonObject, path: string): Tokens {
  const tokens: Tokens = {};
  tokens.input = required(raw.input_tokens, `${path}input_tokens`);
  const read = count(raw.cache_read_input_tokens, `${path}cache_read_input_tokens`);
  if (read !== undefined) tokens.cache_read = read;
  readCacheWrite(raw, path, tokens);
  const output = required(raw.output_tokens, `${path}output_tokens`);
  const details = raw.output_tokens_details;
  const thinking = isObject(details)
    ? count(details.thinking_tokens, `${path}output_tokens_details.thinking_tokens`)
    : undefined;
  if (thinking !== undefined) {
    if (thinking > output)
      throw new Contradiction(`${path}thinking_tokens ${thinking} exceeds output_tokens ${output}`);
    tokens.reasoning = thinking;
  }
  tokens.output = output - (thinking ?? 0);
  return tokens;
}

function readCacheWrite(raw: JsonObject, path: string, into: Tokens): void {
  const total = count(raw.cache_creation_input_tokens, `${path}cache_creation_input_tokens`);
  const split = raw.cache_creation;
  if (!isObject(split)) {
    if (total !== undefined) into.cache_write_5m = total;
    return;
  }
  const short = count(split.ephemeral_5m_input_tokens, `${path}cache_creation.ephemeral_5m_input_tokens`);
  const long = count(split.ephemeral_1h_input_tokens, `${path}cache_creation.ephemeral_1h_input_tokens`);
  if (short === undefined && long === undefined) {
    if (total !== undefined) into.cache_write_5m = total;
    return;
  }
  const sum = (short ?? 0) + (long ?? 0);
  if (total !== undefined && sum !== total) {
    throw new Contradiction(`${path}cache_creation adds up to ${sum}, cache_creation_input_tokens is ${total}`);
  }
  if (short !== undefined) into.cache_write_5m = short;
  if (long !== undefined) into.cache_write_1h = long;
}

/**
 * `iterations` (context management, server-side fallback) repeats what the totals say, but for two kinds: a `compaction`'s tokens
 * are the same model's and stand in no total, so they are added; an advisor's or a fallback's belong to another model with another
 * price, which one vector can't hold.
 */
function addIterations(vector: UsageVector, iterations: Json | undefined): void {
  if (!Array.isArray(iterations)) return;
  for (const [index, entry] of iterations.entries()) {
    if (!isObject(entry)) continue;
    if (entry.type === 'advisor_message' || entry.type === 'fallback_message') {
      throw new Contradiction(`iterations[${index}] (${entry.type}) has tokens of another model`);
    }
    if (entry.type !== 'compaction') continue;
    const tokens = readTokens(entry, `iterations[${index}].`);
    for (const field of Object.keys(tokens) as (keyof Tokens)[]) vector[field] = (vector[field] ?? 0) + tokens[field]!;
  }
}

function absent(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

function count(value: Json | undefined, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new Contradiction(`${name} is no whole number of 0 or more`);
  }
  return value;
}

function required(value: Json | undefined, name: string): number {
  const number = count(value, name);
  if (number === undefined) throw new Contradiction(`${name} is missing`);
  return number;
}
