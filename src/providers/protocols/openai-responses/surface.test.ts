import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import OpenAI from 'openai';
import { AppError } from '../../../base/errors.ts';
import type { ChatRequest, Choice, JsonObject, Part, Reply, StreamEvent } from '../../protocol.ts';
import { assertSchema } from '../fixtures/openai-schemas.ts';
import { collect, eventsOf } from '../fixtures/reply-events.ts';
import { openaiResponsesApi, openaiResponsesSurface as surface } from './index.ts';

const context = { operation: 'op_1', model: 'mock/test-model', created_s: 1_700_000_000 };
const target = { model: 'm', quirks: {} };
const parse = (body: JsonObject): ChatRequest => surface.parse({ model: 'm', input: 'hi', ...body });
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
    instructions: 'rules',
    stream: true,
    max_output_tokens: 20,
    temperature: 1,
    top_p: 0.5,
    top_logprobs: 3,
    include: ['reasoning.encrypted_content', 'message.output_text.logprobs', 'web_search_call.results'],
    tools: [{ type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true }],
    tool_choice: { type: 'function', name: 'f' },
    parallel_tool_calls: false,
    text: { format: { type: 'json_schema', name: 's', schema: { type: 'object' }, strict: true }, verbosity: 'low' },
    reasoning: { effort: 'high', summary: 'auto' },
    user: 'u',
    service_tier: 'flex',
    metadata: { a: 'b' },
    store: false,
    truncation: 'auto',
    previous_response_id: null,
  });
  assert.deepEqual(read, {
    model: 'm',
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'rules' }] },
      { role: 'user', content: [{ type: 'text', text: 'hi' }] },
    ],
    stream: true,
    includeUsage: true,
    n: 1,
    maxOutputTokens: 20,
    user: 'u',
    temperature: 1,
    topP: 0.5,
    logprobs: true,
    topLogprobs: 3,
    parallelToolCalls: false,
    responseFormat: { type: 'json_schema', name: 's', schema: { type: 'object' }, strict: true },
    reasoning: { effort: 'high', summary: 'auto' },
    serviceTier: 'flex',
    metadata: { a: 'b' },
    tools: [{ name: 'f', description: 'd', parameters: { type: 'object' }, strict: true }],
    toolChoice: { name: 'f' },
    extra: { truncation: 'auto', include: ['web_search_call.results'], verbosity: 'low' },
  });
});

test('items of one turn become one message', () => {
  const { messages } = parse({
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'look' },
          { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'original' },
          { type: 'input_image', file_id: 'file-1', detail: 'auto' },
          { type: 'input_file', file_url: 'https://x.test/a.pdf' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,CC' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'E' },
      {
        type: 'message',
        role: 'assistant',
        id: 'msg_1',
        status: 'completed',
        content: [{ type: 'output_text', text: 'ok', annotations: [] }],
      },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}', id: 'fc_1' },
      { type: 'function_call', call_id: 'b', name: 'g', arguments: '{"x":1}' },
      { type: 'function_call_output', call_id: 'a', output: 'one' },
      { type: 'function_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'two' }] },
      { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'tw-signature:S' },
    ],
  });
  assert.deepEqual(messages, [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' }, detail: 'high' },
        { type: 'image', source: { kind: 'file_id', id: 'file-1' }, detail: 'auto' },
        { type: 'file', source: { kind: 'url', url: 'https://x.test/a.pdf' } },
        { type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'CC' }, filename: 'a.pdf' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm', encrypted: 'E', id: 'rs_1' },
        { type: 'text', text: 'ok' },
        { type: 'tool_call', id: 'a', name: 'f', arguments: '{}' },
        { type: 'tool_call', id: 'b', name: 'g', arguments: '{"x":1}' },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool_result', callId: 'a', content: [{ type: 'text', text: 'one' }] },
        { type: 'tool_result', callId: 'b', content: [{ type: 'text', text: 'two' }] },
      ],
    },
    { role: 'assistant', content: [{ type: 'reasoning', text: '', signature: 'S', id: 'rs_2' }] },
  ]);
});

