import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../../base/errors.ts';
import type { ApiTarget, ChatRequest, JsonObject, Quirks, Reply, StreamEvent } from '../../protocol.ts';
import { openaiChatApi as api, openaiChatSurface } from './index.ts';

const target: ApiTarget = { model: 'up', quirks: {} };
const withQuirks = (quirks: Quirks): ApiTarget => ({ model: 'up', quirks });

function ask(more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    stream: false,
    includeUsage: false,
    n: 1,
    extra: {},
    ...more,
  };
}

test('builds a body with only what was asked', () => {
  assert.deepEqual(api.build(ask(), target), {
    path: '/chat/completions',
    headers: {},
    body: { model: 'up', messages: [{ role: 'user', content: 'hi' }] },
    warnings: [],
  });
});

test('what a chat client wrote is built back as it was', () => {
  const body: JsonObject = {
    model: 'm',
    messages: [
      { role: 'system', content: 'rules' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image_url', image_url: { url: 'https://x.test/a.png', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'input_audio', input_audio: { data: 'BBBB', format: 'mp3' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,CCCC' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'done' },
    ],
    max_completion_tokens: 7,
    temperature: 0.5,
    stop: ['END'],
    n: 2,
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } }],
    tool_choice: 'required',
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' } } },
    reasoning_effort: 'low',
    logit_bias: { 5: 1 },
    verbosity: 'low',
    stream: true,
    stream_options: { include_obfuscation: false, include_usage: true },
  };
  const built = api.build(openaiChatSurface.parse(body), { model: 'm', quirks: {} });
  assert.deepEqual(built.body, body);
  assert.deepEqual(built.warnings, []);
});

test('quirks change the words and leave a warning where something is lost', () => {
  const built = (more: Partial<ChatRequest>, quirks: Quirks): [JsonObject, string[]] => {
    const { body, warnings } = api.build(ask(more), withQuirks(quirks));
    const { model: _, messages: __, ...rest } = body;
    return [rest, warnings];
  };
  assert.deepEqual(built({ maxOutputTokens: 5 }, { limitField: 'max_tokens' }), [{ max_tokens: 5 }, []]);
  assert.deepEqual(built({ stream: true }, { streamOptions: false }), [{ stream: true }, []]);
  assert.deepEqual(built({ stream: true }, {}), [{ stream: true, stream_options: { include_usage: true } }, []]);
  const schema = { type: 'json_schema', name: 's', schema: {} } as const;
  assert.deepEqual(built({ responseFormat: schema }, { jsonSchema: false }), [
    { response_format: { type: 'json_object' } },
    ['response_format.json_schema'],
  ]);
  assert.deepEqual(built({ seed: 1, topK: 4, extra: { truncation: 'auto' } }, { refuses: ['seed'] }), [
    {},
    ['top_k', 'truncation', 'seed'],
  ]);
  const thinking = { reasoningParam: 'thinking' } as const;
  assert.deepEqual(built({ reasoning: { effort: 'none' } }, thinking), [{ thinking: { type: 'disabled' } }, []]);
  assert.deepEqual(built({ reasoning: { mode: 'auto' } }, thinking), [{ thinking: { type: 'auto' } }, []]);
  assert.deepEqual(built({ reasoning: { effort: 'high' } }, thinking), [
    { thinking: { type: 'enabled' } },
    ['reasoning_effort'],
  ]);
  assert.deepEqual(built({ reasoning: { summary: 'auto' } }, thinking), [{}, ['reasoning.summary']]);
  const enable = { reasoningParam: 'enable_thinking' } as const;
  assert.deepEqual(built({ reasoning: { budgetTokens: 99 } }, enable), [
    { enable_thinking: true, thinking_budget: 99 },
    [],
  ]);
  assert.deepEqual(built({ reasoning: { mode: 'disabled' } }, enable), [{ enable_thinking: false }, []]);
  const openrouter = { reasoningParam: 'reasoning' } as const;
  assert.deepEqual(built({ reasoning: { effort: 'low' } }, openrouter), [{ reasoning: { effort: 'low' } }, []]);
  assert.deepEqual(built({ reasoning: { budgetTokens: 9 } }, openrouter), [{ reasoning: { max_tokens: 9 } }, []]);
  assert.deepEqual(built({ reasoning: { effort: 'low' } }, { reasoningParam: 'none' }), [{}, ['reasoning']]);
  assert.deepEqual(built({ reasoning: { budgetTokens: 9000 } }, {}), [
    { reasoning_effort: 'medium' },
    ['thinking.budget_tokens'],
  ]);
  assert.throws(
    () => api.build(ask({ n: 2 }), withQuirks({ manyChoices: false })),
    (error) => error instanceof AppError && error.param === 'n',
  );
});

