import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ApiTarget, ChatRequest, JsonObject, Message, Reasoning } from '../../protocol.ts';
import { anthropicApi } from './api.ts';
import { claudeTraits } from './claude.ts';
import { parseMessages } from './parse.ts';

const user: Message = { role: 'user', content: [{ type: 'text', text: 'Hi' }] };
const base: ChatRequest = { model: 'x', messages: [user], stream: false, includeUsage: true, n: 1, extra: {} };
/** Takes sampling, and thinking by budget. */
const OLD: ApiTarget = { model: 'claude-sonnet-4-5', quirks: {} };
const NEW: ApiTarget = { model: 'claude-opus-5-5', quirks: {}, maxOutput: 128000 };

const build = (fields: Partial<ChatRequest>, target = OLD) => anthropicApi.build({ ...base, ...fields }, target);
const conversation = (...messages: Message[]) => build({ messages });

test('the least request', () => {
  assert.deepEqual(build({}), {
    path: '/messages',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: {
      model: 'claude-sonnet-4-5',
      max_tokens: 4096,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    },
    warnings: [],
  });
});

test("max_tokens: the request's, clamped to the model's, else the model's, else 4096", () => {
  assert.equal(build({ maxOutputTokens: 77 }).body.max_tokens, 77);
  assert.equal(build({ maxOutputTokens: 0 }).body.max_tokens, 0);
  assert.equal(build({}, NEW).body.max_tokens, 128000);
  const clamped = build({ maxOutputTokens: 500000 }, NEW);
  assert.equal(clamped.body.max_tokens, 128000);
  assert.deepEqual(clamped.warnings, ['max_tokens']);
});

test('system and developer messages are gathered; later ones stay in place, marked and warned of', () => {
  const { body, warnings } = conversation(
    { role: 'system', content: [{ type: 'text', text: 'A', cache: { ttl: '1h' } }] },
    { role: 'developer', content: [{ type: 'text', text: 'B' }] },
    user,
    { role: 'assistant', content: [{ type: 'text', text: 'Yes?' }] },
    { role: 'system', content: [{ type: 'text', text: 'C' }] },
    user,
  );
  assert.deepEqual(body.system, [
    { type: 'text', text: 'A', cache_control: { type: 'ephemeral', ttl: '1h' } },
    { type: 'text', text: 'B' },
  ]);
  assert.deepEqual((body.messages as JsonObject[])[2], {
    role: 'user',
    content: [
      { type: 'text', text: '<system>\nC\n</system>' },
      { type: 'text', text: 'Hi' },
    ],
  });
  assert.deepEqual(warnings, ['system_message_position']);
});

test('parallel calls: all results in one message of the user, first in it; foreign ids are paired', () => {
  const { body } = conversation(
    user,
    {
      role: 'assistant',
      content: [
        { type: 'tool_call', id: 'functions.f:0', name: 'f', arguments: '{"a":1}' },
        { type: 'tool_call', id: 'call_2', name: 'f', arguments: 'no json' },
      ],
    },
    user,
    {
      role: 'tool',
      content: [{ type: 'tool_result', callId: 'functions.f:0', content: [{ type: 'text', text: '1' }] }],
    },
    { role: 'tool', content: [{ type: 'tool_result', callId: 'call_2', content: [], isError: true }] },
  );
  const [, calls, results] = body.messages as { role: string; content: JsonObject[] }[];
  const id = calls!.content[0]!.id as string;
  assert.match(id, /^[a-zA-Z0-9_-]+$/);
  assert.deepEqual(calls!.content, [
    { type: 'tool_use', id, name: 'f', input: { a: 1 } },
    { type: 'tool_use', id: 'call_2', name: 'f', input: { invalid_json: 'no json' } },
  ]);
  assert.deepEqual(results, {
    role: 'user',
    content: [
      { type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text: '1' }] },
      { type: 'tool_result', tool_use_id: 'call_2', is_error: true },
      { type: 'text', text: 'Hi' },
    ],
  });
  // The API wants the tools that were called, though the request offers none now.
  assert.deepEqual(body.tools, [{ name: 'f', input_schema: { type: 'object' } }]);
  assert.deepEqual(body.tool_choice, { type: 'none' });
});

test('different ids never become the same', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ maxLength: 90 }), { minLength: 2, maxLength: 6 }), (ids) => {
      const { body } = conversation(user, {
        role: 'assistant',
        content: ids.map((id) => ({ type: 'tool_call', id, name: 'f', arguments: '{}' })),
      });
      const built = (body.messages as { content: JsonObject[] }[])[1]!.content.map((block) => block.id as string);
      assert.equal(new Set(built).size, ids.length);
      for (const id of built) assert.match(id, /^[a-zA-Z0-9_-]{1,128}$/);
    }),
  );
});

