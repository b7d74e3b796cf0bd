/** What the pipeline has to know of a responses body before anything else. */
import type { Envelope, InputBound, Json, JsonObject } from '../../protocol.ts';
import { addInline, addMedia, addStrayUrls, readModel } from '../openai-chat/envelope.ts';
import { invalid, isObject, optBoolean, optInteger, optString } from '../openai-chat/fields.ts';

export function readEnvelope(body: JsonObject): Envelope {
  const envelope: Envelope = {
    model: readModel(body),
    stream: optBoolean(body, 'stream', '') ?? false,
    // The last event always bears usage.
    includeUsage: true,
    n: 1,
  };
  const limit = optInteger(body, 'max_output_tokens', '', 1);
  if (limit !== undefined) envelope.maxOutputTokens = limit;
  const user = optString(body, 'user', '');
  if (user !== undefined) envelope.user = user;
  checkInput(body);
  return envelope;
}

/** Where the input is kept at the provider. */
const STORED = ['previous_response_id', 'conversation', 'prompt'] as const;

function isStored(body: JsonObject): boolean {
  return STORED.some((field) => body[field] !== undefined && body[field] !== null);
}

function checkInput(body: JsonObject): void {
  const { input } = body;
  if (typeof input === 'string') return;
  if (Array.isArray(input)) {
    for (const [index, item] of input.entries())
      if (!isObject(item)) throw invalid(`input[${index}]`, 'must be an object.');
    return;
  }
  if (input !== undefined && input !== null) throw invalid('input', 'must be a text or an array of items.');
  if (!isStored(body)) throw invalid('input', 'is required: a text or an array of items.');
}

/** Counts media and takes inline media off the body's bytes. What a provider keeps (`previous_response_id`) is in no body: `unseen` says so. */
export function responsesInputBound(body: JsonObject, bodyBytes: number): InputBound {
  const bound: InputBound = { textBytes: bodyBytes, images: 0, audios: 0, files: 0, urls: [] };
  if (isStored(body)) bound.unseen = true;
  // A prompt that the provider keeps takes media as its variables; a tool may be a server.
  if (isObject(body.prompt)) addStrayUrls(bound, body.prompt.variables);
  if (Array.isArray(body.tools))
    for (const tool of body.tools) if (isObject(tool)) addStrayUrls(bound, tool.server_url);
  if (!Array.isArray(body.input)) return bound;
  for (const item of body.input) {
    if (!isObject(item)) continue;
    addParts(bound, item.content);
    addParts(bound, item.output);
    if (item.type === 'image_generation_call') {
      bound.images++;
      addInline(bound, item.result);
    }
  }
  return bound;
}

function addParts(bound: InputBound, content: Json | undefined): void {
  // The screenshot of a computer call is one part by itself.
  if (isObject(content)) addPart(bound, content);
  if (!Array.isArray(content)) return;
  for (const part of content) if (isObject(part)) addPart(bound, part);
}

function addPart(bound: InputBound, part: JsonObject): void {
  if (part.type === 'input_image' || part.type === 'computer_screenshot') {
    bound.images++;
    addMedia(bound, part.image_url);
  } else if (part.type === 'input_audio') {
    bound.audios++;
    if (isObject(part.input_audio)) addInline(bound, part.input_audio.data);
  } else if (part.type === 'input_file') {
    bound.files++;
    addInline(bound, part.file_data);
    addMedia(bound, part.file_url);
  }
  if (part.type !== 'input_text' && part.type !== 'output_text') addStrayUrls(bound, part);
}
