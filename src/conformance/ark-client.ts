/** Ark: OpenAI's client at /api/v3, and an Ark provider behind every surface. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { says, USAGE } from './upstreams/answer.ts';
import { COLUMNS, columnOf, type World } from './world.ts';

export function arkSuite(shared: () => World): void {
  let world: World;
  before(() => {
    world = shared();
  });

  type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;
  /** Ark's own field, which OpenAI's types do not have. */
  const thinking = (type: string) => ({ thinking: { type } }) as unknown as Partial<Params>;
  const ask = { messages: [{ role: 'user' as const, content: 'How far is the moon?' }] };

  function chat(model: string, more: Partial<Params> = {}): Promise<OpenAI.ChatCompletion> {
    return world.ark.chat.completions.create({ model, ...ask, ...more } as Params);
  }

  describe("Ark's fields", () => {
    it('thinking is turned off everywhere, each in its own words, or the header says that it can not be', async () => {
      const words: Record<string, RegExp> = {
        ark: /"thinking":\{"type":"disabled"\}/,
        anthropic: /"thinking":\{"type":"disabled"\}/,
        'vertex-claude': /"thinking":\{"type":"disabled"\}/,
        bedrock: /"thinking":\{"type":"disabled"\}/,
        gemini: /"thinkingLevel":"LOW"/,
        vertex: /"thinkingLevel":"LOW"/,
        ollama: /"think":false/,
      };
      for (const [id, word] of Object.entries(words)) {
        world.upstream.answer = says('Far.');
        await chat(columnOf(id).model, thinking('disabled'));
        assert.match(world.upstream.last()!.text, word, id);
        assert.equal(
          world.warnings().length > 0,
          id === 'gemini' || id === 'vertex',
          `${id}: ${world.warnings().join()}`,
        );
      }
    });

    it('reasoning_content comes whole and streamed', async () => {
      const { model } = columnOf('ark');
      world.upstream.answer = says('Far.', { usage: { ...USAGE, reasoning: 11 } });
      world.upstream.answer.parts.unshift({ type: 'thinking', text: 'The moon is rather far away.' });
      const reply = await chat(model, thinking('enabled'));
      assert.equal(
        (reply.choices[0]!.message as { reasoning_content?: string }).reasoning_content,
        'The moon is rather far away.',
      );
      assert.equal(reply.usage?.completion_tokens_details?.reasoning_tokens, 11);
      let streamed = '';
      for await (const chunk of await world.ark.chat.completions.create({ model, ...ask, stream: true })) {
        streamed += (chunk.choices[0]?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? '';
      }
      assert.equal(streamed, 'The moon is rather far away.');
    });

    it('the tier that was served is shown, and the one wished for goes on', async () => {
      world.upstream.answer = says('Far.');
      const reply = await chat(columnOf('ark').model, { service_tier: 'auto' });
      assert.equal(reply.service_tier, 'default');
      assert.equal(world.upstream.last()!.body.service_tier, 'auto');
    });

    it('responses and embeddings are served at the same base', async () => {
      for (const column of COLUMNS) {
        world.upstream.answer = says('Far.');
        const reply = await world.ark.responses.create({ model: column.model, input: 'How far?' });
        assert.ok(reply.output_text.length > 0, column.id);
        if (!column.embeddings) continue;
        const { data } = await world.ark.embeddings.create({ model: column.embeddings, input: 'moon' });
        assert.equal(data.length, 1);
      }
    });
  });

  describe("Ark's errors", () => {
    const fails = (status: number, code: string, message = 'It did not work.') => {
      const type =
        { 400: 'BadRequest', 403: 'Forbidden', 404: 'NotFound', 429: 'TooManyRequests' }[status] ??
        'InternalServerError';
      world.upstream.answer = says('', { failure: { status, body: { error: { code, message, param: '', type } } } });
    };

    /** The failure at each of the two bases, and how often Ark was asked. */
    async function failure(client: OpenAI, model: string) {
      const before = world.upstream.seen.length;
      const error = await client.chat.completions.create({ model, ...ask }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof OpenAI.APIError, String(error));
      return {
        status: error.status,
        code: error.code,
        type: error.type,
        attempts: world.upstream.seen.length - before,
      };
    }

    const CASES: [number, string, number, string, string, number][] = [
      // upstream status, code → status, code, Ark type, attempts with two retries allowed
      [429, 'QuotaExceeded', 403, 'not_allowed', 'Forbidden', 1],
      [429, 'SetLimitExceeded', 403, 'not_allowed', 'Forbidden', 1],
      [429, 'RateLimitExceeded.EndpointRPMExceeded', 429, 'rate_limited', 'TooManyRequests', 3],
      [429, 'ServerOverloaded', 503, 'overloaded', 'InternalServerError', 3],
      [403, 'AccountOverdueError', 502, 'upstream_error', 'InternalServerError', 1],
      [401, 'AuthenticationError', 502, 'upstream_error', 'InternalServerError', 1],
      [404, 'InvalidEndpointOrModel.NotFound', 404, 'model_not_found', 'NotFound', 1],
      [400, 'SensitiveContentDetected', 400, 'invalid_request', 'BadRequest', 1],
      [400, 'InvalidParameter.temperature', 400, 'invalid_request', 'BadRequest', 1],
      [400, 'OutofContextError', 400, 'context_too_long', 'BadRequest', 1],
      [500, 'InternalServiceError', 502, 'upstream_error', 'InternalServerError', 3],
    ];

    for (const [upstreamStatus, upstreamCode, status, code, type, attempts] of CASES) {
      it(`${upstreamStatus} ${upstreamCode} → ${status} ${code}, ${attempts === 1 ? 'not tried again' : 'tried again'}`, async () => {
        fails(upstreamStatus, upstreamCode);
        assert.deepEqual(await failure(world.ark, 'stubborn-ark'), { status, code, type, attempts });
      });
    }

    it('have the shape of the base that was called', async () => {
      fails(400, 'SensitiveContentDetected');
      const { model } = columnOf('ark');
      assert.equal((await failure(world.openai, model)).type, 'invalid_request_error');
      assert.equal((await failure(world.ark, model)).type, 'BadRequest');
    });

    it('of ours have Ark’s types too', async () => {
      const stranger = new OpenAI({ apiKey: 'tw-none', baseURL: `${world.tw.url}/api/v3`, maxRetries: 0 });
      assert.deepEqual(await failure(stranger, columnOf('ark').model), {
        status: 401,
        code: 'invalid_key',
        type: 'Unauthorized',
        attempts: 0,
      });
      assert.deepEqual(await failure(world.ark, 'ark/none'), {
        status: 404,
        code: 'model_not_found',
        type: 'NotFound',
        attempts: 0,
      });
    });
  });
}
