/** Content parts of chat messages, read into the common language. */
import type { CacheControl, Json, JsonObject, MediaSource, Part } from '../../protocol.ts';
import {
  invalid,
  isObject,
  join,
  needObject,
  needString,
  optArray,
  optChoice,
  optObject,
  optString,
  readDataUrl,
} from './fields.ts';

/** `content`: a string, a list of parts, or null. */
export function readContent(value: Json | undefined, path: string): Part[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw invalid(path, 'must be a string or an array of content parts.');
  return value.map((part, index) => readPart(needObject(part, `${path}[${index}]`), `${path}[${index}]`));
}

function readPart(part: JsonObject, path: string): Part {
  const cache = readCache(part, path);
  switch (part.type) {
    case 'text':
      return { type: 'text', text: needString(part, 'text', path), ...cache };
    case 'image_url':
      return { ...readImage(part, path), ...cache };
    case 'input_audio':
      return readAudio(part, path);
    case 'file':
      return { ...readFile(part, path), ...cache };
    case 'refusal':
      return { type: 'refusal', text: needString(part, 'refusal', path) };
    default:
      throw invalid(join(path, 'type'), 'must be one of text, image_url, input_audio, file, refusal.');
  }
}

/** OpenAI marks a cache's end with `prompt_cache_breakpoint`, Anthropic and OpenRouter with `cache_control`. */
function readCache(part: JsonObject, path: string): { cache?: CacheControl } {
  if (isObject(part.prompt_cache_breakpoint)) return { cache: { ttl: '5m' } };
  const control = optObject(part, 'cache_control', path);
  if (!control) return {};
  const ttl = optChoice(control, 'ttl', `${path}.cache_control`, ['5m', '1h']) ?? '5m';
  return { cache: { ttl } };
}

/** A URL as media: `data:` URLs are taken apart, others must be http(s). */
export function readMediaUrl(url: string, path: string): MediaSource {
  const inline = readDataUrl(url);
  if (inline) return { kind: 'base64', ...inline };
  if (!/^https?:\/\//i.test(url)) throw invalid(path, 'must be an http(s) URL or a base64 data URL.');
  return { kind: 'url', url };
}

function readImage(part: JsonObject, path: string): Part {
  const at = join(path, 'image_url');
  // Some clients write the URL itself; the schema wants {url}.
  const image: JsonObject =
    typeof part.image_url === 'string' ? { url: part.image_url } : needObject(part.image_url, at);
  const source = readMediaUrl(needString(image, 'url', at), join(at, 'url'));
  const detail = readDetail(image, at);
  return detail === undefined ? { type: 'image', source } : { type: 'image', source, detail };
}

/** `original` (newer models) is nearest to `high`. */
export function readDetail(image: JsonObject, path: string): 'low' | 'high' | 'auto' | undefined {
  const detail = optChoice(image, 'detail', path, ['low', 'high', 'auto', 'original']);
  return detail === 'original' ? 'high' : detail;
}

function readAudio(part: JsonObject, path: string): Part {
  const at = join(path, 'input_audio');
  const audio = needObject(part.input_audio, at);
  const data = needString(audio, 'data', at);
  const inline = readDataUrl(data);
  const format = optString(audio, 'format', at) ?? (inline ? subtype(inline.mediaType) : 'wav');
  if (inline) return { type: 'audio', source: { kind: 'base64', ...inline }, format };
  if (/^https?:\/\//i.test(data)) return { type: 'audio', source: { kind: 'url', url: data }, format };
  return { type: 'audio', source: { kind: 'base64', mediaType: audioMediaType(format), data }, format };
}

export function audioMediaType(format: string): string {
  if (format === 'mp3') return 'audio/mpeg';
  return format === 'pcm16' ? 'audio/pcm' : `audio/${format}`;
}

function subtype(mediaType: string): string {
  const name = mediaType.slice(mediaType.indexOf('/') + 1);
  return name === 'mpeg' ? 'mp3' : name.replace(/^x-/, '');
}

export function audioFormat(part: Extract<Part, { type: 'audio' }>): string {
  if (part.format !== undefined) return part.format;
  return part.source.kind === 'base64' ? subtype(part.source.mediaType) : 'wav';
}

function readFile(part: JsonObject, path: string): Part {
  const at = join(path, 'file');
  const file = needObject(part.file, at);
  return readFileFields(file, at);
}

/** The fields `file_id`, `file_data`, `file_url`, `filename` that chat and responses share. */
export function readFileFields(file: JsonObject, path: string): Part {
  const filename = optString(file, 'filename', path);
  const name = filename === undefined ? {} : { filename };
  const id = optString(file, 'file_id', path);
  if (id !== undefined) return { type: 'file', source: { kind: 'file_id', id }, ...name };
  const url = optString(file, 'file_url', path);
  if (url !== undefined) return { type: 'file', source: readMediaUrl(url, join(path, 'file_url')), ...name };
  const data = optString(file, 'file_data', path);
  if (data === undefined) throw invalid(path, 'needs file_data (a base64 data URL) or file_id.');
  const inline = readDataUrl(data) ?? { mediaType: 'application/pdf', data };
  return { type: 'file', source: { kind: 'base64', ...inline }, ...name };
}

/** Reasoning that an assistant message carries: `reasoning_details` (with proofs), else `reasoning_content` or `reasoning` as text. */
export function readReasoning(message: JsonObject, path: string): Part[] {
  const list = optArray(message, 'reasoning_details', path);
  if (list && list.length > 0) return list.flatMap((entry) => readReasoningDetail(entry));
  const text = optString(message, 'reasoning_content', path) ?? optString(message, 'reasoning', path);
  return text ? [{ type: 'reasoning', text }] : [];
}

/** One entry of OpenRouter's `reasoning_details`: text with a signature, a summary, or encrypted data. */
export function readReasoningDetail(entry: Json): Extract<Part, { type: 'reasoning' }>[] {
  if (!isObject(entry)) return [];
  const id = typeof entry.id === 'string' ? { id: entry.id } : {};
  const text = typeof entry.text === 'string' ? entry.text : typeof entry.summary === 'string' ? entry.summary : '';
  if (typeof entry.data === 'string') return [{ type: 'reasoning', text, encrypted: entry.data, ...id }];
  const signature = typeof entry.signature === 'string' ? { signature: entry.signature } : {};
  return text === '' && !('signature' in signature) ? [] : [{ type: 'reasoning', text, ...signature, ...id }];
}

/** The opposite of `readReasoningDetail`. */
export function writeReasoningDetail(
  part: Omit<Extract<Part, { type: 'reasoning' }>, 'type'>,
  index: number,
): JsonObject {
  const detail: JsonObject =
    part.encrypted === undefined
      ? { type: 'reasoning.text', text: part.text }
      : { type: 'reasoning.encrypted', data: part.encrypted };
  if (part.encrypted !== undefined && part.text !== '') detail.summary = part.text;
  if (part.signature !== undefined) detail.signature = part.signature;
  if (part.id !== undefined) detail.id = part.id;
  detail.index = index;
  return detail;
}
