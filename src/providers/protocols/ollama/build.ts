/** A request in Ollama's words. https://github.com/ollama/ollama/blob/main/docs/api.md */
import { AppError } from '../../../base/errors.ts';
import type {
  ApiTarget,
  BuiltRequest,
  ChatRequest,
  Json,
  JsonObject,
  MediaSource,
  Message,
  Part,
  Reasoning,
} from '../../protocol.ts';
import { parseObject } from '../gemini-generate/json.ts';

/** Fields beside the known ones that Ollama has at the top, and those it has under `options`. */
const TOP_LEVEL_EXTRAS = new Set(['keep_alive', 'truncate', 'shift']);
const OPTION_EXTRAS = new Set([
  'num_ctx',
  'num_keep',
  'min_p',
  'typical_p',
  'repeat_last_n',
  'repeat_penalty',
  'num_gpu',
  'num_thread',
]);
const REFUSED_EXTRAS = new Set(['previous_response_id', 'conversation', 'web_search_options', 'audio']);

/** Throws AppError `invalid_request` with the offending field as `param`. */
export function buildOllama(request: ChatRequest, target: ApiTarget): BuiltRequest {
  if (request.n > 1) throw refuse('n', 'Ollama writes one choice; leave n out');
  const warnings = new Set<string>();
  const options: JsonObject = samplingOptions(request);
  const body: JsonObject = {
    model: target.model,
    messages: request.messages.flatMap((message, index) => messageOf(message, index, warnings)),
    stream: request.stream,
    // By default Ollama drops the beginning of a conversation that is too long, without a word.
    truncate: false,
  };
  addTools(body, request, warnings);
  addFormat(body, request);
  const think = thinkOf(request.reasoning, target.model);
  if (think !== undefined) body.think = think;
  if (request.logprobs) {
    body.logprobs = true;
    if (request.topLogprobs) body.top_logprobs = request.topLogprobs;
  }
  addExtras(body, options, request.extra, warnings);
  if (Object.keys(options).length > 0) body.options = options;
  if (request.user !== undefined) warnings.add('user');
  if (request.metadata !== undefined) warnings.add('metadata');
  if (request.serviceTier !== undefined && !['auto', 'default'].includes(request.serviceTier))
    warnings.add('service_tier');
  return { path: '/api/chat', headers: {}, body, warnings: [...warnings] };
}

function samplingOptions(request: ChatRequest): JsonObject {
  const options: { [name: string]: Json | undefined } = {
    num_predict: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    seed: request.seed,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
    stop: request.stop?.length ? request.stop : undefined,
  };
  return Object.fromEntries(Object.entries(options).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

function addFormat(body: JsonObject, request: ChatRequest): void {
  const format = request.responseFormat;
  if (format?.type === 'json_object') body.format = 'json';
  if (format?.type === 'json_schema') body.format = format.schema;
}

/** Ollama has no tool choice: a named tool is sent alone, and none at all for `none`; `required` it can't promise. */
function addTools(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  const { toolChoice } = request;
  if (!request.tools?.length || toolChoice === 'none') return;
  const named = typeof toolChoice === 'object' ? toolChoice.name : undefined;
  const tools = named === undefined ? request.tools : request.tools.filter((tool) => tool.name === named);
  if (tools.length === 0) throw refuse('tool_choice', `there is no tool "${named}" among tools`);
  if (named !== undefined || toolChoice === 'required') warnings.add('tool_choice');
  if (request.parallelToolCalls === false) warnings.add('parallel_tool_calls');
  if (tools.some((tool) => tool.strict)) warnings.add('tools.strict');
  if (tools.some((tool) => tool.cache)) warnings.add('cache_control');
  body.tools = tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters: parameters ?? { type: 'object', properties: {} },
    },
  }));
}

/** gpt-oss takes a level and can't stop thinking; the others take yes or no. Budgets are unknown to both. */
function thinkOf(wish: Reasoning | undefined, model: string): boolean | string | undefined {
  if (!wish || (wish.mode === 'auto' && wish.effort === undefined)) return undefined;
  const off = wish.effort === 'none' || (wish.mode === 'disabled' && wish.effort === undefined);
  if (!model.includes('gpt-oss')) return !off;
  if (off || wish.effort === 'minimal' || wish.effort === 'low') return 'low';
  return wish.effort === 'medium' || wish.effort === undefined ? 'medium' : 'high';
}

function addExtras(body: JsonObject, options: JsonObject, extra: JsonObject, warnings: Set<string>): void {
  for (const [name, value] of Object.entries(extra)) {
    if (REFUSED_EXTRAS.has(name)) throw refuse(name, "it can't be carried over to Ollama");
    if (TOP_LEVEL_EXTRAS.has(name)) body[name] = value;
    else if (OPTION_EXTRAS.has(name)) options[name] = value;
    else if (name === 'options' && typeof value === 'object' && value !== null && !Array.isArray(value))
      Object.assign(options, value);
    else warnings.add(name);
  }
}