test('reasoning goes back with its proof, else it is left out with a warning', () => {
  const { body, warnings } = conversation(user, {
    role: 'assistant',
    content: [
      { type: 'reasoning', text: 'a', signature: 's' },
      { type: 'reasoning', text: '', encrypted: 'e' },
      { type: 'reasoning', text: 'unproved' },
      { type: 'reasoning', text: '', encrypted: 'x', id: 'rs_1' },
      { type: 'reasoning', text: 'c', signature: 'gemini:abc' },
      { type: 'text', text: 'b ' },
    ],
  });
  assert.deepEqual((body.messages as JsonObject[])[1]!.content, [
    { type: 'thinking', thinking: 'a', signature: 's' },
    { type: 'redacted_thinking', data: 'e' },
    { type: 'text', text: 'b' },
  ]);
  assert.deepEqual(warnings, ['reasoning_content']);
});

test('empty text is left out, an assistant in front gets a user before it, nothing at all is refused', () => {
  const { body, warnings } = conversation(
    { role: 'assistant', content: [{ type: 'text', text: 'Hello' }] },
    { role: 'user', content: [{ type: 'text', text: '  ' }] },
    user,
  );
  const messages = body.messages as { role: string; content: JsonObject[] }[];
  assert.deepEqual(
    messages.map((message) => [message.role, message.content.length]),
    [
      ['user', 1],
      ['assistant', 1],
      ['user', 1],
    ],
  );
  assert.deepEqual(warnings, ['assistant_first']);
  assert.throws(() => conversation(), { code: 'invalid_request', param: 'messages' });
  assert.throws(() => conversation({ role: 'system', content: [{ type: 'text', text: 'A' }] }), { param: 'messages' });
});

test('media: images and documents by URL, inline and by id', () => {
  const { body } = conversation({
    role: 'user',
    content: [
      { type: 'image', source: { kind: 'url', url: 'https://a.test/a.png' }, cache: { ttl: '5m' } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/webp', data: 'AA==' } },
      { type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' }, filename: 'a.pdf' },
      {
        type: 'file',
        source: { kind: 'base64', mediaType: 'text/markdown', data: Buffer.from('# é').toString('base64') },
      },
      { type: 'file', source: { kind: 'file_id', id: 'file_1' } },
    ],
  });
  assert.deepEqual((body.messages as JsonObject[])[0]!.content, [
    { type: 'image', source: { type: 'url', url: 'https://a.test/a.png' }, cache_control: { type: 'ephemeral' } },
    { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'AA==' } },
    { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' }, title: 'a.pdf' },
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: '# é' } },
    { type: 'document', source: { type: 'file', file_id: 'file_1' } },
  ]);
});

test('refusals name the field', () => {
  const tool = (name: string) => ({ tools: [{ name }] });
  const refused: [Partial<ChatRequest>, string][] = [
    [{ n: 2 }, 'n'],
    [tool('a.b'), 'tools[0].name'],
    [tool(''), 'tools[0].name'],
    [tool('a'.repeat(129)), 'tools[0].name'],
    [
      { messages: [{ role: 'user', content: [{ type: 'audio', source: { kind: 'url', url: 'https://a.test' } }] }] },
      'messages[0].content[0]',
    ],
    [
      {
        messages: [
          { role: 'user', content: [{ type: 'image', source: { kind: 'base64', mediaType: 'image/tiff', data: '' } }] },
        ],
      },
      'messages[0].content[0]',
    ],
    [
      {
        messages: [user, { role: 'assistant', content: [{ type: 'tool_call', id: 'a', name: 'a b', arguments: '' }] }],
      },
      'messages[1].content[0].name',
    ],
  ];
  for (const [fields, param] of refused) {
    assert.throws(() => build(fields), { code: 'invalid_request', param });
  }
  const format = { type: 'json_schema', name: 'r', schema: {} } as const;
  assert.throws(() => build({ responseFormat: format }, { ...OLD, quirks: { jsonSchema: false } }), {
    param: 'response_format',
  });
});

