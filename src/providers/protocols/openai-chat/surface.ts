import type { Surface } from '../../protocol.ts';
import { chatInputBound, readEnvelope } from './envelope.ts';
import { parseChatRequest } from './parse-request.ts';
import { ChatStreamRenderer, renderChat } from './render.ts';

/** `POST /v1/chat/completions` (and Ark's `/api/v3/chat/completions`), as clients speak it. */
export const openaiChatSurface: Surface = {
  name: 'chat',
  api: 'openai-chat',
  envelope: readEnvelope,
  inputBound: chatInputBound,
  parse: parseChatRequest,
  render: renderChat,
  openStream: (request, context) => new ChatStreamRenderer(request, context),
};
