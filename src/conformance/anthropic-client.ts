/** Anthropic's client, unchanged: its helpers, its events, its usage fields, its classes of errors. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';
import { type Answer, calls, says, USAGE } from './upstreams/answer.ts';
import { COLUMNS, columnOf, type World } from './world.ts';

export function anthropicSuite(shared: () => World): void {
  let world: World;
  before(() => {
    world = shared();
  });

  const scripted = COLUMNS.filter((column) => column.id !== 'reflex');
  const base = { max_tokens: 3000, messages: [{ role: 'user' as const, content: 'The weather in Oslo?' }] };
  const Weather = z.object({ city: z.string(), degrees: z.number() });
  const OSLO = { city: 'Oslo', degrees: 7 };

  describe('helpers of messages', () => {
    for (const { id, model } of COLUMNS) {
      it(`parse gives typed output · ${id}`, async () => {
        world.upstream.answer = says(JSON.stringify(OSLO));
        const reply = await world.anthropic.messages.parse({
          model,
          ...base,
          output_config: { format: zodOutputFormat(Weather) },
        });
        const parsed = Weather.parse(reply.parsed_output);
        if (id !== 'reflex') assert.deepEqual(parsed, OSLO);
      });
    }

    for (const { id, model } of scripted) {
      it(`events of a stream come in their order · ${id}`, async () => {
        const answer: Answer = calls([{ id: 'toolu_9', name: 'get_weather', args: { city: 'Oslo' } }]);
        answer.parts.unshift(
          { type: 'thinking', text: 'I look it up.', proof: 'c2lnbmVk' },
          { type: 'text', text: 'One moment.' },
        );
        world.upstream.answer = answer;
        const open = new Set<number>();
        const types: string[] = [];
        const tools = [{ name: 'get_weather', input_schema: { type: 'object' as const } }];
        for await (const event of await world.anthropic.messages.create({ model, ...base, tools, stream: true })) {
          types.push(event.type);
          if (event.type === 'content_block_start') {
            assert.equal(event.index, types.filter((type) => type === 'content_block_start').length - 1);
            assert.equal(open.size, 0, 'one block at a time');
            open.add(event.index);
          } else if (event.type === 'content_block_delta') assert.ok(open.has(event.index));
          else if (event.type === 'content_block_stop') assert.ok(open.delete(event.index));
          else if (event.type === 'message_delta') assert.equal(event.delta.stop_reason, 'tool_use');
        }
        assert.deepEqual([types[0], ...types.slice(-2)], ['message_start', 'message_delta', 'message_stop']);
        assert.equal(open.size, 0);
      });

      it(`the beta client and its headers · ${id}`, async () => {
        world.upstream.answer = says('Mild.');
        const reply = await world.anthropic.beta.messages.create({ model, ...base, betas: ['context-1m-2025-08-07'] });
        assert.equal(reply.content[0]?.type === 'text' && reply.content[0].text, 'Mild.');
        if (columnOf(id).passes.includes('messages'))
          assert.equal(world.upstream.last()!.headers['anthropic-beta'], 'context-1m-2025-08-07');
      });
    }

    it('a thread that no one keeps goes on as a whole conversation', async () => {
      for (const { id, model } of COLUMNS.filter((column) => !column.passes.includes('messages'))) {
        world.upstream.answer = says('Mild.');
        const thread = world.anthropic.beta.messages.thread({
          model,
          max_tokens: 300,
          unsupportedRequestBehavior: 'continue_unthreaded',
        });
        await thread.send({ role: 'user', content: 'The weather in Oslo?' });
        await thread.send({ role: 'user', content: 'And in Bergen?' });
        if (id === 'reflex') continue;
        const { text } = world.upstream.last()!;
        assert.ok(
          ['in Oslo?', 'Mild.', 'in Bergen?'].every((each) => text.includes(each)),
          text,
        );
      }
    });

    it('a tool runner calls and goes on', async () => {
      for (const { id, model } of scripted) {
        world.upstream.answer = calls([{ id: 'toolu_9', name: 'get_weather', args: { city: 'Oslo' } }]);
        const runner = world.anthropic.beta.messages.toolRunner({
          model,
          ...base,
          tools: [
            {
              name: 'get_weather',
              description: 'The weather.',
              input_schema: { type: 'object', properties: { city: { type: 'string' } } },
              parse: (input: unknown) => input as { city: string },
              run: ({ city }: { city: string }) => {
                world.upstream.answer = says(`Seven degrees in ${city}.`);
                return 'seven degrees';
              },
            },
          ],
        });
        const reply = await runner;
        assert.equal(reply.content[0]?.type === 'text' && reply.content[0].text, 'Seven degrees in Oslo.', id);
        assert.ok(world.upstream.last()!.text.includes('seven degrees'), id);
      }
    });
  });

  describe('usage', () => {
    for (const { id, model } of scripted.filter(
      (each) => !['gemini', 'vertex', 'ollama', 'compatible', 'ark'].includes(each.id),
    )) {
      for (const stream of [false, true]) {
        it(`tells what was read from and written to the cache · ${id}${stream ? ' · stream' : ''}`, async () => {
          world.upstream.answer = says('Mild.', { usage: { ...USAGE, input: 200, cached: 90, cacheWrite: 40 } });
          const { usage } = stream
            ? await world.anthropic.messages.stream({ model, ...base }).finalMessage()
            : await world.anthropic.messages.create({ model, ...base });
          assert.deepEqual(
            [usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens, usage.output_tokens],
            [70, 90, 40, USAGE.output],
          );
        });
      }
    }
  });

  describe('count_tokens', () => {
    it('counts for every model', async () => {
      for (const { id, model } of COLUMNS) {
        const { input_tokens } = await world.anthropic.messages.countTokens({ model, messages: base.messages });
        assert.ok(input_tokens > 0 && input_tokens < 100, `${id}: ${input_tokens}`);
      }
    });
  });

  describe('keys', () => {
    it('are taken as x-api-key and as a bearer token', async () => {
      world.upstream.answer = says('Mild.');
      const bearer = new Anthropic({ apiKey: null, authToken: world.secret, baseURL: world.tw.url, maxRetries: 0 });
      assert.equal(
        (await bearer.messages.create({ model: columnOf('anthropic').model, ...base })).stop_reason,
        'end_turn',
      );
      // Ours opens our door, and the provider's key its own.
      assert.deepEqual(
        [world.upstream.last()!.headers['x-api-key'], world.upstream.last()!.headers.authorization],
        ['sk-upstream', undefined],
      );
    });
  });

  describe('errors in the client’s own classes', () => {
    const withKey = (apiKey: string) => new Anthropic({ apiKey, baseURL: world.tw.url, maxRetries: 0 });
    const message = (client: Anthropic, model = columnOf('anthropic').model) =>
      client.messages.create({ model, ...base });

    async function failureOf(
      call: Promise<unknown>,
    ): Promise<{ status: number | undefined; type: string | null | undefined; code: unknown }> {
      const error = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof Anthropic.APIError, String(error));
      const body = error.error as { type: string; error: { type: string; message: string; code: string } };
      assert.equal(body.type, 'error');
      assert.ok(body.error.message.length > 0);
      return { status: error.status, type: error.type, code: body.error.code };
    }

    it('401, 402, 403, 404, 400 and 429 have the types of the Messages API', async () => {
      assert.deepEqual(await failureOf(message(withKey('tw-none'))), {
        status: 401,
        type: 'authentication_error',
        code: 'invalid_key',
      });
      const poor = await world.tw.key();
      await world.tw.budget(poor.id, '0.00000001');
      assert.deepEqual(await failureOf(message(withKey(poor.secret))), {
        status: 402,
        type: 'billing_error',
        code: 'budget_exceeded',
      });
      const narrow = await world.tw.key({ models: ['openai/*'] });
      assert.deepEqual(await failureOf(message(withKey(narrow.secret))), {
        status: 403,
        type: 'permission_error',
        code: 'not_allowed',
      });
      assert.deepEqual(await failureOf(message(world.anthropic, 'anthropic/none')), {
        status: 404,
        type: 'not_found_error',
        code: 'model_not_found',
      });
      const odd = world.anthropic.messages.create({
        model: columnOf('gemini').model,
        ...base,
        temperature: 'hot',
      } as Anthropic.MessageCreateParamsNonStreaming);
      assert.deepEqual(await failureOf(odd), { status: 400, type: 'invalid_request_error', code: 'invalid_request' });
      const slow = await world.tw.key({ rpm: 1 });
      world.upstream.answer = says('Mild.');
      await message(withKey(slow.secret));
      assert.deepEqual(await failureOf(message(withKey(slow.secret))), {
        status: 429,
        type: 'rate_limit_error',
        code: 'rate_limited',
      });
    });

    for (const { id, model } of scripted) {
      it(`a stream that breaks makes the client throw · ${id}`, async () => {
        world.upstream.answer = says('A text of which the reader will see one half, and then an error.', {
          breaks: true,
        });
        await assert.rejects(world.anthropic.messages.stream({ model, ...base }).finalMessage(), Anthropic.APIError);
      });
    }
  });
}
