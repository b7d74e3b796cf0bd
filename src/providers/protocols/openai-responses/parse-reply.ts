/** A response object, read into the common language. */
import type { AppError } from '../../../base/errors.ts';
import type { ApiTarget, FinishReason, Json, JsonObject, Part, Reply } from '../../protocol.ts';
import { malformedReply, parseStreamedError } from '../openai-chat/errors.ts';
import { isObject } from '../openai-chat/fields.ts';
import { stringOf } from '../openai-chat/parse-reply.ts';
import { thoughtSignature } from '../openai-chat/parse-request.ts';
import { chatLogprobs } from './items.ts';
import { readProof } from './signature.ts';
import { readResponsesUsage } from './usage.ts';

export function parseResponsesReply(body: JsonObject, target: ApiTarget): Reply {
  const failure = responseFailure(body);
  if (failure) throw failure;
  if (!Array.isArray(body.output)) throw malformedReply('it has no output');
  const content = body.output.flatMap((item) => (isObject(item) ? itemParts(item) : []));
  const reply: Reply = {
    choices: [
      {
        index: 0,
        content,
        finish: finishOf(
          body,
          content.some((part) => part.type === 'tool_call'),
        ),
      },
    ],
  };
  const logprobs = body.output.flatMap((item) => (isObject(item) ? itemProbabilities(item) : []));
  if (logprobs.length > 0) reply.choices[0]!.logprobs = chatLogprobs(logprobs);
  const id = stringOf(body.id);
  if (id !== undefined) reply.id = id;
  const model = stringOf(body.model);
  if (model !== undefined) reply.model = model;
  const usage = readResponsesUsage(body, target.quirks);
  if (usage) reply.usage = usage;
  const tier = stringOf(body.service_tier);
  if (tier !== undefined) reply.servedTier = tier;
  return reply;
}

/** The failure that a response object reports, if it does. */
export function responseFailure(response: JsonObject): AppError | undefined {
  if (isObject(response.error) || typeof response.error === 'string') return parseStreamedError(response.error);
  if (response.status === 'failed') return malformedReply('it failed without saying why');
  if (response.status === 'cancelled') return malformedReply('it was cancelled');
  if (response.status === 'queued' || response.status === 'in_progress') return malformedReply('it is not finished');
  return undefined;
}

export function finishOf(response: JsonObject, called: boolean): FinishReason {
  if (response.status === 'incomplete') {
    const details = isObject(response.incomplete_details) ? response.incomplete_details : {};
    return details.reason === 'content_filter' ? 'content_filter' : 'length';
  }
  return called ? 'tool_calls' : 'stop';
}

/** Parts of one output item. Items of tools that the provider ran itself are part of its work, not of its answer. */
export function itemParts(item: JsonObject): Part[] {
  switch (item.type) {
    case 'message':
      return Array.isArray(item.content)
        ? item.content.flatMap((part) => (isObject(part) ? contentPart(part) : []))
        : [];
    case 'reasoning':
      return reasoningParts(item);
    case 'function_call':
      return [callPart(item)];
    case 'image_generation_call':
      return imageParts(item);
    default:
      return [];
  }
}

function contentPart(part: JsonObject): Part[] {
  const text = part.type === 'refusal' ? stringOf(part.refusal) : stringOf(part.text);
  if (text === undefined) return [];
  return [{ type: part.type === 'refusal' ? 'refusal' : 'text', text }];
}

function reasoningParts(item: JsonObject): Part[] {
  const text = texts(item.content).join('') || texts(item.summary).join('\n\n');
  const proof = readProof(stringOf(item.encrypted_content));
  if (text === '' && Object.keys(proof).length === 0) return [];
  const id = stringOf(item.id);
  return [{ type: 'reasoning', text, ...proof, ...(id === undefined ? {} : { id }) }];
}

function texts(list: Json | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry) => (isObject(entry) ? (stringOf(entry.text) ?? []) : []));
}

export function callPart(item: JsonObject): Extract<Part, { type: 'tool_call' }> {
  const signature = thoughtSignature(item);
  return {
    type: 'tool_call',
    id: stringOf(item.call_id) ?? stringOf(item.id) ?? 'call_0',
    name: stringOf(item.name) ?? '',
    arguments: typeof item.arguments === 'string' ? item.arguments : '',
    ...(signature === undefined ? {} : { signature }),
  };
}

export function imageParts(item: JsonObject): Part[] {
  const data = stringOf(item.result);
  if (data === undefined) return [];
  const format = stringOf(item.output_format) ?? 'png';
  return [{ type: 'image', source: { kind: 'base64', mediaType: `image/${format}`, data } }];
}

function itemProbabilities(item: JsonObject): Json[] {
  if (item.type !== 'message' || !Array.isArray(item.content)) return [];
  return item.content.flatMap((part) => (isObject(part) && Array.isArray(part.logprobs) ? part.logprobs : []));
}
