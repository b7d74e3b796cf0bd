/**
 * Conversations that began at another provider and pass through to one that speaks chat completions: fields of other vendors in an
 * assistant's message, which OpenAI refuses the whole call for, are left out. Servers of unknown make get the bytes as they are.
 */
import type { ApiTarget, Json, JsonObject, Quirks } from '../../protocol.ts';
import { isObject } from './fields.ts';

export interface Cleaned {
  messages: Json[];
  leftOut: string[];
}

/** Field of a message → what its loss is called. */
type Refused = Readonly<Record<string, string>>;

const BY_OPENAI: Refused = {
  reasoning: 'reasoning',
  reasoning_content: 'reasoning',
  reasoning_details: 'reasoning',
  images: 'images',
};
/** Providers with a switch of their own for thinking read its text back, but no proofs. */
const BY_THINKERS: Refused = { reasoning_details: 'reasoning.signature' };

function refusedBy(quirks: Quirks): Refused | undefined {
  if (quirks.developerRole) return BY_OPENAI;
  return quirks.reasoningParam === 'thinking' || quirks.reasoningParam === 'enable_thinking' ? BY_THINKERS : undefined;
}

/** Undefined where there is nothing to leave out, which is the rule. */
export function withoutForeignFields(bytes: Uint8Array, body: JsonObject, target: ApiTarget): Cleaned | undefined {
  const refused = refusedBy(target.quirks);
  if (!refused || !Array.isArray(body.messages)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!['"extra_content"', ...Object.keys(refused).map((field) => `"${field}"`)].some((field) => text.includes(field)))
    return undefined;
  const leftOut = new Set<string>();
  const messages = body.messages.map((message) =>
    isObject(message) && message.role === 'assistant' ? cleaned(message, refused, leftOut) : message,
  );
  return leftOut.size === 0 ? undefined : { messages, leftOut: [...leftOut] };
}

function cleaned(message: JsonObject, refused: Refused, leftOut: Set<string>): JsonObject {
  const out: JsonObject = {};
  for (const [field, value] of Object.entries(message)) {
    const loss = refused[field];
    if (loss === undefined)
      out[field] =
        field === 'tool_calls' && Array.isArray(value) ? value.map((call) => cleanedCall(call, leftOut)) : value;
    else if (value !== null) leftOut.add(loss);
  }
  return out;
}

function cleanedCall(call: Json, leftOut: Set<string>): Json {
  if (!isObject(call) || call.extra_content === undefined) return call;
  leftOut.add('tool_call.signature');
  const { extra_content: _, ...rest } = call;
  return rest;
}
