/** What data-plane.ts answers, as the OpenAPI document and the answer to a wrong method need to know it. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { ErrorAnswer } from '../../contract/control/index.ts';

const SURFACES: Record<string, { summary: string; shape: string }> = {
  '/v1/chat/completions': {
    summary: 'Chat completions (OpenAI)',
    shape: 'https://platform.openai.com/docs/api-reference/chat',
  },
  '/v1/responses': { summary: 'Responses (OpenAI)', shape: 'https://platform.openai.com/docs/api-reference/responses' },
  '/v1/embeddings': {
    summary: 'Embeddings (OpenAI)',
    shape: 'https://platform.openai.com/docs/api-reference/embeddings',
  },
  '/v1/messages': { summary: 'Messages (Anthropic)', shape: 'https://docs.anthropic.com/en/api/messages' },
  '/api/v3/chat/completions': {
    summary: 'Chat completions (Volcano Ark)',
    shape: 'https://www.volcengine.com/docs/82379',
  },
  '/api/v3/responses': { summary: 'Responses (Volcano Ark)', shape: 'https://www.volcengine.com/docs/82379' },
  '/api/v3/embeddings': { summary: 'Embeddings (Volcano Ark)', shape: 'https://www.volcengine.com/docs/82379' },
};

/** Paths that the data plane answers by POST; anything else on them comes to the control plane. */
export const DATA_PLANE_PATHS: ReadonlySet<string> = new Set(Object.keys(SURFACES));

const REQUEST_HEADERS = z.object({
  'x-tokenworks-tags': z.string().optional().meta({ description: 'For chargeback: `team=voc,feature=weekly`.' }),
  'x-tokenworks-user': z.string().optional().meta({ description: 'Needs a key with act_as_user.' }),
  'x-tokenworks-max-cost': z.string().optional().meta({ description: 'Most that the call may cost: `0.05 USD`.' }),
  'idempotency-key': z.string().optional(),
});

const REFUSALS: Record<number, string> = {
  400: '`invalid_request`, `context_too_long`',
  401: '`invalid_key`',
  402: '`budget_exceeded`, `no_exchange_rate`',
  403: '`not_allowed`',
  404: '`model_not_found`',
  413: '`too_large`',
  429: '`rate_limited`',
  502: '`upstream_error`',
  503: '`overloaded`',
  504: '`upstream_timeout`',
};

export function documentDataPlane(app: OpenAPIHono): void {
  for (const [path, { summary, shape }] of Object.entries(SURFACES)) {
    app.openAPIRegistry.registerPath({
      method: 'post',
      path,
      tags: ['Calls'],
      summary,
      description: `Bodies and streams are the vendor's own (${shape}); its SDK works unchanged. Any model speaks any of these surfaces.`,
      operationId: `call${path.replace(/[^a-z0-9]+(.)/g, (_match, letter: string) => letter.toUpperCase())}`,
      security: [{ key: [] }],
      request: {
        headers: REQUEST_HEADERS,
        body: { required: true, content: { 'application/json': { schema: z.object({ model: z.string() }).loose() } } },
      },
      responses: {
        200: {
          description:
            'The reply, or its stream. x-tokenworks-operation names the call, x-tokenworks-model the deployment that answered.',
          content: {
            'application/json': { schema: z.object({}).loose() },
            'text/event-stream': { schema: z.string() },
          },
        },
        ...Object.fromEntries(
          Object.entries(REFUSALS).map(([status, codes]) => [
            status,
            { description: codes, content: { 'application/json': { schema: ErrorAnswer } } },
          ]),
        ),
      },
    });
  }
}