/** One message, or several where tool results stand beside other parts: each result is a message of its own. */
function messageOf(message: Message, index: number, warnings: Set<string>): JsonObject[] {
  if (message.name) warnings.add('messages.name');
  const built: JsonObject[] = [];
  let rest: Part[] = [];
  const flush = () => {
    if (rest.length > 0) built.push(plainMessage(message, rest, index, warnings));
    rest = [];
  };
  for (const part of message.content) {
    if (part.type !== 'tool_result') {
      rest.push(part);
      continue;
    }
    flush();
    built.push(toolMessage(part, index, warnings));
  }
  flush();
  // An empty message still takes its turn.
  return built.length > 0 ? built : [{ role: roleOf(message), content: '' }];
}

function roleOf(message: Message): string {
  return message.role === 'developer' ? 'system' : message.role;
}

interface Collected {
  texts: string[];
  images: string[];
  thinking: string[];
  calls: JsonObject[];
}

function plainMessage(message: Message, parts: Part[], index: number, warnings: Set<string>): JsonObject {
  const found: Collected = { texts: [], images: [], thinking: [], calls: [] };
  for (const part of parts) collect(part, found, `messages[${index}].content`, warnings);
  return {
    role: message.role === 'tool' ? 'user' : roleOf(message),
    content: found.texts.join('\n'),
    ...(found.thinking.length > 0 ? { thinking: found.thinking.join('\n') } : {}),
    ...(found.images.length > 0 ? { images: found.images } : {}),
    ...(found.calls.length > 0 ? { tool_calls: found.calls } : {}),
  };
}

function toolMessage(part: Extract<Part, { type: 'tool_result' }>, index: number, warnings: Set<string>): JsonObject {
  if (part.cache) warnings.add('cache_control');
  const found: Collected = { texts: [], images: [], thinking: [], calls: [] };
  for (const inner of part.content) collect(inner, found, `messages[${index}].content`, warnings);
  const text = found.texts.join('\n');
  return {
    role: 'tool',
    content: part.isError ? `Error: ${text}` : text,
    ...(part.name === undefined ? {} : { tool_name: part.name }),
    ...(part.callId === '' ? {} : { tool_call_id: part.callId }),
    ...(found.images.length > 0 ? { images: found.images } : {}),
  };
}

function collect(part: Part, into: Collected, path: string, warnings: Set<string>): void {
  // Ollama keeps no prompt for later calls by a mark, and its answers have no sources.
  if ('cache' in part && part.cache) warnings.add('cache_control');
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined) warnings.add('citations');
      into.texts.push(part.text);
      return;
    case 'refusal':
      into.texts.push(part.text);
      return;
    case 'reasoning':
      if (part.text === '') warnings.add('reasoning');
      else into.thinking.push(part.text);
      return;
    case 'tool_call':
      into.calls.push(callOf(part, into.calls.length, warnings));
      return;
    case 'image':
      if (part.detail === 'low' || part.detail === 'high') warnings.add('image.detail');
      into.images.push(imageData(part.source, path));
      return;
    case 'file':
      into.texts.push(fileText(part.source, path));
      return;
    case 'audio':
      throw refuse(path, 'Ollama hears no sound; send text or images');
    case 'tool_result':
      throw refuse(path, "a tool's result can't hold another one");
  }
}

/** Arguments are an object here; broken JSON that a model wrote is shown as it was. */
function callOf(part: Extract<Part, { type: 'tool_call' }>, index: number, warnings: Set<string>): JsonObject {
  const parsed = part.arguments.trim() === '' ? {} : parseObject(part.arguments);
  if (!parsed) warnings.add('tool_call.arguments');
  if (part.signature !== undefined) warnings.add('tool_call.signature');
  const call = { index, name: part.name, arguments: parsed ?? { invalid_json: part.arguments } };
  return { ...(part.id === '' ? {} : { id: part.id }), function: call };
}

function imageData(source: MediaSource, path: string): string {
  if (source.kind === 'base64') return source.data;
  if (source.kind === 'url') {
    const comma = /^data:[^,]{0,200};base64,/i.exec(source.url.slice(0, 256));
    if (comma) return source.url.slice(comma[0].length);
  }
  throw refuse(path, 'Ollama takes images as data only; send a data: URL');
}

function fileText(source: MediaSource, path: string): string {
  if (source.kind === 'base64' && source.mediaType.startsWith('text/'))
    return Buffer.from(source.data, 'base64').toString('utf8');
  throw refuse(path, 'Ollama reads no files; send their text');
}

function refuse(path: string, what: string): AppError {
  return new AppError('invalid_request', `${path}: ${what}.`, { param: path });
}
