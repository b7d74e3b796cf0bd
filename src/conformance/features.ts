/** What the table of features is made of: each row is a small scenario that runs in every cell and says what it saw. */
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { Ajv } from 'ajv';
import OpenAI from 'openai';
import { operationOf } from '../server-testing.ts';
import { type Ask, type ChatSurface, type Said, speak } from './speak.ts';
import { type Answer, calls, says, USAGE } from './upstreams/answer.ts';
import { failureFor } from './upstreams/server.ts';
import type { Column, World } from './world.ts';

/** `bytes`: went through unchanged; `yes`: carried over; `warned`: left out and named in the header; `refused`: a 400 that names the field; `none`: the provider's format has no such thing. */
export type Verdict = 'bytes' | 'yes' | 'warned' | 'refused' | 'none';

export interface Cell {
  world: World;
  surface: ChatSurface;
  column: Column;
  stream: boolean;
  /** Asks the column's model; a 400 that names a field ends the scenario as `refused`. */
  ask(ask: Omit<Ask, 'model'>, answer?: Answer): Promise<Said>;
  /** The upstream's latest body as text; undefined where nothing was sent. */
  upstreamText(): string;
  reflex: boolean;
}

export interface Feature {
  id: string;
  title: string;
  surfaces: readonly ChatSurface[];
  modes?: 'plain' | 'stream';
  /** Columns whose provider has no such thing in its format. */
  absent?: (column: Column, surface: ChatSurface) => boolean;
  /** Names that the warnings header may use for it. */
  warns?: RegExp;
  /** Answers whether the feature was carried over; asserts everything else. */
  run(cell: Cell): Promise<boolean>;
}

export class Refused extends Error {}

const ALL: readonly ChatSurface[] = ['chat', 'responses', 'messages'];
export const PNG = {
  mediaType: 'image/png',
  data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
};
export const WEATHER = {
  name: 'get_weather',
  description: 'The weather of a city, as measured at its airport.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', enum: ['Paris', 'Oslo'] } },
    required: ['city'],
    additionalProperties: false,
  },
};
const TIDE = {
  name: 'get_tide',
  description: 'The tide at a harbour.',
  parameters: {
    type: 'object',
    properties: { harbour: { type: 'string', enum: ['Brest', 'Bergen'] } },
    required: ['harbour'],
    additionalProperties: false,
  },
};
const SCHEMA = {
  name: 'weather_report',
  schema: {
    type: 'object',
    properties: { city_zq: { type: 'string' }, mild: { type: 'boolean' } },
    required: ['city_zq', 'mild'],
    additionalProperties: false,
  },
};
const JSON_ANSWER = '{"city_zq":"Oslo","mild":false}';
const CALL = { id: 'call_a1B2c3', name: 'get_weather', args: { city: 'Paris' } };
const SECOND = { id: 'call_d4E5f6', name: 'get_tide', args: { harbour: 'Brest' } };

const STOPPED = { chat: 'stop', responses: 'completed', messages: 'end_turn' } as const;
const CALLED = { chat: 'tool_calls', responses: 'completed', messages: 'tool_use' } as const;
const CUT = { chat: 'length', responses: 'max_output_tokens', messages: 'max_tokens' } as const;
const FILTERED = { chat: 'content_filter', responses: 'content_filter', messages: 'refusal' } as const;

const question = 'What is the weather in Paris?';
const user = (text: string) => ({ turns: [{ user: text }] });

/** Whether the field made a difference to what the provider was sent. */
async function changesBody(
  cell: Cell,
  without: Omit<Ask, 'model'>,
  more: Partial<Ask>,
  answer?: Answer,
): Promise<boolean> {
  if (cell.reflex) {
    await cell.ask({ ...without, ...more }, answer);
    return false;
  }
  await cell.ask(without, answer);
  const before = cell.upstreamText();
  await cell.ask({ ...without, ...more }, answer);
  return cell.upstreamText() !== before;
}

