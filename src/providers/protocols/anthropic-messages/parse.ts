/** A Messages request in the common language. */
import type { CacheControl, ChatRequest, Json, JsonObject, MediaSource, Message, Part } from '../../protocol.ts';
import { readEnvelope } from './envelope.ts';
import { arrayAt, booleanAt, invalid, isObject, objectAt, optional, stringAt } from './fields.ts';
import { readForeign } from './foreign.ts';
import {
  type ParseContext,
  type ParseMode,
  readCache,
  readReasoning,
  readSampling,
  readTools,
} from './parse-options.ts';

const READ = new Set(
  'model messages system max_tokens stream temperature top_p top_k stop_sequences tools tool_choice thinking output_config output_format metadata service_tier'.split(
    ' ',
  ),
);
/** Fields that change what the answer is made from; leaving one out would answer another question. */
const ANTHROPIC_ONLY = ['mcp_servers', 'container', 'thread', 'fallbacks'];

export function parseMessages(body: JsonObject, mode: ParseMode = 'translate'): ChatRequest {
  try {
    return parse(body, mode);
  } catch (error) {
    // Arguments and unknown blocks are written out again, which fails past some thousand levels.
    if (error instanceof RangeError) throw invalid('messages', 'is nested too deeply.');
    throw error;
  }
}

function parse(body: JsonObject, mode: ParseMode): ChatRequest {
  const envelope = readEnvelope(body);
  const context: ParseContext = { mode, extra: {}, toolNames: new Map() };
  readExtra(body, context);
  const messages: Message[] = [];
  const system = parseText(body.system, 'system');
  if (system.length > 0) messages.push({ role: 'system', content: system });
  for (const [index, message] of arrayAt(body.messages, 'messages').entries()) {
    parseMessage(message, `messages[${index}]`, context, messages);
  }
  const request: ChatRequest = {
    model: envelope.model,
    messages,
    stream: envelope.stream,
    includeUsage: true,
    n: 1,
    extra: context.extra,
  };
  if (envelope.maxOutputTokens !== undefined) request.maxOutputTokens = envelope.maxOutputTokens;
  if (envelope.user !== undefined) request.user = envelope.user;
  readSampling(body, request);
  readTools(body, context, request);
  readReasoning(body, context, request);
  return request;
}

function readExtra(body: JsonObject, context: ParseContext): void {
  for (const [name, value] of Object.entries(body)) {
    if (READ.has(name) || value === null) continue;
    const empty = Array.isArray(value) && value.length === 0;
    if (context.mode === 'translate' && ANTHROPIC_ONLY.includes(name) && !empty) {
      throw invalid(name, 'only works with models that Anthropic serves; leave it out or choose such a model.');
    }
    context.extra[name] = value;
  }
}

// ---------------------------------------------------------------- messages

function parseMessage(value: Json, path: string, context: ParseContext, into: Message[]): void {
  const message = objectAt(value, path);
  const content = message.content;
  switch (message.role) {
    case 'user':
      parseUser(content, path, context, into);
      return;
    case 'assistant': {
      const parts = typeof content === 'string' ? textParts(content) : parseAssistant(content, path, context);
      into.push({ role: 'assistant', content: parts });
      return;
    }
    case 'system':
      into.push({ role: 'system', content: parseText(content, `${path}.content`) });
      return;
    default:
      throw invalid(`${path}.role`, 'must be "user", "assistant" or "system".');
  }
}

/** Results of tools become messages of their own, before what the user says in the same message. */
function parseUser(content: Json | undefined, path: string, context: ParseContext, into: Message[]): void {
  if (typeof content === 'string') {
    into.push({ role: 'user', content: textParts(content) });
    return;
  }
  const said: Part[] = [];
  for (const [index, value] of arrayAt(content, `${path}.content`).entries()) {
    const at = `${path}.content[${index}]`;
    const block = objectAt(value, at);
    if (block.type === 'tool_result') into.push({ role: 'tool', content: [parseToolResult(block, at, context)] });
    else said.push(...parseInput(block, at, context));
  }
  if (said.length > 0) into.push({ role: 'user', content: said });
}

