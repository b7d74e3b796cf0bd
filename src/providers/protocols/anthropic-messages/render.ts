/** Replies of any provider as Messages. */
import type { UsageReading } from '../../../contract/usage.ts';
import type { ChatRequest, Json, JsonObject, Part, Reply, ReplyContext } from '../../protocol.ts';
import { isObject } from './fields.ts';
import { writeForeign } from './foreign.ts';
import { stopFromFinish } from './stops.ts';

const CITATIONS = new Set([
  'char_location',
  'page_location',
  'content_block_location',
  'search_result_location',
  'web_search_result_location',
]);

export function renderReply(reply: Reply, _request: ChatRequest, context: ReplyContext): JsonObject {
  // This format has one choice and no way to ask for more.
  const choice = reply.choices[0] ?? { index: 0, content: [], finish: 'stop' };
  const content = choice.content.flatMap(renderPart);
  const stop = stopFromFinish(
    choice.finish,
    choice.content.some((part) => part.type === 'tool_call'),
  );
  return {
    ...emptyMessage(reply.id, context),
    content,
    stop_reason: stop,
    stop_sequence: choice.stopSequence ?? null,
    stop_details: stopDetails(stop),
    usage: renderUsage(reply.usage, reply.servedTier),
  };
}

export function emptyMessage(id: string | undefined, context: ReplyContext): JsonObject {
  return {
    id: id || context.operation,
    type: 'message',
    role: 'assistant',
    model: context.model,
    content: [],
    container: null,
    diagnostics: null,
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
  };
}

export function stopDetails(stop: string): Json {
  return stop === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null;
}

function renderPart(part: Part): JsonObject[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text, citations: renderCitations(part.citations) }];
    case 'refusal':
      return [{ type: 'text', text: part.text, citations: null }];
    case 'reasoning':
      return [renderReasoning(part)];
    case 'tool_call':
      return renderToolCall(part);
    case 'tool_result':
      return part.content.flatMap(renderPart);
    default:
      return [{ type: 'text', text: mediaNote(part), citations: null }];
  }
}

/** Citations of other providers have other fields, which this format's clients would misread. */
function renderCitations(citations: Json | undefined): Json {
  if (!Array.isArray(citations) || citations.length === 0) return null;
  const fits = citations.every((each) => isObject(each) && typeof each.type === 'string' && CITATIONS.has(each.type));
  return fits ? citations : null;
}

function renderReasoning(part: Extract<Part, { type: 'reasoning' }>): JsonObject {
  const proof = reasoningProof(part);
  if (part.text === '' && part.encrypted !== undefined) return { type: 'redacted_thinking', data: proof };
  return { type: 'thinking', thinking: part.text, signature: proof };
}

/** Anthropic's own come as they are; an id or a text beside an encrypted form are other providers', kept for the way back. */
export function reasoningProof(proof: { text: string; signature?: string; encrypted?: string; id?: string }): string {
  if (proof.encrypted === undefined) return proof.signature ?? '';
  if (proof.text === '' && proof.id === undefined) return proof.encrypted;
  return writeForeign({
    kind: 'encrypted',
    ...(proof.id === undefined ? {} : { id: proof.id }),
    value: proof.encrypted,
  });
}

function renderToolCall(call: Extract<Part, { type: 'tool_call' }>): JsonObject[] {
  const block = toolUse(call.id, call.name, toolInput(call.arguments));
  return call.signature === undefined ? [block] : [signedCall(call.id, call.signature), block];
}

export function toolUse(id: string, name: string, input: JsonObject): JsonObject {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } };
}

function signedCall(id: string, signature: string): JsonObject {
  return { type: 'thinking', thinking: '', signature: writeForeign({ kind: 'call', id, value: signature }) };
}

/** `input` has to be an object. What a model wrote instead of one is handed over whole, under a name that says so. */
export function toolInput(json: string): JsonObject {
  if (json.trim() === '') return {};
  try {
    const value = JSON.parse(json) as Json;
    if (isObject(value)) return value;
  } catch {
    // Falls through to the raw text.
  }
  return { invalid_json: json };
}

export function mediaNote(part: Part): string {
  return `[The model answered with ${part.type === 'audio' ? 'audio' : `an ${part.type}`}, which this API can't carry.]`;
}

/** Figures that were not stated, or contradict each other, show as 0: the format has no way to leave them out. */
export function renderUsage(usage: UsageReading | undefined, servedTier: string | undefined): JsonObject {
  const vector = usage?.vector ?? {};
  const short = vector.cache_write_5m ?? 0;
  const long = vector.cache_write_1h ?? 0;
  const reasoning = vector.reasoning;
  const tiers = servedTier?.split('+') ?? [];
  return {
    input_tokens: (vector.input ?? 0) + (vector.audio_in ?? 0) + (vector.image_in ?? 0),
    cache_creation_input_tokens: short + long,
    cache_read_input_tokens: vector.cache_read ?? 0,
    cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
    output_tokens: (vector.output ?? 0) + (reasoning ?? 0) + (vector.audio_out ?? 0) + (vector.image_out ?? 0),
    output_tokens_details: reasoning === undefined ? null : { thinking_tokens: reasoning },
    server_tool_use: vector.searches ? { web_search_requests: vector.searches, web_fetch_requests: 0 } : null,
    service_tier:
      tiers.find((tier) => tier === 'priority' || tier === 'batch') ?? (tiers.includes('flex') ? null : 'standard'),
    speed: tiers.includes('fast') ? 'fast' : null,
    inference_geo: tiers.find((tier) => tier.startsWith('inference_geo:'))?.slice('inference_geo:'.length) ?? null,
  };
}
