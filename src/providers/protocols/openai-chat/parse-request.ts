/** A chat completions body, read into the common language. Field names and forms: OpenAI API reference, CreateChatCompletionRequest. */
import type {
  ChatRequest,
  Json,
  JsonObject,
  Message,
  Part,
  Reasoning,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../../protocol.ts';
import { readContent, readReasoning } from './content.ts';
import { readEnvelope } from './envelope.ts';
import {
  extraFields,
  invalid,
  isObject,
  join,
  needObject,
  needString,
  optArray,
  optBoolean,
  optChoice,
  optInteger,
  optMetadata,
  optNumber,
  optObject,
  optString,
} from './fields.ts';

/** Fields that the common language has a word for, or that mean nothing once read. */
const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_completion_tokens',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop',
  'seed',
  'n',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'reasoning',
  'thinking',
  'enable_thinking',
  'thinking_budget',
  'user',
  'service_tier',
  'metadata',
]);

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

export function parseChatRequest(body: JsonObject): ChatRequest {
  const envelope = readEnvelope(body);
  if (body.functions !== undefined || body.function_call !== undefined) {
    const field = body.functions !== undefined ? 'functions' : 'function_call';
    throw invalid(field, 'is deprecated and not served; use tools and tool_choice instead.');
  }
  const request: ChatRequest = {
    model: envelope.model,
    messages: readMessages(body),
    stream: envelope.stream,
    includeUsage: envelope.includeUsage,
    n: envelope.n,
    extra: readExtra(body),
  };
  setDefined(request, {
    maxOutputTokens: envelope.maxOutputTokens,
    user: envelope.user,
    temperature: optNumber(body, 'temperature', ''),
    topP: optNumber(body, 'top_p', ''),
    topK: optInteger(body, 'top_k', '', 0),
    stop: readStop(body),
    seed: optInteger(body, 'seed', '', Number.MIN_SAFE_INTEGER),
    presencePenalty: optNumber(body, 'presence_penalty', ''),
    frequencyPenalty: optNumber(body, 'frequency_penalty', ''),
    logprobs: optBoolean(body, 'logprobs', ''),
    topLogprobs: optInteger(body, 'top_logprobs', '', 0),
    parallelToolCalls: optBoolean(body, 'parallel_tool_calls', ''),
    responseFormat: readResponseFormat(body),
    reasoning: readReasoningWish(body),
    serviceTier: optString(body, 'service_tier', ''),
    metadata: optMetadata(body),
  });
  setTools(request, body);
  return request;
}

/** Sets the fields that have a value, so that an absent field stays absent. */
export function setDefined<T extends object>(target: T, values: Partial<T>): void {
  for (const key of Object.keys(values) as (keyof T)[]) {
    if (values[key] !== undefined) target[key] = values[key] as T[keyof T];
  }
}

function readMessages(body: JsonObject): Message[] {
  const list = optArray(body, 'messages', '');
  if (!list || list.length === 0) throw invalid('messages', 'is required and must hold at least one message.');
  return list.map((message, index) => readMessage(needObject(message, `messages[${index}]`), `messages[${index}]`));
}

function readMessage(message: JsonObject, path: string): Message {
  const name = optString(message, 'name', path);
  const named = name === undefined ? {} : { name };
  const at = join(path, 'content');
  switch (message.role) {
    case 'system':
    case 'developer':
    case 'user':
      if (message.content === undefined || message.content === null) {
        throw invalid(at, 'must be a string or an array of content parts.');
      }
      return { role: message.role, content: readContent(message.content, at), ...named };
    case 'assistant':
      return { role: 'assistant', content: readAssistant(message, path), ...named };
    case 'tool': {
      const result: Part = {
        type: 'tool_result',
        callId: needString(message, 'tool_call_id', path),
        content: readContent(message.content, at),
        ...named,
      };
      return { role: 'tool', content: [result] };
    }
    case 'function':
      throw invalid(join(path, 'role'), 'function is deprecated and not served; use tool with tool_call_id instead.');
    default:
      throw invalid(join(path, 'role'), 'must be one of system, developer, user, assistant, tool.');
  }
}

