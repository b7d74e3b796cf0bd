import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../../base/errors.ts';
import { totalTokens } from '../../../contract/usage.ts';
import type { ApiTarget, ChatRequest, JsonObject, StreamEvent, StreamScanner } from '../../protocol.ts';
import { assertSchema } from '../fixtures/openai-schemas.ts';
import { openaiResponsesApi as api, openaiResponsesSurface, readResponsesUsage, writeResponsesUsage } from './index.ts';

const target: ApiTarget = { model: 'up', quirks: {} };
const passthrough = api.passthrough!;

function ask(more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    stream: false,
    includeUsage: true,
    n: 1,
    extra: {},
    ...more,
  };
}

test('what a responses client wrote is built back in the same words', () => {
  const body: JsonObject = {
    model: 'up',
    input: [
      { role: 'system', content: [{ type: 'input_text', text: 'rules' }] },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'look' },
          { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'low' },
          { type: 'input_image', file_id: 'file-1', detail: 'auto' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,CC' },
          { type: 'input_file', file_url: 'https://x.test/a.pdf' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'E' },
      { role: 'assistant', content: 'ok' },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'function_call_output', call_id: 'a', output: 'one' },
    ],
    store: false,
    max_output_tokens: 20,
    temperature: 0.5,
    tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: true }],
    tool_choice: { type: 'function', name: 'f' },
    text: { format: { type: 'json_schema', name: 's', schema: {} }, verbosity: 'low' },
    reasoning: { effort: 'low', summary: 'auto' },
    include: ['reasoning.encrypted_content'],
    truncation: 'auto',
    stream: true,
  };
  const built = api.build(openaiResponsesSurface.parse(body), target);
  assert.deepEqual(built, { path: '/responses', headers: {}, body, warnings: [] });
});

test('what has no field here is a warning or a refusal', () => {
  const { body, warnings } = api.build(
    ask({
      stop: ['x'],
      seed: 1,
      topK: 2,
      presencePenalty: 1,
      frequencyPenalty: 1,
      logprobs: true,
      topLogprobs: 2,
      extra: { logit_bias: { 1: 2 } },
      tools: [{ name: 'f' }],
      messages: [
        { role: 'developer', name: 'd', content: [{ type: 'text', text: 'r', cache: { ttl: '5m' } }] },
        { role: 'assistant', content: [{ type: 'reasoning', text: 'x', signature: 'S' }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', callId: 'a', content: [], isError: true },
            { type: 'text', text: 'go' },
          ],
        },
      ],
    }),
    target,
  );
  assert.deepEqual(warnings.sort(), [
    'cache_control',
    'frequency_penalty',
    'logit_bias',
    'name',
    'presence_penalty',
    'reasoning',
    'seed',
    'stop',
    'tool_result.is_error',
    'top_k',
  ]);
  assert.deepEqual(body, {
    model: 'up',
    input: [
      { role: 'system', content: [{ type: 'input_text', text: 'r' }] },
      { type: 'function_call_output', call_id: 'a', output: '' },
      { role: 'user', content: [{ type: 'input_text', text: 'go' }] },
    ],
    store: false,
    tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false }],
    include: ['message.output_text.logprobs'],
    top_logprobs: 2,
  });
  for (const bad of [
    ask({ n: 2 }),
    ask({
      messages: [
        { role: 'user', content: [{ type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'A' } }] },
      ],
    }),
  ]) {
    assert.throws(
      () => api.build(bad, target),
      (error) => error instanceof AppError && error.code === 'invalid_request',
    );
  }
});

const raw = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 150,
};

