import type { Surface } from '../../protocol.ts';
import { readEnvelope, responsesInputBound } from './envelope.ts';
import { parseResponsesRequest } from './parse-request.ts';
import { renderResponse } from './render.ts';
import { ResponsesStreamRenderer } from './stream-renderer.ts';

/** `POST /v1/responses` (and Ark's `/api/v3/responses`), as clients speak it. */
export const openaiResponsesSurface: Surface = {
  name: 'responses',
  api: 'openai-responses',
  envelope: readEnvelope,
  inputBound: responsesInputBound,
  parse: parseResponsesRequest,
  render: renderResponse,
  openStream: (request, context) => new ResponsesStreamRenderer(request, context),
};