function readAssistant(message: JsonObject, path: string): Part[] {
  if (message.function_call !== undefined && message.function_call !== null) {
    throw invalid(join(path, 'function_call'), 'is deprecated and not served; use tool_calls instead.');
  }
  if (isObject(message.audio)) {
    throw invalid(
      join(path, 'audio'),
      'an earlier audio reply is known to the provider that made it only; send its transcript.',
    );
  }
  const parts = [...readReasoning(message, path), ...readContent(message.content, join(path, 'content'))];
  const refusal = optString(message, 'refusal', path);
  if (refusal) parts.push({ type: 'refusal', text: refusal });
  const calls = optArray(message, 'tool_calls', path) ?? [];
  calls.forEach((call, index) => {
    const at = `${path}.tool_calls[${index}]`;
    parts.push(readToolCall(needObject(call, at), at));
  });
  return parts;
}

function readToolCall(call: JsonObject, path: string): Part {
  if (call.type !== undefined && call.type !== 'function') {
    throw invalid(join(path, 'type'), 'only function calls can be sent to this model.');
  }
  const at = join(path, 'function');
  const fn = needObject(call.function, at);
  const signature = thoughtSignature(call);
  return {
    type: 'tool_call',
    id: needString(call, 'id', path),
    name: needString(fn, 'name', at),
    arguments: optString(fn, 'arguments', at) ?? '',
    ...(signature === undefined ? {} : { signature }),
  };
}

/** Gemini's OpenAI-compatible endpoint puts a call's thought signature here. */
export function thoughtSignature(call: JsonObject): string | undefined {
  const google = isObject(call.extra_content) ? call.extra_content.google : undefined;
  const signature = isObject(google) ? google.thought_signature : undefined;
  return typeof signature === 'string' ? signature : undefined;
}

function readStop(body: JsonObject): string[] | undefined {
  const stop = body.stop;
  if (stop === undefined || stop === null) return undefined;
  if (typeof stop === 'string') return [stop];
  if (!Array.isArray(stop)) throw invalid('stop', 'must be a string or an array of strings.');
  stop.forEach((entry, index) => {
    if (typeof entry !== 'string') throw invalid(`stop[${index}]`, 'must be a string.');
  });
  return stop.length === 0 ? undefined : (stop as string[]);
}

function readResponseFormat(body: JsonObject): ResponseFormat | undefined {
  const format = optObject(body, 'response_format', '');
  if (!format) return undefined;
  const type = optChoice(format, 'type', 'response_format', ['text', 'json_object', 'json_schema']);
  if (type === undefined) throw invalid('response_format.type', 'is required.');
  if (type !== 'json_schema') return { type };
  const at = 'response_format.json_schema';
  return readJsonSchema(needObject(format.json_schema, at), at);
}

/** `name`, `schema`, `description`, `strict`, as chat and responses both write them. */
export function readJsonSchema(from: JsonObject, path: string): ResponseFormat {
  const format: ResponseFormat = {
    type: 'json_schema',
    name: needString(from, 'name', path),
    schema: optObject(from, 'schema', path) ?? {},
  };
  setDefined(format, {
    description: optString(from, 'description', path),
    strict: optBoolean(from, 'strict', path),
  });
  return format;
}