test('roles, reasoning and tool results in the forms that providers take', () => {
  const messages = (more: ChatRequest['messages'], quirks: Quirks = {}): unknown =>
    api.build(ask({ messages: more }), withQuirks(quirks)).body.messages;
  const developer = [{ role: 'developer' as const, content: [{ type: 'text' as const, text: 'x' }] }];
  assert.deepEqual(messages(developer), [{ role: 'system', content: 'x' }]);
  assert.deepEqual(messages(developer, { developerRole: true }), [{ role: 'developer', content: 'x' }]);
  const thought: ChatRequest['messages'] = [
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'ok' },
      ],
    },
  ];
  assert.deepEqual(messages(thought), [{ role: 'assistant', content: 'ok' }]);
  assert.deepEqual(api.build(ask({ messages: thought }), target).warnings, ['reasoning']);
  assert.deepEqual(messages(thought, { reasoningField: 'reasoning_content' }), [
    { role: 'assistant', content: 'ok', reasoning_content: 'hm' },
  ]);
  assert.deepEqual(messages(thought, { reasoningParam: 'thinking' }), [
    { role: 'assistant', content: 'ok', reasoning_content: 'hm' },
  ]);
  assert.deepEqual(
    messages([{ role: 'assistant', content: [{ type: 'reasoning', text: 'hm', signature: 'S' }] }], {
      reasoningParam: 'reasoning',
    }),
    [
      {
        role: 'assistant',
        content: '',
        reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 'S', index: 0 }],
      },
    ],
  );
  // Results written the way of the messages API: inside a user message, with a picture.
  const results: ChatRequest['messages'] = [
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          callId: 'a',
          content: [
            { type: 'text', text: 'one' },
            { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } },
          ],
        },
        { type: 'tool_result', callId: 'b', content: [{ type: 'text', text: 'two' }] },
        { type: 'text', text: 'go on' },
      ],
    },
  ];
  assert.deepEqual(messages(results), [
    { role: 'tool', tool_call_id: 'a', content: 'one' },
    { role: 'tool', tool_call_id: 'b', content: 'two' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Output of tool call a:' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
      ],
    },
    { role: 'user', content: 'go on' },
  ]);
});

test('refuses media that this API has no field for', () => {
  const user = (part: ChatRequest['messages'][0]['content'][0]) =>
    ask({ messages: [{ role: 'user', content: [part] }] });
  for (const part of [
    { type: 'file', source: { kind: 'url', url: 'https://x.test/a.pdf' } },
    { type: 'image', source: { kind: 'file_id', id: 'f' } },
    { type: 'audio', source: { kind: 'url', url: 'https://x.test/a.wav' } },
  ] as const) {
    assert.throws(
      () => api.build(user(part), target),
      (error) => error instanceof AppError && error.code === 'invalid_request' && error.param === 'messages[0]',
    );
  }
});

const reply = (message: JsonObject, more: JsonObject = {}, quirks: Quirks = {}): Reply =>
  api.parse(
    {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: 'up-1',
      choices: [{ index: 0, message, finish_reason: 'stop', ...more }],
    },
    withQuirks(quirks),
  );

test('reads replies in the many ways that providers write them', () => {
  assert.deepEqual(reply({ role: 'assistant', content: 'hi', refusal: null }).choices, [
    { index: 0, content: [{ type: 'text', text: 'hi' }], finish: 'stop' },
  ]);
  assert.deepEqual(reply({ content: 'a', reasoning_content: 'r' }).choices[0]?.content, [
    { type: 'reasoning', text: 'r' },
    { type: 'text', text: 'a' },
  ]);
  assert.deepEqual(reply({ content: '', reasoning: 'r' }).choices[0]?.content, [{ type: 'reasoning', text: 'r' }]);
  assert.deepEqual(
    reply({ content: null, reasoning: 'r', reasoning_details: [{ type: 'reasoning.text', text: 'r', signature: 's' }] })
      .choices[0]?.content,
    [{ type: 'reasoning', text: 'r', signature: 's' }],
  );
  // Mistral's list of parts.
  assert.deepEqual(
    reply({
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 't' }] },
        { type: 'text', text: 'x' },
      ],
    }).choices[0]?.content,
    [
      { type: 'reasoning', text: 't' },
      { type: 'text', text: 'x' },
    ],
  );
  // A call without id, its arguments an object, under a wrong finish reason.
  assert.deepEqual(
    reply({ content: null, tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] }).choices[0],
    {
      index: 0,
      content: [{ type: 'tool_call', id: 'call_chatcmpl1_0_0', name: 'f', arguments: '{"a":1}' }],
      finish: 'tool_calls',
    },
  );
  assert.deepEqual(reply({ content: 'x' }, { stop_reason: 'END' }).choices[0]?.stopSequence, 'END');
  assert.equal(reply({ content: 'x' }, { finish_reason: 'eos' }).choices[0]?.finish, 'stop');
  assert.equal(reply({ content: 'x' }, { finish_reason: 'sensitive' }).choices[0]?.finish, 'content_filter');
  assert.equal(reply({ content: 'x' }, { finish_reason: null }).choices[0]?.finish, 'stop');
  assert.equal(reply({ content: 'x' }, { finish_reason: 'model_length' }).choices[0]?.finish, 'length');
  assert.equal(reply({ content: 'x' }, { finish_reason: 'network_error' }).choices[0]?.finish, 'length');
});