test('refuses what only the provider that keeps it can do, and wrong types', () => {
  const ok = { model: 'm', input: 'hi' };
  refused({ ...ok, previous_response_id: 'resp_1' }, 'previous_response_id');
  refused({ ...ok, conversation: 'conv_1' }, 'conversation');
  refused({ ...ok, prompt: { id: 'p' } }, 'prompt');
  refused({ ...ok, store: true }, 'store');
  refused({ ...ok, background: true }, 'background');
  refused({ ...ok, tools: [{ type: 'web_search' }] }, 'tools[0].type');
  refused({ ...ok, tool_choice: { type: 'file_search' } }, 'tool_choice');
  refused({ model: 'm' }, 'input');
  refused({ model: 'm', input: [] }, 'input');
  refused({ model: 'm', input: [5] }, 'input[0]');
  refused({ model: 'm', input: [{ type: 'item_reference', id: 'x' }] }, 'input[0]');
  refused({ model: 'm', input: [{ type: 'web_search_call', id: 'x' }] }, 'input[0].type');
  refused({ model: 'm', input: [{ role: 'tool', content: 'x' }] }, 'input[0].role');
  refused({ model: 'm', input: [{ role: 'user', content: [{ type: 'video' }] }] }, 'input[0].content[0].type');
  refused(
    { model: 'm', input: [{ role: 'user', content: [{ type: 'input_image', detail: 'auto' }] }] },
    'input[0].content[0].image_url',
  );
  refused({ model: 'm', input: [{ type: 'function_call_output', output: 'x' }] }, 'input[0].call_id');
  refused({ ...ok, max_output_tokens: 0 }, 'max_output_tokens');
  refused({ ...ok, stream: 1 }, 'stream');
  refused({ ...ok, text: { format: { type: 'xml' } } }, 'text.format.type');
  refused({ ...ok, reasoning: { effort: 'huge' } }, 'reasoning.effort');
  refused({ input: 'hi' }, 'model');
});