test('tools, strictness and choice', () => {
  const tools = [
    { name: 'f', description: 'd', parameters: { properties: { a: { type: 'number', minimum: 1 } } }, strict: true },
    { name: 'g', cache: { ttl: '5m' as const } },
  ];
  const { body, warnings } = build({ tools, toolChoice: 'required', parallelToolCalls: false });
  assert.deepEqual(body.tools, [
    {
      name: 'f',
      description: 'd',
      input_schema: {
        type: 'object',
        properties: { a: { type: 'number', description: '{minimum: 1}' } },
        additionalProperties: false,
      },
      strict: true,
    },
    { name: 'g', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } },
  ]);
  assert.deepEqual(body.tool_choice, { type: 'any', disable_parallel_tool_use: true });
  assert.deepEqual(warnings, ['tools.parameters.minimum']);
  const choice = (fields: Partial<ChatRequest>) => build({ tools, ...fields }).body.tool_choice;
  assert.equal(choice({}), undefined);
  assert.deepEqual(choice({ toolChoice: 'auto' }), { type: 'auto' });
  assert.deepEqual(choice({ toolChoice: 'none', parallelToolCalls: false }), { type: 'none' });
  assert.deepEqual(choice({ toolChoice: { name: 'f' } }), { type: 'tool', name: 'f' });
  assert.deepEqual(choice({ parallelToolCalls: false }), { type: 'auto', disable_parallel_tool_use: true });
  const old = build({ tools }, { model: 'claude-3-5-haiku-20241022', quirks: {} });
  assert.deepEqual(old.warnings, ['tools.strict']);
});

test('the newest models can not be forced to call a tool', () => {
  const choice = (model: string) => {
    const built = build({ tools: [{ name: 'f' }], toolChoice: { name: 'f' } }, { model, quirks: {} });
    return [built.body.tool_choice, built.warnings];
  };
  const forced = [{ type: 'tool', name: 'f' }, []];
  const free = [{ type: 'auto' }, ['tool_choice']];
  for (const model of ['claude-opus-5', 'claude-sonnet-5', 'claude-haiku-5-5', 'kimi-k2']) {
    assert.deepEqual(choice(model), forced);
  }
  for (const model of ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-fable-5-1', 'claude-mythos-5-2']) {
    assert.deepEqual(choice(model), free);
  }
});

test('structured output is native; "some JSON" is warned of', () => {
  const schema = { type: 'object', properties: { a: { type: 'string', maxLength: 3 } }, $schema: 'x' };
  const { body, warnings } = build({ responseFormat: { type: 'json_schema', name: 'r', schema } });
  assert.deepEqual(body.output_config, {
    format: {
      type: 'json_schema',
      schema: {
        type: 'object',
        properties: { a: { type: 'string', description: '{maxLength: 3}' } },
        additionalProperties: false,
      },
    },
  });
  assert.deepEqual(warnings, ['response_format.schema.maxLength']);
  assert.deepEqual(build({ responseFormat: { type: 'json_object' } }).warnings, ['response_format']);
});

test('what has no place is listed by name; zeros and defaults are not', () => {
  const { body, warnings } = build({
    seed: 1,
    logprobs: true,
    topLogprobs: 2,
    presencePenalty: 1,
    frequencyPenalty: 1,
    temperature: 1.7,
    topP: 0.5,
    topK: 5,
    stop: ['END', ' '],
    user: 'u',
    metadata: { a: 'b' },
    serviceTier: 'flex',
    extra: { store: true, inference_geo: 'us' },
  });
  assert.deepEqual(warnings.sort(), [
    'frequency_penalty',
    'logprobs',
    'metadata',
    'presence_penalty',
    'seed',
    'service_tier',
    'stop',
    'store',
    'temperature',
    'top_logprobs',
    'top_p',
  ]);
  assert.equal(body.temperature, 1);
  assert.equal(body.top_k, 5);
  assert.deepEqual(body.stop_sequences, ['END']);
  assert.deepEqual(body.metadata, { user_id: 'u' });
  assert.equal(body.inference_geo, 'us');
  assert.deepEqual(
    build({ presencePenalty: 0, frequencyPenalty: 0, logprobs: false, serviceTier: 'auto' }).warnings,
    [],
  );
});

test('newer models refuse sampling, so it is left out; quirks.refuses does the same for a provider', () => {
  const sent = build({ temperature: 0.3, topP: 0.5, topK: 5 }, NEW);
  assert.deepEqual(sent.warnings, ['temperature', 'top_p', 'top_k']);
  assert.equal('temperature' in sent.body || 'top_p' in sent.body || 'top_k' in sent.body, false);
  assert.deepEqual(build({ temperature: 1, topP: 1 }, NEW).warnings, []);
  const quirky = build({ topK: 5 }, { ...OLD, quirks: { refuses: ['top_k'] } });
  assert.deepEqual(quirky.warnings, ['top_k']);
  assert.equal(quirky.body.top_k, undefined);
});

