import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { AppError } from '../../../base/errors.ts';
import type { ChatRequest, JsonObject, Part, Reply, ReplyContext, StreamEvent } from '../../protocol.ts';
import { AnthropicDecoder, decodeReply } from './decode.ts';
import { fixture, fixtureJson } from './fixtures/streams.ts';
import { parseMessages } from './parse.ts';
import { anthropicSurface } from './surface.ts';

const context: ReplyContext = { operation: 'op_1', model: 'smart', created_s: 0 };
const request: ChatRequest = parseMessages({
  model: 'smart',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hi' }],
});

/** The official client, answered with these bytes. */
function client(body: string, type: string): Anthropic {
  return new Anthropic({
    apiKey: 'test',
    maxRetries: 0,
    fetch: async () => new Response(body, { headers: { 'content-type': type } }),
  });
}

async function readStream(body: string): Promise<Anthropic.Message> {
  return client(body, 'text/event-stream')
    .messages.stream({ model: 'smart', max_tokens: 100, messages: [{ role: 'user', content: 'x' }] })
    .finalMessage();
}

function renderEvents(events: StreamEvent[], batch = events.length): string {
  const renderer = anthropicSurface.openStream(request, context);
  let out = '';
  for (let at = 0; at < events.length; at += Math.max(1, batch)) out += renderer.push(events.slice(at, at + batch));
  return out + renderer.finish();
}

function parseFrames(text: string): JsonObject[] {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const [event, data] = frame.split('\n');
      const parsed = JSON.parse(data!.slice('data: '.length)) as JsonObject;
      assert.equal(event, `event: ${parsed.type}`);
      return parsed;
    });
}

/** Blocks open one at a time, in order, each closed once. */
function assertWellFormed(frames: JsonObject[]): void {
  assert.equal(frames[0]?.type, 'message_start');
  assert.deepEqual(
    frames.slice(-2).map((frame) => frame.type),
    ['message_delta', 'message_stop'],
  );
  let next = 0;
  let open: number | undefined;
  for (const frame of frames.slice(1, -2)) {
    if (frame.type === 'content_block_start') {
      assert.equal(open, undefined);
      assert.equal(frame.index, next);
      open = next++;
    } else {
      assert.equal(frame.index, open);
      if (frame.type === 'content_block_stop') open = undefined;
      else assert.equal(frame.type, 'content_block_delta');
    }
  }
  assert.equal(open, undefined);
}

function decode(bytes: Buffer): StreamEvent[] {
  const decoder = new AnthropicDecoder();
  return [...decoder.push(bytes), ...decoder.end()];
}

test('a reply that came from Anthropic renders as it came, with the name the caller asked for', () => {
  const original = fixtureJson('reply.json');
  const rendered = anthropicSurface.render(decodeReply(original), request, context) as JsonObject;
  assert.deepEqual(rendered, { ...original, model: 'smart' });
});

test('the official client reads a rendered reply', async () => {
  const rendered = anthropicSurface.render(decodeReply(fixtureJson('reply.json')), request, context);
  const message = await client(JSON.stringify(rendered), 'application/json').messages.create({
    model: 'smart',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'x' }],
  });
  assert.equal(message.stop_reason, 'tool_use');
  assert.equal(message.usage.cache_read_input_tokens, 100);
  assert.deepEqual(
    message.content.map((block) => block.type),
    ['thinking', 'text', 'tool_use'],
  );
});

