/** What the pipeline has to know of a chat body before anything else. On every request: reads a few fields and walks the content once. */
import type { Envelope, InputBound, Json, JsonObject } from '../../protocol.ts';
import { invalid, isObject, optBoolean, optInteger, optObject, optString } from './fields.ts';

const MAX_CHOICES = 128;

export function readEnvelope(body: JsonObject): Envelope {
  const options = optObject(body, 'stream_options', '');
  const envelope: Envelope = {
    model: readModel(body),
    stream: optBoolean(body, 'stream', '') ?? false,
    includeUsage: (options && optBoolean(options, 'include_usage', 'stream_options')) ?? false,
    n: optInteger(body, 'n', '', 1) ?? 1,
  };
  if (envelope.n > MAX_CHOICES) throw invalid('n', `must be at most ${MAX_CHOICES}.`);
  const limit = optInteger(body, 'max_completion_tokens', '', 1) ?? optInteger(body, 'max_tokens', '', 1);
  if (limit !== undefined) envelope.maxOutputTokens = limit;
  const user = optString(body, 'user', '');
  if (user !== undefined) envelope.user = user;
  checkMessages(body);
  return envelope;
}

/** Messages that are none at all are refused here, also where bytes pass through and the provider would judge the rest. */
function checkMessages(body: JsonObject): void {
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid('messages', 'is required: an array of messages, not empty.');
  for (const [index, message] of messages.entries()) {
    if (!isObject(message)) throw invalid(`messages[${index}]`, 'must be an object.');
    if (typeof message.role !== 'string') throw invalid(`messages[${index}].role`, 'is required and must be a text.');
  }
}

export function readModel(body: JsonObject): string {
  const model = body.model;
  if (typeof model !== 'string' || model === '') throw invalid('model', 'is required and must be the name of a model.');
  return model;
}

/** Counts media and takes inline media off the body's bytes. Tolerant of wrong types: those are refused later, by whoever reads the body. */
export function chatInputBound(body: JsonObject, bodyBytes: number): InputBound {
  const bound: InputBound = { textBytes: bodyBytes, images: 0, audios: 0, files: 0, urls: [] };
  const messages = body.messages;
  if (!Array.isArray(messages)) return bound;
  for (const message of messages) {
    if (!isObject(message)) continue;
    if (Array.isArray(message.content)) {
      for (const part of message.content) if (isObject(part)) addPart(bound, part);
    } else if (isObject(message.content)) addPart(bound, message.content);
    // An earlier spoken reply, named by its id, is read by the model again.
    if (isObject(message.audio)) bound.audios++;
    if (Array.isArray(message.images)) {
      for (const part of message.images) {
        if (isObject(part)) addPart(bound, part);
        else addStrayUrls(bound, part);
      }
    }
  }
  return bound;
}

function addPart(bound: InputBound, part: JsonObject): void {
  if (part.type === 'image_url') {
    bound.images++;
    addMedia(bound, isObject(part.image_url) ? part.image_url.url : part.image_url);
  } else if (part.type === 'input_audio') {
    bound.audios++;
    if (isObject(part.input_audio)) addInline(bound, part.input_audio.data);
  } else if (part.type === 'file') {
    bound.files++;
    if (isObject(part.file)) addInline(bound, part.file.file_data);
  } else if (part.type === 'video_url') {
    // Ark and DashScope read video; its bound is that of a file.
    bound.files++;
    addMedia(bound, isObject(part.video_url) ? part.video_url.url : part.video_url);
  }
  if (part.type !== 'text') addStrayUrls(bound, part);
}

/** Where text stands that is for the model to read, whatever it looks like. */
const TEXT_FIELDS = new Set(['text', 'refusal', 'type', 'filename', 'format', 'detail']);
const STRAY_DEPTH = 4;

/**
 * URLs anywhere in a part. Engines beside the standard take media in forms of their own (vLLM: `audio_url`, a part without a type), and what
 * they would fetch must have passed the egress guard.
 */
export function addStrayUrls(bound: InputBound, value: Json | undefined, depth = 0): void {
  if (typeof value === 'string') {
    // The URL standard leaves out control characters and spaces before a scheme, and tabs and line ends anywhere.
    if (/^[^!-\uffff]*(?:h[\t\r\n]*t|f[\t\r\n]*[ti])[a-z\t\r\n]{0,12}:/i.test(value) && !bound.urls.includes(value))
      bound.urls.push(value);
  } else if (depth < STRAY_DEPTH && typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value))
      if (!TEXT_FIELDS.has(key)) addStrayUrls(bound, item as Json, depth + 1);
  }
}

/** A URL: inline data is no text, anything else will be fetched by somebody. */
export function addMedia(bound: InputBound, url: Json | undefined): void {
  if (typeof url !== 'string') return;
  if (/^data:/i.test(url)) addInline(bound, url);
  else bound.urls.push(url);
}

/** Base64 that stands in the body: one byte a character. */
export function addInline(bound: InputBound, data: Json | undefined): void {
  if (typeof data !== 'string') return;
  if (/^https?:\/\//i.test(data)) bound.urls.push(data);
  else bound.textBytes = Math.max(0, bound.textBytes - data.length);
}
