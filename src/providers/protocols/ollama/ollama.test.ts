import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ChatRequest, EmbeddingRequest, JsonObject, Reasoning, StreamEvent } from '../../protocol.ts';
import { ollamaChatApi, ollamaEmbeddingsApi } from './index.ts';

const target = { model: 'qwen3:8b', quirks: {} };

function build(parts: Partial<ChatRequest>, model = target.model) {
  const request: ChatRequest = {
    model: 'ollama/x',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    stream: false,
    includeUsage: false,
    n: 1,
    extra: {},
    ...parts,
  };
  return ollamaChatApi.build(request, { model, quirks: {} });
}

function fixture(name: string): Buffer {
  return readFileSync(new URL(`./fixtures/${name}.ndjson`, import.meta.url));
}

function decode(bytes: Buffer, cuts: number[] = []): StreamEvent[] {
  const decoder = ollamaChatApi.openStream(target);
  const events: StreamEvent[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    events.push(...decoder.push(bytes.subarray(start, cut)));
    start = cut;
  }
  return [...events, ...decoder.end()];
}

describe('ollama build', () => {
  it('writes a whole request', () => {
    const built = build({
      stream: true,
      maxOutputTokens: 50,
      temperature: 0,
      topP: 0.9,
      topK: 40,
      seed: 1,
      stop: ['END'],
      presencePenalty: 1,
      frequencyPenalty: 0.5,
      logprobs: true,
      topLogprobs: 2,
      reasoning: { effort: 'high' },
      responseFormat: { type: 'json_schema', name: 'r', schema: { type: 'object' } },
      extra: { num_ctx: 8192, keep_alive: '10m', options: { mirostat: 1 } },
      messages: [
        { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' } },
            { type: 'image', source: { kind: 'url', url: 'data:image/png;base64,REVG' } },
          ],
        },
      ],
    });
    assert.deepEqual(built, {
      path: '/api/chat',
      headers: {},
      warnings: [],
      body: {
        model: 'qwen3:8b',
        stream: true,
        truncate: false,
        think: true,
        format: { type: 'object' },
        logprobs: true,
        top_logprobs: 2,
        keep_alive: '10m',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'What is this?', images: ['QUJD', 'REVG'] },
        ],
        options: {
          num_predict: 50,
          temperature: 0,
          top_p: 0.9,
          top_k: 40,
          seed: 1,
          presence_penalty: 1,
          frequency_penalty: 0.5,
          stop: ['END'],
          num_ctx: 8192,
          mirostat: 1,
        },
      },
    });
  });

  it('carries thinking, calls and their answers', () => {
    const built = build({
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'I need the weather.' },
            { type: 'tool_call', id: 'a', name: 'weather', arguments: '{"city":"Rome"}' },
            { type: 'tool_call', id: 'b', name: 'now', arguments: 'nonsense' },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', callId: 'a', name: 'weather', content: [{ type: 'text', text: '21' }] },
            { type: 'tool_result', callId: 'b', isError: true, content: [{ type: 'text', text: 'bad JSON' }] },
            { type: 'text', text: 'Go on.' },
          ],
        },
      ],
    });
    assert.deepEqual(built.body.messages, [
      {
        role: 'assistant',
        content: '',
        thinking: 'I need the weather.',
        tool_calls: [
          { id: 'a', function: { index: 0, name: 'weather', arguments: { city: 'Rome' } } },
          { id: 'b', function: { index: 1, name: 'now', arguments: { invalid_json: 'nonsense' } } },
        ],
      },
      { role: 'tool', content: '21', tool_name: 'weather', tool_call_id: 'a' },
      { role: 'tool', content: 'Error: bad JSON', tool_call_id: 'b' },
      { role: 'user', content: 'Go on.' },
    ]);
    assert.deepEqual(built.warnings, ['tool_call.arguments']);
  });

  it('does what it can of a tool choice and says so', () => {
    const tools = [{ name: 'f' }, { name: 'g', parameters: { type: 'object' } }];
    const names = (parts: Partial<ChatRequest>) => {
      const built = build({ tools, ...parts });
      const list = (built.body.tools ?? []) as { function: { name: string } }[];
      return { names: list.map((tool) => tool.function.name), warnings: built.warnings };
    };
    assert.deepEqual(names({}), { names: ['f', 'g'], warnings: [] });
    assert.deepEqual(names({ toolChoice: 'none' }), { names: [], warnings: [] });
    assert.deepEqual(names({ toolChoice: { name: 'g' } }), { names: ['g'], warnings: ['tool_choice'] });
    assert.deepEqual(names({ toolChoice: 'required' }), { names: ['f', 'g'], warnings: ['tool_choice'] });
    assert.throws(() => names({ toolChoice: { name: 'h' } }), { code: 'invalid_request', param: 'tool_choice' });
  });

  const thinking: [Reasoning, string, boolean | string | undefined][] = [
    [{ effort: 'none' }, 'qwen3:8b', false],
    [{ mode: 'disabled' }, 'qwen3:8b', false],
    [{ mode: 'enabled', budgetTokens: 1000 }, 'qwen3:8b', true],
    [{ mode: 'auto' }, 'qwen3:8b', undefined],
    [{ effort: 'minimal' }, 'gpt-oss:20b', 'low'],
    [{ effort: 'xhigh' }, 'gpt-oss:20b', 'high'],
    [{ effort: 'none' }, 'gpt-oss:20b', 'low'],
  ];
  for (const [wish, model, think] of thinking) {
    it(`thinks as asked: ${JSON.stringify(wish)} on ${model}`, () => {
      assert.equal(build({ reasoning: wish }, model).body.think, think);
    });
  }

  it('refuses what it can not say', () => {
    const user = (content: ChatRequest['messages'][0]['content']) => ({
      messages: [{ role: 'user' as const, content }],
    });
    const cases: [Partial<ChatRequest>, string][] = [
      [{ n: 2 }, 'n'],
      [{ extra: { previous_response_id: 'r' } }, 'previous_response_id'],
      [
        user([{ type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'QQ==' } }]),
        'messages[0].content',
      ],
      [user([{ type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } }]), 'messages[0].content'],
      [
        user([{ type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'QQ==' } }]),
        'messages[0].content',
      ],
    ];
    for (const [parts, param] of cases) assert.throws(() => build(parts), { code: 'invalid_request', param });
    const text = build(user([{ type: 'file', source: { kind: 'base64', mediaType: 'text/plain', data: 'SGk=' } }]));
    assert.deepEqual(text.body.messages, [{ role: 'user', content: 'Hi' }]);
  });
});

