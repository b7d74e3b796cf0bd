import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type MockUpstream, type ScriptText, scriptPrompt, startMockUpstream } from './mock-upstream.ts';

let mock: MockUpstream;
before(async () => {
  mock = await startMockUpstream();
});
after(() => mock.close());
beforeEach(() => mock.reset());

const PINNED: ScriptText = { case: 'p', input: 123, cached: 20, output: 45, reasoning: 5, chunks: 9 };
const EXPECTED = { input: 103, cache_read: 20, output: 40, reasoning: 5 };

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(mock.url + path, { method: 'POST', body: JSON.stringify(body) });
}

function chatBody(script: ScriptText, rest: object = {}): object {
  return { model: 'm', messages: [{ role: 'user', content: scriptPrompt(script) }], ...rest };
}

/** Bodies that carry a script, per protocol and mode. */
const CALLS: [string, (script: ScriptText) => [string, object]][] = [
  ['openai-chat', (s) => ['/v1/chat/completions', chatBody(s)]],
  [
    'openai-chat',
    (s) => ['/v1/chat/completions', chatBody(s, { stream: true, stream_options: { include_usage: true } })],
  ],
  ['openai-responses', (s) => ['/v1/responses', { model: 'm', input: scriptPrompt(s) }]],
  ['openai-responses', (s) => ['/v1/responses', { model: 'm', input: scriptPrompt(s), stream: true }]],
  ['anthropic-messages', (s) => ['/v1/messages', chatBody(s, { max_tokens: 1000 })]],
  ['anthropic-messages', (s) => ['/v1/messages', chatBody(s, { max_tokens: 1000, stream: true })]],
  [
    'gemini-generate',
    (s) => ['/v1beta/models/m:generateContent', { contents: [{ role: 'user', parts: [{ text: scriptPrompt(s) }] }] }],
  ],
  [
    'gemini-generate',
    (s) => ['/v1beta/models/m:streamGenerateContent?alt=sse', { contents: [{ parts: [{ text: scriptPrompt(s) }] }] }],
  ],
  ['ollama-chat', (s) => ['/api/chat', chatBody(s, { stream: false })]],
  ['ollama-chat', (s) => ['/api/chat', chatBody(s)]],
];

describe('pinned usage', () => {
  for (const [protocol, make] of CALLS) {
    const [path, body] = make(PINNED);
    test(`${protocol} ${path}${(body as { stream?: boolean }).stream ? ' stream' : ''}`, async () => {
      const reply = await post(path, body);
      const text = await reply.text();
      await mock.idle();
      assert.equal(reply.status, 200);
      const [entry] = mock.truth().entries;
      const expected = protocol === 'ollama-chat' ? { input: 123, output: 45 } : EXPECTED;
      assert.deepEqual(
        { protocol: entry?.protocol, outcome: entry?.outcome, usage: entry?.usage, case: entry?.case },
        { protocol, outcome: 'whole', usage: expected, case: 'p' },
      );
      assert.equal(entry?.usageSent, true);
      assert.ok(text.includes(entry!.id), 'the reply bears its id');
      for (const [field, count] of Object.entries(entry?.rawUsage ?? {})) {
        if (typeof count === 'number') assert.ok(text.includes(`"${field}":${count}`), `${field} is in the reply`);
      }
      assert.deepEqual(mock.truth().usage, expected);
    });
  }

  test('usage of a chat stream only comes when it is asked for', async () => {
    const text = await (await post('/v1/chat/completions', chatBody(PINNED, { stream: true }))).text();
    await mock.idle();
    assert.ok(!text.includes('prompt_tokens'));
    assert.equal(mock.truth().entries[0]?.usageSent, false);
    assert.deepEqual(mock.truth().usage, {});
  });

  test('without a script: 12 in, 8 out', async () => {
    const reply = await post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'hello' }] });
    const body = (await reply.json()) as OpenAI.ChatCompletion;
    assert.deepEqual([body.usage?.prompt_tokens, body.usage?.completion_tokens], [12, 8]);
  });

  test('a limit cuts output, text and figures alike', async () => {
    for (const [path, body] of [
      ['/v1/chat/completions', chatBody(PINNED, { max_completion_tokens: 7 })],
      ['/v1/messages', chatBody(PINNED, { max_tokens: 7 })],
      ['/v1/responses', { model: 'm', input: scriptPrompt(PINNED), max_output_tokens: 7 }],
      ['/api/chat', chatBody(PINNED, { options: { num_predict: 7 } })],
      [
        '/v1beta/models/m:generateContent',
        { contents: [{ parts: [{ text: scriptPrompt(PINNED) }] }], generationConfig: { maxOutputTokens: 7 } },
      ],
    ] as [string, object][]) {
      mock.reset();
      const text = await (await post(path, body)).text();
      await mock.idle();
      const { usage } = mock.truth().entries[0]!;
      assert.equal((usage.output ?? 0) + (usage.reasoning ?? 0), 7, path);
      assert.ok((text.match(/ word/g) ?? []).length <= 7, path);
      assert.match(text, /"(length|max_tokens|max_output_tokens|MAX_TOKENS)"/, path);
    }
  });

  test('choices multiply output', async () => {
    await (await post('/v1/chat/completions', chatBody(PINNED, { n: 3 }))).json();
    await mock.idle();
    assert.deepEqual(mock.truth().usage, { input: 103, cache_read: 20, output: 120, reasoning: 15 });
  });

  test('embeddings of each kind', async () => {
    const text = scriptPrompt({ input: 77 });
    const openai = (await (await post('/v1/embeddings', { model: 'e', input: [text, 'b'] })).json()) as {
      data: { embedding: number[] }[];
      usage: object;
    };
    assert.deepEqual([openai.data.length, openai.data[0]?.embedding.length], [2, 8]);
    assert.deepEqual(openai.usage, { prompt_tokens: 77, total_tokens: 77 });
    const ollama = (await (await post('/api/embed', { model: 'e', input: text })).json()) as {
      prompt_eval_count: number;
    };
    assert.equal(ollama.prompt_eval_count, 77);
    const requests = [{ content: { parts: [{ text }] } }];
    const gemini = (await (await post('/v1beta/models/e:batchEmbedContents', { requests })).json()) as {
      embeddings: unknown[];
    };
    assert.equal(gemini.embeddings.length, 1);
    await mock.idle();
    assert.deepEqual(mock.truth().usage, { input: 231 });
  });
});

