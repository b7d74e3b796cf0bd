/** A responses body, read into the common language (OpenAI API reference, CreateResponse). */
import type { ChatRequest, Json, JsonObject, Reasoning, ResponseFormat, Tool, ToolChoice } from '../../protocol.ts';
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
} from '../openai-chat/fields.ts';
import { EFFORTS, limitTools, readFunction, readJsonSchema, setDefined } from '../openai-chat/parse-request.ts';
import { readEnvelope } from './envelope.ts';
import { readInput, refuseKept } from './parse-input.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'text',
  'reasoning',
  'user',
  'service_tier',
  'metadata',
  'include',
  'store',
  'background',
  'previous_response_id',
  'conversation',
  'prompt',
]);

const INCLUDE_LOGPROBS = 'message.output_text.logprobs';
/** Reasoning always comes with its proof here, since nothing is kept. */
const INCLUDE_ENCRYPTED = 'reasoning.encrypted_content';

export function parseResponsesRequest(body: JsonObject): ChatRequest {
  const envelope = readEnvelope(body);
  refuseKept(body);
  const include = readInclude(body);
  const request: ChatRequest = {
    model: envelope.model,
    messages: readInput(body),
    stream: envelope.stream,
    includeUsage: true,
    n: 1,
    extra: readExtra(body, include),
  };
  const topLogprobs = optInteger(body, 'top_logprobs', '', 0);
  setDefined(request, {
    maxOutputTokens: envelope.maxOutputTokens,
    user: envelope.user,
    temperature: optNumber(body, 'temperature', ''),
    topP: optNumber(body, 'top_p', ''),
    logprobs: include.includes(INCLUDE_LOGPROBS) ? true : undefined,
    topLogprobs: include.includes(INCLUDE_LOGPROBS) ? topLogprobs : undefined,
    parallelToolCalls: optBoolean(body, 'parallel_tool_calls', ''),
    responseFormat: readFormat(body),
    reasoning: readReasoningWish(body),
    serviceTier: optString(body, 'service_tier', ''),
    metadata: optMetadata(body),
  });
  setTools(request, body);
  return request;
}

function readInclude(body: JsonObject): string[] {
  const list = optArray(body, 'include', '') ?? [];
  return list.map((entry, index) => {
    if (typeof entry !== 'string') throw invalid(`include[${index}]`, 'must be a string.');
    return entry;
  });
}

function readExtra(body: JsonObject, include: string[]): JsonObject {
  const extra = extraFields(body, KNOWN);
  if (extra.truncation === 'disabled') delete extra.truncation;
  // Asks for nothing unless log probabilities are included.
  if (!include.includes(INCLUDE_LOGPROBS) && body.top_logprobs) extra.top_logprobs = body.top_logprobs;
  const rest = include.filter((entry) => entry !== INCLUDE_LOGPROBS && entry !== INCLUDE_ENCRYPTED);
  if (rest.length > 0) extra.include = rest;
  const verbosity = isObject(body.text) ? optString(body.text, 'verbosity', 'text') : undefined;
  if (verbosity !== undefined) extra.verbosity = verbosity;
  return extra;
}

function readFormat(body: JsonObject): ResponseFormat | undefined {
  const text = optObject(body, 'text', '');
  const format = text && optObject(text, 'format', 'text');
  if (!format) return undefined;
  const type = optChoice(format, 'type', 'text.format', ['text', 'json_object', 'json_schema']);
  if (type === undefined) throw invalid('text.format.type', 'is required.');
  return type === 'json_schema' ? readJsonSchema(format, 'text.format') : { type };
}

function readReasoningWish(body: JsonObject): Reasoning | undefined {
  const given = optObject(body, 'reasoning', '');
  if (!given) return undefined;
  const wish: Reasoning = {};
  const summaries = ['auto', 'concise', 'detailed'] as const;
  setDefined(wish, {
    effort: optChoice(given, 'effort', 'reasoning', EFFORTS),
    summary:
      optChoice(given, 'summary', 'reasoning', summaries) ??
      optChoice(given, 'generate_summary', 'reasoning', summaries),
  });
  return Object.keys(wish).length === 0 ? undefined : wish;
}

function setTools(request: ChatRequest, body: JsonObject): void {
  const tools = optArray(body, 'tools', '')?.map((tool, index) =>
    readTool(needObject(tool, `tools[${index}]`), `tools[${index}]`),
  );
  if (tools && tools.length > 0) request.tools = tools;
  const choice = body.tool_choice;
  if (isObject(choice) && choice.type === 'allowed_tools') {
    limitTools(request, choice, 'tool_choice');
    return;
  }
  const read = readToolChoice(choice);
  if (read !== undefined) request.toolChoice = read;
}

function readTool(tool: JsonObject, path: string): Tool {
  if (tool.type !== 'function') {
    throw invalid(
      join(path, 'type'),
      `${String(tool.type)} is a tool that only a provider of the responses API runs; this model takes function tools.`,
    );
  }
  return readFunction(tool, path);
}

function readToolChoice(choice: Json | undefined): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  if (isObject(choice) && choice.type === 'function') return { name: needString(choice, 'name', 'tool_choice') };
  throw invalid('tool_choice', 'must be auto, none, required, or {"type": "function", "name": …}.');
}