test('the bound on input leaves inline media out and counts it', () => {
  const body: JsonObject = {
    model: 'm',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(4000)}` },
          { type: 'input_image', image_url: 'https://x.test/a.png' },
          { type: 'input_file', file_data: 'C'.repeat(1000) },
          { type: 'input_file', file_url: 'https://x.test/a.pdf' },
        ],
      },
      { type: 'function_call_output', call_id: 'a', output: [{ type: 'input_image', file_id: 'f' }] },
      null,
    ],
  };
  const bytes = Buffer.byteLength(JSON.stringify(body));
  assert.deepEqual(surface.inputBound(body, bytes), {
    textBytes: bytes - 4022 - 1000,
    images: 3,
    audios: 0,
    files: 2,
    urls: ['https://x.test/a.png', 'https://x.test/a.pdf'],
  });
});

const usage = { vector: { input: 3, cache_read: 2, output: 4, reasoning: 1 }, raw: {}, source: 'provider' } as const;
const replyOf = (choice: Omit<Choice, 'index'>): Reply => ({
  id: 'r',
  choices: [{ index: 0, ...choice }],
  usage,
  servedTier: 'default',
});

test('renders a response as the schema has it', () => {
  const wish = parse({
    tools: [{ type: 'function', name: 'f' }],
    tool_choice: 'required',
    text: { format: { type: 'json_schema', name: 's', schema: {} } },
    reasoning: { effort: 'low', summary: 'concise' },
    user: 'u',
  });
  const content: Part[] = [
    { type: 'reasoning', text: 'hm', signature: 'S' },
    { type: 'text', text: 'hello' },
    { type: 'refusal', text: 'no' },
    { type: 'tool_call', id: 'c1', name: 'f', arguments: '{}', signature: 'G' },
    { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
  ];
  const logprobs = { content: [{ token: 'hello', logprob: -1, bytes: null, top_logprobs: [] }], refusal: null };
  const out = surface.render(replyOf({ content, finish: 'tool_calls', logprobs }), wish, context);
  assertSchema('Response', out);
  assert.equal(out.id, 'resp_op_1');
  assert.equal(out.status, 'completed');
  assert.deepEqual(
    (out.output as JsonObject[]).map((item) => [item.type, item.id]),
    [
      ['reasoning', 'rs_op_1_0'],
      ['message', 'msg_op_1_1'],
      ['function_call', 'fc_op_1_2'],
      ['image_generation_call', 'ig_op_1_3'],
    ],
  );
  assert.deepEqual(out.usage, {
    input_tokens: 5,
    input_tokens_details: { cached_tokens: 2, cache_write_tokens: 0 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 1 },
    total_tokens: 10,
  });
  assertSchema('Response', surface.render({ choices: [] }, request, context));
});

test('a reply that was cut is incomplete', () => {
  const content: Part[] = [{ type: 'text', text: 'x' }];
  const cut = surface.render(replyOf({ content, finish: 'length' }), request, context);
  assertSchema('Response', cut);
  assert.deepEqual([cut.status, cut.incomplete_details], ['incomplete', { reason: 'max_output_tokens' }]);
  assert.equal((cut.output as JsonObject[])[0]?.status, 'incomplete');
  const filtered = surface.render(replyOf({ content: [], finish: 'refusal' }), request, context);
  assert.deepEqual(filtered.incomplete_details, { reason: 'content_filter' });
});

const word = fc.string({ minLength: 1, maxLength: 12 });
const anyReply = fc
  .record({
    reasoning: fc.option(word),
    text: fc.option(word),
    refusal: fc.option(word),
    calls: fc.array(fc.record({ name: word, arguments: fc.jsonValue({ maxDepth: 1 }).map((v) => JSON.stringify(v)) }), {
      maxLength: 3,
    }),
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
    const ended = calls.length > 0 && finish === 'stop' ? 'tool_calls' : finish;
    return replyOf({ content, finish: ended as Choice['finish'] });
  });

/** Reasoning gets the id of its item on the way. */
const withoutIds = (reply: Reply): Choice[] =>
  reply.choices.map((choice) => ({
    ...choice,
    content: choice.content.map((part) => {
      if (part.type !== 'reasoning') return part;
      const { id: _, ...rest } = part;
      return rest;
    }),
  }));

test('a rendered response is read back as the same reply', () => {
  fc.assert(
    fc.property(anyReply, (reply) => {
      const out = surface.render(reply, request, context);
      assertSchema('Response', out);
      const back = openaiResponsesApi.parse(JSON.parse(JSON.stringify(out)) as JsonObject, target);
      assert.deepEqual(withoutIds(back), reply.choices);
      assert.deepEqual(back.usage?.vector, usage.vector);
    }),
  );
});

const EVENT_SCHEMAS: Record<string, string> = {
  'response.created': 'ResponseCreatedEvent',
  'response.in_progress': 'ResponseInProgressEvent',
  'response.completed': 'ResponseCompletedEvent',
  'response.incomplete': 'ResponseIncompleteEvent',
  'response.failed': 'ResponseFailedEvent',
  'response.output_item.added': 'ResponseOutputItemAddedEvent',
  'response.output_item.done': 'ResponseOutputItemDoneEvent',
  'response.content_part.added': 'ResponseContentPartAddedEvent',
  'response.content_part.done': 'ResponseContentPartDoneEvent',
  'response.output_text.delta': 'ResponseTextDeltaEvent',
  'response.output_text.done': 'ResponseTextDoneEvent',
  'response.refusal.delta': 'ResponseRefusalDeltaEvent',
  'response.refusal.done': 'ResponseRefusalDoneEvent',
  'response.reasoning_summary_part.added': 'ResponseReasoningSummaryPartAddedEvent',
  'response.reasoning_summary_part.done': 'ResponseReasoningSummaryPartDoneEvent',
  'response.reasoning_summary_text.delta': 'ResponseReasoningSummaryTextDeltaEvent',
  'response.reasoning_summary_text.done': 'ResponseReasoningSummaryTextDoneEvent',
  'response.function_call_arguments.delta': 'ResponseFunctionCallArgumentsDeltaEvent',
  'response.function_call_arguments.done': 'ResponseFunctionCallArgumentsDoneEvent',
  error: 'ResponseErrorEvent',
};

/** Checks every event against its schema and the sequence; gives the events. */
function checked(text: string): JsonObject[] {
  return text
    .trimEnd()
    .split('\n\n')
    .map((frame, index) => {
      const [event, data] = frame.split('\n');
      const body = JSON.parse(data!.slice('data: '.length)) as JsonObject;
      assert.equal(event, `event: ${body.type}`);
      assert.equal(body.sequence_number, index);
      assertSchema(EVENT_SCHEMAS[body.type as string]!, body);
      return body;
    });
}

function renderStream(events: StreamEvent[], wish = request): string {
  const renderer = surface.openStream(wish, context);
  return events.map((event) => renderer.push([event])).join('') + renderer.finish();
}

test('a rendered stream is valid event by event, ends in the whole response, and decodes to the same reply', () => {
  fc.assert(
    fc.property(anyReply, (reply) => {
      const text = renderStream(eventsOf(reply));
      const events = checked(text);
      assert.deepEqual(
        events.slice(0, 2).map((event) => event.type),
        ['response.created', 'response.in_progress'],
      );
      const last = events.at(-1)!.response as JsonObject;
      const whole = surface.render(reply, request, context);
      const { service_tier: _, ...expected } = whole;
      const shape = (output: unknown) => (output as JsonObject[]).map(({ status: _, ...item }) => item);
      assert.deepEqual({ ...last, output: [] }, { ...expected, output: [] });
      assert.deepEqual(shape(last.output), shape(expected.output));
      const done = events.filter((event) => event.type === 'response.output_item.done').map((event) => event.item);
      assert.deepEqual(last.output, done);
      const decoder = openaiResponsesApi.openStream(target);
      const back = collect([...decoder.push(Buffer.from(text)), ...decoder.end()]);
      if (reply.choices[0]!.content.length > 0) assert.deepEqual(withoutIds(back), reply.choices);
      assert.deepEqual(back.usage?.vector, usage.vector);
    }),
  );
});

test('proofs, log probabilities, pictures and interleaved calls in a stream', () => {
  const logprobs = { content: [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }], refusal: null };
  const events = checked(
    renderStream([
      { type: 'start', id: 'resp_up', servedTier: 'flex' },
      { type: 'reasoning', choice: 0, part: 0, text: 'hm' },
      { type: 'reasoning_proof', choice: 0, part: 0, signature: 'S' },
      { type: 'reasoning_proof', choice: 0, part: 1, encrypted: 'E' },
      { type: 'text', choice: 0, part: 2, text: 'a', logprobs },
      { type: 'text', choice: 0, part: 3, text: 'b' },
      { type: 'text', choice: 1, part: 0, text: 'another choice' },
      { type: 'tool_call', choice: 0, part: 4, id: 'x', name: 'f' },
      { type: 'tool_call', choice: 0, part: 5, id: 'y', name: 'g', signature: 'G' },
      { type: 'tool_arguments', choice: 0, part: 4, json: '{}' },
      { type: 'tool_arguments', choice: 0, part: 5, json: '[]' },
      {
        type: 'media',
        choice: 0,
        part: 6,
        media: { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } },
      },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      { type: 'usage', usage },
    ]),
  );
  const response = events.at(-1)!.response as JsonObject;
  assert.deepEqual([response.id, response.service_tier], ['resp_up', 'flex']);
  assert.deepEqual(
    (response.output as JsonObject[]).map((item) => [
      item.type,
      item.encrypted_content ??
        item.arguments ??
        item.result ??
        (item.content as JsonObject[]).map((part) => part.text),
    ]),
    [
      ['reasoning', 'tw-signature:S'],
      ['reasoning', 'E'],
      ['message', ['a', 'b']],
      ['function_call', '{}'],
      ['function_call', '[]'],
      ['image_generation_call', 'AA'],
    ],
  );
});

test('a failing stream says so in both of the API’s ways', () => {
  const renderer = surface.openStream(request, context);
  const text =
    renderer.push([{ type: 'start' }, { type: 'text', choice: 0, part: 0, text: 'a' }]) +
    renderer.fail(new AppError('overloaded', 'busy'));
  assert.deepEqual(
    checked(text)
      .slice(-2)
      .map((event) => event.type),
    ['response.failed', 'error'],
  );
  assert.deepEqual(
    checked(surface.openStream(request, context).fail(new AppError('rate_limited', 'slow'))).map((event) => event.type),
    ['error'],
  );
});

function client(answer: string, type: string): OpenAI {
  const fetch = async (): Promise<Response> => new Response(answer, { headers: { 'content-type': type } });
  return new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:1/v1', fetch, maxRetries: 0 });
}

const sample = replyOf({
  content: [
    { type: 'reasoning', text: 'thinking' },
    { type: 'text', text: 'Hello there' },
    { type: 'tool_call', id: 'c1', name: 'f', arguments: '{"a":[1,2]}' },
  ],
  finish: 'tool_calls',
});

test('the official client reads a response and a stream', async () => {
  const whole = await client(
    JSON.stringify(surface.render(sample, request, context)),
    'application/json',
  ).responses.create({
    model: 'm',
    input: 'hi',
  });
  assert.equal(whole.output_text, 'Hello there');
  const stream = client(renderStream(eventsOf(sample)), 'text/event-stream').responses.stream({
    model: 'm',
    input: 'hi',
  });
  const final = await stream.finalResponse();
  assert.equal(final.output_text, 'Hello there');
  assert.equal(final.usage?.total_tokens, 10);
  const call = final.output.find((item) => item.type === 'function_call');
  assert.ok(call?.type === 'function_call');
  assert.deepEqual([call.call_id, call.name, call.arguments], ['c1', 'f', '{"a":[1,2]}']);
});

test('the official client throws what a stream fails with', async () => {
  const renderer = surface.openStream(request, context);
  const answer = renderer.push([{ type: 'start' }]) + renderer.fail(new AppError('overloaded', 'busy'));
  const stream = await client(answer, 'text/event-stream').responses.create({ model: 'm', input: 'hi', stream: true });
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, /busy/);
});

test('top_logprobs without log probabilities asked for is named as left out', () => {
  assert.deepEqual(parse({ top_logprobs: 3 }).extra, { top_logprobs: 3 });
  assert.deepEqual(parse({ top_logprobs: 0 }).extra, {});
  assert.deepEqual(parse({ top_logprobs: 3, include: ['message.output_text.logprobs'] }).extra, {});
});
