/**
 * Usage of the responses API (OpenAI API reference, ResponseUsage): as in chat completions, cached and cache-written tokens are inside
 * `input_tokens`, reasoning inside `output_tokens`. Web searches are no figure there but items of the output.
 */
import type { UsageReading } from '../../../contract/usage.ts';
import type { Json, JsonObject, Quirks } from '../../protocol.ts';
import { isObject } from '../openai-chat/fields.ts';
import { readTokenUsage, type UsageNames } from '../openai-chat/usage.ts';

const NAMES: UsageNames = {
  prompt: 'input_tokens',
  promptDetails: 'input_tokens_details',
  completion: 'output_tokens',
  completionDetails: 'output_tokens_details',
};

/** The usage of a response object; undefined where it states none. */
export function readResponsesUsage(response: JsonObject, quirks: Quirks = {}): UsageReading | undefined {
  const reading = readTokenUsage(response.usage, NAMES, quirks);
  if (reading?.source !== 'provider') return reading;
  const searches = countSearches(response.output);
  return searches === 0 ? reading : { ...reading, vector: { ...reading.vector, searches } };
}

/** Searches by the provider. Opening or searching within a page it found is no search (OpenAI API reference, WebSearchToolCall.action). */
function countSearches(output: Json | undefined): number {
  if (!Array.isArray(output)) return 0;
  let searches = 0;
  for (const item of output) {
    if (!isObject(item) || item.type !== 'web_search_call' || item.status !== 'completed') continue;
    if (!isObject(item.action) || item.action.type === 'search' || item.action.type === undefined) searches++;
  }
  return searches;
}

/** A vector as responses state it; undefined where there is nothing true to say. */
export function writeResponsesUsage(reading: UsageReading | undefined): JsonObject | undefined {
  if (!reading || reading.source === 'unreconciled') return undefined;
  const v = reading.vector;
  const cached = v.cache_read ?? 0;
  const written = (v.cache_write_5m ?? 0) + (v.cache_write_1h ?? 0);
  const input = (v.input ?? 0) + cached + written + (v.audio_in ?? 0) + (v.image_in ?? 0);
  const output = (v.output ?? 0) + (v.reasoning ?? 0) + (v.audio_out ?? 0) + (v.image_out ?? 0);
  const inputDetails: JsonObject = { cached_tokens: cached, cache_write_tokens: written };
  if (v.cache_write_1h) {
    inputDetails.cache_creation = {
      ephemeral_5m_input_tokens: v.cache_write_5m ?? 0,
      ephemeral_1h_input_tokens: v.cache_write_1h,
    };
  }
  if (v.audio_in) inputDetails.audio_tokens = v.audio_in;
  if (v.image_in) inputDetails.image_tokens = v.image_in;
  const outputDetails: JsonObject = { reasoning_tokens: v.reasoning ?? 0 };
  if (v.audio_out) outputDetails.audio_tokens = v.audio_out;
  if (v.image_out) outputDetails.image_tokens = v.image_out;
  return {
    input_tokens: input,
    input_tokens_details: inputDetails,
    output_tokens: output,
    output_tokens_details: outputDetails,
    total_tokens: input + output,
  };
}
