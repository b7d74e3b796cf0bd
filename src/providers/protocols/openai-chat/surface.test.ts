import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import OpenAI from 'openai';
import { AppError } from '../../../base/errors.ts';
import type { ChatRequest, Choice, JsonObject, Part, Reply } from '../../protocol.ts';
import { assertSchema } from '../fixtures/openai-schemas.ts';
import { collect, eventsOf } from '../fixtures/reply-events.ts';
import { openaiChatApi, openaiChatSurface as surface } from './index.ts';

const context = { operation: 'op_1', model: 'mock/test-model', created_s: 1_700_000_000 };
const target = { model: 'm', quirks: {} };
const parse = (body: JsonObject): ChatRequest =>
  surface.parse({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...body });
const request = parse({});

function refused(body: JsonObject, param: string): void {
  assert.throws(
    () => surface.parse(body),
    (error) => error instanceof AppError && error.code === 'invalid_request' && error.param === param,
    `${JSON.stringify(body)} should be refused for ${param}`,
  );
}

test('reads every field it has a word for', () => {
  const read = parse({
    stream: true,
    stream_options: { include_usage: true, include_obfuscation: false },
    max_tokens: 5,
    max_completion_tokens: 7,
    temperature: 0,
    top_p: 0.5,
    top_k: 3,
    stop: 'END',
    seed: -4,
    n: 2,
    presence_penalty: 1,
    frequency_penalty: -1,
    logprobs: true,
    top_logprobs: 2,
    tools: [
      { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } },
    ],
    tool_choice: { type: 'function', function: { name: 'f' } },
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' }, strict: true } },
    reasoning_effort: 'high',
    user: 'u',
    service_tier: 'flex',
    metadata: { a: 'b' },
    store: false,
    modalities: ['text'],
    prediction: { type: 'content', content: 'x' },
    logit_bias: null,
  });
  assert.deepEqual(read, {
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    stream: true,
    includeUsage: true,
    n: 2,
    maxOutputTokens: 7,
    user: 'u',
    temperature: 0,
    topP: 0.5,
    topK: 3,
    stop: ['END'],
    seed: -4,
    presencePenalty: 1,
    frequencyPenalty: -1,
    logprobs: true,
    topLogprobs: 2,
    parallelToolCalls: false,
    responseFormat: { type: 'json_schema', name: 's', schema: { type: 'object' }, strict: true },
    reasoning: { effort: 'high' },
    serviceTier: 'flex',
    metadata: { a: 'b' },
    tools: [{ name: 'f', description: 'd', parameters: { type: 'object' }, strict: true }],
    toolChoice: { name: 'f' },
    extra: { prediction: { type: 'content', content: 'x' }, stream_options: { include_obfuscation: false } },
  });
});

test('reads messages of every role and part', () => {
  const { messages } = parse({
    messages: [
      { role: 'developer', content: 'rules' },
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'text', text: 'look', cache_control: { type: 'ephemeral', ttl: '1h' } },
          { type: 'image_url', image_url: { url: 'https://x.test/a.png', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'input_audio', input_audio: { data: 'BBBB', format: 'mp3' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,CCCC' } },
          { type: 'file', file: { file_id: 'file-1' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'hm',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'done' },
      { role: 'assistant', content: 'ok', refusal: 'no' },
    ],
  });
  assert.deepEqual(messages, [
    { role: 'developer', content: [{ type: 'text', text: 'rules' }] },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'look', cache: { ttl: '1h' } },
        { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' }, detail: 'low' },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'BBBB' }, format: 'mp3' },
        {
          type: 'file',
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'CCCC' },
          filename: 'a.pdf',
        },
        { type: 'file', source: { kind: 'file_id', id: 'file-1' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm' },
        { type: 'tool_call', id: 'c1', name: 'f', arguments: '{"a":1}' },
      ],
    },
    { role: 'tool', content: [{ type: 'tool_result', callId: 'c1', content: [{ type: 'text', text: 'done' }] }] },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'ok' },
        { type: 'refusal', text: 'no' },
      ],
    },
  ]);
});

test('wishes for reasoning in the words of each provider', () => {
  assert.deepEqual(parse({ thinking: { type: 'disabled' } }).reasoning, { mode: 'disabled' });
  assert.deepEqual(parse({ thinking: { type: 'auto' } }).reasoning, { mode: 'auto' });
  assert.deepEqual(parse({ enable_thinking: true, thinking_budget: 50 }).reasoning, {
    mode: 'enabled',
    budgetTokens: 50,
  });
  assert.deepEqual(parse({ reasoning: { max_tokens: 9, exclude: true } }).reasoning, {
    budgetTokens: 9,
    summary: 'none',
  });
  assert.equal(parse({ reasoning_effort: null }).reasoning, undefined);
});

