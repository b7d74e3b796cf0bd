import type { Api } from '../../protocol.ts';
import { buildRequest } from './build.ts';
import { ConverseDecoder, decodeReply } from './decode.ts';
import { parseBedrockError } from './errors.ts';

/** AWS Bedrock's Converse. It fetches nothing from the web, and its limit on output includes reasoning. */
export const bedrockConverseApi: Api = {
  name: 'bedrock-converse',
  inlineMedia: true,
  limitExcludesReasoning: false,
  build: buildRequest,
  parse: decodeReply,
  openStream: () => new ConverseDecoder(),
  parseError: parseBedrockError,
};
