import type { Api } from '../../protocol.ts';
import { parseOpenaiError } from '../openai-chat/errors.ts';
import { buildResponsesRequest } from './build.ts';
import { ResponsesStreamDecoder } from './decode-stream.ts';
import { parseResponsesReply } from './parse-reply.ts';
import { responsesPassthrough } from './passthrough.ts';

/** OpenAI's responses API, and those of providers that imitate it. */
export const openaiResponsesApi: Api = {
  name: 'openai-responses',
  inlineMedia: false,
  // `max_output_tokens` includes reasoning (OpenAI API reference).
  limitExcludesReasoning: false,
  build: buildResponsesRequest,
  parse: parseResponsesReply,
  openStream: (target) => new ResponsesStreamDecoder(target),
  parseError: (status, headers, body) => parseOpenaiError(status, headers, body),
  passthrough: responsesPassthrough,
};