describe('ollama reply', () => {
  const done = { model: 'qwen3:8b', message: { role: 'assistant', content: 'Hi.' }, done: true };

  it('reads thinking, text and calls', () => {
    const reply = ollamaChatApi.parse(
      {
        ...done,
        message: {
          content: 'Hi.',
          thinking: 'Hm.',
          tool_calls: [{ id: 'a', function: { name: 'f', arguments: { x: 1 } } }],
        },
        done_reason: 'stop',
        prompt_eval_count: 5,
        eval_count: 7,
      },
      target,
    );
    assert.deepEqual(reply.choices, [
      {
        index: 0,
        finish: 'tool_calls',
        content: [
          { type: 'reasoning', text: 'Hm.' },
          { type: 'text', text: 'Hi.' },
          { type: 'tool_call', id: 'a', name: 'f', arguments: '{"x":1}' },
        ],
      },
    ]);
    assert.deepEqual(reply.usage?.vector, { input: 5, output: 7 });
  });

  it('takes counts that are left out for zero, and their absence from everything for none', () => {
    const usage = (parts: JsonObject) => ollamaChatApi.parse({ ...done, ...parts }, target).usage;
    assert.deepEqual(usage({ total_duration: 9, eval_count: 3 })?.vector, { input: 0, output: 3 });
    assert.deepEqual(usage({ total_duration: 9 })?.vector, { input: 0, output: 0 });
    assert.equal(usage({}), undefined);
    assert.equal(usage({ done: false, eval_count: 3 }), undefined);
    assert.deepEqual(
      { ...usage({ eval_count: -3 }), raw: 0 },
      {
        vector: {},
        raw: 0,
        source: 'unreconciled',
        problem: 'eval_count is no whole number of tokens',
      },
    );
  });

  it('mints an id for a call without one', () => {
    const message = {
      content: '',
      tool_calls: [{ function: { name: 'f', arguments: {} } }, { function: { name: 'f', arguments: {} } }],
    };
    const content = ollamaChatApi.parse({ ...done, message }, target).choices[0]!.content;
    const ids = content.map((part) => (part.type === 'tool_call' ? part.id : ''));
    assert.equal(new Set(ids).size, 2);
    assert.match(ids[0]!, /^call_/);
  });

  it('reads length, and errors under a 200', () => {
    assert.equal(ollamaChatApi.parse({ ...done, done_reason: 'length' }, target).choices[0]!.finish, 'length');
    assert.throws(() => ollamaChatApi.parse({ error: 'llama runner process has terminated' }, target), {
      code: 'upstream_error',
    });
    assert.throws(() => ollamaChatApi.parse({}, target), { code: 'upstream_error' });
  });
});