describe('faults', () => {
  const expectations: Record<string, string> = {
    reset_before: 'broken',
    reset_mid: 'broken',
    truncate: 'broken',
    malformed: 'broken',
    slow_first: 'whole',
    slow_mid: 'whole',
    no_usage: 'whole',
    usage_in_last: 'whole',
    usage_empty_choices: 'whole',
    no_done: 'whole',
  };
  for (const [fault, outcome] of Object.entries(expectations)) {
    test(fault, async () => {
      for (const [protocol, make] of CALLS) {
        mock.reset();
        const [path, body] = make({ ...PINNED, fault: fault as 'none', delay_ms: 1 });
        const text = await post(path, body)
          .then((reply) => reply.text())
          .catch(() => undefined);
        await mock.idle();
        const [entry] = mock.truth().entries;
        assert.equal(entry?.outcome, outcome, `${protocol} ${path}`);
        const broken = ['reset_before', 'reset_mid', 'truncate'].includes(fault);
        assert.equal(text === undefined, broken, `${protocol} ${path}: the client sees it break`);
        if (broken) assert.equal(entry?.usageSent, false, `${protocol} ${path}`);
        // Ollama leaves zeros out, so its silence says that there were none.
        const silent = protocol === 'ollama-chat' ? [true, {}] : [false, EXPECTED];
        if (fault === 'no_usage') assert.deepEqual([entry?.usageSent, entry?.usage], silent, `${protocol} ${path}`);
      }
    });
  }

  test('a status with retry-after, in each protocol', async () => {
    for (const [protocol, make] of CALLS) {
      const [path, body] = make({ status: 429, retry_after: 2 });
      const reply = await post(path, body);
      assert.deepEqual([reply.status, reply.headers.get('retry-after')], [429, '2'], protocol);
      assert.ok(((await reply.json()) as { error: unknown }).error);
    }
    await mock.idle();
    assert.equal(mock.counts().refused, CALLS.length);
    assert.deepEqual(mock.truth().usage, {});
  });

  test('tries follow each other by case', async () => {
    const body = chatBody({ case: 'a', output: 3, tries: [{ status: 500 }, { status: 429 }, {}] });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++) {
      const reply = await post('/v1/chat/completions', body);
      statuses.push(reply.status);
      await reply.text();
    }
    assert.deepEqual(statuses, [500, 429, 200, 200]);
    assert.deepEqual(
      mock.truth().entries.map((entry) => entry.arrival),
      [0, 1, 2, 3],
    );
  });

  test('a client that goes away is seen', async () => {
    const body = chatBody({ chunks: 5, output: 5, chunk_delay_ms: 20 }, { stream: true });
    const abort = new AbortController();
    const reply = await fetch(`${mock.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: abort.signal,
    });
    await reply.body!.getReader().read();
    abort.abort();
    await mock.idle();
    const [entry] = mock.truth().entries;
    assert.equal(entry?.outcome, 'client_gone');
    assert.ok(entry!.framesSent < entry!.frames);
  });
});

describe('official clients', () => {
  test('openai: chat, responses, embeddings, streams, tools', async () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: `${mock.url}/v1`, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: scriptPrompt({ tool: { name: 'f', arguments: { a: 1 } } }) }];
    const chat = await client.chat.completions.create({ model: 'm', messages });
    const call = chat.choices[0]?.message.tool_calls?.[0];
    assert.equal(call?.type === 'function' && call.function.arguments, '{"a":1}');
    const stream = client.chat.completions.stream({ model: 'm', messages, stream_options: { include_usage: true } });
    const final = await stream.finalChatCompletion();
    assert.equal(final.choices[0]?.finish_reason, 'tool_calls');
    assert.equal(final.usage?.total_tokens, 20);
    const events: string[] = [];
    const response = client.responses.stream({ model: 'm', input: scriptPrompt({ output: 3 }) });
    for await (const event of response) events.push(event.type);
    assert.equal(events.at(-1), 'response.completed');
    assert.equal((await response.finalResponse()).output_text, ' word word word');
    const embedding = await client.embeddings.create({ model: 'e', input: 'x', dimensions: 4 });
    assert.equal(embedding.data[0]?.embedding.length, 4);
  });

  test('anthropic: messages, stream, thinking, tools', async () => {
    const client = new Anthropic({ apiKey: 'none', baseURL: mock.url, maxRetries: 0 });
    const ask = (script: ScriptText) => ({
      model: 'm',
      max_tokens: 100,
      messages: [{ role: 'user' as const, content: scriptPrompt(script) }],
    });
    const whole = await client.messages.create(ask({ tool: { name: 'f', arguments: { a: 1 } } }));
    assert.deepEqual(whole.content[0]?.type === 'tool_use' && whole.content[0].input, { a: 1 });
    const stream = client.messages.stream(ask({ output: 6, reasoning: 2, show_reasoning: true }));
    const final = await stream.finalMessage();
    assert.deepEqual(
      final.content.map((block) => block.type),
      ['thinking', 'text'],
    );
    assert.equal(final.usage.output_tokens, 6);
  });
});
