/** What the pipeline reads of a Messages body before anything else. */
import type { Envelope, InputBound, Json, JsonObject } from '../../protocol.ts';
import { booleanAt, countAt, invalid, isObject, optional, stringAt } from './fields.ts';

export function readEnvelope(body: JsonObject): Envelope {
  const model = stringAt(body.model, 'model');
  if (model === '') throw invalid('model', 'must name a model.');
  const envelope: Envelope = {
    model,
    stream: optional(body.stream, 'stream', booleanAt) ?? false,
    includeUsage: true,
    n: 1,
  };
  const limit = optional(body.max_tokens, 'max_tokens', countAt);
  if (limit !== undefined) envelope.maxOutputTokens = limit;
  const user = isObject(body.metadata) ? optional(body.metadata.user_id, 'metadata.user_id', stringAt) : undefined;
  if (user !== undefined) envelope.user = user;
  checkMessages(body);
  return envelope;
}

/** Messages that are none at all are refused here, also where bytes pass through and the provider would judge the rest. */
function checkMessages(body: JsonObject): void {
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid('messages', 'must be an array of messages, not empty.');
  for (const [index, message] of messages.entries()) {
    if (!isObject(message)) throw invalid(`messages[${index}]`, 'must be an object.');
    stringAt(message.role, `messages[${index}].role`);
  }
}

/** A tool result may hold a document, and that may hold blocks; nothing valid goes deeper. */
const MAX_DEPTH = 4;

/** Walks only where media can be: content blocks, tool results and documents made of blocks. */
export function readInputBound(body: JsonObject, bodyBytes: number): InputBound {
  const bound: InputBound = { textBytes: bodyBytes, images: 0, audios: 0, files: 0, urls: [] };
  if (Array.isArray(body.messages)) {
    for (const message of body.messages) if (isObject(message)) addBlocks(message.content, bound);
  }
  addBlocks(body.system, bound);
  if (Array.isArray(body.mcp_servers)) {
    for (const server of body.mcp_servers) {
      if (isObject(server) && typeof server.url === 'string') bound.urls.push(server.url);
    }
  }
  bound.textBytes = Math.max(0, bound.textBytes);
  return bound;
}

function addBlocks(content: Json | undefined, bound: InputBound, depth = 0): void {
  if (!Array.isArray(content) || depth > MAX_DEPTH) return;
  for (const block of content) {
    if (!isObject(block)) continue;
    const source = isObject(block.source) ? block.source : undefined;
    if (block.type === 'image') {
      bound.images++;
      addSource(source, bound);
    } else if (block.type === 'document') {
      // Plain text and blocks inside a document are text of the body like any other.
      if (source?.type === 'content') addBlocks(source.content, bound, depth + 1);
      else if (source?.type !== 'text') {
        bound.files++;
        addSource(source, bound);
      }
    } else if (block.type === 'container_upload') bound.files++;
    else if (block.type === 'tool_result') addBlocks(block.content, bound, depth + 1);
  }
}

function addSource(source: JsonObject | undefined, bound: InputBound): void {
  if (source?.type === 'base64' && typeof source.data === 'string') bound.textBytes -= source.data.length;
  // Whatever the type says: an engine that reads the field would fetch it.
  else if (typeof source?.url === 'string') bound.urls.push(source.url);
}