test('the official client reads a rendered stream: thinking, signature, redacted thinking, text, two calls, usage', async () => {
  for (const batch of [1, 3, 1000]) {
    const body = renderEvents(decode(fixture('thinking-tools.sse')), batch);
    assertWellFormed(parseFrames(body));
    const message = await readStream(body);
    assert.equal(message.model, 'smart');
    assert.equal(message.stop_reason, 'tool_use');
    assert.deepEqual(JSON.parse(JSON.stringify(message.content)), [
      {
        type: 'thinking',
        thinking: 'The user asks for the weather in two towns.',
        signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl',
      },
      { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix' },
      { type: 'text', text: 'Let me look.', citations: null },
      {
        type: 'tool_use',
        id: 'toolu_01T1x1fJ34qAmk2tNTrN7Up6',
        name: 'get_weather',
        input: { city: 'München' },
        caller: { type: 'direct' },
      },
      {
        type: 'tool_use',
        id: 'toolu_01B2y2gK45rBnl3uOUsO8Vq7',
        name: 'get_weather',
        input: { city: '上海' },
        caller: { type: 'direct' },
      },
    ]);
    assert.equal(message.usage.input_tokens, 472);
    assert.equal(message.usage.cache_creation_input_tokens, 2000);
    assert.equal(message.usage.cache_read_input_tokens, 10000);
    assert.equal(message.usage.output_tokens, 189);
    assert.equal(message.usage.output_tokens_details?.thinking_tokens, 64);
  }
});

test('a stream without any event but its end is a whole message', async () => {
  const message = await readStream(renderEvents([{ type: 'end' }]));
  assert.deepEqual(message.content, []);
  assert.equal(message.stop_reason, 'end_turn');
  assert.equal(message.id, 'op_1');
});

test('nothing of the closing frames leaves before finish', () => {
  const renderer = anthropicSurface.openStream(request, context);
  const sent = renderer.push(decode(fixture('text.sse')));
  assert.doesNotMatch(sent, /message_delta|message_stop/);
  assert.match(renderer.finish(), /message_delta[\s\S]*message_stop/);
});

test('interleaved tool calls come out one after the other, complete', async () => {
  const body = renderEvents([
    { type: 'start', id: 'r1' },
    { type: 'text', choice: 0, part: 0, text: 'Both.' },
    { type: 'tool_call', choice: 0, part: 1, id: 'a', name: 'f' },
    { type: 'tool_arguments', choice: 0, part: 1, json: '{"x":' },
    { type: 'tool_call', choice: 0, part: 2, id: 'b', name: 'g' },
    { type: 'tool_arguments', choice: 0, part: 2, json: '{"y":' },
    { type: 'tool_arguments', choice: 0, part: 1, json: '1}' },
    { type: 'tool_arguments', choice: 0, part: 2, json: '2}' },
    { type: 'text', choice: 0, part: 0, text: ' Done.' },
    { type: 'finish', choice: 0, reason: 'tool_calls' },
  ]);
  assertWellFormed(parseFrames(body));
  const message = await readStream(body);
  const calls = message.content.filter((block) => block.type === 'tool_use');
  assert.deepEqual(
    calls.map((call) => [call.id, call.input]),
    [
      ['a', { x: 1 }],
      ['b', { y: 2 }],
    ],
  );
  const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  assert.equal(text.join(''), 'Both. Done.');
});

test('any interleaving of parts gives well-formed blocks and loses nothing', async () => {
  const parts = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('text' as const),
        pieces: fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }),
      }),
      fc.record({
        kind: fc.constant('reasoning' as const),
        pieces: fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }),
      }),
      fc.record({
        kind: fc.constant('call' as const),
        value: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
      }),
    ),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(parts, fc.infiniteStream(fc.nat(100)), async (list, choose) => {
      const queues = list.map((part, index): StreamEvent[] => {
        if (part.kind === 'text') return part.pieces.map((text) => ({ type: 'text', choice: 0, part: index, text }));
        if (part.kind === 'reasoning') {
          return part.pieces.map((text) => ({ type: 'reasoning', choice: 0, part: index, text }));
        }
        const json = JSON.stringify(part.value);
        return [
          { type: 'tool_call', choice: 0, part: index, id: `c${index}`, name: 'f' },
          { type: 'tool_arguments', choice: 0, part: index, json: json.slice(0, 2) },
          { type: 'tool_arguments', choice: 0, part: index, json: json.slice(2) },
        ];
      });
      const events: StreamEvent[] = [];
      while (queues.some((queue) => queue.length > 0)) {
        const full = queues.filter((queue) => queue.length > 0);
        events.push(full[choose.next().value % full.length]!.shift()!);
      }
      const body = renderEvents(events, 2);
      assertWellFormed(parseFrames(body));
      const message = await readStream(body);
      for (const [index, part] of list.entries()) {
        if (part.kind !== 'call') continue;
        const call = message.content.find((block) => block.type === 'tool_use' && block.id === `c${index}`);
        assert.deepEqual(call?.type === 'tool_use' && JSON.stringify(call.input), JSON.stringify(part.value));
      }
      const written = (kind: string) =>
        list.reduce((sum, part) => sum + (part.kind === kind && 'pieces' in part ? part.pieces.join('').length : 0), 0);
      const shown = (pick: (block: Anthropic.ContentBlock) => string) =>
        message.content.reduce((sum, block) => sum + pick(block).length, 0);
      assert.equal(
        shown((block) => (block.type === 'text' ? block.text : '')),
        written('text'),
      );
      assert.equal(
        shown((block) => (block.type === 'thinking' ? block.thinking : '')),
        written('reasoning'),
      );
    }),
    { numRuns: 40 },
  );
});

test('arguments that are no JSON object are handed over whole under a name that says so', () => {
  const inputs = ['{"a":1}', '', '{"a":', '[1]', '"x"'].map((json) => {
    const reply: Reply = {
      choices: [
        { index: 0, content: [{ type: 'tool_call', id: 'a', name: 'f', arguments: json }], finish: 'tool_calls' },
      ],
    };
    const rendered = anthropicSurface.render(reply, request, context);
    return (rendered.content as JsonObject[])[0]!.input;
  });
  assert.deepEqual(inputs, [{ a: 1 }, {}, { invalid_json: '{"a":' }, { invalid_json: '[1]' }, { invalid_json: '"x"' }]);
});

