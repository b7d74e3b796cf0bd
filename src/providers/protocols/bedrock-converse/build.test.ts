import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ApiTarget, ChatRequest, JsonObject, Message } from '../../protocol.ts';
import { bedrockConverseApi } from './api.ts';

const user: Message = { role: 'user', content: [{ type: 'text', text: 'Hi' }] };
const base: ChatRequest = { model: 'x', messages: [user], stream: false, includeUsage: true, n: 1, extra: {} };
const OLD: ApiTarget = { model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', quirks: {} };
const NEW: ApiTarget = { model: 'global.anthropic.claude-opus-5-5', quirks: {}, maxOutput: 128000 };
const NOVA: ApiTarget = { model: 'us.amazon.nova-2-lite-v1:0', quirks: {} };
const build = (fields: Partial<ChatRequest>, target = OLD) => bedrockConverseApi.build({ ...base, ...fields }, target);

test('the least request; the model is in the path, streaming has one of its own', () => {
  assert.deepEqual(build({}), {
    path: '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] },
    warnings: [],
  });
  const stream = build({ stream: true }, { ...OLD, model: 'arn:aws:bedrock:us-east-1:1:inference-profile/p' });
  assert.equal(stream.path, '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fp/converse-stream');
  assert.equal(stream.headers.accept, 'application/vnd.amazon.eventstream');
});

test('a conversation with everything in it', () => {
  const { body, warnings } = build({
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'S', cache: { ttl: '1h' } }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look', cache: { ttl: '5m' } },
          { type: 'image', source: { kind: 'base64', mediaType: 'image/jpeg', data: 'AA==' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm.', signature: 'sig' },
          { type: 'reasoning', text: '', encrypted: 'ZW5j' },
          { type: 'reasoning', text: 'foreign', encrypted: 'x', id: 'rs_1' },
          { type: 'tool_call', id: 'call:1', name: 'f', arguments: '{"a":1}' },
          { type: 'tool_call', id: 'call_2', name: 'f', arguments: '{}' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool_result', callId: 'call:1', content: [{ type: 'text', text: '1' }] }] },
      { role: 'tool', content: [{ type: 'tool_result', callId: 'call_2', content: [], isError: true }] },
      user,
    ],
  });
  assert.deepEqual(body.system, [{ text: 'S' }, { cachePoint: { type: 'default', ttl: '1h' } }]);
  const messages = body.messages as { role: string; content: JsonObject[] }[];
  assert.deepEqual(messages[0]!.content, [
    { text: 'Look' },
    { cachePoint: { type: 'default' } },
    { image: { format: 'jpeg', source: { bytes: 'AA==' } } },
  ]);
  const id = (messages[1]!.content[2]!.toolUse as JsonObject).toolUseId as string;
  assert.match(id, /^[a-zA-Z0-9_-]{1,64}$/);
  assert.deepEqual(messages[1]!.content, [
    { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'sig' } } },
    { reasoningContent: { redactedContent: 'ZW5j' } },
    { toolUse: { toolUseId: id, name: 'f', input: { a: 1 } } },
    { toolUse: { toolUseId: 'call_2', name: 'f', input: {} } },
  ]);
  assert.deepEqual(messages[2], {
    role: 'user',
    content: [
      { toolResult: { toolUseId: id, content: [{ text: '1' }] } },
      { toolResult: { toolUseId: 'call_2', content: [{ text: '(empty)' }], status: 'error' } },
      { text: 'Hi' },
    ],
  });
  assert.deepEqual(body.toolConfig, {
    tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object' } } } }],
  });
  assert.deepEqual(warnings, ['reasoning_content']);
});

test('documents: names are plain and differ, and text stands beside them', () => {
  const file = (filename?: string) => ({
    type: 'file' as const,
    source: { kind: 'base64' as const, mediaType: 'application/pdf', data: 'AA==' },
    ...(filename === undefined ? {} : { filename }),
  });
  const { body } = build({ messages: [{ role: 'user', content: [file('a_b  §c.pdf'), file(), file()] }] });
  const content = (body.messages as { content: JsonObject[] }[])[0]!.content;
  assert.deepEqual(
    content.map((block) => (block.document as JsonObject | undefined)?.name ?? block.text),
    ['a b c', 'document', 'document 2', '(See the attached document.)'],
  );
});

test('ids are paired within 64 characters and never collide', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ maxLength: 120 }), { minLength: 2, maxLength: 6 }), (ids) => {
      const { body } = build({
        messages: [
          user,
          { role: 'assistant', content: ids.map((id) => ({ type: 'tool_call', id, name: 'f', arguments: '{}' })) },
        ],
      });
      const content = (body.messages as { content: JsonObject[] }[])[1]!.content;
      const built = content.map((block) => (block.toolUse as JsonObject).toolUseId as string);
      assert.equal(new Set(built).size, ids.length);
      for (const id of built) assert.match(id, /^[a-zA-Z0-9_-]{1,64}$/);
    }),
  );
});

