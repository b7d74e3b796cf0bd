import type { Api } from '../../protocol.ts';
import { buildGemini, type GeminiDialect } from './build.ts';
import { parseGeminiError } from './errors.ts';
import { readReply } from './reply.ts';
import { GeminiStreamDecoder } from './stream.ts';

export { takesByUri } from './contents.ts';
export { parseGeminiError } from './errors.ts';
export { FailedReplyError } from './reply.ts';
export { GEMINI_SIGNATURE_PREFIX } from './signatures.ts';

function createApi(dialect: GeminiDialect): Api {
  return {
    name: 'gemini-generate',
    // By address Gemini takes only what `takesByUri` names.
    inlineMedia: true,
    // `maxOutputTokens` bounds thoughts and answer together.
    limitExcludesReasoning: false,
    build: (request, target) => buildGemini(request, target, dialect),
    parse: readReply,
    openStream: () => new GeminiStreamDecoder(),
    parseError: parseGeminiError,
  };
}

/** generateContent and streamGenerateContent of the Gemini API (v1beta). */
export const geminiGenerateApi: Api = createApi({ vertex: false });
/** The same of Vertex AI. */
export const vertexGenerateApi: Api = createApi({ vertex: true });
