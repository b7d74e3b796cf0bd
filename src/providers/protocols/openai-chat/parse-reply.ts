/** A chat completion as OpenAI and those that imitate it answer, read into the common language. */
import { AppError } from '../../../base/errors.ts';
import type { ApiTarget, Choice, FinishReason, Json, JsonObject, Part, Quirks, Reply } from '../../protocol.ts';
import { audioMediaType, readReasoningDetail } from './content.ts';
import { malformedReply, parseStreamedError } from './errors.ts';
import { isObject, readDataUrl } from './fields.ts';
import { thoughtSignature } from './parse-request.ts';
import { readChatUsage } from './usage.ts';

export function parseChatReply(body: JsonObject, target: ApiTarget): Reply {
  // Some aggregators answer 200 with an error inside.
  if (body.error !== undefined && body.error !== null) throw parseStreamedError(body.error);
  if (!Array.isArray(body.choices)) throw malformedReply('it has no choices');
  const id = stringOf(body.id);
  const reply: Reply = { choices: body.choices.map((choice, index) => readChoice(choice, index, id, target.quirks)) };
  if (id !== undefined) reply.id = id;
  const model = stringOf(body.model);
  if (model !== undefined) reply.model = model;
  const usage = readChatUsage(usageOf(body), target.quirks);
  if (usage) reply.usage = usage;
  const tier = stringOf(body.service_tier);
  if (tier !== undefined) reply.servedTier = tier;
  return reply;
}

/** Where usage is: at the top; Moonshot puts it into the last choice, Groq also under `x_groq`. */
export function usageOf(body: JsonObject): Json | undefined {
  if (body.usage !== undefined && body.usage !== null) return body.usage;
  if (Array.isArray(body.choices)) {
    for (const choice of body.choices) if (isObject(choice) && isObject(choice.usage)) return choice.usage;
  }
  return isObject(body.x_groq) ? body.x_groq.usage : undefined;
}

export function stringOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readChoice(choice: Json, position: number, id: string | undefined, quirks: Quirks): Choice {
  if (!isObject(choice) || !isObject(choice.message)) throw malformedReply('a choice has no message');
  const index = typeof choice.index === 'number' ? choice.index : position;
  const content = readMessageParts(choice.message, index, id, quirks);
  const called = content.some((part) => part.type === 'tool_call');
  const out: Choice = { index, content, finish: readFinish(choice.finish_reason, called, content.length > 0) };
  const stop = stopSequenceOf(choice);
  if (stop !== undefined && out.finish === 'stop') Object.assign(out, { finish: 'stop_sequence', stopSequence: stop });
  if (isObject(choice.logprobs)) out.logprobs = choice.logprobs;
  return out;
}

/** vLLM says in `stop_reason` which stop text ended the reply (a number there is a token id). */
export function stopSequenceOf(choice: JsonObject): string | undefined {
  return stringOf(choice.stop_reason);
}

function readMessageParts(message: JsonObject, choice: number, id: string | undefined, quirks: Quirks): Part[] {
  const parts: Part[] = [...replyReasoning(message, quirks)];
  parts.push(...contentParts(message.content));
  const refusal = stringOf(message.refusal);
  if (refusal !== undefined) parts.push({ type: 'refusal', text: refusal });
  parts.push(...mediaParts(message));
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  calls.forEach((call, index) => {
    if (isObject(call)) parts.push(replyToolCall(call, callId(id, choice, index)));
  });
  if (isObject(message.function_call)) {
    parts.push(replyToolCall({ function: message.function_call }, callId(id, choice, calls.length)));
  }
  return parts;
}

/** An id for a call whose provider gave none: the same bytes always give the same id. */
export function callId(replyId: string | undefined, choice: number, call: number): string {
  const tail = (replyId ?? '').replace(/[^A-Za-z0-9]/g, '').slice(-24);
  return `call_${tail === '' ? '' : `${tail}_`}${choice}_${call}`;
}

function replyReasoning(message: JsonObject, quirks: Quirks): Part[] {
  const proofs = Array.isArray(message.reasoning_details) ? message.reasoning_details.flatMap(readReasoningDetail) : [];
  if (proofs.length > 0) return proofs;
  const text = reasoningText(message, quirks);
  return text === undefined ? [] : [{ type: 'reasoning', text }];
}