describe('ollama stream', () => {
  it('reads thinking and text', () => {
    assert.deepEqual(
      decode(fixture('thinking-and-text')).map((event) => (event.type === 'usage' ? event.usage.vector : event)),
      [
        { type: 'start', model: 'qwen3:8b' },
        { type: 'reasoning', choice: 0, part: 0, text: 'The user ' },
        { type: 'reasoning', choice: 0, part: 0, text: 'says hi.' },
        { type: 'text', choice: 0, part: 1, text: '你' },
        { type: 'text', choice: 0, part: 1, text: '好🙂' },
        { type: 'finish', choice: 0, reason: 'stop' },
        { input: 26, output: 9 },
        { type: 'end' },
      ],
    );
  });

  it('reads tool calls', () => {
    assert.deepEqual(
      decode(fixture('tool-calls')).map((event) => (event.type === 'usage' ? event.usage.vector : event)),
      [
        { type: 'start', model: 'qwen3:8b' },
        { type: 'tool_call', choice: 0, part: 0, id: 'call_k3v9', name: 'weather' },
        { type: 'tool_arguments', choice: 0, part: 0, json: '{"city":"北京"}' },
        { type: 'tool_call', choice: 0, part: 1, id: 'call_p0q2', name: 'now' },
        { type: 'tool_arguments', choice: 0, part: 1, json: '{}' },
        { type: 'finish', choice: 0, reason: 'tool_calls' },
        { input: 0, output: 31 },
        { type: 'end' },
      ],
    );
  });

  for (const name of ['thinking-and-text', 'tool-calls']) {
    it(`gives the same events however ${name} is cut`, () => {
      const bytes = fixture(name);
      const whole = JSON.stringify(decode(bytes));
      fc.assert(
        fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }), (cuts) => {
          assert.equal(JSON.stringify(decode(bytes, cuts)), whole);
        }),
        { numRuns: 60 },
      );
      assert.equal(JSON.stringify(decode(bytes, [...bytes.keys()])), whole);
    });
  }

  it('takes a last line without its line break', () => {
    const bytes = fixture('tool-calls');
    assert.deepEqual(decode(bytes.subarray(0, bytes.length - 1)), decode(bytes));
  });

  it('does not take a broken stream for a whole one', () => {
    const bytes = fixture('thinking-and-text');
    const withoutEnd = bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1);
    const broken = [
      withoutEnd,
      Buffer.alloc(0),
      bytes.subarray(0, bytes.length - 30),
      Buffer.from('{"message":\n{}\n'),
    ];
    for (const piece of broken) {
      const last = decode(piece).at(-1)!;
      assert.ok(last.type === 'error' && last.error.code === 'upstream_error');
    }
  });

  it('reports an error line, then reads no further', () => {
    const events = decode(
      Buffer.concat([Buffer.from('{"error":"an error was encountered"}\n'), fixture('tool-calls')]),
    );
    assert.deepEqual(
      events.map((event) => event.type),
      ['error'],
    );
  });

  it('refuses a line without end', () => {
    const decoder = ollamaChatApi.openStream(target);
    const piece = Buffer.alloc(1024 * 1024, 0x61);
    const events = Array.from({ length: 18 }, () => decoder.push(piece)).flat();
    assert.deepEqual(
      events.map((event) => event.type),
      ['error'],
    );
    assert.deepEqual(decoder.end(), []);
  });
});

