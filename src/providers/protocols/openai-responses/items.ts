/** Output items of a response, made from the parts of a reply (OpenAI API reference, OutputItem). */
import type { Json, JsonObject, Part } from '../../protocol.ts';
import { isObject } from '../openai-chat/fields.ts';
import { writeProof } from './signature.ts';

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export function messageItem(id: string, content: JsonObject[], status: ItemStatus): JsonObject {
  return { id, type: 'message', role: 'assistant', status, content };
}

export function textContent(text: string, logprobs: JsonObject[] = []): JsonObject {
  return { type: 'output_text', text, annotations: [], logprobs };
}

export function refusalContent(refusal: string): JsonObject {
  return { type: 'refusal', refusal };
}

export function reasoningItem(
  id: string,
  part: Omit<Extract<Part, { type: 'reasoning' }>, 'type' | 'id'>,
  status?: ItemStatus,
): JsonObject {
  const item: JsonObject = { id, type: 'reasoning', summary: part.text === '' ? [] : [summaryText(part.text)] };
  const proof = writeProof(part);
  if (proof !== undefined) item.encrypted_content = proof;
  if (status !== undefined) item.status = status;
  return item;
}

export function summaryText(text: string): JsonObject {
  return { type: 'summary_text', text };
}

export function callItem(
  id: string,
  call: Omit<Extract<Part, { type: 'tool_call' }>, 'type'>,
  status: ItemStatus,
): JsonObject {
  const item: JsonObject = {
    id,
    type: 'function_call',
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
    status,
  };
  if (call.signature !== undefined) item.extra_content = { google: { thought_signature: call.signature } };
  return item;
}

/** A picture that a model made; undefined where it is not inline, since the item holds base64 only. */
export function imageItem(id: string, part: Part): JsonObject | undefined {
  if (part.type !== 'image' || part.source.kind !== 'base64') return undefined;
  return { id, type: 'image_generation_call', status: 'completed', result: part.source.data };
}

/** Log probabilities from the shape of chat completions, `{content: […]}`, which the common language uses. */
export function itemLogprobs(logprobs: Json | undefined): JsonObject[] {
  const content = isObject(logprobs) ? logprobs.content : undefined;
  if (!Array.isArray(content)) return [];
  return content.filter(isObject).map((entry) => ({
    ...oneLogprob(entry),
    top_logprobs: Array.isArray(entry.top_logprobs) ? entry.top_logprobs.filter(isObject).map(oneLogprob) : [],
  }));
}

function oneLogprob(entry: JsonObject): JsonObject {
  return { token: entry.token ?? '', logprob: entry.logprob ?? 0, bytes: entry.bytes ?? [] };
}

/** The opposite of `itemLogprobs`. */
export function chatLogprobs(list: Json | undefined): JsonObject | undefined {
  return Array.isArray(list) && list.length > 0 ? { content: list, refusal: null } : undefined;
}