test('throws what a reply reports as a failure', () => {
  const thrown = (body: JsonObject, code: string): void =>
    assert.throws(
      () => api.parse(body, target),
      (error) => error instanceof AppError && error.code === code,
      JSON.stringify(body),
    );
  thrown({ error: { message: 'x', code: 429 } }, 'rate_limited');
  thrown({}, 'upstream_error');
  thrown({ choices: [{}] }, 'upstream_error');
  thrown({ choices: [{ message: { content: '' }, finish_reason: 'insufficient_system_resource' }] }, 'overloaded');
  thrown({ choices: [{ message: { content: null }, finish_reason: 'network_error' }] }, 'upstream_error');
});

const sse = (...frames: (JsonObject | string)[]): string =>
  frames.map((frame) => `data: ${typeof frame === 'string' ? frame : JSON.stringify(frame)}\n\n`).join('');
const chunk = (delta: JsonObject, finish: string | null = null, more: JsonObject = {}): JsonObject => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'up-1',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const calls = (...list: JsonObject[]): JsonObject => chunk({ tool_calls: list });

function decode(text: string, quirks: Quirks = {}): StreamEvent[] {
  const decoder = api.openStream(withQuirks(quirks));
  return [...decoder.push(Buffer.from(text)), ...decoder.end()];
}

test('decodes a stream of text, reasoning and usage', () => {
  const raw = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const text = sse(
    chunk({ role: 'assistant', content: '' }, null, { usage: null, service_tier: 'default' }),
    chunk({ reasoning_content: 'hm' }),
    chunk({ reasoning_content: ' ok' }),
    chunk({ content: 'Hel' }),
    chunk({ content: 'lo' }),
    chunk({}, 'stop'),
    { ...chunk({}), choices: [], usage: raw },
    '[DONE]',
  );
  assert.deepEqual(decode(`: hello\n\n${text}`), [
    { type: 'start', id: 'c', model: 'up-1', servedTier: 'default' },
    { type: 'reasoning', choice: 0, part: 0, text: 'hm' },
    { type: 'reasoning', choice: 0, part: 0, text: ' ok' },
    { type: 'text', choice: 0, part: 1, text: 'Hel' },
    { type: 'text', choice: 0, part: 1, text: 'lo' },
    { type: 'finish', choice: 0, reason: 'stop' },
    { type: 'usage', usage: { vector: { input: 1, output: 2 }, raw, source: 'provider' }, servedTier: 'default' },
    { type: 'end' },
  ]);
});

test('decodes tool calls in the many ways that providers stream them', () => {
  const summary = (text: string): unknown[] => {
    const out: unknown[] = [];
    const events = decode(text + sse(chunk({}, 'stop'), '[DONE]'));
    for (const event of events) {
      if (event.type === 'tool_call') out.push([event.part, event.id, event.name, '']);
      else if (event.type === 'tool_arguments') {
        const call = out.find((entry) => (entry as unknown[])[0] === event.part) as string[];
        call[3] += event.json;
      } else if (event.type === 'finish') assert.equal(event.reason, 'tool_calls');
    }
    return out;
  };
  const f = (name: string | undefined, args: string | undefined): JsonObject => {
    const fn: JsonObject = {};
    if (name !== undefined) fn.name = name;
    if (args !== undefined) fn.arguments = args;
    return fn;
  };
  const two = [
    [0, 'a', 'f', '{"x":1}'],
    [1, 'b', 'g', '{}'],
  ];
  // OpenAI: id and name once.
  const openai = sse(
    calls({ index: 0, id: 'a', type: 'function', function: f('f', '') }),
    calls({ index: 0, function: f(undefined, '{"x"') }),
    calls({ index: 0, function: f(undefined, ':1}') }),
    calls({ index: 1, id: 'b', type: 'function', function: f('g', '{}') }),
  );
  assert.deepEqual(summary(openai), two);
  // Empty ids and null names afterwards.
  assert.deepEqual(
    summary(
      sse(
        calls({ index: 0, id: 'a', function: f('f', '{"x"') }),
        calls({ index: 0, id: '', function: { name: null, arguments: ':1}' } }),
        calls({ index: 1, id: 'b', function: f('g', '{}') }),
      ),
    ),
    two,
  );
  // Id and name in every delta.
  assert.deepEqual(
    summary(
      sse(
        calls({ index: 0, id: 'a', function: f('f', '{"x"') }),
        calls({ index: 0, id: 'a', function: f('f', ':1}') }),
        calls({ index: 1, id: 'b', function: f('g', '{}') }),
      ),
    ),
    two,
  );
  // Whole calls in one delta, no index.
  assert.deepEqual(
    summary(sse(calls({ id: 'a', function: f('f', '{"x":1}') }, { id: 'b', function: f('g', '{}') }))),
    two,
  );
  // Every call numbered 0.
  assert.deepEqual(
    summary(
      sse(
        calls({ index: 0, id: 'a', function: f('f', '{"x":1}') }),
        calls({ index: 0, id: 'b', function: f('g', '{}') }),
      ),
    ),
    two,
  );
  // No ids at all: made here, the same each time.
  assert.deepEqual(summary(sse(calls({ function: f('f', '{"x"') }), calls({ function: f(undefined, ':1}') }))), [
    [0, 'call_c_0_0', 'f', '{"x":1}'],
  ]);
  // The name comes after arguments.
  assert.deepEqual(
    summary(
      sse(calls({ index: 0, id: 'a', function: f(undefined, '{"x"') }), calls({ index: 0, function: f('f', ':1}') })),
    ),
    [[0, 'a', 'f', '{"x":1}']],
  );
});

