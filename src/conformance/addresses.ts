/** What each provider gets beside the body: its own address, its own key, its own headers, and nothing of the caller's. */
import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { says } from './upstreams/answer.ts';
import { columnOf, type World } from './world.ts';

export function addressesSuite(shared: () => World): void {
  let world: World;
  before(() => {
    world = shared();
  });

  const CLAUDE_ON_BEDROCK = encodeURIComponent('anthropic.claude-sonnet-4-5-20250929-v1:0');

  /** column → path of a whole reply, path of a stream, header of the key, its value. */
  const ADDRESSES: [string, string, string, string, RegExp][] = [
    ['openai', '/openai/v1/chat/completions', '/openai/v1/chat/completions', 'authorization', /^Bearer sk-upstream$/],
    [
      'compatible',
      '/compatible/v1/chat/completions',
      '/compatible/v1/chat/completions',
      'authorization',
      /^Bearer sk-upstream$/,
    ],
    ['azure', '/azure/openai/v1/chat/completions', '/azure/openai/v1/chat/completions', 'api-key', /^sk-upstream$/],
    ['ark', '/ark/api/v3/chat/completions', '/ark/api/v3/chat/completions', 'authorization', /^Bearer sk-upstream$/],
    ['anthropic', '/anthropic/v1/messages', '/anthropic/v1/messages', 'x-api-key', /^sk-upstream$/],
    [
      'vertex-claude',
      '/vertex/v1/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict',
      '/vertex/v1/publishers/anthropic/models/claude-sonnet-4-5%4020250929:streamRawPredict',
      'x-goog-api-key',
      /^sk-upstream$/,
    ],
    [
      'gemini',
      '/gemini/v1beta/models/gemini-3-pro-preview:generateContent',
      '/gemini/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse',
      'x-goog-api-key',
      /^sk-upstream$/,
    ],
    [
      'vertex',
      '/vertex/v1beta1/publishers/google/models/gemini-3-pro-preview:generateContent',
      '/vertex/v1beta1/publishers/google/models/gemini-3-pro-preview:streamGenerateContent?alt=sse',
      'x-goog-api-key',
      /^sk-upstream$/,
    ],
    [
      'bedrock',
      `/bedrock/model/${CLAUDE_ON_BEDROCK}/converse`,
      `/bedrock/model/${CLAUDE_ON_BEDROCK}/converse-stream`,
      'authorization',
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/bedrock\/aws4_request, SignedHeaders=.*host.*, Signature=[0-9a-f]{64}$/,
    ],
    ['ollama', '/ollama/api/chat', '/ollama/api/chat', 'authorization', /^Bearer sk-upstream$/],
  ];

  for (const [id, whole, streamed, header, value] of ADDRESSES) {
    it(`${id} is called where it is, with its own key`, async () => {
      const { model } = columnOf(id);
      const messages = [{ role: 'user' as const, content: 'Hello.' }];
      world.upstream.answer = says('Hello.');
      await world.openai.chat.completions.create({ model, messages });
      const first = world.upstream.last()!;
      for await (const _ of await world.openai.chat.completions.create({ model, messages, stream: true }));
      const second = world.upstream.last()!;
      assert.deepEqual([first.path, second.path], [whole, streamed]);
      for (const seen of [first, second]) {
        assert.match(String(seen.headers[header]), value);
        assert.ok(!JSON.stringify(seen.headers).includes(world.secret), 'the caller’s key stays here');
        assert.equal(seen.headers['content-type'], 'application/json');
      }
    });
  }

  it('Anthropic gets a version, the caller’s own where it has one', async () => {
    const body = {
      model: columnOf('anthropic').model,
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Hello.' }],
    };
    world.upstream.answer = says('Hello.');
    await world.tw.post('/v1/messages', body, world.secret);
    assert.equal(world.upstream.last()!.headers['anthropic-version'], '2023-06-01');
    await world.tw.post('/v1/messages', body, world.secret, { 'anthropic-version': '2024-01-01' });
    assert.equal(world.upstream.last()!.headers['anthropic-version'], '2024-01-01');
    await world.tw.post('/v1/messages', { ...body, model: columnOf('vertex-claude').model }, world.secret);
    const { body: sent, headers } = world.upstream.last()!;
    assert.deepEqual(
      [sent.anthropic_version, sent.model, headers['anthropic-version']],
      ['vertex-2023-10-16', undefined, undefined],
    );
  });
}