test('stop reasons', () => {
  const stop = (finish: Reply['choices'][0]['finish'], content: Part[] = []) =>
    anthropicSurface.render({ choices: [{ index: 0, content, finish }] }, request, context).stop_reason;
  assert.equal(stop('stop'), 'end_turn');
  assert.equal(stop('length'), 'max_tokens');
  assert.equal(stop('tool_calls'), 'tool_use');
  assert.equal(stop('content_filter'), 'refusal');
  assert.equal(stop('refusal'), 'refusal');
  assert.equal(stop('stop_sequence'), 'stop_sequence');
  assert.equal(stop('pause'), 'pause_turn');
  assert.equal(stop('stop', [{ type: 'tool_call', id: 'a', name: 'f', arguments: '{}' }]), 'tool_use');
});

test("another provider's proofs come back unchanged by way of the client", async () => {
  const content: Part[] = [
    { type: 'reasoning', text: 'summary', encrypted: 'gAAA.b.c', id: 'rs_1' },
    { type: 'reasoning', text: '', encrypted: 'gBBB', id: 'rs_2' },
    { type: 'reasoning', text: 'unproved' },
    { type: 'tool_call', id: 'call_1', name: 'f', arguments: '{}', signature: 'thought+/=' },
  ];
  const back = (blocks: unknown): Part[] =>
    parseMessages({
      model: 'm',
      messages: [{ role: 'assistant', content: JSON.parse(JSON.stringify(blocks)) as JsonObject[] }],
    }).messages[0]!.content;

  const rendered = anthropicSurface.render({ choices: [{ index: 0, content, finish: 'stop' }] }, request, context);
  assert.deepEqual(back(rendered.content), content);

  const streamed = await readStream(
    renderEvents([
      { type: 'reasoning', choice: 0, part: 0, text: 'summary' },
      { type: 'reasoning_proof', choice: 0, part: 0, encrypted: 'gAAA.b.c', id: 'rs_1' },
      { type: 'reasoning_proof', choice: 0, part: 1, encrypted: 'gBBB', id: 'rs_2' },
      { type: 'reasoning', choice: 0, part: 2, text: 'unproved' },
      { type: 'tool_call', choice: 0, part: 3, id: 'call_1', name: 'f', signature: 'thought+/=' },
      { type: 'tool_arguments', choice: 0, part: 3, json: '{}' },
    ]),
  );
  assert.deepEqual(back(streamed.content), content);
});

test('usage is shown without the cache in input and with everything written in output', () => {
  const usage = {
    input: 1,
    audio_in: 2,
    cache_read: 4,
    cache_write_5m: 8,
    cache_write_1h: 16,
    output: 32,
    reasoning: 64,
  };
  const reply: Reply = {
    choices: [{ index: 0, content: [], finish: 'stop' }],
    usage: { vector: usage, raw: {}, source: 'provider' },
  };
  const shown = anthropicSurface.render(reply, request, context).usage as JsonObject;
  assert.equal(shown.input_tokens, 3);
  assert.equal(shown.cache_read_input_tokens, 4);
  assert.equal(shown.cache_creation_input_tokens, 24);
  assert.deepEqual(shown.cache_creation, { ephemeral_5m_input_tokens: 8, ephemeral_1h_input_tokens: 16 });
  assert.equal(shown.output_tokens, 96);
  assert.deepEqual(shown.output_tokens_details, { thinking_tokens: 64 });
});

test('foreign citations are left out, media is named in text', () => {
  const content: Part[] = [
    { type: 'text', text: 'a', citations: [{ type: 'url_citation', url: 'https://x.test' }] },
    { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' } },
  ];
  const rendered = anthropicSurface.render({ choices: [{ index: 0, content, finish: 'stop' }] }, request, context);
  const [first, second] = rendered.content as JsonObject[];
  assert.deepEqual(first, { type: 'text', text: 'a', citations: null });
  assert.match(second!.text as string, /image/);
});

test('an error in mid-stream reaches the official client as its own error', async () => {
  const renderer = anthropicSurface.openStream(request, context);
  const body =
    renderer.push([{ type: 'text', choice: 0, part: 0, text: 'Hel' }]) +
    renderer.fail(new AppError('overloaded', 'Try again later.'));
  await assert.rejects(readStream(body), (error: unknown) => {
    assert.ok(error instanceof Anthropic.APIError);
    assert.equal(error.type, 'overloaded_error');
    assert.equal((error.error as { error: { code: string } }).error.code, 'overloaded');
    return true;
  });
});