/** Reasoning under the provider's own name, or under the other common one. */
export function reasoningText(message: JsonObject, quirks: Quirks): string | undefined {
  const field = quirks.reasoningField ?? 'reasoning_content';
  return (
    stringOf(message[field]) ??
    stringOf(message[field] === message.reasoning ? message.reasoning_content : message.reasoning)
  );
}

/** `content` as text, or as a list of parts (Mistral writes its thinking there). */
export function contentParts(content: Json | undefined): Part[] {
  const text = stringOf(content);
  if (text !== undefined) return [{ type: 'text', text }];
  if (!Array.isArray(content)) return [];
  const parts: Part[] = [];
  for (const entry of content) {
    if (!isObject(entry)) continue;
    if (entry.type === 'thinking') {
      const thought = contentParts(entry.thinking).map((part) => (part.type === 'text' ? part.text : ''));
      if (thought.length > 0) parts.push({ type: 'reasoning', text: thought.join('') });
    } else if (entry.type === 'image_url') {
      parts.push(...imagePart(entry));
    } else {
      const inner = stringOf(entry.text);
      if (inner !== undefined) parts.push({ type: 'text', text: inner });
    }
  }
  return parts;
}

/** Pictures (OpenRouter's `images`) and sound that a model made. */
export function mediaParts(message: JsonObject): Part[] {
  const parts: Part[] = [];
  if (Array.isArray(message.images)) {
    for (const image of message.images) if (isObject(image)) parts.push(...imagePart(image));
  }
  if (isObject(message.audio)) {
    const transcript = stringOf(message.audio.transcript);
    if (transcript !== undefined) parts.push({ type: 'text', text: transcript });
    const data = stringOf(message.audio.data);
    if (data !== undefined) {
      parts.push({ type: 'audio', source: { kind: 'base64', mediaType: audioMediaType('wav'), data } });
    }
  }
  return parts;
}

function imagePart(image: JsonObject): Part[] {
  const url = stringOf(isObject(image.image_url) ? image.image_url.url : image.image_url);
  if (url === undefined) return [];
  const inline = readDataUrl(url);
  return [{ type: 'image', source: inline ? { kind: 'base64', ...inline } : { kind: 'url', url } }];
}

function replyToolCall(call: JsonObject, fallbackId: string): Part {
  const fn = isObject(call.function) ? call.function : isObject(call.custom) ? call.custom : {};
  const signature = thoughtSignature(call);
  return {
    type: 'tool_call',
    id: stringOf(call.id) ?? fallbackId,
    name: stringOf(fn.name) ?? '',
    arguments: argumentsText(fn.arguments ?? fn.input),
    ...(signature === undefined ? {} : { signature }),
  };
}

/** Arguments are JSON text; some providers give the object itself. */
export function argumentsText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const FINISHES: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop_sequence',
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  // Zhipu: the context is full.
  model_context_window_exceeded: 'length',
  // DeepSeek stops a model that repeats itself.
  repetition_truncation: 'length',
  tool_calls: 'tool_calls',
  tool_use: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  sensitive: 'content_filter',
  safety: 'content_filter',
  refusal: 'refusal',
};

/** Finish reasons that say the provider failed (DeepSeek, Zhipu, OpenRouter and Mistral). */
const FAILED_FINISHES: Readonly<Record<string, 'overloaded' | 'upstream_error'>> = {
  insufficient_system_resource: 'overloaded',
  network_error: 'upstream_error',
  error: 'upstream_error',
  abort: 'upstream_error',
};

/** The failure that a finish reason reports, if it does. */
export function failedFinish(reason: Json | undefined): AppError | undefined {
  if (typeof reason !== 'string' || !Object.hasOwn(FAILED_FINISHES, reason)) return undefined;
  return new AppError(FAILED_FINISHES[reason]!, `The provider broke the reply off (finish reason "${reason}").`, {
    upstreamCode: reason,
  });
}

/** A reason in our words; undefined where the text gives none. Calls end in `tool_calls` whatever the provider calls it. */
export function finishOf(reason: string, called: boolean): FinishReason {
  const finish = Object.hasOwn(FINISHES, reason) ? FINISHES[reason]! : 'stop';
  return called && finish === 'stop' ? 'tool_calls' : finish;
}

function readFinish(reason: Json | undefined, called: boolean, hasContent: boolean): FinishReason {
  const failure = failedFinish(reason);
  // What was written has been paid for and is handed on as a reply that was cut.
  if (failure && hasContent) return 'length';
  if (failure) throw failure;
  return finishOf(typeof reason === 'string' ? reason : 'stop', called);
}
