/**
 * Gemini's `usageMetadata` as a usage vector. https://ai.google.dev/api/generate-content#UsageMetadata
 *
 * `promptTokenCount` includes `cachedContentTokenCount`; `candidatesTokenCount` leaves `thoughtsTokenCount` out;
 * `toolUsePromptTokenCount` stands beside the prompt; fields that are zero may be left out; in a stream every figure is cumulative.
 */
import type { UsageReading, UsageVector } from '../../../contract/usage.ts';
import type { Json, JsonObject } from '../../protocol.ts';
import { asObject } from './json.ts';

class Contradiction extends Error {}

const COUNTS = [
  'promptTokenCount',
  'cachedContentTokenCount',
  'toolUsePromptTokenCount',
  'candidatesTokenCount',
  'thoughtsTokenCount',
  'totalTokenCount',
] as const;

/** Undefined when nothing was counted; `unreconciled`, with an empty vector, when the figures contradict each other. */
export function readUsage(raw: Json | undefined): UsageReading | undefined {
  const usage = asObject(raw);
  if (!usage || !COUNTS.some((name) => usage[name] !== undefined)) return undefined;
  try {
    return { vector: toVector(usage), raw, source: 'provider' };
  } catch (error) {
    if (!(error instanceof Contradiction)) throw error;
    return { vector: {}, raw, source: 'unreconciled', problem: error.message };
  }
}

function toVector(usage: JsonObject): UsageVector {
  const prompt = count(usage, 'promptTokenCount');
  const cached = count(usage, 'cachedContentTokenCount');
  const toolUse = count(usage, 'toolUsePromptTokenCount');
  const candidates = count(usage, 'candidatesTokenCount');
  const thoughts = count(usage, 'thoughtsTokenCount');
  checkTotal(usage, prompt + candidates + thoughts, toolUse);
  if (cached > prompt)
    throw new Contradiction(`cachedContentTokenCount ${cached} is more than promptTokenCount ${prompt}`);

  const read = uncachedMedia(usage, prompt, cached);
  const tool = mediaOf(usage, 'toolUsePromptTokensDetails', toolUse);
  const written = mediaOf(usage, 'candidatesTokensDetails', candidates);
  const vector: UsageVector = {
    input: prompt - cached - read.audio - read.image + toolUse - tool.audio - tool.image,
    output: candidates - written.audio - written.image,
  };
  // A stated zero stays a zero; what nobody spoke of stays absent.
  if (usage.cachedContentTokenCount !== undefined) vector.cache_read = cached;
  if (usage.thoughtsTokenCount !== undefined) vector.reasoning = thoughts;
  if (read.audio + tool.audio > 0) vector.audio_in = read.audio + tool.audio;
  if (read.image + tool.image > 0) vector.image_in = read.image + tool.image;
  if (written.audio > 0) vector.audio_out = written.audio;
  if (written.image > 0) vector.image_out = written.image;
  return vector;
}

/** The documentation gives the total with and without tool use; both agree on the parts, so both are accepted. */
function checkTotal(usage: JsonObject, withoutToolUse: number, toolUse: number): void {
  if (usage.totalTokenCount === undefined) return;
  const total = count(usage, 'totalTokenCount');
  if (total === withoutToolUse + toolUse || total === withoutToolUse) return;
  throw new Contradiction(`totalTokenCount ${total} is not the sum of its parts, ${withoutToolUse + toolUse}`);
}

interface Media {
  audio: number;
  image: number;
}

/** Media of the prompt that did not come from the cache. Where the cache's kinds are not told, it held the text. */
function uncachedMedia(usage: JsonObject, prompt: number, cached: number): Media {
  const all = mediaOf(usage, 'promptTokensDetails', prompt);
  const fromCache = mediaOf(usage, 'cacheTokensDetails', cached);
  const media = { audio: all.audio - fromCache.audio, image: all.image - fromCache.image };
  const cachedText = cached - fromCache.audio - fromCache.image;
  if (media.audio < 0 || media.image < 0 || cachedText > prompt - all.audio - all.image) {
    throw new Contradiction('cacheTokensDetails does not fit promptTokensDetails');
  }
  return media;
}

/** Tokens by kind; video and documents are priced as text and stay with it. */
function mediaOf(usage: JsonObject, field: string, total: number): Media {
  const media = { audio: 0, image: 0 };
  const details = usage[field];
  if (!Array.isArray(details)) return media;
  let sum = 0;
  for (const detail of details) {
    const entry = asObject(detail);
    if (!entry) continue;
    const tokens = count(entry, 'tokenCount');
    sum += tokens;
    if (entry.modality === 'AUDIO') media.audio += tokens;
    if (entry.modality === 'IMAGE') media.image += tokens;
  }
  if (sum > total) throw new Contradiction(`${field} add up to ${sum}, more than the ${total} they are part of`);
  return media;
}

function count(from: JsonObject, field: string): number {
  const value = from[field] ?? 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new Contradiction(`${field} is no whole number of tokens`);
  }
  return value;
}

/** The tier that served the call, in our words; undefined where Gemini does not say. */
export function readServedTier(raw: Json | undefined): string | undefined {
  const usage = asObject(raw);
  const stated = usage?.serviceTier ?? usage?.trafficType;
  if (typeof stated !== 'string') return undefined;
  const tier = stated.toLowerCase();
  if (tier.endsWith('priority')) return 'priority';
  if (tier.endsWith('flex')) return 'flex';
  return tier.endsWith('unspecified') ? undefined : 'default';
}
