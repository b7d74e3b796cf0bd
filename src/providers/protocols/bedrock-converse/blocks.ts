/** Parts of the common language as Converse's content blocks (API reference "ContentBlock"). */
import type { CacheControl, JsonObject, MediaSource } from '../../protocol.ts';
import { type BlockFormat, checkToolName, ownProof, pairingId } from '../anthropic-messages/conversation.ts';
import { invalid } from '../anthropic-messages/fields.ts';
import { toolInput } from '../anthropic-messages/render.ts';

/** Tool names and call ids alike. */
export const NAME_CHARS = 64;
const IMAGES: Record<string, string> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};
const DOCUMENTS: Record<string, string> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
};
const AUDIO: Record<string, string> = {
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/flac': 'flac',
  'audio/ogg': 'ogg',
  'audio/opus': 'opus',
  'audio/aac': 'aac',
  'audio/mp4': 'm4a',
  'audio/webm': 'webm',
};

/** One per request: documents need names that differ. */
export function converseBlocks(): BlockFormat {
  const names = new Set<string>();
  return {
    text: (text, cache) => [{ text }, ...cachePoint(cache)],
    image(part, path, warnings) {
      if (part.detail !== undefined && part.detail !== 'auto') warnings.add('image.detail');
      const image = {
        format: formatOf(part.source, IMAGES, path, 'PNG, JPEG, GIF or WebP'),
        source: bytes(part.source, path),
      };
      return [{ image }, ...cachePoint(part.cache)];
    },
    file(part, path) {
      const format = formatOf(part.source, DOCUMENTS, path, 'PDF, Word, Excel, CSV, HTML, Markdown or plain text');
      const name = documentName(part.filename, names);
      return [{ document: { format, name, source: bytes(part.source, path) } }, ...cachePoint(part.cache)];
    },
    audio(part, path) {
      const format = part.format ?? formatOf(part.source, AUDIO, path, 'MP3, WAV, FLAC, OGG, AAC or WebM');
      return [{ audio: { format, source: bytes(part.source, path) } }];
    },
    reasoning(part, warnings) {
      const proof = ownProof(part);
      if (proof === 'signed') {
        return [{ reasoningContent: { reasoningText: { text: part.text, signature: part.signature! } } }];
      }
      if (proof === 'encrypted') return [{ reasoningContent: { redactedContent: part.encrypted! } }];
      warnings.add('reasoning_content');
      return [];
    },
    toolCall(part, path) {
      checkToolName(part.name, NAME_CHARS, `${path}.name`);
      const toolUse = { toolUseId: pairingId(part.id, NAME_CHARS), name: part.name, input: toolInput(part.arguments) };
      return [{ toolUse }, ...cachePoint(part.cache)];
    },
    toolResult(part, content) {
      // Cache points can't stand inside a result, and it has to hold something.
      const inner = content.filter((block) => block.cachePoint === undefined);
      const toolResult: JsonObject = {
        toolUseId: pairingId(part.callId, NAME_CHARS),
        content: inner.length > 0 ? inner : [{ text: '(empty)' }],
      };
      if (part.isError) toolResult.status = 'error';
      return [{ toolResult }, ...cachePoint(part.cache)];
    },
  };
}

export function cachePoint(cache: CacheControl | undefined): JsonObject[] {
  if (!cache) return [];
  return [{ cachePoint: cache.ttl === '1h' ? { type: 'default', ttl: '1h' } : { type: 'default' } }];
}

/** A message with a document has to hold text as well. */
export function withTextBesideDocuments(content: JsonObject[]): JsonObject[] {
  const needsText =
    content.some((block) => block.document !== undefined) && !content.some((block) => block.text !== undefined);
  return needsText ? [...content, { text: '(See the attached document.)' }] : content;
}

function bytes(source: MediaSource, path: string): JsonObject {
  if (source.kind === 'base64') return { bytes: source.data };
  const uri = source.kind === 'url' ? source.url : source.id;
  if (uri.startsWith('s3://')) return { s3Location: { uri } };
  throw invalid(path, 'Bedrock takes media inline (base64) or from S3 (s3://…).');
}

function formatOf(source: MediaSource, known: Record<string, string>, path: string, wanted: string): string {
  if (source.kind === 'base64') {
    const format = known[source.mediaType.split(';')[0]!.trim().toLowerCase()];
    if (format) return format;
    throw invalid(path, `it is ${source.mediaType}; send ${wanted}.`);
  }
  const uri = source.kind === 'url' ? source.url : source.id;
  const extension = /\.([a-z0-9]+)$/i.exec(uri)?.[1]?.toLowerCase() ?? '';
  const format = extension === 'jpg' ? 'jpeg' : extension;
  if (Object.values(known).includes(format)) return format;
  throw invalid(path, `Bedrock takes media inline (base64) or from S3 with an extension of ${wanted}.`);
}

/** Letters, digits, single spaces, hyphens, parentheses and brackets, 200 at most; the same name twice is refused. */
function documentName(filename: string | undefined, taken: Set<string>): string {
  const plain = (filename ?? '')
    .replace(/\.[A-Za-z0-9]{1,5}$/, '')
    .replace(/[^A-Za-z0-9()[\]-]+/g, ' ')
    .trim()
    .slice(0, 180);
  const base = plain === '' ? 'document' : plain;
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base} ${number}`;
  taken.add(name);
  return name;
}
