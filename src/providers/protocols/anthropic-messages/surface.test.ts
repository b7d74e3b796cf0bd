import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppError } from '../../../base/errors.ts';
import type { Json, JsonObject } from '../../protocol.ts';
import { parseCountTokens, renderCountTokens } from './count-tokens.ts';
import { anthropicSurface } from './surface.ts';

const base = { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] } satisfies JsonObject;
const parse = (fields: JsonObject) => anthropicSurface.parse({ ...base, ...fields });

function refusal(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    return error as AppError;
  }
  return assert.fail('was not refused');
}

test('envelope', () => {
  assert.deepEqual(anthropicSurface.envelope({ ...base, stream: true, metadata: { user_id: 'u1' } }), {
    model: 'm',
    stream: true,
    includeUsage: true,
    maxOutputTokens: 10,
    n: 1,
    user: 'u1',
  });
  assert.equal(anthropicSurface.envelope({ ...base, max_tokens: 0 }).maxOutputTokens, 0);
});

test('envelope: wrong types name the field', () => {
  const wrong: [JsonObject, string][] = [
    [{ model: undefined as unknown as Json }, 'model'],
    [{ model: '' }, 'model'],
    [{ stream: 'yes' }, 'stream'],
    [{ max_tokens: -1 }, 'max_tokens'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ metadata: { user_id: 7 } }, 'metadata.user_id'],
  ];
  for (const [fields, param] of wrong) {
    const error = refusal(() => anthropicSurface.envelope({ ...base, ...fields }));
    assert.equal(error.code, 'invalid_request');
    assert.equal(error.param, param);
  }
});

test('input bound: media is left out of the text and counted', () => {
  const data = 'A'.repeat(1000);
  const body: JsonObject = {
    ...base,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
          { type: 'image', source: { type: 'url', url: 'https://a.test/1.png' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' } },
          {
            type: 'document',
            source: {
              type: 'content',
              content: [{ type: 'image', source: { type: 'url', url: 'https://a.test/2.png' } }],
            },
          },
          {
            type: 'tool_result',
            tool_use_id: 't',
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }],
          },
        ],
      },
    ],
  };
  const bytes = Buffer.byteLength(JSON.stringify(body));
  assert.deepEqual(anthropicSurface.inputBound(body, bytes), {
    textBytes: bytes - 3000,
    images: 4,
    audios: 0,
    files: 1,
    urls: ['https://a.test/1.png', 'https://a.test/2.png'],
  });
  assert.equal(anthropicSurface.inputBound({ ...base, messages: 'x' }, 10).textBytes, 10);
});

test('parse: system as text and as blocks, with cache control', () => {
  assert.deepEqual(parse({ system: 'Be short.' }).messages[0], {
    role: 'system',
    content: [{ type: 'text', text: 'Be short.' }],
  });
  assert.deepEqual(
    parse({ system: [{ type: 'text', text: 'Long.', cache_control: { type: 'ephemeral', ttl: '1h' } }] }).messages[0],
    { role: 'system', content: [{ type: 'text', text: 'Long.', cache: { ttl: '1h' } }] },
  );
});

test('parse: a conversation with thinking, calls, results with images, and more words of the user', () => {
  const { messages } = parse({
    messages: [
      { role: 'user', content: 'Look' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
          { type: 'redacted_thinking', data: 'enc' },
          { type: 'thinking', thinking: '', signature: '' },
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 't1', name: 'look', input: { at: 'sky' } },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 't1',
            is_error: true,
            content: [
              { type: 'text', text: 'cloud' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
            ],
            cache_control: { type: 'ephemeral' },
          },
          { type: 'text', text: 'And?' },
        ],
      },
      { role: 'system', content: 'Hurry.' },
    ],
  });
  assert.deepEqual(messages, [
    { role: 'user', content: [{ type: 'text', text: 'Look' }] },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm.', signature: 'sig' },
        { type: 'reasoning', text: '', encrypted: 'enc' },
        { type: 'text', text: 'I look.' },
        { type: 'tool_call', id: 't1', name: 'look', arguments: '{"at":"sky"}' },
      ],
    },
    {
      role: 'tool',
      content: [
        {
          type: 'tool_result',
          callId: 't1',
          name: 'look',
          isError: true,
          content: [
            { type: 'text', text: 'cloud' },
            { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } },
          ],
          cache: { ttl: '5m' },
        },
      ],
    },
    { role: 'user', content: [{ type: 'text', text: 'And?' }] },
    { role: 'system', content: [{ type: 'text', text: 'Hurry.' }] },
  ]);
});