test('usage is read into disjoint parts, searches counted from the output', () => {
  const output: JsonObject[] = [
    { type: 'web_search_call', status: 'completed', action: { type: 'search' } },
    { type: 'web_search_call', status: 'completed', action: { type: 'open_page' } },
    { type: 'web_search_call', status: 'failed', action: { type: 'search' } },
    { type: 'message' },
  ];
  const vector = { input: 30, cache_read: 60, cache_write_5m: 10, output: 30, reasoning: 20 };
  assert.deepEqual(readResponsesUsage({ usage: raw }), { vector, raw, source: 'provider' });
  assert.deepEqual(readResponsesUsage({ usage: raw, output })?.vector, { ...vector, searches: 1 });
  assert.equal(readResponsesUsage({ usage: null }), undefined);
  const wrong = readResponsesUsage({ usage: { ...raw, total_tokens: 151 }, output });
  assert.deepEqual([wrong?.source, wrong?.vector], ['unreconciled', {}]);
  assert.match(wrong?.problem ?? '', /input_tokens/);
  fc.assert(
    fc.property(
      fc.nat(999),
      fc.nat(999),
      fc.nat(999),
      fc.nat(999),
      fc.nat(999),
      (input, read, write, output, reasoning) => {
        const given = { input, cache_read: read, cache_write_5m: write, output, reasoning };
        const written = writeResponsesUsage({ vector: given, raw: null, source: 'provider' });
        const back = readResponsesUsage({ usage: written! })!.vector;
        assert.equal(totalTokens(back), totalTokens(given));
        assert.equal(back.cache_read ?? 0, read);
        assert.equal(back.reasoning ?? 0, reasoning);
      },
    ),
  );
});

test('throws what a response reports as a failure', () => {
  const thrown = (body: JsonObject, code: string): void =>
    assert.throws(
      () => api.parse(body, target),
      (error) => error instanceof AppError && error.code === code,
    );
  thrown({ error: { code: 'rate_limit_exceeded', message: 'slow' } }, 'rate_limited');
  thrown({ status: 'failed', error: { code: 'server_error', message: 'x' } }, 'upstream_error');
  thrown({ status: 'failed' }, 'upstream_error');
  thrown({ status: 'queued', output: [] }, 'upstream_error');
  thrown({}, 'upstream_error');
});

const base = {
  id: 'resp_1',
  object: 'response',
  created_at: 5,
  model: 'up-1',
  status: 'in_progress',
  service_tier: 'auto',
  error: null,
  incomplete_details: null,
  instructions: null,
  tools: [],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  metadata: {},
  temperature: 1,
  top_p: 1,
  output: [],
  usage: null,
};
let sequence = 0;
const frame = (type: string, fields: JsonObject): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;

const message = { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] };
const recorded = [
  frame('response.created', { response: base }),
  frame('response.in_progress', { response: base }),
  frame('response.output_item.added', { output_index: 0, item: { id: 'rs_1', type: 'reasoning', summary: [] } }),
  frame('response.reasoning_summary_text.delta', { item_id: 'rs_1', output_index: 0, summary_index: 0, delta: '想' }),
  frame('response.reasoning_summary_text.delta', { item_id: 'rs_1', output_index: 0, summary_index: 1, delta: 'two' }),
  frame('response.output_item.done', {
    output_index: 0,
    item: { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: '想' }], encrypted_content: 'E' },
  }),
  frame('response.output_item.added', { output_index: 1, item: message }),
  frame('response.content_part.added', {
    item_id: 'msg_1',
    output_index: 1,
    content_index: 0,
    part: { type: 'output_text', text: '', annotations: [] },
  }),
  frame('response.output_text.delta', {
    item_id: 'msg_1',
    output_index: 1,
    content_index: 0,
    delta: '你好',
    logprobs: [],
    obfuscation: 'x',
  }),
  frame('response.output_text.delta', {
    item_id: 'msg_1',
    output_index: 1,
    content_index: 0,
    delta: ' 👋',
    logprobs: [],
  }),
  frame('response.output_item.done', {
    output_index: 1,
    item: {
      ...message,
      status: 'completed',
      content: [{ type: 'output_text', text: '你好 👋', annotations: [], logprobs: [] }],
    },
  }),
  frame('response.output_item.added', {
    output_index: 2,
    item: { id: 'fc_1', type: 'function_call', call_id: 'a', name: 'f', arguments: '', status: 'in_progress' },
  }),
  frame('response.function_call_arguments.delta', { item_id: 'fc_1', output_index: 2, delta: '{"x":1}' }),
  frame('response.output_item.done', {
    output_index: 2,
    item: { id: 'fc_1', type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}', status: 'completed' },
  }),
];
const closing = frame('response.completed', {
  response: { ...base, status: 'completed', service_tier: 'default', usage: raw },
});
const whole = recorded.join('') + closing;

