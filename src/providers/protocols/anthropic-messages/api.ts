import type { Api } from '../../protocol.ts';
import { buildRequest } from './build.ts';
import { AnthropicDecoder, decodeReply } from './decode.ts';
import { parseAnthropicError } from './errors.ts';
import { anthropicPassthrough } from './passthrough.ts';

/** Anthropic's Messages API. Its own limit, `max_tokens`, includes thinking. */
export const anthropicApi: Api = {
  name: 'anthropic-messages',
  inlineMedia: false,
  limitExcludesReasoning: false,
  build: buildRequest,
  parse: decodeReply,
  openStream: () => new AnthropicDecoder(),
  parseError: parseAnthropicError,
  passthrough: anthropicPassthrough,
};