function parseToolResult(block: JsonObject, path: string, context: ParseContext): Part {
  const callId = stringAt(block.tool_use_id, `${path}.tool_use_id`);
  const part: Part = { type: 'tool_result', callId, content: parseResultContent(block.content, path, context) };
  const name = context.toolNames.get(callId);
  if (name !== undefined) part.name = name;
  if (optional(block.is_error, `${path}.is_error`, booleanAt)) part.isError = true;
  return withCache(part, block, path);
}

function parseResultContent(content: Json | undefined, path: string, context: ParseContext): Part[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return textParts(content);
  return arrayAt(content, `${path}.content`).flatMap((value, index) => {
    const at = `${path}.content[${index}]`;
    return parseInput(objectAt(value, at), at, context);
  });
}

/** Blocks that a user, or a tool, may give. */
function parseInput(block: JsonObject, path: string, context: ParseContext): Part[] {
  switch (block.type) {
    case 'text':
      return [parseTextBlock(block, path)];
    case 'image':
      return [withCache({ type: 'image', source: parseSource(block.source, `${path}.source`) }, block, path)];
    case 'document':
      return parseDocument(block, path, context);
    case 'search_result':
      return [parseSearchResult(block, path)];
    default:
      return [onlyAnthropic(block, path, context)];
  }
}

function parseAssistant(content: Json | undefined, path: string, context: ParseContext): Part[] {
  const parts: Part[] = [];
  /** Signatures that this surface put before the calls they belong to. */
  const signatures = new Map<string, string>();
  for (const [index, value] of arrayAt(content, `${path}.content`).entries()) {
    const at = `${path}.content[${index}]`;
    const block = objectAt(value, at);
    if (block.type === 'text') parts.push(parseTextBlock(block, at));
    else if (block.type === 'thinking' || block.type === 'redacted_thinking') {
      const part = parseThinking(block, at, signatures);
      if (part) parts.push(part);
    } else if (block.type === 'tool_use') parts.push(parseToolUse(block, at, context, signatures));
    else parts.push(onlyAnthropic(block, at, context));
  }
  return parts;
}

function parseThinking(block: JsonObject, path: string, signatures: Map<string, string>): Part | undefined {
  const redacted = block.type === 'redacted_thinking';
  const text = redacted ? '' : stringAt(block.thinking, `${path}.thinking`);
  const proof = redacted
    ? stringAt(block.data, `${path}.data`)
    : (optional(block.signature, `${path}.signature`, stringAt) ?? '');
  const foreign = readForeign(proof);
  if (foreign?.kind === 'call') {
    signatures.set(foreign.id, foreign.value);
    return text === '' ? undefined : { type: 'reasoning', text };
  }
  const part: Part = { type: 'reasoning', text };
  if (foreign) {
    part.encrypted = foreign.value;
    if (foreign.id !== undefined) part.id = foreign.id;
  } else if (redacted) part.encrypted = proof;
  else if (proof !== '') part.signature = proof;
  else if (text === '') return undefined;
  return part;
}

function parseToolUse(block: JsonObject, path: string, context: ParseContext, signatures: Map<string, string>): Part {
  const id = stringAt(block.id, `${path}.id`);
  const name = stringAt(block.name, `${path}.name`);
  context.toolNames.set(id, name);
  const part: Part = { type: 'tool_call', id, name, arguments: JSON.stringify(block.input ?? {}) };
  const signature = signatures.get(id);
  if (signature !== undefined) part.signature = signature;
  return withCache(part, block, path);
}

/** `system`, and text-only contents. */
function parseText(value: Json | undefined, path: string): Part[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : textParts(value);
  return arrayAt(value, path).map((each, index) => {
    const block = objectAt(each, `${path}[${index}]`);
    if (block.type !== 'text') throw invalid(`${path}[${index}].type`, 'must be "text".');
    return parseTextBlock(block, `${path}[${index}]`);
  });
}