test('parse: documents and search results', () => {
  const request = parse({
    messages: [
      {
        role: 'user',
        content: [
          {
            type: 'document',
            title: 'T',
            source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' },
            citations: { enabled: true },
          },
          { type: 'document', title: 'Notes', source: { type: 'text', media_type: 'text/plain', data: 'abc' } },
          { type: 'search_result', title: 'R', source: 'https://a.test', content: [{ type: 'text', text: 'found' }] },
          { type: 'document', source: { type: 'file', file_id: 'file_1' } },
        ],
      },
    ],
  });
  assert.deepEqual(request.messages[0]!.content, [
    { type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' }, filename: 'T' },
    { type: 'text', text: 'Notes' },
    { type: 'text', text: 'abc' },
    { type: 'text', text: 'R\nhttps://a.test\nfound' },
    { type: 'file', source: { kind: 'file_id', id: 'file_1' } },
  ]);
  // What is left out stands in `extra`, which other APIs list as a warning.
  assert.deepEqual(request.extra, { 'document.citations': true });
});

test('parse: tools and their choice', () => {
  const tool = { name: 'f', description: 'd', input_schema: { type: 'object' }, strict: true };
  const request = parse({ tools: [{ ...tool, cache_control: { type: 'ephemeral' }, defer_loading: true }] });
  assert.deepEqual(request.tools, [
    { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true, cache: { ttl: '5m' } },
  ]);
  assert.deepEqual(request.extra, { 'tools.defer_loading': true });
  const choice = (value: JsonObject) => {
    const { toolChoice, parallelToolCalls } = parse({ tools: [tool], tool_choice: value });
    return [toolChoice, parallelToolCalls];
  };
  assert.deepEqual(choice({ type: 'auto' }), ['auto', undefined]);
  assert.deepEqual(choice({ type: 'any', disable_parallel_tool_use: true }), ['required', false]);
  assert.deepEqual(choice({ type: 'tool', name: 'f', disable_parallel_tool_use: false }), [{ name: 'f' }, undefined]);
  assert.deepEqual(choice({ type: 'none' }), ['none', undefined]);
});

test('parse: thinking and effort', () => {
  const reasoning = (fields: JsonObject) => parse(fields).reasoning;
  assert.deepEqual(reasoning({ thinking: { type: 'enabled', budget_tokens: 2000 } }), {
    mode: 'enabled',
    budgetTokens: 2000,
  });
  assert.deepEqual(
    reasoning({ thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'max' } }),
    {
      mode: 'auto',
      effort: 'max',
      summary: 'auto',
    },
  );
  assert.deepEqual(reasoning({ thinking: { type: 'disabled' } }), { mode: 'disabled', effort: 'none' });
  assert.deepEqual(reasoning({ output_config: { effort: 'low' } }), { effort: 'low' });
  assert.equal(reasoning({}), undefined);
});

test('parse: structured output in both of its places, sampling, tier, stops', () => {
  const format = { type: 'json_schema', schema: { type: 'object' } };
  const expected = { type: 'json_schema', name: 'response', schema: { type: 'object' }, strict: true };
  assert.deepEqual(parse({ output_config: { format } }).responseFormat, expected);
  assert.deepEqual(parse({ output_format: format }).responseFormat, expected);
  const request = parse({
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    stop_sequences: ['END'],
    service_tier: 'standard_only',
    inference_geo: 'us',
    speed: null,
  });
  assert.equal(request.temperature, 0.5);
  assert.equal(request.topP, 0.9);
  assert.equal(request.topK, 40);
  assert.deepEqual(request.stop, ['END']);
  assert.equal(request.serviceTier, 'default');
  assert.deepEqual(request.extra, { inference_geo: 'us' });
});

