/** A request of the common language, written as a responses body. */
import type {
  ApiTarget,
  BuiltRequest,
  ChatRequest,
  JsonObject,
  Message,
  Part,
  ResponseFormat,
  Tool,
} from '../../protocol.ts';
import { dataUrl, invalid } from '../openai-chat/fields.ts';
import { writeProof } from './signature.ts';

export const RESPONSES_PATH = '/responses';

/** Fields that are carried over by name. */
const CARRIED: ReadonlySet<string> = new Set([
  'context_management',
  'max_tool_calls',
  'moderation',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'truncation',
]);

export function buildResponsesRequest(request: ChatRequest, target: ApiTarget): BuiltRequest {
  const warnings = new Set<string>();
  if (request.n > 1) throw invalid('n', 'this model gives one choice per call; send n as 1 or leave it out.');
  const body: JsonObject = {
    model: target.model,
    input: buildInput(request.messages, target, warnings),
    // Nothing may stay at a provider that the caller did not ask to be kept.
    store: false,
  };
  setSampling(body, request, warnings);
  setTools(body, request, warnings);
  setText(body, request, target, warnings);
  setReasoning(body, request, warnings);
  carryExtra(body, request, warnings);
  if (request.stream) body.stream = true;
  for (const field of target.quirks.refuses ?? []) {
    if (!(field in body) || field === 'model' || field === 'input') continue;
    delete body[field];
    warnings.add(field);
  }
  return { path: RESPONSES_PATH, headers: {}, body, warnings: [...warnings] };
}

function put(body: JsonObject, key: string, value: JsonObject[string] | undefined): void {
  if (value !== undefined) body[key] = value;
}

function setSampling(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  put(body, 'max_output_tokens', request.maxOutputTokens);
  put(body, 'temperature', request.temperature);
  put(body, 'top_p', request.topP);
  put(body, 'user', request.user);
  put(body, 'service_tier', request.serviceTier);
  put(body, 'metadata', request.metadata);
  const lost: [string, unknown][] = [
    ['top_k', request.topK],
    ['stop', request.stop],
    ['seed', request.seed],
    ['presence_penalty', request.presencePenalty],
    ['frequency_penalty', request.frequencyPenalty],
  ];
  for (const [name, value] of lost) if (value !== undefined) warnings.add(name);
}

function setTools(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  if (!request.tools || request.tools.length === 0) return;
  if (request.tools.some((tool) => tool.cache)) warnings.add('cache_control');
  body.tools = request.tools.map(buildTool);
  put(body, 'parallel_tool_calls', request.parallelToolCalls);
  const choice = request.toolChoice;
  if (choice !== undefined)
    body.tool_choice = typeof choice === 'string' ? choice : { type: 'function', name: choice.name };
}

function buildTool(tool: Tool): JsonObject {
  const out: JsonObject = {
    type: 'function',
    name: tool.name,
    parameters: tool.parameters ?? { type: 'object', properties: {} },
    // Left out it would mean true here, but false where the request came from.
    strict: tool.strict ?? false,
  };
  put(out, 'description', tool.description);
  return out;
}

function setText(body: JsonObject, request: ChatRequest, target: ApiTarget, warnings: Set<string>): void {
  const text: JsonObject = {};
  const format = request.responseFormat && buildFormat(request.responseFormat, target, warnings);
  if (format) text.format = format;
  put(text, 'verbosity', request.extra.verbosity);
  if (Object.keys(text).length > 0) body.text = text;
}

function buildFormat(format: ResponseFormat, target: ApiTarget, warnings: Set<string>): JsonObject | undefined {
  if (format.type === 'text') return undefined;
  if (format.type === 'json_object') return { type: 'json_object' };
  if (target.quirks.jsonSchema === false) {
    warnings.add('response_format.json_schema');
    return { type: 'json_object' };
  }
  const out: JsonObject = { type: 'json_schema', name: format.name, schema: format.schema };
  put(out, 'description', format.description);
  put(out, 'strict', format.strict);
  return out;
}

function setReasoning(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  const include: string[] = [];
  const wish = request.reasoning;
  if (wish) {
    const reasoning: JsonObject = {};
    const off = wish.mode === 'disabled' || wish.budgetTokens === 0;
    put(reasoning, 'effort', off ? 'none' : wish.effort);
    if (!off && wish.summary !== 'none') put(reasoning, 'summary', wish.summary);
    if (wish.budgetTokens) warnings.add('thinking.budget_tokens');
    if (Object.keys(reasoning).length > 0) body.reasoning = reasoning;
    // Models that do not reason refuse this.
    if (!off && wish.effort !== 'none') include.push('reasoning.encrypted_content');
  }
  if (request.logprobs) {
    include.push('message.output_text.logprobs');
    put(body, 'top_logprobs', request.topLogprobs);
  }
  if (Array.isArray(request.extra.include)) {
    for (const entry of request.extra.include) if (typeof entry === 'string') include.push(entry);
  }
  if (include.length > 0) body.include = [...new Set(include)];
}