export const FEATURES: Feature[] = [
  {
    id: 'text',
    title: 'Text',
    surfaces: ALL,
    async run(cell) {
      const said = await cell.ask(
        { turns: [{ user: 'Hello there, zebra.' }] },
        says('Hello from the upstream, 你好。'),
      );
      assert.equal(said.finish, STOPPED[cell.surface]);
      if (cell.reflex) return said.text.length > 0;
      assert.equal(said.text, 'Hello from the upstream, 你好。');
      return cell.upstreamText().includes('zebra');
    },
  },
  {
    id: 'streaming',
    title: 'Streaming',
    surfaces: ALL,
    modes: 'stream',
    async run(cell) {
      const said = await cell.ask(user('Tell me more.'), says('A text that comes in several pieces.'));
      return cell.reflex ? said.pieces >= 1 : said.pieces >= 4;
    },
  },
  {
    id: 'abort',
    title: 'Abort in mid-stream reaches the provider',
    surfaces: ALL,
    modes: 'stream',
    absent: (column) => column.id === 'reflex',
    async run({ world, surface, column }) {
      world.upstream.answer = says('A very long text of which the reader wants to see no more than its beginning.', {
        hang: true,
      });
      await abortAfterFirst(world, surface, column.model);
      await world.upstream.abandoned();
      return true;
    },
  },
  {
    id: 'system',
    title: 'System instructions',
    surfaces: ALL,
    absent: (column) => column.id === 'reflex',
    async run(cell) {
      await cell.ask({ system: 'Answer like a pirate.', ...user('Hello.') });
      return cell.upstreamText().includes('Answer like a pirate.');
    },
  },
  {
    id: 'max_tokens',
    title: 'Output limit',
    surfaces: ALL,
    async run(cell) {
      if (cell.reflex) return (await cell.ask({ ...user('Hello.'), maxTokens: 3 })).finish === CUT[cell.surface];
      await cell.ask({ ...user('Hello.'), maxTokens: 777 });
      return cell.upstreamText().includes(':777');
    },
  },
  {
    id: 'tools',
    title: 'Tool calls',
    surfaces: ALL,
    async run(cell) {
      const said = await cell.ask({ ...user(question), tools: [WEATHER, TIDE] }, calls([CALL]));
      assert.deepEqual(
        said.calls.map(({ name, args }) => ({ name, args })),
        [{ name: CALL.name, args: CALL.args }],
      );
      assert.equal(said.finish, CALLED[cell.surface]);
      assert.ok(said.calls[0]!.id.length > 0);
      if (cell.reflex) return true;
      return ['get_weather', 'measured at its airport', 'Oslo', 'get_tide'].every((text) =>
        cell.upstreamText().includes(text),
      );
    },
  },
  {
    id: 'parallel_tools',
    title: 'Several tool calls at once',
    surfaces: ALL,
    async run(cell) {
      const text = 'Get the weather in Paris and get the tide at Brest';
      const said = await cell.ask({ ...user(text), tools: [WEATHER, TIDE] }, calls([CALL, SECOND]));
      assert.deepEqual(
        said.calls.map(({ name, args }) => ({ name, args })),
        [CALL, SECOND].map(({ name, args }) => ({ name, args })),
      );
      assert.notEqual(said.calls[0]!.id, said.calls[1]!.id);
      return true;
    },
  },
  {
    id: 'one_call',
    title: 'One tool call at a time, on request',
    surfaces: ALL,
    warns: /^parallel_tool_calls$/,
    async run(cell) {
      const ask = { ...user('Get the weather in Paris and get the tide at Brest'), tools: [WEATHER, TIDE] };
      if (cell.reflex) return (await cell.ask({ ...ask, parallel: false })).calls.length === 1;
      return changesBody(cell, ask, { parallel: false }, calls([CALL]));
    },
  },
  {
    id: 'tool_choice',
    title: 'A named tool is forced',
    surfaces: ALL,
    warns: /^tool_choice$/,
    async run(cell) {
      const ask = { ...user(question), tools: [WEATHER, TIDE] };
      if (cell.reflex) return (await cell.ask({ ...ask, force: 'get_tide' })).calls[0]?.name === 'get_tide';
      return changesBody(cell, ask, { force: 'get_weather' }, calls([CALL]));
    },
  },
  {
    id: 'tool_results',
    title: 'Tool results',
    surfaces: ALL,
    async run(cell) {
      const ask = { ...user(question), tools: [WEATHER] };
      const said = await cell.ask(ask, calls([CALL]));
      const { id } = said.calls[0]!;
      const turns = [...ask.turns, { said }, { results: [{ id, text: 'Nineteen degrees and drizzle.' }] }];
      const reply = await cell.ask({ ...ask, turns }, says('It drizzles.'));
      if (cell.reflex) return reply.text.includes('Nineteen degrees');
      assert.equal(reply.text, 'It drizzles.');
      assertPaired(cell, id);
      return cell.upstreamText().includes('Nineteen degrees and drizzle.');
    },
  },
  {
    id: 'several_results',
    title: 'Several tool results, one of them empty',
    surfaces: ALL,
    absent: (column) => column.id === 'reflex',
    async run(cell) {
      const ask = { ...user('Weather in Paris and tide at Brest?'), tools: [WEATHER, TIDE] };
      const said = await cell.ask(ask, calls([CALL, SECOND]));
      const [first, second] = said.calls;
      const results = [
        { id: second!.id, text: '' },
        { id: first!.id, text: 'Nineteen degrees.' },
      ];
      await cell.ask({ ...ask, turns: [...ask.turns, { said }, { results }] }, says('Mild; no tide.'));
      assertPaired(cell, first!.id);
      assertPaired(cell, second!.id);
      return cell.upstreamText().includes('Nineteen degrees.');
    },
  },
  {
    id: 'mixed',
    title: 'Text and tool calls in one reply, and back',
    surfaces: ALL,
    absent: (column) => column.id === 'reflex',
    async run(cell) {
      const answer = calls([CALL]);
      answer.parts.unshift({ type: 'text', text: 'One moment, 请稍等。' });
      const ask = { ...user(question), tools: [WEATHER] };
      const said = await cell.ask(ask, answer);
      assert.equal(said.text, 'One moment, 请稍等。');
      assert.equal(said.calls.length, 1);
      const results = [{ id: said.calls[0]!.id, text: 'Nineteen degrees.' }];
      await cell.ask({ ...ask, turns: [...ask.turns, { said }, { results }] }, says('Mild.'));
      return cell.upstreamText().includes('One moment, 请稍等。');
    },
  },
  {
    id: 'empty',
    title: 'Empty replies',
    surfaces: ALL,
    absent: (column) => column.id === 'reflex',
    async run(cell) {
      const said = await cell.ask(user('Say nothing.'), { parts: [], stop: 'stop', usage: { ...USAGE, output: 0 } });
      assert.deepEqual([said.text, said.calls, said.finish, said.usage.output], ['', [], STOPPED[cell.surface], 0]);
      return true;
    },
  },
  {
    id: 'tool_result_images',
    title: 'Images in tool results',
    surfaces: ALL,
    warns: /image/,
    async run(cell) {
      const ask = { ...user(question), tools: [WEATHER] };
      const said = await cell.ask(ask, calls([CALL]));
      const turns = [
        ...ask.turns,
        { said },
        { results: [{ id: said.calls[0]!.id, text: 'A radar picture.', image: PNG }] },
      ];
      await cell.ask({ ...ask, turns }, says('It drizzles.'));
      return !cell.reflex && cell.upstreamText().includes(PNG.data);
    },
  },
  {
    id: 'images',
    title: 'Images',
    surfaces: ALL,
    warns: /image/,
    async run(cell) {
      await cell.ask({ turns: [{ user: 'What is on this picture?', image: PNG }] }, says('A dot.'));
      return !cell.reflex && cell.upstreamText().includes(PNG.data);
    },
  },
  {
    id: 'image_replies',
    title: 'Images in replies',
    surfaces: ALL,
    absent: (column) => !['gemini', 'vertex'].includes(column.id),
    async run(cell) {
      const picture = { parts: [{ type: 'image', ...PNG }], stop: 'stop', usage: USAGE } satisfies Answer;
      const said = await cell.ask(user('Paint a dot.'), picture);
      // Messages have no block for pictures in replies; a text in its place says so.
      if (cell.surface === 'messages') throw new Named(/image/.test(said.text));
      return said.images.some((image) => image.includes(PNG.data));
    },
  },
  {
    id: 'structured',
    title: 'Structured output (JSON schema)',
    surfaces: ALL,
    warns: /^response_format/,
    async run(cell) {
      const said = await cell.ask({ ...user('The weather in Oslo, please.'), schema: SCHEMA }, says(JSON_ANSWER));
      assert.ok(new Ajv().validate(SCHEMA.schema, JSON.parse(said.text)));
      return cell.reflex || cell.upstreamText().includes('city_zq');
    },
  },
  {
    id: 'json_mode',
    title: 'JSON mode',
    surfaces: ['chat', 'responses'],
    warns: /^response_format$/,
    async run(cell) {
      const ask = user('The weather in Oslo as JSON.');
      if (cell.reflex) return JSON.parse((await cell.ask({ ...ask, json: true })).text) !== undefined;
      return changesBody(cell, ask, { json: true }, says(JSON_ANSWER));
    },
  },
  {
    id: 'effort',
    title: 'Wish for reasoning',
    surfaces: ALL,
    warns: /^(reasoning|thinking)/,
    run: (cell) => changesBody(cell, user('How far is the moon?'), { effort: 'medium' }),
  },
  {
    id: 'reasoning',
    title: 'Reasoning text',
    surfaces: ALL,
    // OpenAI's chat completions never show it; Reflex does not reason.
    absent: (column, surface) =>
      column.id === 'reflex' || (['openai', 'azure'].includes(column.id) && surface !== 'responses'),
    async run(cell) {
      const answer = says('384,000 km.', { usage: { ...USAGE, reasoning: 9 } });
      answer.parts.unshift({ type: 'thinking', text: 'The moon is rather far away.', proof: 'c2lnbmVk' });
      const said = await cell.ask({ ...user('How far is the moon?'), effort: 'medium' }, answer);
      assert.equal(said.text, '384,000 km.');
      assert.equal(said.reasoning, 'The moon is rather far away.');
      return true;
    },
  },
  {
    id: 'signatures',
    title: 'Proofs of reasoning, there and back',
    surfaces: ALL,
    absent: (column, surface) =>
      ['compatible', 'ark', 'ollama', 'reflex'].includes(column.id) ||
      (['openai', 'azure'].includes(column.id) && surface !== 'responses'),
    async run(cell) {
      const gemini = ['gemini', 'vertex'].includes(cell.column.id);
      const ask: Omit<Ask, 'model' | 'turns'> & { turns: Ask['turns'] } = {
        ...user(question),
        tools: [WEATHER],
        effort: 'medium',
      };
      const first: Answer = {
        parts: [
          { type: 'thinking', text: 'I have to look that up.', proof: 'cHJvb2YtMQ==' },
          { type: 'call', ...CALL, ...(gemini ? { proof: 'cHJvb2YtMg==' } : {}) },
        ],
        stop: 'tools',
        usage: { ...USAGE, reasoning: 9 },
      };
      const said = await cell.ask(ask, first);
      const results = [{ id: said.calls[0]!.id, text: 'Nineteen degrees.' }];
      await cell.ask({ ...ask, turns: [...ask.turns, { said }, { results }] }, says('Mild.'));
      const text = cell.upstreamText();
      assert.ok(text.includes('I have to look that up.'), `the reasoning that was signed comes back whole: ${text}`);
      if (gemini) assert.ok(text.includes('cHJvb2YtMg=='), `the proof of the call comes back: ${text}`);
      return /"cHJvb2YtMQ=="/.test(text);
    },
  },
  {
    id: 'stop_reasons',
    title: 'Stop reasons (length, content filter)',
    surfaces: ALL,
    absent: (column) => column.id === 'reflex',
    async run(cell) {
      const cut = await cell.ask(user('Tell me more.'), says('It was a dark and', { stop: 'length' }));
      assert.equal(cut.finish, CUT[cell.surface]);
      // Ollama filters nothing.
      if (cell.column.id === 'ollama') return true;
      const filtered = await cell.ask(user('Tell me more.'), says('It was', { stop: 'filter' }));
      assert.equal(filtered.finish, FILTERED[cell.surface]);
      return true;
    },
  },
  {
    id: 'stop_sequences',
    title: 'Stop sequences',
    surfaces: ['chat', 'messages'],
    warns: /^stop$/,
    async run(cell) {
      const said = await cell.ask(
        { ...user('Count.'), stop: ['##HALT##'] },
        says('One, two', { stop: 'sequence', sequence: '##HALT##' }),
      );
      if (cell.reflex) return false;
      if (cell.surface === 'messages' && ['anthropic', 'vertex-claude', 'bedrock'].includes(cell.column.id)) {
        assert.deepEqual([said.finish, said.stopSequence], ['stop_sequence', '##HALT##']);
      } else assert.equal(said.finish, STOPPED[cell.surface]);
      return cell.upstreamText().includes('##HALT##');
    },
  },
  {
    id: 'n',
    title: 'Several choices (n = 2)',
    surfaces: ['chat'],
    async run(cell) {
      const said = await cell.ask({ ...user('A colour?'), n: 2 }, says('Red.'));
      return said.choices === 2;
    },
  },
  {
    id: 'logprobs',
    title: 'Log probabilities',
    surfaces: ['chat', 'responses'],
    warns: /^(top_)?logprobs$/,
    async run(cell) {
      const said = await cell.ask({ ...user('A colour?'), logprobs: 4 }, says('A dark red.', { logprobs: true }));
      return (
        said.logprobs > 0 || (cell.column.passes.includes(cell.surface) && cell.upstreamText().includes('logprobs'))
      );
    },
  },
  {
    id: 'usage',
    title: 'Usage is exact, for the client and in the ledger',
    surfaces: ALL,
    async run(cell) {
      const said = await cell.ask(
        user('A colour?'),
        says('Red.', { usage: { input: 211, cached: 0, cacheWrite: 0, output: 97, reasoning: 31 } }),
      );
      const vector = await ledgerVector(cell);
      const sum = { input: vector.input ?? 0, output: (vector.output ?? 0) + (vector.reasoning ?? 0) };
      assert.deepEqual({ input: said.usage.input, output: said.usage.output }, sum);
      if (!cell.reflex) assert.deepEqual(sum, { input: 211, output: 97 });
      // Anthropic's replies say nothing of reasoning here; Bedrock and Ollama never do.
      if (!['anthropic', 'vertex-claude', 'bedrock', 'ollama', 'reflex'].includes(cell.column.id)) {
        assert.equal(vector.reasoning, 31);
        assert.equal(said.usage.reasoning, 31);
      }
      return true;
    },
  },
  {
    id: 'cached_usage',
    title: 'Cached usage',
    surfaces: ALL,
    absent: (column) => ['ollama', 'reflex'].includes(column.id),
    async run(cell) {
      const said = await cell.ask(
        user('A colour?'),
        says('Red.', { usage: { input: 300, cached: 120, cacheWrite: 0, output: 10, reasoning: 0 } }),
      );
      const vector = await ledgerVector(cell);
      assert.deepEqual([vector.input, vector.cache_read], [180, 120]);
      assert.deepEqual([said.usage.input, said.usage.cached], [300, 120]);
      return true;
    },
  },
  {
    id: 'cache_control',
    title: 'Cache marks',
    surfaces: ['chat', 'messages'],
    warns: /^cache_control$/,
    async run(cell) {
      await cell.ask({ turns: [{ user: 'A long document.', cached: true }] });
      return !cell.reflex && /"cache_control"|"cachePoint"/.test(cell.upstreamText());
    },
  },
  {
    id: 'errors',
    title: 'Errors (429 with retry-after, 400, 500) in the client’s own classes',
    surfaces: ALL,
    absent: (column) => column.id === 'reflex',
    async run({ world, surface, column, stream }) {
      const errors = surface === 'messages' ? Anthropic : OpenAI;
      const call = () => speak(world, surface, { model: column.model, ...user('Hello.') }, stream);
      const fails = (status: number, headers: Record<string, string> = {}) => {
        const body = failureFor(column.id, status, 'messages: the last one is odd');
        world.upstream.answer = says('', { failure: { status, headers, body } });
      };
      fails(429, { 'retry-after': '7' });
      await assert.rejects(call(), (error) => {
        assert.ok(error instanceof errors.RateLimitError, String(error));
        assert.equal(error.headers?.get('retry-after'), '7');
        return true;
      });
      fails(400);
      await assert.rejects(call(), (error) => {
        assert.ok(error instanceof errors.BadRequestError, String(error));
        assert.match(error.message, /the last one is odd/);
        return true;
      });
      fails(500);
      await assert.rejects(call(), errors.InternalServerError);
      return true;
    },
  },
];

