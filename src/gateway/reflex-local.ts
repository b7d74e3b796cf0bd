import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { ChatRequest, Message, Part, Reply } from '../providers/index.ts';
import type { Reflex, ReflexFormat, ReflexMessage, ReflexReply, ReflexRequest } from '../reflex/index.ts';

/** Answers a chat call with the built-in model. */
export async function answerWithReflex(
  reflex: Reflex,
  model: string,
  request: ChatRequest,
  otherModels: readonly string[],
): Promise<Reply> {
  return replyOf(model, await askReflex(reflex, model, request, otherModels));
}

/** The built-in model's own answer to a chat call. */
export async function askReflex(
  reflex: Reflex,
  model: string,
  request: ChatRequest,
  otherModels: readonly string[],
): Promise<ReflexReply> {
  if (request.n > 1)
    throw new AppError('invalid_request', 'The built-in model gives one choice; n must be 1.', { param: 'n' });
  return reflex.complete(model, toReflex(request), { otherModels });
}

export function replyOf(model: string, reply: ReflexReply): Reply {
  return {
    id: newId('rfx'),
    model: `reflex/${model}`,
    choices: [{ index: 0, content: contentOf(reply), finish: reply.finish }],
    usage: { vector: { input: reply.usage.input, output: reply.usage.output }, raw: reply.usage, source: 'provider' },
  };
}

/** Wishes of a call that the built-in model has no use for, by the names of OpenAI's fields. */
export function lostOnReflex(request: ChatRequest): string[] {
  const wishes: [string, boolean][] = [
    ['temperature', request.temperature !== undefined],
    ['top_p', request.topP !== undefined],
    ['top_k', request.topK !== undefined],
    ['stop', request.stop !== undefined],
    ['seed', request.seed !== undefined],
    ['presence_penalty', Boolean(request.presencePenalty)],
    ['frequency_penalty', Boolean(request.frequencyPenalty)],
    ['logprobs', request.logprobs === true],
    ['top_logprobs', Boolean(request.topLogprobs)],
    ['reasoning_effort', asksToReason(request.reasoning)],
    ['service_tier', !['auto', 'default', undefined].includes(request.serviceTier)],
    ['user', request.user !== undefined],
    ['metadata', request.metadata !== undefined],
  ];
  const lost = new Set(wishes.filter(([, given]) => given).map(([name]) => name));
  for (const name of Object.keys(request.extra)) lost.add(name);
  if (request.tools?.some((tool) => tool.cache)) lost.add('cache_control');
  for (const message of request.messages) {
    if (message.name !== undefined) lost.add('messages.name');
    for (const part of message.content) notePart(part, lost);
  }
  return [...lost];
}

function asksToReason(wish: ChatRequest['reasoning']): boolean {
  return wish !== undefined && wish.effort !== 'none' && wish.mode !== 'disabled';
}

function notePart(part: Part, lost: Set<string>): void {
  if ('cache' in part && part.cache) lost.add('cache_control');
  if (part.type === 'tool_result') for (const inner of part.content) notePart(inner, lost);
  else if (part.type === 'tool_call') {
    if (part.signature !== undefined) lost.add('tool_call.signature');
  } else if (part.type !== 'text') lost.add(part.type);
}

function contentOf(reply: ReflexReply): Part[] {
  const text = reply.json ?? reply.text;
  const parts: Part[] = text === undefined ? [] : [{ type: 'text', text }];
  for (const call of reply.toolCalls ?? [])
    parts.push({ type: 'tool_call', id: newId('call'), name: call.name, arguments: call.arguments });
  return parts;
}

function toReflex(request: ChatRequest): ReflexRequest {
  const toolNames = new Map<string, string>();
  return {
    messages: request.messages.flatMap((message) => toReflexMessages(message, toolNames)),
    tools: request.tools?.map(({ name, description, parameters }) => ({ name, description, parameters })),
    toolChoice: request.toolChoice,
    parallelToolCalls: request.parallelToolCalls,
    responseFormat: request.responseFormat as ReflexFormat | undefined,
    maxOutputTokens: request.maxOutputTokens,
  };
}

function toReflexMessages(message: Message, toolNames: Map<string, string>): ReflexMessage[] {
  const out: ReflexMessage[] = [];
  const calls = message.content.filter((part) => part.type === 'tool_call');
  for (const call of calls) toolNames.set(call.id, call.name);
  for (const part of message.content) {
    if (part.type !== 'tool_result') continue;
    out.push({
      role: 'tool',
      text: textOf(part.content),
      toolName: part.name ?? toolNames.get(part.callId),
      isError: part.isError,
    });
  }
  const text = textOf(message.content);
  if (text || calls.length > 0 || out.length === 0) {
    const role = message.role === 'developer' ? 'system' : message.role === 'tool' ? 'user' : message.role;
    if (message.role !== 'tool' || text) {
      out.push({
        role,
        text,
        ...(calls.length > 0
          ? { toolCalls: calls.map((call) => ({ name: call.name, arguments: call.arguments })) }
          : {}),
      });
    }
  }
  return out;
}

function textOf(parts: readonly Part[]): string {
  return parts
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('\n');
}
