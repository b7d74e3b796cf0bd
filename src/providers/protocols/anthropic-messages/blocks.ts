/** Parts of the common language as Anthropic's content blocks. */
import type { CacheControl, JsonObject, MediaSource } from '../../protocol.ts';
import { type BlockFormat, checkToolName, ownProof, pairingId } from './conversation.ts';
import { invalid } from './fields.ts';
import { toolInput } from './render.ts';

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools */
export const TOOL_NAME_CHARS = 128;
const CALL_ID_CHARS = 128;
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

export const anthropicBlocks: BlockFormat = {
  text: (text, cache) => [withCache({ type: 'text', text }, cache)],
  image(part, path, warnings) {
    if (part.detail !== undefined && part.detail !== 'auto') warnings.add('image.detail');
    if (part.source.kind === 'base64' && !IMAGE_TYPES.includes(part.source.mediaType)) {
      throw invalid(path, `the image is ${part.source.mediaType}; send JPEG, PNG, GIF or WebP.`);
    }
    return [withCache({ type: 'image', source: buildSource(part.source) }, part.cache)];
  },
  file(part, path) {
    const block: JsonObject = { type: 'document', source: buildDocumentSource(part.source, path) };
    if (part.filename) block.title = part.filename;
    return [withCache(block, part.cache)];
  },
  audio(_part, path) {
    throw invalid(path, 'Anthropic takes no audio; send a transcript, or choose another model.');
  },
  reasoning(part, warnings) {
    const proof = ownProof(part);
    if (proof === 'signed') return [{ type: 'thinking', thinking: part.text, signature: part.signature! }];
    if (proof === 'encrypted') return [{ type: 'redacted_thinking', data: part.encrypted! }];
    warnings.add('reasoning_content');
    return [];
  },
  toolCall(part, path) {
    checkToolName(part.name, TOOL_NAME_CHARS, `${path}.name`);
    const id = pairingId(part.id, CALL_ID_CHARS);
    return [withCache({ type: 'tool_use', id, name: part.name, input: toolInput(part.arguments) }, part.cache)];
  },
  toolResult(part, content) {
    const block: JsonObject = { type: 'tool_result', tool_use_id: pairingId(part.callId, CALL_ID_CHARS) };
    if (content.length > 0) block.content = content;
    if (part.isError) block.is_error = true;
    return [withCache(block, part.cache)];
  },
};

export function withCache(block: JsonObject, cache: CacheControl | undefined): JsonObject {
  if (!cache) return block;
  return { ...block, cache_control: cache.ttl === '1h' ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' } };
}

function buildSource(source: MediaSource): JsonObject {
  switch (source.kind) {
    case 'url':
      return { type: 'url', url: source.url };
    case 'base64':
      return { type: 'base64', media_type: source.mediaType, data: source.data };
    case 'file_id':
      return { type: 'file', file_id: source.id };
  }
}

function buildDocumentSource(source: MediaSource, path: string): JsonObject {
  if (source.kind !== 'base64' || source.mediaType === 'application/pdf') return buildSource(source);
  if (!source.mediaType.startsWith('text/')) {
    throw invalid(path, `the file is ${source.mediaType}; Anthropic reads PDF and plain text.`);
  }
  return { type: 'text', media_type: 'text/plain', data: Buffer.from(source.data, 'base64').toString('utf8') };
}