function decode(text: string): StreamEvent[] {
  const decoder = api.openStream(target);
  return [...decoder.push(Buffer.from(text)), ...decoder.end()];
}

test('decodes a stream', () => {
  assert.deepEqual(decode(whole), [
    { type: 'start', id: 'resp_1', model: 'up-1' },
    { type: 'reasoning', choice: 0, part: 0, text: '想' },
    { type: 'reasoning', choice: 0, part: 0, text: '\n\n' },
    { type: 'reasoning', choice: 0, part: 0, text: 'two' },
    { type: 'reasoning_proof', choice: 0, part: 0, encrypted: 'E', id: 'rs_1' },
    { type: 'text', choice: 0, part: 1, text: '你好' },
    { type: 'text', choice: 0, part: 1, text: ' 👋' },
    { type: 'tool_call', choice: 0, part: 2, id: 'a', name: 'f' },
    { type: 'tool_arguments', choice: 0, part: 2, json: '{"x":1}' },
    { type: 'finish', choice: 0, reason: 'tool_calls' },
    {
      type: 'usage',
      usage: {
        vector: { input: 30, cache_read: 60, cache_write_5m: 10, output: 30, reasoning: 20 },
        raw,
        source: 'provider',
      },
      servedTier: 'default',
    },
    { type: 'end' },
  ]);
});

test('decodes streams that keep the text for their last events', () => {
  const item = { ...message, content: [{ type: 'output_text', text: 'all' }] };
  const call = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' };
  const texts = (text: string): string[] =>
    decode(text).flatMap((event) =>
      event.type === 'text' ? [event.text] : event.type === 'tool_arguments' ? [event.json] : [],
    );
  const done =
    frame('response.output_item.done', { output_index: 0, item }) +
    frame('response.output_item.done', { output_index: 1, item: call });
  assert.deepEqual(texts(done + closing), ['all', '{}']);
  assert.deepEqual(texts(frame('response.completed', { response: { ...base, output: [item, call] } })), ['all', '{}']);
});