test('allowed tools narrow the tools offered', () => {
  const fn = (name: string) => ({ type: 'function', function: { name } });
  const read = parse({
    tools: [fn('a'), fn('b')],
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [fn('b')] } },
  });
  assert.deepEqual([read.tools, read.toolChoice], [[{ name: 'b' }], 'required']);
});

test('refuses wrong types by the field’s path', () => {
  const messages = [{ role: 'user', content: 'hi' }];
  const ok = { model: 'm', messages };
  refused({ messages }, 'model');
  refused({ model: 5, messages }, 'model');
  refused({ model: 'm' }, 'messages');
  refused({ model: 'm', messages: [] }, 'messages');
  refused({ model: 'm', messages: 'hi' }, 'messages');
  refused({ model: 'm', messages: [messages[0]!, 'x'] }, 'messages[1]');
  refused({ model: 'm', messages: [{ role: 'user', content: 5 }] }, 'messages[0].content');
  refused({ model: 'm', messages: [{ role: 'user' }] }, 'messages[0].content');
  refused({ model: 'm', messages: [{ role: 'king', content: '' }] }, 'messages[0].role');
  refused({ model: 'm', messages: [{ role: 'function', name: 'f', content: '' }] }, 'messages[0].role');
  refused({ model: 'm', messages: [{ role: 'tool', content: '' }] }, 'messages[0].tool_call_id');
  refused({ model: 'm', messages: [{ role: 'user', content: [{ type: 'video' }] }] }, 'messages[0].content[0].type');
  refused(
    {
      model: 'm',
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }],
    },
    'messages[0].content[0].image_url.url',
  );
  refused(
    { model: 'm', messages: [{ role: 'assistant', tool_calls: [{ id: 'x' }] }] },
    'messages[0].tool_calls[0].function',
  );
  refused({ ...ok, stream: 'yes' }, 'stream');
  refused({ ...ok, n: 0 }, 'n');
  refused({ ...ok, n: 1000 }, 'n');
  refused({ ...ok, max_tokens: 0 }, 'max_tokens');
  refused({ ...ok, max_completion_tokens: 1.5 }, 'max_completion_tokens');
  refused({ ...ok, temperature: '1' }, 'temperature');
  refused({ ...ok, stop: [1] }, 'stop[0]');
  refused({ ...ok, tools: [{ type: 'web_search' }] }, 'tools[0].type');
  refused({ ...ok, tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'tools[0].type');
  refused({ ...ok, tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name');
  refused({ ...ok, tool_choice: 'any' }, 'tool_choice');
  refused({ ...ok, functions: [] }, 'functions');
  refused({ ...ok, response_format: { type: 'xml' } }, 'response_format.type');
  refused({ ...ok, response_format: { type: 'json_schema' } }, 'response_format.json_schema');
  refused({ ...ok, metadata: { a: 1 } }, 'metadata.a');
  refused({ ...ok, stream_options: 1 }, 'stream_options');
  refused({ ...ok, reasoning_effort: 'huge' }, 'reasoning_effort');
});

test('the envelope reads what the pipeline needs and refuses what are no messages', () => {
  const messages = [{ role: 'user', content: 'hi' }];
  for (const [wrong, param] of [
    [undefined, 'messages'],
    [[], 'messages'],
    ['hi', 'messages'],
    [['hi'], 'messages[0]'],
    [[{ content: 'hi' }], 'messages[0].role'],
  ] as const) {
    assert.throws(
      () => surface.envelope({ model: 'm', messages: wrong as unknown as JsonObject[] }),
      (error: AppError) => error.code === 'invalid_request' && error.param === param,
    );
  }
  assert.deepEqual(surface.envelope({ model: 'm', messages, stream: null, max_tokens: 9, user: 'u' }), {
    model: 'm',
    stream: false,
    includeUsage: false,
    n: 1,
    maxOutputTokens: 9,
    user: 'u',
  });
});

test('the bound on input leaves inline media out and counts it', () => {
  const body: JsonObject = {
    model: 'm',
    messages: [
      { role: 'system', content: 'x' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '你好' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(4000)}` } },
          { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
          { type: 'input_audio', input_audio: { data: 'B'.repeat(2000), format: 'wav' } },
          { type: 'file', file: { file_data: 'C'.repeat(1000) } },
        ],
      },
      'nonsense',
      { role: 'user', content: [null, { type: 'image_url' }, { type: 'file', file: 3 }] },
    ],
  };
  const bytes = Buffer.byteLength(JSON.stringify(body));
  assert.deepEqual(surface.inputBound(body, bytes), {
    textBytes: bytes - (22 + 4000) - 2000 - 1000,
    images: 3,
    audios: 1,
    files: 2,
    urls: ['https://x.test/a.png'],
  });
  assert.equal(surface.inputBound({ messages: 'x' }, 10).textBytes, 10);
});

const usage = { vector: { input: 3, cache_read: 2, output: 4, reasoning: 1 }, raw: {}, source: 'provider' } as const;

function replyOf(choices: Choice[], more: Partial<Reply> = {}): Reply {
  return { id: 'r1', model: 'upstream', choices, usage, servedTier: 'default', ...more };
}

test('renders a completion as the schema has it', () => {
  const content: Part[] = [
    { type: 'reasoning', text: 'hm', signature: 'sig' },
    { type: 'text', text: 'hello' },
    { type: 'tool_call', id: 'c1', name: 'f', arguments: '{}', signature: 's' },
    { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
    { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'BBBB' } },
  ];
  const out = surface.render(replyOf([{ index: 0, content, finish: 'tool_calls' }]), request, context);
  assertSchema('CreateChatCompletionResponse', out);
  assert.equal(out.model, 'mock/test-model');
  assert.deepEqual(out.usage, {
    prompt_tokens: 5,
    completion_tokens: 5,
    total_tokens: 10,
    prompt_tokens_details: { cached_tokens: 2, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 1, audio_tokens: 0 },
  });
  const bare = surface.render(
    { choices: [{ index: 0, content: [], finish: 'pause' }], servedTier: 'odd' },
    request,
    context,
  );
  assertSchema('CreateChatCompletionResponse', bare);
  assert.equal(bare.id, 'chatcmpl-op_1');
  assert.ok(!('usage' in bare) && !('service_tier' in bare));
});

test('ends replies in words that OpenAI has', () => {
  const finish = (choice: Partial<Choice>): unknown => {
    const out = surface.render(replyOf([{ index: 0, content: [], finish: 'stop', ...choice }]), request, context);
    assertSchema('CreateChatCompletionResponse', out);
    return (out.choices as JsonObject[])[0]!.finish_reason;
  };
  assert.equal(finish({ finish: 'stop_sequence' }), 'stop');
  assert.equal(finish({ finish: 'length' }), 'length');
  assert.equal(finish({ finish: 'refusal' }), 'content_filter');
  assert.equal(finish({ finish: 'refusal', content: [{ type: 'refusal', text: 'no' }] }), 'stop');
  assert.equal(finish({ content: [{ type: 'tool_call', id: 'a', name: 'f', arguments: '{}' }] }), 'tool_calls');
});

const word = fc.string({ minLength: 1, maxLength: 12 });
const callPart = fc.record({
  name: word,
  arguments: fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.stringify(value)),
});
const anyChoice = fc
  .record({
    reasoning: fc.option(word),
    text: fc.option(word),
    refusal: fc.option(word),
    calls: fc.array(callPart, { maxLength: 3 }),
    finish: fc.constantFrom('stop', 'length', 'content_filter' as const),
  })
  .map(({ reasoning, text, refusal, calls, finish }) => {
    const content: Part[] = [];
    if (reasoning !== null) content.push({ type: 'reasoning', text: reasoning });
    if (text !== null) content.push({ type: 'text', text });
    if (refusal !== null) content.push({ type: 'refusal', text: refusal });
    calls.forEach((call, index) => {
      content.push({ type: 'tool_call', id: `c${index}`, ...call });
    });
    return { content, finish: calls.length > 0 && finish === 'stop' ? 'tool_calls' : finish } as Omit<Choice, 'index'>;
  });
const anyReply = fc
  .array(anyChoice, { minLength: 1, maxLength: 3 })
  .map((choices) => replyOf(choices.map((choice, index) => ({ index, ...choice }))));

test('a rendered completion is read back as the same reply', () => {
  fc.assert(
    fc.property(anyReply, (reply) => {
      const out = surface.render(reply, request, context);
      assertSchema('CreateChatCompletionResponse', out);
      const back = openaiChatApi.parse(JSON.parse(JSON.stringify(out)) as JsonObject, target);
      assert.deepEqual(back.choices, reply.choices);
      assert.deepEqual(back.usage?.vector, usage.vector);
      assert.equal(back.servedTier, 'default');
    }),
  );
});

function renderStream(reply: Reply, wish: ChatRequest): string {
  const renderer = surface.openStream(wish, context);
  return (
    eventsOf(reply)
      .map((event) => renderer.push([event]))
      .join('') + renderer.finish()
  );
}

test('a rendered stream is valid chunk by chunk and decodes to the same reply', () => {
  const wish = { ...request, stream: true, includeUsage: true };
  fc.assert(
    fc.property(anyReply, (reply) => {
      const text = renderStream(reply, wish);
      assert.ok(text.endsWith('data: [DONE]\n\n'));
      for (const frame of text.trimEnd().split('\n\n').slice(0, -1)) {
        assertSchema('CreateChatCompletionStreamResponse', JSON.parse(frame.slice('data: '.length)));
      }
      const decoder = openaiChatApi.openStream(target);
      const events = [...decoder.push(Buffer.from(text)), ...decoder.end()];
      assert.equal(events.at(-1)?.type, 'end');
      const back = collect(events);
      assert.deepEqual(back.choices, reply.choices);
      assert.deepEqual(back.usage?.vector, usage.vector);
    }),
  );
});

test('usage is shown in a stream only where it was asked for', () => {
  const reply = replyOf([{ index: 0, content: [{ type: 'text', text: 'hi' }], finish: 'stop' }]);
  assert.doesNotMatch(renderStream(reply, { ...request, stream: true }), /usage/);
  const lone = renderStream({ choices: [] }, { ...request, stream: true, includeUsage: true });
  assert.match(lone, /"finish_reason":"stop".*\n\ndata: \[DONE\]/);
});

test('a failing stream ends in OpenAI’s error frame', () => {
  const renderer = surface.openStream(request, context);
  const frame = renderer.fail(new AppError('upstream_error', 'broke'));
  assert.match(frame, /^data: \{.*\}\n\n$/);
  assertSchema('ErrorResponse', JSON.parse(frame.slice(6)));
});

function client(answer: string, type: string): OpenAI {
  const fetch = async (): Promise<Response> => new Response(answer, { headers: { 'content-type': type } });
  return new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:1/v1', fetch, maxRetries: 0 });
}

const sample = replyOf([
  {
    index: 0,
    content: [
      { type: 'reasoning', text: 'thinking' },
      { type: 'text', text: 'Hello there' },
      { type: 'tool_call', id: 'c1', name: 'f', arguments: '{"a":[1,2]}' },
    ],
    finish: 'tool_calls',
  },
]);

test('the official client reads a completion', async () => {
  const answer = JSON.stringify(surface.render(sample, request, context));
  const got = await client(answer, 'application/json').chat.completions.create({ model: 'm', messages: [] });
  assert.equal(got.choices[0]?.message.content, 'Hello there');
  assert.equal(got.usage?.total_tokens, 10);
});

test('the official client reads a stream', async () => {
  const answer = renderStream(sample, { ...request, stream: true, includeUsage: true });
  const stream = client(answer, 'text/event-stream').chat.completions.stream({
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    stream_options: { include_usage: true },
  });
  const final = await stream.finalChatCompletion();
  const [choice] = final.choices;
  assert.equal(choice?.message.content, 'Hello there');
  const [call] = choice?.message.tool_calls ?? [];
  assert.ok(call?.type === 'function');
  assert.deepEqual([call.id, call.function.name, call.function.arguments], ['c1', 'f', '{"a":[1,2]}']);
  assert.equal(choice?.finish_reason, 'tool_calls');
  assert.equal(final.usage?.prompt_tokens, 5);
});

test('the official client throws what a stream fails with', async () => {
  const renderer = surface.openStream(request, context);
  const answer = renderer.push([{ type: 'start' }]) + renderer.fail(new AppError('overloaded', 'busy'));
  const stream = await client(answer, 'text/event-stream').chat.completions.create({
    model: 'm',
    messages: [],
    stream: true,
  });
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, /busy/);
});

test('a streamed proof comes back with the text it covers', () => {
  const renderer = surface.openStream(parse({ stream: true }), context);
  const frames = renderer.push([
    { type: 'start' },
    { type: 'reasoning', choice: 0, part: 0, text: 'First ' },
    { type: 'reasoning', choice: 0, part: 0, text: 'thought.' },
    { type: 'reasoning_proof', choice: 0, part: 0, signature: 'S1' },
    { type: 'reasoning', choice: 0, part: 1, text: 'Second.' },
    { type: 'reasoning_proof', choice: 0, part: 1, signature: 'S2' },
  ]);
  // As clients join them: texts of the same index follow each other, other fields are the latest.
  const details: JsonObject[] = [];
  for (const frame of frames.split('\n\n').filter((each) => each !== '')) {
    const chunk = JSON.parse(frame.slice('data: '.length)) as {
      choices: { delta: { reasoning_details?: JsonObject[] } }[];
    };
    for (const detail of chunk.choices[0]?.delta.reasoning_details ?? []) {
      const known = details.find((each) => each.index === detail.index);
      if (!known) details.push({ ...detail });
      else Object.assign(known, detail, { text: `${String(known.text)}${String(detail.text ?? '')}` });
    }
  }
  const next = parse({ messages: [{ role: 'assistant', content: 'x', reasoning_details: details }] });
  assert.deepEqual(next.messages[0]!.content.slice(0, 2), [
    { type: 'reasoning', text: 'First thought.', signature: 'S1' },
    { type: 'reasoning', text: 'Second.', signature: 'S2' },
  ]);
});
