import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChatRequest } from './protocol.ts';
import { vertexAnthropicApi } from './vertex-anthropic.ts';

const target = { model: 'claude-opus-5', quirks: {} };

describe('Anthropic on Vertex AI', () => {
  it('names the version in the body and the model nowhere', () => {
    const request: ChatRequest = {
      model: 'x',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      stream: true,
      includeUsage: true,
      n: 1,
      maxOutputTokens: 10,
      extra: {},
    };
    const { body, headers } = vertexAnthropicApi.build(request, target);
    assert.equal(body.anthropic_version, 'vertex-2023-10-16');
    assert.equal('model' in body, false);
    assert.equal(body.max_tokens, 10);
    assert.equal(headers['anthropic-version'], undefined);
  });

  it('does the same to a body that passes through, and leaves the rest of it as it was', () => {
    const body = { model: 'vertex/claude', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] };
    const bytes = Buffer.from(JSON.stringify(body));
    const rewritten = vertexAnthropicApi.passthrough!.rewrite(
      bytes,
      body,
      { model: 'claude-opus-5', askUsage: false },
      target,
    );
    assert.deepEqual(JSON.parse(Buffer.from(rewritten).toString()), {
      max_tokens: 5,
      messages: [{ role: 'user', content: 'Hi' }],
      anthropic_version: 'vertex-2023-10-16',
    });
  });
});
