import type { Api } from '../../protocol.ts';
import { buildChatRequest } from './build.ts';
import { ChatStreamDecoder } from './decode-stream.ts';
import { parseOpenaiError } from './errors.ts';
import { parseChatReply } from './parse-reply.ts';
import { chatPassthrough } from './passthrough.ts';

/** OpenAI's chat completions API, and those of providers that imitate it. */
export const openaiChatApi: Api = {
  name: 'openai-chat',
  inlineMedia: false,
  // `max_completion_tokens` includes reasoning (OpenAI API reference).
  limitExcludesReasoning: false,
  build: buildChatRequest,
  parse: parseChatReply,
  openStream: (target) => new ChatStreamDecoder(target),
  parseError: (status, headers, body) => parseOpenaiError(status, headers, body),
  passthrough: chatPassthrough,
};
