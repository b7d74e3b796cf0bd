/** `input` of a responses body, read into messages. Items of one assistant turn (reasoning, text, calls) become one message. */
import type { Json, JsonObject, Message, Part } from '../../protocol.ts';
import { audioMediaType, readDetail, readFileFields, readMediaUrl } from '../openai-chat/content.ts';
import {
  invalid,
  isObject,
  join,
  needObject,
  needString,
  optArray,
  optObject,
  optString,
} from '../openai-chat/fields.ts';
import { thoughtSignature } from '../openai-chat/parse-request.ts';
import { readProof } from './signature.ts';

export function readInput(body: JsonObject): Message[] {
  const messages: Message[] = [];
  const instructions = optString(body, 'instructions', '');
  if (instructions) messages.push({ role: 'system', content: [{ type: 'text', text: instructions }] });
  const { input } = body;
  if (typeof input === 'string') {
    messages.push({ role: 'user', content: [{ type: 'text', text: input }] });
    return messages;
  }
  if (!Array.isArray(input) || input.length === 0) {
    throw invalid('input', 'is required: a text, or an array of items that is not empty.');
  }
  for (const [index, item] of input.entries())
    addItem(messages, needObject(item, `input[${index}]`), `input[${index}]`);
  return messages;
}

function addItem(messages: Message[], item: JsonObject, path: string): void {
  switch (item.type ?? 'message') {
    case 'message':
      addMessage(messages, item, path);
      return;
    case 'function_call':
      addAssistant(messages, [readCall(item, path)]);
      return;
    case 'function_call_output':
      addResult(messages, readResult(item, path));
      return;
    case 'reasoning':
      addAssistant(messages, [readReasoning(item, path)]);
      return;
    case 'item_reference':
      throw invalid(path, 'items are not kept here, so none can be referred to; send the item itself.');
    default:
      throw invalid(
        join(path, 'type'),
        `items of type ${String(item.type)} belong to tools that a provider runs itself, which this model has none of.`,
      );
  }
}

/** The items of one turn of the model are one message, so that reasoning stays with the call it led to. */
function addAssistant(messages: Message[], parts: Part[]): void {
  const last = messages.at(-1);
  if (last?.role === 'assistant') last.content.push(...parts);
  else messages.push({ role: 'assistant', content: parts });
}

function addResult(messages: Message[], result: Part): void {
  const last = messages.at(-1);
  if (last?.role === 'tool') last.content.push(result);
  else messages.push({ role: 'tool', content: [result] });
}

function addMessage(messages: Message[], item: JsonObject, path: string): void {
  const content = readContent(item.content, join(path, 'content'));
  switch (item.role) {
    case 'assistant':
      addAssistant(messages, content);
      return;
    case 'user':
    case 'system':
    case 'developer':
      messages.push({ role: item.role, content });
      return;
    default:
      throw invalid(join(path, 'role'), 'must be one of user, assistant, system, developer.');
  }
}

function readContent(content: Json | undefined, path: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw invalid(path, 'must be a string or an array of content parts.');
  return content.map((part, index) => readPart(needObject(part, `${path}[${index}]`), `${path}[${index}]`));
}

function readPart(part: JsonObject, path: string): Part {
  const cache = isObject(part.prompt_cache_breakpoint) ? { cache: { ttl: '5m' as const } } : {};
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: needString(part, 'text', path), ...cache };
    case 'refusal':
      return { type: 'refusal', text: needString(part, 'refusal', path) };
    case 'input_image':
      return { ...readImage(part, path), ...cache };
    case 'input_file':
      return { ...readFileFields(part, path), ...cache };
    case 'input_audio':
      return readAudio(part, path);
    default:
      throw invalid(
        join(path, 'type'),
        'must be one of input_text, input_image, input_file, input_audio, output_text, refusal.',
      );
  }
}

function readImage(part: JsonObject, path: string): Part {
  const detail = readDetail(part, path);
  const seen = detail === undefined ? {} : { detail };
  const id = optString(part, 'file_id', path);
  if (id !== undefined) return { type: 'image', source: { kind: 'file_id', id }, ...seen };
  const at = join(path, 'image_url');
  return { type: 'image', source: readMediaUrl(needString(part, 'image_url', path), at), ...seen };
}

function readAudio(part: JsonObject, path: string): Part {
  const at = join(path, 'input_audio');
  const audio = needObject(part.input_audio, at);
  const format = optString(audio, 'format', at) ?? 'wav';
  const data = needString(audio, 'data', at);
  return { type: 'audio', source: { kind: 'base64', mediaType: audioMediaType(format), data }, format };
}

function readCall(item: JsonObject, path: string): Part {
  const signature = thoughtSignature(item);
  return {
    type: 'tool_call',
    id: needString(item, 'call_id', path),
    name: needString(item, 'name', path),
    arguments: optString(item, 'arguments', path) ?? '',
    ...(signature === undefined ? {} : { signature }),
  };
}

function readResult(item: JsonObject, path: string): Part {
  const name = optString(item, 'name', path);
  return {
    type: 'tool_result',
    callId: needString(item, 'call_id', path),
    content: readContent(item.output, join(path, 'output')),
    ...(name === undefined ? {} : { name }),
  };
}

function readReasoning(item: JsonObject, path: string): Part {
  const id = optString(item, 'id', path);
  return {
    type: 'reasoning',
    text: reasoningText(item, path),
    ...readProof(optString(item, 'encrypted_content', path)),
    ...(id === undefined ? {} : { id }),
  };
}

/** The reasoning itself where it is there, else its summaries. */
function reasoningText(item: JsonObject, path: string): string {
  const content = optArray(item, 'content', path) ?? [];
  if (content.length > 0) return texts(content, join(path, 'content')).join('');
  return texts(optArray(item, 'summary', path) ?? [], join(path, 'summary')).join('\n\n');
}

function texts(list: Json[], path: string): string[] {
  return list.map((entry, index) => needString(needObject(entry, `${path}[${index}]`), 'text', `${path}[${index}]`));
}

/** Refuses what only the provider that keeps the conversation can do. */
export function refuseKept(body: JsonObject): void {
  for (const field of ['previous_response_id', 'conversation', 'prompt'] as const) {
    if (body[field] !== undefined && body[field] !== null) {
      throw invalid(
        field,
        'names something that is kept at another provider; send the whole conversation as input instead.',
      );
    }
  }
  if (body.store === true) {
    throw invalid('store', 'replies of this model are not kept for later use; send false or leave it out.');
  }
  if (body.background === true) {
    throw invalid('background', 'this model answers in the foreground only; send false or leave it out.');
  }
  optObject(body, 'stream_options', '');
}
