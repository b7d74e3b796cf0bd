/**
 * Usage of the chat completions API and of those that imitate it, read into disjoint parts.
 *
 * OpenAI counts cached, cache-written, audio and image tokens inside `prompt_tokens`, and reasoning, audio and image tokens inside
 * `completion_tokens` (OpenAI API reference, CompletionUsage). xAI leaves reasoning out of `completion_tokens`, which its total
 * shows. DeepSeek states `prompt_cache_hit_tokens + prompt_cache_miss_tokens = prompt_tokens`. Moonshot puts `cached_tokens` at the top.
 * DashScope and OpenRouter state cache writes under `prompt_tokens_details`.
 */
import type { UsageReading, UsageVector } from '../../../contract/usage.ts';
import type { JsonObject, Quirks } from '../../protocol.ts';
import { isObject } from './fields.ts';

type UsageQuirks = Pick<Quirks, 'completionExcludesReasoning'>;

/** What the figures are called: chat completions and responses differ in nothing else. */
export interface UsageNames {
  prompt: string;
  promptDetails: string;
  completion: string;
  completionDetails: string;
}

const CHAT_NAMES: UsageNames = {
  prompt: 'prompt_tokens',
  promptDetails: 'prompt_tokens_details',
  completion: 'completion_tokens',
  completionDetails: 'completion_tokens_details',
};

/** Raised inside this file only: the provider's figures contradict each other. */
class Contradiction extends Error {}

/** A usage object as a reading; undefined when there is none (absent, null or empty). Figures that contradict each other are never mended. */
export function readChatUsage(raw: unknown, quirks: UsageQuirks = {}): UsageReading | undefined {
  return readTokenUsage(raw, CHAT_NAMES, quirks);
}

/** As `readChatUsage`, for an API whose figures have these names. */
export function readTokenUsage(raw: unknown, names: UsageNames, quirks: UsageQuirks = {}): UsageReading | undefined {
  return reading(raw, (usage) => tokenVector(usage, names, quirks));
}

/** Runs `read` over a usage object; a contradiction it finds becomes an `unreconciled` reading. */
export function reading(raw: unknown, read: (usage: JsonObject) => UsageVector): UsageReading | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (!isObject(raw)) return { vector: {}, raw, source: 'unreconciled', problem: 'usage is no object' };
  if (Object.keys(raw).length === 0) return undefined;
  try {
    return { vector: read(raw), raw, source: 'provider' };
  } catch (error) {
    if (!(error instanceof Contradiction)) throw error;
    return { vector: {}, raw, source: 'unreconciled', problem: error.message };
  }
}

export function contradiction(message: string): Error {
  return new Contradiction(message);
}

/** A count of `from`; undefined where absent or null. */
export function count(from: JsonObject | undefined, key: string): number | undefined {
  const value = from?.[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw contradiction(`${key} is ${JSON.stringify(value)}, which is no count of tokens`);
  }
  return value;
}

export function need(from: JsonObject, key: string): number {
  const value = count(from, key);
  if (value === undefined) throw contradiction(`${key} is missing`);
  return value;
}

/** The one figure that several names state; undefined where none does. */
export function agreed(what: string, figures: (number | undefined)[]): number | undefined {
  let found: number | undefined;
  for (const figure of figures) {
    if (figure === undefined) continue;
    if (found !== undefined && found !== figure)
      throw contradiction(`${what} is stated as both ${found} and ${figure}`);
    found = figure;
  }
  return found;
}

export function details(from: JsonObject, key: string): JsonObject | undefined {
  const value = from[key];
  return isObject(value) ? value : undefined;
}

/** Writes parts above zero; input and output are always there, so that a stated zero stays one. */
export function vectorOf(parts: UsageVector & { input: number; output: number }): UsageVector {
  const vector: UsageVector = { input: parts.input, output: parts.output };
  for (const key of Object.keys(parts) as (keyof UsageVector)[]) {
    if (parts[key]) vector[key] = parts[key];
  }
  return vector;
}

export interface CacheWrites {
  short: number;
  long: number;
}

/** Tokens written to a cache: five minutes unless the provider states longer ones apart (Anthropic's split, which others pass on). */
export function readCacheWrites(usage: JsonObject, prompt: JsonObject | undefined): CacheWrites {
  const split = (prompt && details(prompt, 'cache_creation')) ?? details(usage, 'cache_creation');
  const total = agreed('cache writes', [
    count(prompt, 'cache_write_tokens'),
    count(prompt, 'cache_creation_tokens'),
    count(prompt, 'cache_creation_input_tokens'),
    count(usage, 'cache_creation_input_tokens'),
    count(usage, 'cache_write_tokens'),
  ]);
  if (!split) return { short: total ?? 0, long: 0 };
  const short = count(split, 'ephemeral_5m_input_tokens') ?? 0;
  const long = count(split, 'ephemeral_1h_input_tokens') ?? 0;
  if (total !== undefined && short + long > 0 && short + long !== total) {
    throw contradiction(`cache writes of ${short} + ${long} do not add up to ${total}`);
  }
  return short + long > 0 ? { short, long } : { short: total ?? 0, long: 0 };
}