/** Ends a scenario whose loss the reply itself names. */
export class Named extends Error {
  readonly named: boolean;
  constructor(named: boolean) {
    super('the reply names what was lost');
    this.named = named;
  }
}

async function abortAfterFirst(world: World, surface: ChatSurface, model: string): Promise<void> {
  const content = 'A long text, please.';
  if (surface === 'messages') {
    const stream = await world.anthropic.messages.create({
      model,
      max_tokens: 500,
      stream: true,
      messages: [{ role: 'user', content }],
    });
    for await (const event of stream) if (event.type === 'content_block_delta') return stream.controller.abort();
  } else if (surface === 'chat') {
    const stream = await world.openai.chat.completions.create({
      model,
      stream: true,
      messages: [{ role: 'user', content }],
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) return stream.controller.abort();
  } else {
    const stream = await world.openai.responses.create({ model, stream: true, input: content });
    for await (const event of stream) if (event.type === 'response.output_text.delta') return stream.controller.abort();
  }
  assert.fail('the stream had no text');
}

/** A call and its result bear one id; Vertex AI goes by name and order. */
function assertPaired(cell: Cell, id: string): void {
  if (cell.column.id === 'vertex') return;
  const found = cell.upstreamText().split(`"${id}"`).length - 1;
  assert.ok(found >= 2, `the id ${id} stands at the call and at its result: ${cell.upstreamText()}`);
}

async function ledgerVector(cell: Cell): Promise<Record<string, number | undefined>> {
  const record = await operationOf(cell.world.tw, new Response('', { headers: cell.world.wire().headers }));
  const attempt = record.attempts.at(-1)!;
  assert.equal(attempt.usageSource, 'provider');
  return attempt.usage as Record<string, number | undefined>;
}

/** Runs one scenario in one mode and says what was seen; throws where something was dropped in silence. */
export async function judge(
  world: World,
  feature: Feature,
  surface: ChatSurface,
  column: Column,
  stream: boolean,
): Promise<Verdict> {
  if (feature.absent?.(column, surface)) return 'none';
  const reflex = column.id === 'reflex';
  const cell: Cell = {
    world,
    surface,
    column,
    stream,
    reflex,
    upstreamText: () => world.upstream.last()?.text ?? '',
    async ask(ask, answer = says('Well.')) {
      world.upstream.answer = answer;
      const before = world.upstream.seen.length;
      try {
        return await speak(world, surface, { model: column.model, ...ask }, stream);
      } catch (error) {
        const failure = error as {
          status?: number;
          error?: { param?: string; error?: { param?: string } };
          message?: string;
        };
        if (failure.status !== 400) throw error;
        assert.equal(world.upstream.seen.length, before, 'a refusal is ours, before anything is sent');
        assert.ok(failure.error?.param ?? failure.error?.error?.param, `a refusal names the field: ${failure.message}`);
        throw new Refused(failure.message);
      }
    },
  };
  let carried: boolean;
  try {
    carried = await feature.run(cell);
  } catch (error) {
    if (error instanceof Refused) return 'refused';
    if (error instanceof Named && error.named) return 'warned';
    throw error;
  }
  const { warns } = feature;
  if (warns && world.warnings().some((name) => warns.test(name))) return 'warned';
  assert.ok(carried, `dropped in silence; warnings: ${world.warnings().join(', ') || 'none'}`);
  if (!column.passes.includes(surface)) return 'yes';
  await assertUnchanged(world, feature.id !== 'abort' && feature.id !== 'errors');
  return 'bytes';
}

/** The provider saw the client's own body, but for the model's name and the wish for usage; and the client the provider's whole reply. */
export async function assertUnchanged(world: World, whole: boolean): Promise<void> {
  const { model: _, stream_options: __, ...sent } = world.wire().sent;
  const { model: ___, stream_options: ____, anthropic_version: _____, ...got } = world.upstream.last()!.body;
  assert.deepEqual(got, sent);
  if (whole) assert.equal(await world.wire().body, world.upstream.last()!.reply);
}