/** OpenAI's `reasoning_effort`, OpenRouter's `reasoning`, Ark's and Zhipu's `thinking`, DashScope's `enable_thinking`. */
function readReasoningWish(body: JsonObject): Reasoning | undefined {
  const wish: Reasoning = {};
  setDefined(wish, { effort: optChoice(body, 'reasoning_effort', '', EFFORTS) });
  const openrouter = optObject(body, 'reasoning', '');
  if (openrouter) {
    const enabled = optBoolean(openrouter, 'enabled', 'reasoning');
    setDefined(wish, {
      effort: optChoice(openrouter, 'effort', 'reasoning', EFFORTS),
      budgetTokens: optInteger(openrouter, 'max_tokens', 'reasoning', 0),
      mode: enabled === undefined ? undefined : enabled ? 'enabled' : 'disabled',
      summary: optBoolean(openrouter, 'exclude', 'reasoning') ? 'none' : undefined,
    });
  }
  const thinking = optObject(body, 'thinking', '');
  if (thinking) {
    const type = optChoice(thinking, 'type', 'thinking', ['enabled', 'disabled', 'auto', 'adaptive']);
    setDefined(wish, {
      mode: type === 'adaptive' ? 'auto' : type,
      budgetTokens: optInteger(thinking, 'budget_tokens', 'thinking', 0),
    });
  }
  const enable = optBoolean(body, 'enable_thinking', '');
  setDefined(wish, {
    mode: enable === undefined ? undefined : enable ? 'enabled' : 'disabled',
    budgetTokens: optInteger(body, 'thinking_budget', '', 0),
  });
  return Object.keys(wish).length === 0 ? undefined : wish;
}

function setTools(request: ChatRequest, body: JsonObject): void {
  const tools = optArray(body, 'tools', '')?.map((tool, index) => readTool(needObject(tool, `tools[${index}]`), index));
  if (tools && tools.length > 0) request.tools = tools;
  const choice = body.tool_choice;
  if (isObject(choice) && choice.type === 'allowed_tools') {
    const at = 'tool_choice.allowed_tools';
    limitTools(request, needObject(choice.allowed_tools, at), at);
    return;
  }
  const read = readToolChoice(choice);
  if (read !== undefined) request.toolChoice = read;
}

function readTool(tool: JsonObject, index: number): Tool {
  const path = `tools[${index}]`;
  if (tool.type !== 'function') {
    throw invalid(
      join(path, 'type'),
      'must be function; tools that the provider runs itself are not served for this model.',
    );
  }
  const at = join(path, 'function');
  const read = readFunction(needObject(tool.function, at), at);
  if (isObject(tool.cache_control)) read.cache = { ttl: tool.cache_control.ttl === '1h' ? '1h' : '5m' };
  return read;
}

/** `name`, `description`, `parameters`, `strict` of a function tool. */
export function readFunction(fn: JsonObject, path: string): Tool {
  const tool: Tool = { name: needString(fn, 'name', path) };
  setDefined(tool, {
    description: optString(fn, 'description', path),
    parameters: optObject(fn, 'parameters', path),
    strict: optBoolean(fn, 'strict', path),
  });
  return tool;
}

function readToolChoice(choice: Json | undefined): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  if (isObject(choice) && choice.type === 'function') {
    const at = 'tool_choice.function';
    return { name: needString(needObject(choice.function, at), 'name', at) };
  }
  throw invalid('tool_choice', 'must be auto, none, required, or {"type": "function", "function": {"name": …}}.');
}

/** Allowed tools: only those are offered, under the mode they are allowed in. */
export function limitTools(request: ChatRequest, allowed: JsonObject, path: string): void {
  const names = new Set(
    (optArray(allowed, 'tools', path) ?? []).map((tool, index) => {
      const at = `${path}.tools[${index}]`;
      const entry = needObject(tool, at);
      const fn = isObject(entry.function) ? entry.function : entry;
      return needString(fn, 'name', at);
    }),
  );
  request.tools = request.tools?.filter((tool) => names.has(tool.name));
  if (!request.tools || request.tools.length === 0)
    throw invalid(join(path, 'tools'), 'names no tool of this request.');
  request.toolChoice = optChoice<'auto' | 'required'>(allowed, 'mode', path, ['auto', 'required']) ?? 'auto';
}

function readExtra(body: JsonObject): JsonObject {
  const extra = extraFields(body, KNOWN);
  if (extra.store === false) delete extra.store;
  if (isTextOnly(extra.modalities)) delete extra.modalities;
  const { include_usage: _, ...options } = optObject(body, 'stream_options', '') ?? {};
  if (Object.keys(options).length > 0) extra.stream_options = options;
  return extra;
}

function isTextOnly(modalities: Json | undefined): boolean {
  return Array.isArray(modalities) && modalities.length === 1 && modalities[0] === 'text';
}