const thinking: {
  name: string;
  target: ApiTarget;
  fields: Partial<ChatRequest>;
  expect: JsonObject;
  warnings?: string[];
}[] = [
  {
    name: 'adaptive with effort',
    target: NEW,
    fields: { reasoning: { effort: 'high' } },
    expect: { thinking: { type: 'adaptive' }, effort: 'high' },
  },
  {
    name: 'minimal is low, a summary is shown',
    target: NEW,
    fields: { reasoning: { effort: 'minimal', summary: 'auto' } },
    expect: { thinking: { type: 'adaptive', display: 'summarized' }, effort: 'low' },
  },
  {
    name: 'off',
    target: { model: 'claude-opus-5', quirks: {} },
    fields: { reasoning: { effort: 'none' } },
    expect: { thinking: { type: 'disabled' } },
  },
  {
    name: 'off, as far as the model lets it',
    target: { model: 'claude-sonnet-5-5', quirks: {} },
    fields: { reasoning: { mode: 'disabled' } },
    expect: { thinking: { type: 'between_tools' } },
  },
  {
    name: 'off where it can not be',
    target: { model: 'claude-fable-5-1', quirks: {} },
    fields: { reasoning: { effort: 'none' } },
    expect: { effort: 'low' },
    warnings: ['reasoning_effort'],
  },
  {
    name: 'a budget becomes an effort',
    target: NEW,
    fields: { reasoning: { budgetTokens: 3000, mode: 'enabled' } },
    expect: { thinking: { type: 'adaptive' }, effort: 'low' },
    warnings: ['reasoning.budget_tokens'],
  },
  {
    name: 'both: a budget stays one',
    target: { model: 'claude-sonnet-4-6', quirks: {} },
    fields: { reasoning: { budgetTokens: 3000 } },
    expect: { thinking: { type: 'enabled', budget_tokens: 3000 } },
  },
  {
    name: 'both: effort is adaptive, cut to the highest the model takes',
    target: { model: 'claude-sonnet-4-6', quirks: {} },
    fields: { reasoning: { effort: 'max' } },
    expect: { thinking: { type: 'adaptive' }, effort: 'high' },
    warnings: ['reasoning_effort'],
  },
  {
    name: 'budget models: effort becomes a budget under the limit',
    target: OLD,
    fields: { reasoning: { effort: 'medium' } },
    expect: { thinking: { type: 'enabled', budget_tokens: 4095 } },
  },
  {
    name: 'budget models: the caller keeps a fifth of its limit',
    target: OLD,
    fields: { reasoning: { effort: 'high' }, maxOutputTokens: 10000 },
    expect: { thinking: { type: 'enabled', budget_tokens: 8000 } },
  },
  {
    name: 'budget models: no room',
    target: OLD,
    fields: { reasoning: { effort: 'high' }, maxOutputTokens: 1000 },
    expect: {},
    warnings: ['reasoning_effort'],
  },
  {
    name: 'no thinking at all',
    target: { model: 'claude-3-5-haiku-20241022', quirks: {} },
    fields: { reasoning: { effort: 'high' } },
    expect: {},
    warnings: ['reasoning_effort'],
  },
  {
    name: 'where no tool can be forced, thinking stays',
    target: NEW,
    fields: { reasoning: { effort: 'high' }, tools: [{ name: 'f' }], toolChoice: 'required' },
    expect: { thinking: { type: 'adaptive' }, effort: 'high' },
    warnings: ['tool_choice'],
  },
  {
    name: 'a forced tool goes before thinking',
    target: { model: 'claude-opus-5', quirks: {} },
    fields: { reasoning: { effort: 'high' }, tools: [{ name: 'f' }], toolChoice: 'required' },
    expect: { effort: 'high' },
    warnings: ['reasoning'],
  },
  {
    name: 'budget models refuse thinking after a call without it',
    target: OLD,
    fields: {
      reasoning: { effort: 'low' },
      tools: [{ name: 'f' }],
      messages: [
        user,
        { role: 'assistant', content: [{ type: 'tool_call', id: 'a', name: 'f', arguments: '{}' }] },
        { role: 'tool', content: [{ type: 'tool_result', callId: 'a', content: [] }] },
      ],
    },
    expect: {},
    warnings: ['reasoning_effort'],
  },
  {
    name: 'and take it after a call with it',
    target: OLD,
    fields: {
      reasoning: { effort: 'low' },
      tools: [{ name: 'f' }],
      messages: [
        user,
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'a', signature: 's' },
            { type: 'tool_call', id: 'a', name: 'f', arguments: '{}' },
          ],
        },
        { role: 'tool', content: [{ type: 'tool_result', callId: 'a', content: [] }] },
      ],
    },
    expect: { thinking: { type: 'enabled', budget_tokens: 2048 } },
  },
];

