import { AppError } from '../base/errors.ts';
import type { Egress } from '../egress/index.ts';
import type { ChatRequest, MediaSource, Part } from '../providers/index.ts';

const MAX_MEDIA_BYTES = 20 * 1024 * 1024;
const MEDIA_TIMEOUT_MS = 20_000;
/** More than this many fetched for one call would make the gateway a crawler. */
const MAX_MEDIA = 20;

/**
 * The request with every image, sound and file that is given by URL fetched through the egress guard and put inline, but for those that the
 * provider reads by itself.
 */
export async function withInlineMedia(
  request: ChatRequest,
  egress: Egress,
  readsItself?: (url: string) => boolean,
): Promise<ChatRequest> {
  let fetched = 0;
  const inline = async (source: MediaSource): Promise<MediaSource> => {
    if (source.kind !== 'url' || readsItself?.(source.url)) return source;
    if (++fetched > MAX_MEDIA)
      throw new AppError('invalid_request', `More than ${MAX_MEDIA} media URLs in one call.`, { param: 'messages' });
    const answer = await egress.fetch(source.url, { maxBytes: MAX_MEDIA_BYTES, timeout_ms: MEDIA_TIMEOUT_MS });
    if (answer.status !== 200)
      throw new AppError('invalid_request', `A media URL answered with status ${answer.status}.`, {
        param: 'messages',
      });
    const type = String(answer.headers['content-type'] ?? 'application/octet-stream')
      .split(';')[0]!
      .trim();
    return { kind: 'base64', mediaType: type, data: answer.body.toString('base64') };
  };
  const inlinePart = async (part: Part): Promise<Part> => {
    if (part.type === 'image' || part.type === 'audio' || part.type === 'file')
      return { ...part, source: await inline(part.source) };
    if (part.type === 'tool_result') return { ...part, content: await Promise.all(part.content.map(inlinePart)) };
    return part;
  };
  return {
    ...request,
    messages: await Promise.all(
      request.messages.map(async (message) => ({
        ...message,
        content: await Promise.all(message.content.map(inlinePart)),
      })),
    ),
  };
}
