/** OpenAI's client, unchanged: its helpers, its classes of errors, and what it lists. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { assertSchema } from '../providers/protocols/fixtures/openai-schemas.ts';
import { operationOf } from '../server-testing.ts';
import { calls, says } from './upstreams/answer.ts';
import { COLUMNS, columnOf, type World } from './world.ts';

export function openaiSuite(shared: () => World): void {
  let world: World;
  before(() => {
    world = shared();
  });

  const Weather = z.object({ city: z.string(), degrees: z.number() });
  const OSLO = { city: 'Oslo', degrees: 7 };
  const ask = { messages: [{ role: 'user' as const, content: 'The weather in Oslo?' }] };
  const scripted = COLUMNS.filter((column) => column.id !== 'reflex');

  describe('helpers of chat completions', () => {
    for (const { id, model } of COLUMNS) {
      it(`parse gives typed output · ${id}`, async () => {
        world.upstream.answer = says(JSON.stringify(OSLO));
        const reply = await world.openai.chat.completions.parse({
          model,
          ...ask,
          response_format: zodResponseFormat(Weather, 'weather'),
        });
        const parsed = Weather.parse(reply.choices[0]!.message.parsed);
        if (id !== 'reflex') assert.deepEqual(parsed, OSLO);
      });
    }

    for (const { id, model } of scripted) {
      it(`the stream helper puts a reply together · ${id}`, async () => {
        world.upstream.answer = calls([{ id: 'call_9', name: 'get_weather', args: { city: 'Oslo' } }]);
        const tools = [
          {
            type: 'function' as const,
            function: { name: 'get_weather', parameters: { type: 'object', properties: {} } },
          },
        ];
        const running = world.openai.chat.completions.stream({
          model,
          ...ask,
          tools,
          stream_options: { include_usage: true },
        });
        const done: string[] = [];
        running.on('tool_calls.function.arguments.done', (event) => done.push(`${event.name} ${event.arguments}`));
        const reply = await running.finalChatCompletion();
        assert.deepEqual(done, ['get_weather {"city":"Oslo"}']);
        assert.equal(reply.choices[0]!.finish_reason, 'tool_calls');
        assert.equal(reply.usage?.total_tokens, 80);
      });

      it(`runTools calls and goes on · ${id}`, async () => {
        world.upstream.answer = calls([{ id: 'call_9', name: 'get_weather', args: { city: 'Oslo' } }]);
        const runner = world.openai.chat.completions.runTools({
          model,
          ...ask,
          tools: [
            {
              type: 'function',
              function: {
                name: 'get_weather',
                description: 'The weather.',
                parameters: { type: 'object', properties: { city: { type: 'string' } } },
                parse: JSON.parse,
                function: ({ city }: { city: string }) => {
                  world.upstream.answer = says(`Seven degrees in ${city}.`);
                  return 'seven degrees';
                },
              },
            },
          ],
        });
        assert.equal(await runner.finalContent(), 'Seven degrees in Oslo.');
        assert.ok(world.upstream.last()!.text.includes('seven degrees'));
      });
    }

    it('a stream shows no usage that was not asked for', async () => {
      world.upstream.answer = says('Mild and dry.');
      for (const { id, model } of COLUMNS) {
        for await (const chunk of await world.openai.chat.completions.create({ model, ...ask, stream: true })) {
          assert.ok(chunk.choices.length > 0 && (chunk.usage ?? null) === null, id);
        }
      }
    });
  });

  describe('helpers of responses', () => {
    for (const { id, model } of COLUMNS) {
      it(`parse gives typed output · ${id}`, async () => {
        world.upstream.answer = says(JSON.stringify(OSLO));
        const reply = await world.openai.responses.parse({
          model,
          input: 'The weather in Oslo?',
          text: { format: zodTextFormat(Weather, 'weather') },
        });
        const parsed = Weather.parse(reply.output_parsed);
        if (id !== 'reflex') assert.deepEqual(parsed, OSLO);
      });
    }

    it('reasoning goes back in its encrypted form, and only to who made it', async () => {
      const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'How far is the moon?' }];
      world.upstream.answer = says('Far.');
      world.upstream.answer.parts.unshift({ type: 'thinking', text: 'Hm.', proof: 'Z0FBQUFBQm8=' });
      const reasoning = { effort: 'low' as const, summary: 'auto' as const };
      const first = await world.openai.responses.create({
        model: columnOf('openai').model,
        input,
        reasoning,
        store: false,
        include: ['reasoning.encrypted_content'],
      });
      const item = first.output[0]!;
      assert.deepEqual([item.type, item.type === 'reasoning' && item.encrypted_content], ['reasoning', 'Z0FBQUFBQm8=']);
      const next = [
        ...input,
        ...(first.output as OpenAI.Responses.ResponseInput),
        { role: 'user' as const, content: 'And the sun?' },
      ];
      await world.openai.responses.create({ model: columnOf('openai').model, input: next, reasoning });
      assert.ok(world.upstream.last()!.text.includes('Z0FBQUFBQm8='));
      for (const other of ['anthropic', 'gemini', 'bedrock', 'ollama', 'compatible']) {
        await world.openai.responses.create({ model: columnOf(other).model, input: next, reasoning });
        assert.ok(!world.upstream.last()!.text.includes('Z0FBQUFBQm8='), `${other} never gets another's proof`);
        // Ollama takes the readable text back, which has no proof to lose.
        if (other !== 'ollama')
          assert.ok(
            world.warnings().some((name) => name.startsWith('reasoning')),
            `${other}: ${world.warnings().join()}`,
          );
      }
    });
  });

  describe('models', () => {
    it('are listed and read', async () => {
      const listed: string[] = [];
      for await (const model of world.openai.models.list()) listed.push(model.id);
      for (const { id, model } of COLUMNS) assert.ok(listed.includes(model), `${id}: ${listed.join()}`);
      for (const { model } of COLUMNS) assert.equal((await world.openai.models.retrieve(model)).id, model);
      await assert.rejects(world.openai.models.retrieve('openai/none'), OpenAI.NotFoundError);
    });
  });

  describe('errors in the client’s own classes', () => {
    const chat = (client: OpenAI, model = columnOf('openai').model) =>
      client.chat.completions.create({ model, ...ask });
    const withKey = (apiKey: string, headers: Record<string, string> = {}) =>
      new OpenAI({ apiKey, baseURL: `${world.tw.url}/v1`, maxRetries: 0, defaultHeaders: headers });

    async function failureOf(call: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
      const error = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof OpenAI.APIError, String(error));
      assertSchema('ErrorResponse', { error: error.error });
      return error;
    }

    it('401: a key that is none', async () => {
      const error = await failureOf(chat(withKey('tw-none')));
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.code, 'invalid_key');
    });

    it('402: a budget that is used up', async () => {
      const { id, secret } = await world.tw.key();
      await world.tw.budget(id, '0.00000001');
      const error = await failureOf(chat(withKey(secret)));
      assert.deepEqual([error.status, error.code], [402, 'budget_exceeded']);
    });

    it('403: a model that the key may not call', async () => {
      const { secret } = await world.tw.key({ models: ['anthropic/*'] });
      const error = await failureOf(chat(withKey(secret)));
      assert.ok(error instanceof OpenAI.PermissionDeniedError);
      assert.equal(error.code, 'not_allowed');
    });

    it('404: a model that nobody has', async () => {
      const error = await failureOf(chat(world.openai, 'openai/none'));
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.equal(error.code, 'model_not_found');
    });

    it('400: a field that is wrong, named', async () => {
      const error = await failureOf(
        world.openai.chat.completions.create({
          model: columnOf('anthropic').model,
          ...ask,
          temperature: 'hot' as unknown as number,
        }),
      );
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.deepEqual([error.code, error.param], ['invalid_request', 'temperature']);
    });

    it('429: the key’s own limit, with retry-after', async () => {
      const { secret } = await world.tw.key({ rpm: 1 });
      await chat(withKey(secret));
      const error = await failureOf(chat(withKey(secret)));
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.ok(Number(error.headers?.get('retry-after')) > 0);
    });

    it('502: a provider that refuses our own key is not the caller’s fault', async () => {
      world.upstream.answer = says('', {
        failure: {
          status: 401,
          body: {
            error: {
              message: 'Incorrect API key provided: sk-upstream',
              type: 'invalid_request_error',
              code: 'invalid_api_key',
            },
          },
        },
      });
      const error = await failureOf(chat(world.openai));
      assert.ok(error instanceof OpenAI.InternalServerError && !String(error.message).includes('sk-upstream'));
    });
  });

  describe('streams that break', () => {
    const text = 'A text that the reader will see one half of, and then an error.';

    for (const { id, model } of scripted) {
      it(`chat: the client throws, after what it got · ${id}`, async () => {
        world.upstream.answer = says(text, { breaks: true });
        let got = '';
        await assert.rejects(async () => {
          for await (const chunk of await world.openai.chat.completions.create({ model, ...ask, stream: true }))
            got += chunk.choices[0]?.delta.content ?? '';
        }, OpenAI.APIError);
        assert.ok(got.length > 0 && text.startsWith(got), got);
      });

      it(`responses: the client throws · ${id}`, async () => {
        world.upstream.answer = says(text, { breaks: true });
        await assert.rejects(
          world.openai.responses.stream({ model, input: 'Go on.' }).finalResponse(),
          OpenAI.OpenAIError,
        );
      });
    }

    it('a client that aborts pays for what it got, and the ledger says so', async () => {
      world.upstream.answer = says(text, { hang: true });
      const stream = await world.openai.chat.completions.create({
        model: columnOf('gemini').model,
        ...ask,
        stream: true,
      });
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
      await world.upstream.abandoned();
      const record = await operationOf(world.tw, new Response('', { headers: world.wire().headers }));
      assert.deepEqual([record.status, record.attempts[0]!.usageSource], ['aborted', 'estimated']);
    });
  });
}