const refusals: { name: string; fields: JsonObject; param: string }[] = [
  { name: 'messages missing', fields: { messages: null }, param: 'messages' },
  { name: 'message no object', fields: { messages: ['x'] }, param: 'messages[0]' },
  { name: 'unknown role', fields: { messages: [{ role: 'tool', content: '' }] }, param: 'messages[0].role' },
  { name: 'content number', fields: { messages: [{ role: 'user', content: 5 }] }, param: 'messages[0].content' },
  {
    name: 'text number',
    fields: { messages: [{ role: 'user', content: [{ type: 'text', text: 5 }] }] },
    param: 'messages[0].content[0].text',
  },
  {
    name: 'unknown block',
    fields: { messages: [{ role: 'user', content: [{ type: 'hologram' }] }] },
    param: 'messages[0].content[0].type',
  },
  {
    name: 'block of a hosted tool',
    fields: { messages: [{ role: 'assistant', content: [{ type: 'server_tool_use', id: 's', name: 'web_search' }] }] },
    param: 'messages[0].content[0].type',
  },
  {
    name: 'result without id',
    fields: { messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] },
    param: 'messages[0].content[0].tool_use_id',
  },
  {
    name: 'hosted tool',
    fields: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    param: 'tools[0].type',
  },
  { name: 'tool without schema', fields: { tools: [{ name: 'f' }] }, param: 'tools[0].input_schema' },
  { name: 'mcp', fields: { mcp_servers: [{ type: 'url', url: 'https://a.test', name: 'a' }] }, param: 'mcp_servers' },
  { name: 'tool choice', fields: { tool_choice: { type: 'some' } }, param: 'tool_choice.type' },
  { name: 'thinking', fields: { thinking: { type: 'deep' } }, param: 'thinking.type' },
  { name: 'budget', fields: { thinking: { type: 'enabled' } }, param: 'thinking.budget_tokens' },
  { name: 'effort', fields: { output_config: { effort: 'huge' } }, param: 'output_config.effort' },
  { name: 'temperature', fields: { temperature: 'hot' }, param: 'temperature' },
  { name: 'stop', fields: { stop_sequences: [1] }, param: 'stop_sequences[0]' },
  {
    name: 'cache ttl',
    fields: { system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '2h' } }] },
    param: 'system[0].cache_control.ttl',
  },
];

for (const { name, fields, param } of refusals) {
  test(`parse: refused with the field's path: ${name}`, () => {
    const error = refusal(() => parse(fields));
    assert.equal(error.code, 'invalid_request');
    assert.equal(error.param, param);
    assert.ok(error.message.startsWith(param));
  });
}

test('parse: empty lists ask for nothing', () => {
  const request = parse({ tools: [], stop_sequences: [], mcp_servers: [] });
  assert.equal(request.tools, undefined);
  assert.equal(request.stop, undefined);
});

test('count_tokens: what only Anthropic understands is counted as its text', () => {
  const request = parseCountTokens({
    model: 'm',
    tools: [{ type: 'web_search_20250305', name: 'web_search' }],
    mcp_servers: [{ type: 'url', url: 'https://a.test', name: 'a' }],
    messages: [{ role: 'assistant', content: [{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }] }],
  });
  const part = request.messages[0]!.content[0]!;
  assert.ok(part.type === 'text' && part.text.includes('server_tool_use'));
  assert.equal(request.tools?.[0]?.name, 'web_search_20250305');
  assert.deepEqual(renderCountTokens(12), { input_tokens: 12 });
  assert.throws(() => parseCountTokens({ model: 'm' }), { code: 'invalid_request', param: 'messages' });
});

test('endless nesting is refused or ignored, never a crash', () => {
  let nested: Json = 'x';
  for (let depth = 0; depth < 200_000; depth++) nested = [nested];
  const call = { type: 'tool_use', id: 't', name: 'f', input: { nested } };
  const error = refusal(() => parse({ messages: [{ role: 'assistant', content: [call] }] }));
  assert.equal(error.code, 'invalid_request');

  let block: JsonObject = { type: 'image', source: { type: 'url', url: 'https://a.test' } };
  for (let depth = 0; depth < 200_000; depth++) block = { type: 'tool_result', tool_use_id: 't', content: [block] };
  const body = { ...base, messages: [{ role: 'user', content: [block] }] };
  assert.equal(anthropicSurface.inputBound(body, 100).textBytes, 100);
  assert.equal(refusal(() => anthropicSurface.parse(body)).code, 'invalid_request');
});