function carryExtra(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  for (const key of Object.keys(request.extra)) {
    if (key === 'include' || key === 'verbosity') continue;
    if (CARRIED.has(key)) body[key] = request.extra[key]!;
    else if (key === 'stream_options') {
      if (request.stream) body.stream_options = request.extra[key]!;
    } else warnings.add(key);
  }
}

function buildInput(messages: Message[], target: ApiTarget, warnings: Set<string>): JsonObject[] {
  return messages.flatMap((message, index) => {
    const path = `messages[${index}]`;
    if (message.name !== undefined) warnings.add('name');
    if (message.content.some((part) => 'cache' in part && part.cache)) warnings.add('cache_control');
    return message.role === 'assistant'
      ? assistantItems(message, path, warnings)
      : messageItems(message, path, target, warnings);
  });
}

function assistantItems(message: Message, path: string, warnings: Set<string>): JsonObject[] {
  const items: JsonObject[] = [];
  for (const part of message.content) {
    if (part.type === 'text' || part.type === 'refusal') items.push({ role: 'assistant', content: part.text });
    else if (part.type === 'tool_call') items.push(callInput(part, warnings));
    else if (part.type === 'reasoning') items.push(...reasoningInput(part, warnings));
    else
      throw invalid(
        path,
        'media that a model made earlier can not be sent back to this model; send it in a user message.',
      );
  }
  return items;
}

function callInput(call: Extract<Part, { type: 'tool_call' }>, warnings: Set<string>): JsonObject {
  if (call.signature !== undefined) warnings.add('tool_call.signature');
  const json = call.arguments === '' ? '{}' : call.arguments;
  return { type: 'function_call', call_id: call.id, name: call.name, arguments: json };
}

/** Only reasoning that this API itself encrypted can go back to it; it verifies both id and content. */
function reasoningInput(part: Extract<Part, { type: 'reasoning' }>, warnings: Set<string>): JsonObject[] {
  if (part.signature === undefined && part.encrypted !== undefined && part.id?.startsWith('rs_')) {
    const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
    return [{ type: 'reasoning', id: part.id, summary, encrypted_content: writeProof(part)! }];
  }
  warnings.add('reasoning');
  return [];
}

function messageItems(message: Message, path: string, target: ApiTarget, warnings: Set<string>): JsonObject[] {
  const items: JsonObject[] = [];
  const content: JsonObject[] = [];
  for (const part of message.content) {
    if (part.type === 'tool_result') items.push(resultInput(part, path, warnings));
    else content.push(inputPart(part, path, warnings));
  }
  if (content.length > 0 || items.length === 0) {
    if (message.role === 'tool') throw invalid(path, 'a tool message may hold tool results only.');
    const role = message.role === 'developer' && !target.quirks.developerRole ? 'system' : message.role;
    items.push({ role, content });
  }
  return items;
}

function resultInput(result: Extract<Part, { type: 'tool_result' }>, path: string, warnings: Set<string>): JsonObject {
  if (result.isError) warnings.add('tool_result.is_error');
  const plain = result.content.every((part) => part.type === 'text');
  const output = plain
    ? result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n\n')
    : result.content.map((part) => inputPart(part, path, warnings));
  return { type: 'function_call_output', call_id: result.callId, output };
}

function inputPart(part: Part, path: string, warnings: Set<string>): JsonObject {
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined) warnings.add('citations');
      return { type: 'input_text', text: part.text };
    case 'image': {
      const { source } = part;
      const out: JsonObject = { type: 'input_image', detail: part.detail ?? 'auto' };
      if (source.kind === 'file_id') out.file_id = source.id;
      else out.image_url = source.kind === 'url' ? source.url : dataUrl(source.mediaType, source.data);
      return out;
    }
    case 'file':
      return filePart(part);
    case 'audio':
      throw invalid(path, 'the responses API takes no sound; use a model that is called through chat completions.');
    default:
      throw invalid(path, `a part of type ${part.type} can not stand in this message.`);
  }
}

function filePart(part: Extract<Part, { type: 'file' }>): JsonObject {
  const { source } = part;
  if (source.kind === 'file_id') return { type: 'input_file', file_id: source.id };
  if (source.kind === 'url') return { type: 'input_file', file_url: source.url };
  const filename = part.filename ?? `file.${source.mediaType.slice(source.mediaType.indexOf('/') + 1)}`;
  return { type: 'input_file', filename, file_data: dataUrl(source.mediaType, source.data) };
}