/** `whole` less what is stated to be inside it. */
export function remainder(name: string, whole: number, parts: number): number {
  if (parts > whole) throw contradiction(`the details of ${name} (${parts}) exceed it (${whole})`);
  return whole - parts;
}

function tokenVector(usage: JsonObject, names: UsageNames, quirks: UsageQuirks): UsageVector {
  const prompt = need(usage, names.prompt);
  const total = count(usage, 'total_tokens');
  // Providers that leave a zero out state it by the total.
  const completion = count(usage, names.completion) ?? (total === prompt ? 0 : need(usage, names.completion));
  return vectorOf({
    ...promptParts(usage, prompt, names),
    ...completionParts(usage, { prompt, completion, total }, names, quirks),
    ...searches(usage),
  });
}

function promptParts(usage: JsonObject, prompt: number, names: UsageNames): UsageVector & { input: number } {
  const inside = details(usage, names.promptDetails);
  const hit = count(usage, 'prompt_cache_hit_tokens');
  const miss = count(usage, 'prompt_cache_miss_tokens');
  if (hit !== undefined && miss !== undefined && hit + miss !== prompt) {
    throw contradiction(`cache hits of ${hit} and misses of ${miss} do not add up to ${names.prompt} (${prompt})`);
  }
  const cached = agreed('cached_tokens', [count(inside, 'cached_tokens'), count(usage, 'cached_tokens'), hit]) ?? 0;
  if (cached > prompt) throw contradiction(`cached_tokens (${cached}) exceed ${names.prompt} (${prompt})`);
  const writes = readCacheWrites(usage, inside);
  // Where the provider says what its cached tokens were, sound and pictures served from the cache count as cache reads.
  const cachedInside = inside && details(inside, 'cached_tokens_details');
  const audio = remainder('audio_tokens', count(inside, 'audio_tokens') ?? 0, count(cachedInside, 'audio_tokens') ?? 0);
  const image = remainder('image_tokens', count(inside, 'image_tokens') ?? 0, count(cachedInside, 'image_tokens') ?? 0);
  return {
    input: remainder(names.prompt, prompt, cached + writes.short + writes.long + audio + image),
    cache_read: cached,
    cache_write_5m: writes.short,
    cache_write_1h: writes.long,
    audio_in: audio,
    image_in: image,
  };
}

interface Totals {
  prompt: number;
  completion: number;
  total: number | undefined;
}

function completionParts(
  usage: JsonObject,
  totals: Totals,
  names: UsageNames,
  quirks: UsageQuirks,
): UsageVector & { output: number } {
  const { prompt, completion } = totals;
  const inside = details(usage, names.completionDetails);
  const reasoning =
    agreed('reasoning_tokens', [count(inside, 'reasoning_tokens'), count(usage, 'reasoning_tokens')]) ?? 0;
  const audio = count(inside, 'audio_tokens') ?? 0;
  const image = count(inside, 'image_tokens') ?? 0;
  const total = totals.total ?? prompt + completion + (quirks.completionExcludesReasoning ? reasoning : 0);
  if (total !== prompt + completion && total !== prompt + completion + reasoning) {
    throw contradiction(
      `total_tokens (${total}) is not ${names.prompt} (${prompt}) plus ${names.completion} (${completion})`,
    );
  }
  // The total decides where reasoning was counted, whatever the quirk says: it is the provider's own statement.
  const excluded = total !== prompt + completion;
  return {
    output: remainder(names.completion, completion, (excluded ? 0 : reasoning) + audio + image),
    reasoning,
    audio_out: audio,
    image_out: image,
  };
}

/** Web searches: OpenRouter passes on Anthropic's count, Perplexity and xAI have names of their own. */
function searches(usage: JsonObject): UsageVector {
  const stated =
    count(details(usage, 'server_tool_use'), 'web_search_requests') ??
    count(usage, 'num_search_queries') ??
    count(usage, 'num_sources_used');
  return stated ? { searches: stated } : {};
}

/** A vector as chat completions state it; undefined where there is nothing true to say. */
export function writeChatUsage(reading: UsageReading | undefined): JsonObject | undefined {
  if (!reading || reading.source === 'unreconciled') return undefined;
  const v = reading.vector;
  const cached = v.cache_read ?? 0;
  const written = (v.cache_write_5m ?? 0) + (v.cache_write_1h ?? 0);
  const prompt = (v.input ?? 0) + cached + written + (v.audio_in ?? 0) + (v.image_in ?? 0);
  const completion = (v.output ?? 0) + (v.reasoning ?? 0) + (v.audio_out ?? 0) + (v.image_out ?? 0);
  const promptDetails: JsonObject = { cached_tokens: cached, audio_tokens: v.audio_in ?? 0 };
  if (written > 0) promptDetails.cache_write_tokens = written;
  if (v.cache_write_1h) {
    promptDetails.cache_creation = {
      ephemeral_5m_input_tokens: v.cache_write_5m ?? 0,
      ephemeral_1h_input_tokens: v.cache_write_1h,
    };
  }
  if (v.image_in) promptDetails.image_tokens = v.image_in;
  const completionDetails: JsonObject = { reasoning_tokens: v.reasoning ?? 0, audio_tokens: v.audio_out ?? 0 };
  if (v.image_out) completionDetails.image_tokens = v.image_out;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: promptDetails,
    completion_tokens_details: completionDetails,
  };
}