test('a stream that fails says so, and nothing follows', () => {
  const kinds = (text: string): string[] =>
    decode(text).map((event) => (event.type === 'error' ? event.error.code : event.type));
  const failed = frame('response.failed', {
    response: { ...base, status: 'failed', error: { code: 'server_error', message: 'x' }, usage: raw },
  });
  assert.deepEqual(kinds(recorded[0] + failed + closing), ['start', 'usage', 'upstream_error']);
  assert.deepEqual(kinds(frame('error', { code: 'rate_limit_exceeded', message: 'x', param: null })), ['rate_limited']);
  assert.deepEqual(kinds(recorded[0]!), ['start', 'upstream_error']);
  assert.deepEqual(kinds('data: {no\n\n'), ['upstream_error']);
  const incomplete = frame('response.incomplete', {
    response: { ...base, status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
  });
  assert.ok(decode(incomplete).some((event) => event.type === 'finish' && event.reason === 'content_filter'));
});

interface Scanned {
  scanner: StreamScanner;
  sent: string;
  last: string;
}

function scan(pieces: Uint8Array[]): Scanned {
  const scanner = passthrough.openScanner(target, { showUsage: false });
  const sent: Uint8Array[] = [];
  for (const piece of pieces) {
    const out = scanner.push(piece);
    if (out !== undefined) sent.push(out as Uint8Array);
  }
  scanner.end();
  return { scanner, sent: Buffer.concat(sent).toString(), last: Buffer.from(scanner.finish()).toString() };
}

test('a stream goes through as it is, but its closing event waits', () => {
  const { scanner, sent, last } = scan([Buffer.from(whole)]);
  assert.equal(sent, recorded.join(''));
  assert.equal(last, closing);
  assert.deepEqual(
    [scanner.complete, scanner.stopSeen, scanner.error, scanner.servedTier],
    [true, true, undefined, 'default'],
  );
  assert.equal(scanner.usage?.vector.reasoning, 20);
  assert.equal(scanner.text(), '想two你好 👋f{"x":1}');
  assert.equal(scanner.outputBound, Buffer.byteLength('想two你好 👋f{"x":1}') + 6);
});

test('failures and breaks are kept from the client', () => {
  const failed = frame('response.failed', {
    response: { ...base, status: 'failed', error: { code: 'server_error', message: 'x' }, usage: raw },
  });
  const got = scan([Buffer.from(recorded[0]! + failed)]);
  assert.deepEqual(
    [got.sent, got.scanner.error?.code, got.scanner.usage?.vector.output],
    [recorded[0], 'upstream_error', 30],
  );
  assert.equal(scan([Buffer.from(recorded[0]!)]).scanner.error?.code, 'upstream_error');
  assert.equal(scan([Buffer.from('event: error\ndata: {"type":"error","message":"x"}\n\n')]).sent, '');
  assert.equal(scan([Buffer.from(whole.trimEnd())]).last, closing);
});

test('a cut ends the stream with what came so far', () => {
  for (let count = 0; count <= recorded.length; count++) {
    const scanner = passthrough.openScanner(target, { showUsage: false });
    scanner.push(Buffer.from(recorded.slice(0, count).join('')));
    const [event, data] = passthrough.cut(scanner).split('\n');
    assert.equal(event, 'event: response.incomplete');
    const body = JSON.parse(data!.slice(6)) as JsonObject;
    assertSchema('ResponseIncompleteEvent', body);
    assert.equal(body.sequence_number, count);
    if (count !== 9) continue;
    const response = body.response as JsonObject;
    assert.equal(response.id, 'resp_1');
    assert.deepEqual((response.output as JsonObject[])[1], {
      ...message,
      status: 'incomplete',
      content: [{ type: 'output_text', text: '你好', annotations: [], logprobs: [] }],
    });
  }
});

test('however the bytes are cut, the same events and bytes come out', () => {
  const bytes = Buffer.from(whole);
  const events = decode(whole);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const pieces = edges.slice(1).map((to, index) => bytes.subarray(edges[index], to));
      const decoder = api.openStream(target);
      assert.deepEqual([...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.end()], events);
      const { sent, last } = scan(pieces);
      assert.equal(sent + last, whole);
      assert.equal(last, closing);
    }),
  );
});

test('a body keeps the client’s bytes but for what has to change', () => {
  const text = '{"input":"x","model":"mock/up","previous_response_id":"resp_9"}';
  const body = JSON.parse(text) as JsonObject;
  const out = passthrough.rewrite(Buffer.from(text), body, { model: 'up', askUsage: true, maxOutputTokens: 9 }, target);
  assert.equal(
    Buffer.from(out).toString(),
    '{"max_output_tokens":9,"input":"x","model":"up","previous_response_id":"resp_9"}',
  );
  const facts = passthrough.facts(
    {
      model: 'up-1',
      usage: raw,
      service_tier: 'flex',
      output: [{ ...message, content: [{ type: 'output_text', text: 'a' }] }],
    },
    target,
  );
  assert.deepEqual(
    [facts.model, facts.servedTier, facts.text(), facts.usage?.vector.output],
    ['up-1', 'flex', 'a', 30],
  );
});