for (const { name, target, fields, expect, warnings } of thinking) {
  test(`thinking: ${name}`, () => {
    const built = build(fields, target);
    const config = (built.body.output_config ?? {}) as JsonObject;
    const sent: JsonObject = {};
    if (built.body.thinking !== undefined) sent.thinking = built.body.thinking;
    if (config.effort !== undefined) sent.effort = config.effort;
    assert.deepEqual(sent, expect);
    assert.deepEqual(built.warnings, warnings ?? []);
  });
}

test('a thinking budget is always at least 1024 and under max_tokens', () => {
  const reasoning: fc.Arbitrary<Reasoning> = fc.record(
    {
      effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'),
      budgetTokens: fc.integer({ min: -1, max: 200000 }),
      mode: fc.constantFrom('enabled', 'disabled', 'auto'),
    },
    { requiredKeys: [] },
  );
  const model = fc.constantFrom('claude-sonnet-4-5', 'claude-opus-4-6', 'claude-opus-5-5', 'claude-3-opus', 'kimi-k2');
  const limit = fc.option(fc.integer({ min: 0, max: 50000 }), { nil: undefined });
  fc.assert(
    fc.property(reasoning, model, limit, limit, (wish, name, asked, most) => {
      const { body } = build(
        { reasoning: wish, ...(asked === undefined ? {} : { maxOutputTokens: asked }) },
        { model: name, quirks: {}, ...(most === undefined ? {} : { maxOutput: most }) },
      );
      const budget = (body.thinking as JsonObject | undefined)?.budget_tokens as number | undefined;
      if (budget === undefined) return;
      assert.ok(Number.isInteger(budget) && budget >= 1024 && budget < (body.max_tokens as number));
    }),
  );
});

test('generations are read from names of every form', () => {
  const mode = (model: string) => claudeTraits(model).thinking;
  assert.equal(mode('claude-2.1'), 'none');
  assert.equal(mode('claude-3-5-sonnet-20241022'), 'none');
  assert.equal(mode('claude-3-7-sonnet-20250219'), 'budget');
  assert.equal(mode('claude-sonnet-4-20250514'), 'budget');
  assert.equal(mode('us.anthropic.claude-opus-4-1-20250805-v1:0'), 'budget');
  assert.equal(mode('claude-haiku-4-5@20251001'), 'budget');
  assert.equal(mode('claude-opus-4-6'), 'both');
  assert.equal(mode('claude-opus-4-7'), 'adaptive');
  assert.equal(mode('claude-sonnet-5'), 'adaptive');
  assert.equal(mode('claude-latest'), 'adaptive');
  assert.equal(mode('claude-mythos-preview'), 'both');
  assert.equal(mode('glm-5'), 'budget');
  assert.equal(claudeTraits('claude-opus-4-6').sampling, true);
  assert.equal(claudeTraits('claude-opus-4-7').sampling, false);
  assert.equal(claudeTraits('claude-fable-5-1').off, 'never');
});

test('what the surface read, the API writes again', () => {
  const body: JsonObject = {
    model: 'claude-opus-5-5',
    max_tokens: 5000,
    system: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Look' }] },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
          { type: 'redacted_thinking', data: 'enc' },
          { type: 'tool_use', id: 't1', name: 'look', input: { at: 'sky' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'cloud' }] },
          { type: 'text', text: 'And?' },
        ],
      },
    ],
    tools: [{ name: 'look', description: 'd', input_schema: { type: 'object', properties: {} } }],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    thinking: { type: 'adaptive', display: 'summarized' },
    output_config: { effort: 'high' },
    stop_sequences: ['END'],
    metadata: { user_id: 'u' },
    service_tier: 'standard_only',
    stream: true,
  };
  const built = anthropicApi.build(parseMessages(body), NEW);
  assert.deepEqual(built.body, body);
  assert.deepEqual(built.warnings, []);
});

test("Gemini's proof of a call is left out and named", () => {
  const call = { type: 'tool_call' as const, id: 'c1', name: 'f', arguments: '{}', signature: 's' };
  const result = { type: 'tool_result' as const, callId: 'c1', content: [] };
  const built = conversation(user, { role: 'assistant', content: [call] }, { role: 'tool', content: [result] });
  assert.deepEqual(built.warnings, ['tool_call.signature']);
  assert.ok(!JSON.stringify(built.body).includes('signature'));
});