test('tools, choice, structured output, sampling, tier, stops', () => {
  const { body, warnings } = build({
    tools: [
      {
        name: 'f',
        description: 'd',
        parameters: { type: 'object', properties: {} },
        strict: true,
        cache: { ttl: '5m' },
      },
    ],
    toolChoice: { name: 'f' },
    parallelToolCalls: false,
    responseFormat: { type: 'json_schema', name: 'r', schema: { type: 'object', properties: {} } },
    maxOutputTokens: 50,
    temperature: 1.5,
    topK: 9,
    stop: ['END'],
    serviceTier: 'priority',
    seed: 1,
    user: 'u',
    extra: { guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' }, store: true },
  });
  const schema = { type: 'object', properties: {}, additionalProperties: false };
  assert.deepEqual(body, {
    messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
    inferenceConfig: { maxTokens: 50, temperature: 1, stopSequences: ['END'] },
    toolConfig: {
      tools: [
        { toolSpec: { name: 'f', description: 'd', strict: true, inputSchema: { json: schema } } },
        { cachePoint: { type: 'default' } },
      ],
      toolChoice: { tool: { name: 'f' } },
    },
    outputConfig: {
      textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify(schema), name: 'r' } } },
    },
    serviceTier: { type: 'priority' },
    guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' },
    additionalModelRequestFields: { top_k: 9 },
    additionalModelResponseFieldPaths: ['/stop_sequence'],
  });
  assert.deepEqual([...warnings].sort(), ['parallel_tool_calls', 'seed', 'store', 'temperature', 'user']);
});

test('no more calls: tools are left out, or named only where the conversation has calls', () => {
  const tools = [{ name: 'f' }, { name: 'g' }];
  assert.equal(build({ tools, toolChoice: 'none' }).body.toolConfig, undefined);
  const after = build({
    tools,
    toolChoice: 'none',
    messages: [
      user,
      { role: 'assistant', content: [{ type: 'tool_call', id: 'a', name: 'g', arguments: '{}' }] },
      { role: 'tool', content: [{ type: 'tool_result', callId: 'a', content: [] }] },
    ],
  });
  assert.deepEqual(after.body.toolConfig, {
    tools: [{ toolSpec: { name: 'g', inputSchema: { json: { type: 'object' } } } }],
  });
  assert.deepEqual(after.warnings, ['tool_choice']);
});

test('reasoning by family', () => {
  const more = (fields: Partial<ChatRequest>, target: ApiTarget) => {
    const built = build(fields, target);
    return [built.body.additionalModelRequestFields, built.warnings];
  };
  const high = { reasoning: { effort: 'high' as const } };
  assert.deepEqual(more(high, NEW), [{ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }, []]);
  assert.deepEqual(more({ ...high, maxOutputTokens: 10000 }, OLD), [
    { thinking: { type: 'enabled', budget_tokens: 8000 } },
    [],
  ]);
  assert.deepEqual(more(high, NOVA), [
    { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } },
    ['reasoning_effort'],
  ]);
  assert.deepEqual(more({ reasoning: { effort: 'none' } }, NOVA), [{ reasoningConfig: { type: 'disabled' } }, []]);
  assert.deepEqual(more(high, { model: 'openai.gpt-oss-120b-1:0', quirks: {} }), [{ reasoning_effort: 'high' }, []]);
  assert.deepEqual(more(high, { model: 'meta.llama4-maverick', quirks: {} }), [undefined, ['reasoning_effort']]);
  assert.deepEqual(more({ topK: 5 }, NOVA), [{ inferenceConfig: { topK: 5 } }, []]);
});

test('refusals name the field', () => {
  const content = (part: Message['content'][0]): Partial<ChatRequest> => ({
    messages: [{ role: 'user', content: [part] }],
  });
  const refused: [Partial<ChatRequest>, string][] = [
    [{ n: 2 }, 'n'],
    [{ tools: [{ name: 'a'.repeat(65) }] }, 'tools[0].name'],
    [content({ type: 'image', source: { kind: 'url', url: 'https://a.test/a.png' } }), 'messages[0].content[0]'],
    [
      content({ type: 'image', source: { kind: 'base64', mediaType: 'image/tiff', data: '' } }),
      'messages[0].content[0]',
    ],
    [content({ type: 'file', source: { kind: 'file_id', id: 'file_1' } }), 'messages[0].content[0]'],
    [{ messages: [] }, 'messages'],
  ];
  for (const [fields, param] of refused) assert.throws(() => build(fields), { code: 'invalid_request', param });
  const stored = build(content({ type: 'image', source: { kind: 'url', url: 's3://bucket/a.png' } }));
  assert.deepEqual((stored.body.messages as { content: JsonObject[] }[])[0]!.content, [
    { image: { format: 'png', source: { s3Location: { uri: 's3://bucket/a.png' } } } },
  ]);
});