test('decodes proofs of reasoning', () => {
  const events = decode(
    sse(
      chunk({ reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }),
      chunk({ reasoning_details: [{ type: 'reasoning.text', signature: 's' }] }),
      chunk({ content: 'x' }, 'stop'),
      '[DONE]',
    ),
  );
  assert.deepEqual(events.slice(1, 4), [
    { type: 'reasoning', choice: 0, part: 0, text: 'hm' },
    { type: 'reasoning_proof', choice: 0, part: 0, signature: 's' },
    { type: 'text', choice: 0, part: 1, text: 'x' },
  ]);
});

test('a stream that fails says so, and nothing follows', () => {
  const last = (text: string): string => {
    const event = decode(text).at(-1);
    return event?.type === 'error' ? event.error.code : (event?.type ?? '');
  };
  assert.equal(
    last(sse(chunk({ content: 'a' }), { error: { message: 'x', code: 502 } }, chunk({ content: 'b' }))),
    'upstream_error',
  );
  assert.equal(last(sse('{broken')), 'upstream_error');
  assert.equal(last(sse('[1]')), 'upstream_error');
  assert.equal(last(sse(chunk({ content: 'a' }))), 'upstream_error');
  assert.equal(last(''), 'upstream_error');
  assert.equal(last(sse(chunk({ content: 'a' }, 'stop'))), 'end');
  assert.equal(last(sse(chunk({ content: 'a' }, 'stop'), '[DONE]').trimEnd()), 'end');
  // A failure as a finish reason: what was used is told first.
  const usage = { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 };
  const events = decode(sse(chunk({}, 'insufficient_system_resource', { usage }), '[DONE]'));
  assert.deepEqual(
    events.map((event) => (event.type === 'error' ? event.error.code : event.type)),
    ['start', 'usage', 'overloaded'],
  );
});

test('usage is found wherever it stands', () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const found = (text: string): boolean =>
    decode(text).some((event) => event.type === 'usage' && event.usage.vector.output === 2);
  assert.ok(found(sse(chunk({}, 'stop', { usage }), '[DONE]')));
  assert.ok(found(sse({ ...chunk({}), choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] }, '[DONE]')));
  assert.ok(found(sse(chunk({}, 'stop', { x_groq: { usage } }), '[DONE]')));
  assert.ok(!found(sse(chunk({}, 'stop', { usage: null }), '[DONE]')));
});

test('however the bytes are cut, the events are the same', () => {
  const text = sse(
    chunk({ role: 'assistant', content: '' }),
    chunk({ reasoning_content: '想' }),
    chunk({ content: '你好 👋' }),
    calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{"城市":' } }),
    calls({ index: 0, function: { arguments: '"北京"}' } }),
    chunk({}, 'tool_calls', { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }),
    '[DONE]',
  ).replaceAll('\n', '\r\n');
  const bytes = Buffer.from(text);
  const whole = decode(text);
  assert.equal(whole.at(-1)?.type, 'end');
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const decoder = api.openStream(target);
      const events: StreamEvent[] = [];
      let from = 0;
      for (const to of [...cuts.sort((a, b) => a - b), bytes.length]) {
        events.push(...decoder.push(bytes.subarray(from, to)));
        from = to;
      }
      assert.deepEqual([...events, ...decoder.end()], whole);
    }),
  );
});
