/** Anthropic's models on Vertex AI: the same messages, with the model in the path and the version in the body. */
import type { Api, JsonObject, Passthrough } from './protocol.ts';
import { anthropicApi } from './protocols/anthropic-messages/index.ts';
import { spliceTopLevel } from './protocols/json-body.ts';

/** https://docs.anthropic.com/en/api/claude-on-vertex-ai */
const VERTEX_VERSION = 'vertex-2023-10-16';

export const vertexAnthropicApi: Api = {
  ...anthropicApi,
  build(request, target) {
    const built = anthropicApi.build(request, target);
    const { model: _, ...rest } = built.body;
    const body: JsonObject = { anthropic_version: VERTEX_VERSION, ...rest };
    return { ...built, headers: withoutVersion(built.headers), body };
  },
  ...(anthropicApi.passthrough ? { passthrough: wrapPassthrough(anthropicApi.passthrough) } : {}),
};

function wrapPassthrough(inner: Passthrough): Passthrough {
  return {
    ...inner,
    headers: (body) => withoutVersion(inner.headers?.(body) ?? {}),
    rewrite(bytes, body, changes, target) {
      const rewritten = inner.rewrite(bytes, body, changes, target);
      return spliceTopLevel(rewritten, { model: undefined, anthropic_version: VERTEX_VERSION });
    },
  };
}

function withoutVersion(headers: Record<string, string>): Record<string, string> {
  const { 'anthropic-version': _, ...rest } = headers;
  return rest;
}