describe('ollama errors', () => {
  const cases: [number, string, string][] = [
    [400, 'registry.ollama.ai/library/x does not support tools', 'invalid_request'],
    [400, 'the input length exceeds the context length', 'context_too_long'],
    [401, 'unauthorized', 'upstream_error'],
    [404, "model 'x' not found", 'model_not_found'],
    [429, 'you have reached your usage limit', 'rate_limited'],
    [500, 'llama runner process has terminated: exit status 2', 'upstream_error'],
    [503, 'server busy, please try again.  maximum pending requests exceeded', 'overloaded'],
    [504, '', 'upstream_timeout'],
  ];
  for (const [status, message, code] of cases) {
    it(`${status} ${message} is ${code}`, () => {
      const error = ollamaChatApi.parseError(status, {}, JSON.stringify({ error: message }));
      assert.deepEqual([error.code, error.upstreamStatus], [code, status]);
    });
  }
});

describe('ollama embeddings', () => {
  const request = (parts: Partial<EmbeddingRequest>): EmbeddingRequest => ({
    model: 'x',
    input: ['a', 'b'],
    encodingFormat: 'float',
    extra: {},
    ...parts,
  });

  it('asks for all texts at once and never cuts one', () => {
    assert.deepEqual(ollamaEmbeddingsApi.build(request({ dimensions: 64, user: 'u' }), target), {
      path: '/api/embed',
      headers: {},
      body: { model: 'qwen3:8b', input: ['a', 'b'], truncate: false, dimensions: 64 },
      warnings: ['user'],
    });
    assert.throws(() => ollamaEmbeddingsApi.build(request({ input: [[1, 2]] }), target), { param: 'input[0]' });
  });

  it('reads vectors and their count', () => {
    const body = {
      model: 'nomic',
      embeddings: [
        [1, 2],
        [3, 4],
      ],
      total_duration: 5,
      prompt_eval_count: 8,
    };
    const reply = ollamaEmbeddingsApi.parse(body, request({}), target);
    assert.deepEqual(
      [reply.model, reply.vectors, reply.usage?.vector],
      [
        'nomic',
        [
          [1, 2],
          [3, 4],
        ],
        { input: 8 },
      ],
    );
    const { prompt_eval_count: _, ...zero } = body;
    assert.deepEqual(ollamaEmbeddingsApi.parse(zero, request({}), target).usage?.vector, { input: 0 });
    assert.throws(() => ollamaEmbeddingsApi.parse({ embeddings: [[1]] }, request({}), target), {
      code: 'upstream_error',
    });
    assert.throws(() => ollamaEmbeddingsApi.parse({ embeddings: [[1], ['x']] }, request({}), target), {
      code: 'upstream_error',
    });
  });
});

describe('ollama warnings', () => {
  it('names marks that have no place', () => {
    const cache = { ttl: '5m' as const };
    assert.deepEqual(build({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache }] }] }).warnings, [
      'cache_control',
    ]);
    assert.deepEqual(
      build({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', citations: [] }] }] }).warnings,
      ['citations'],
    );
    assert.deepEqual(build({ tools: [{ name: 'f', cache }] }).warnings, ['cache_control']);
    const result = { type: 'tool_result' as const, callId: 'c', content: [], cache };
    assert.deepEqual(build({ messages: [{ role: 'tool', content: [result] }] }).warnings, ['cache_control']);
    const call = { type: 'tool_call' as const, id: 'c', name: 'f', arguments: '{}', signature: 's' };
    assert.deepEqual(build({ messages: [{ role: 'assistant', content: [call] }] }).warnings, ['tool_call.signature']);
  });
});
