/**
 * Converse's usage as our vector (API reference "TokenUsage", "CacheDetail"): `inputTokens` leaves out what was read from and written
 * to the cache; `cacheDetails` splits the write by time to live; reasoning is inside `outputTokens` and not told apart.
 */
import type { UsageReading, UsageVector } from '../../../contract/usage.ts';
import type { Json, JsonObject } from '../../protocol.ts';
import { isObject } from '../anthropic-messages/fields.ts';

class Contradiction extends Error {}

/** `undefined` when no tokens were stated at all. A contradiction gives an empty vector marked `unreconciled`. */
export function readUsage(raw: Json | undefined): UsageReading | undefined {
  if (!isObject(raw)) return undefined;
  if ((raw.inputTokens ?? undefined) === undefined && (raw.outputTokens ?? undefined) === undefined) return undefined;
  try {
    return { vector: readVector(raw), raw, source: 'provider' };
  } catch (error) {
    if (!(error instanceof Contradiction)) throw error;
    return { vector: {}, raw, source: 'unreconciled', problem: error.message };
  }
}

/** `serviceTier: {type}` of a reply or a metadata event: `default`, `priority`, `flex`, `reserved`. */
export function readServedTier(tier: Json | undefined): string | undefined {
  return isObject(tier) && typeof tier.type === 'string' ? tier.type : undefined;
}

function readVector(raw: JsonObject): UsageVector {
  const input = count(raw.inputTokens, 'inputTokens');
  const output = count(raw.outputTokens, 'outputTokens');
  if (input === undefined || output === undefined) {
    throw new Contradiction(`${input === undefined ? 'inputTokens' : 'outputTokens'} is missing`);
  }
  const vector: UsageVector = { input, output };
  const read = count(raw.cacheReadInputTokens, 'cacheReadInputTokens');
  if (read !== undefined) vector.cache_read = read;
  const written = readCacheWrite(raw, vector);
  const total = count(raw.totalTokens, 'totalTokens');
  const plain = input + output;
  const all = plain + (read ?? 0) + written;
  // Documented as input and output; with a cache in use the service counts its tokens in as well.
  if (total !== undefined && total !== all && total !== plain) {
    throw new Contradiction(`totalTokens is ${total}, the parts add up to ${all}`);
  }
  return vector;
}

function readCacheWrite(raw: JsonObject, into: UsageVector): number {
  const total = count(raw.cacheWriteInputTokens, 'cacheWriteInputTokens');
  const details = Array.isArray(raw.cacheDetails) ? raw.cacheDetails.filter(isObject) : [];
  if (details.length === 0) {
    if (total !== undefined) into.cache_write_5m = total;
    return total ?? 0;
  }
  let sum = 0;
  for (const [index, detail] of details.entries()) {
    const tokens = count(detail.inputTokens, `cacheDetails[${index}].inputTokens`) ?? 0;
    if (detail.ttl !== '5m' && detail.ttl !== '1h') throw new Contradiction(`cacheDetails[${index}].ttl is unknown`);
    const field = detail.ttl === '1h' ? 'cache_write_1h' : 'cache_write_5m';
    into[field] = (into[field] ?? 0) + tokens;
    sum += tokens;
  }
  if (total !== undefined && total !== sum) {
    throw new Contradiction(`cacheDetails add up to ${sum}, cacheWriteInputTokens is ${total}`);
  }
  return sum;
}

function count(value: Json | undefined, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new Contradiction(`${name} is no whole number of 0 or more`);
  }
  return value;
}
