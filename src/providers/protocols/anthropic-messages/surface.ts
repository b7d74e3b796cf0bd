import type { Surface } from '../../protocol.ts';
import { readEnvelope, readInputBound } from './envelope.ts';
import { parseMessages } from './parse.ts';
import { renderReply } from './render.ts';
import { MessagesRenderer } from './render-stream.ts';

/** `POST /v1/messages`, as Anthropic's clients speak it. */
export const anthropicSurface: Surface = {
  name: 'messages',
  api: 'anthropic-messages',
  envelope: readEnvelope,
  inputBound: readInputBound,
  parse: (body) => parseMessages(body),
  render: renderReply,
  openStream: (_request, context) => new MessagesRenderer(context),
};