function parseTextBlock(block: JsonObject, path: string): Part {
  const part: Part = { type: 'text', text: stringAt(block.text, `${path}.text`) };
  if (Array.isArray(block.citations) && block.citations.length > 0) part.citations = block.citations;
  return withCache(part, block, path);
}

function parseSource(value: Json | undefined, path: string): MediaSource {
  const source = objectAt(value, path);
  switch (source.type) {
    case 'base64':
      return {
        kind: 'base64',
        mediaType: stringAt(source.media_type, `${path}.media_type`),
        data: stringAt(source.data, `${path}.data`),
      };
    case 'url':
      return { kind: 'url', url: stringAt(source.url, `${path}.url`) };
    case 'file':
      return { kind: 'file_id', id: stringAt(source.file_id, `${path}.file_id`) };
    default:
      throw invalid(`${path}.type`, 'must be "base64", "url" or "file".');
  }
}

/** Text documents become text, since few other providers take a text file; what only guides citations is noted as left out. */
function parseDocument(block: JsonObject, path: string, context: ParseContext): Part[] {
  const title = optional(block.title, `${path}.title`, stringAt);
  const about = optional(block.context, `${path}.context`, stringAt);
  if (isObject(block.citations) && block.citations.enabled === true) context.extra['document.citations'] = true;
  const source = objectAt(block.source, `${path}.source`);
  if (source.type !== 'text' && source.type !== 'content') {
    if (about !== undefined) context.extra['document.context'] = about;
    const part: Part = { type: 'file', source: parseSource(source, `${path}.source`) };
    if (title !== undefined) part.filename = title;
    return [withCache(part, block, path)];
  }
  const parts: Part[] = [title, about].filter((each) => each !== undefined).map((text) => ({ type: 'text', text }));
  if (source.type === 'text') parts.push({ type: 'text', text: stringAt(source.data, `${path}.source.data`) });
  else if (typeof source.content === 'string') parts.push({ type: 'text', text: source.content });
  else {
    for (const [index, value] of arrayAt(source.content, `${path}.source.content`).entries()) {
      const at = `${path}.source.content[${index}]`;
      const inner = objectAt(value, at);
      if (inner.type !== 'text' && inner.type !== 'image') throw invalid(`${at}.type`, 'must be "text" or "image".');
      parts.push(...parseInput(inner, at, context));
    }
  }
  const last = parts.at(-1);
  if (last) withCache(last, block, path);
  return parts;
}

function parseSearchResult(block: JsonObject, path: string): Part {
  const lines = [stringAt(block.title, `${path}.title`), stringAt(block.source, `${path}.source`)];
  for (const [index, value] of arrayAt(block.content, `${path}.content`).entries()) {
    const at = `${path}.content[${index}]`;
    lines.push(stringAt(objectAt(value, at).text, `${at}.text`));
  }
  return withCache({ type: 'text', text: lines.join('\n') }, block, path);
}

/** Blocks that belong to tools which Anthropic runs itself. */
function onlyAnthropic(block: JsonObject, path: string, context: ParseContext): Part {
  const type = stringAt(block.type, `${path}.type`);
  if (context.mode === 'count') return { type: 'text', text: JSON.stringify(block) };
  throw invalid(
    `${path}.type`,
    `"${type}" is not understood here: such blocks only work with models that Anthropic serves, or may not stand in this place.`,
  );
}

function textParts(text: string): Part[] {
  return [{ type: 'text', text }];
}

type CacheablePart = Extract<Part, { cache?: CacheControl }>;

function withCache(part: Part, block: JsonObject, path: string): Part {
  const cache = readCache(block.cache_control, `${path}.cache_control`);
  if (cache && part.type !== 'audio' && part.type !== 'reasoning' && part.type !== 'refusal') {
    (part as CacheablePart).cache = cache;
  }
  return part;
}
