import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectProvider, type ProviderConfig } from './connect.ts';
import { listModels } from './list-models.ts';

const openai: ProviderConfig = { name: 'openai', protocol: 'openai', api_key: 'sk-secret-0123456789' };

function list(config: ProviderConfig, body: unknown, status = 200) {
  const asked: { url: string; headers: Record<string, string> }[] = [];
  const listing = listModels(connectProvider(config), async (url, headers) => {
    asked.push({ url: url.href, headers });
    return { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
  });
  return listing.then((found) => ({ ...found, asked }));
}

describe('listModels', () => {
  it('reads the lists of every protocol', async () => {
    const { models, asked } = await list(openai, {
      object: 'list',
      data: [{ id: 'gpt-5' }, { id: 'text-embedding-3-small' }, { id: 'gpt-5' }, {}],
    });
    assert.deepEqual(models, [{ id: 'gpt-5' }, { id: 'text-embedding-3-small', kind: 'embedding' }]);
    assert.deepEqual(asked, [
      {
        url: 'https://api.openai.com/v1/models',
        headers: { accept: 'application/json', authorization: 'Bearer sk-secret-0123456789' },
      },
    ]);

    const gemini = await list(
      { name: 'gemini', protocol: 'gemini', api_key: 'k' },
      {
        models: [
          {
            name: 'models/gemini-3.5-flash',
            displayName: 'Gemini 3.5 Flash',
            inputTokenLimit: 1048576,
            outputTokenLimit: 65536,
            supportedGenerationMethods: ['generateContent'],
          },
          { name: 'models/gemini-embedding-001', supportedGenerationMethods: ['embedContent'] },
        ],
      },
    );
    assert.deepEqual(gemini.models, [
      { id: 'gemini-3.5-flash', title: 'Gemini 3.5 Flash', contextWindow: 1048576, maxOutput: 65536, kind: 'chat' },
      { id: 'gemini-embedding-001', kind: 'embedding' },
    ]);
    assert.equal(gemini.asked[0]!.url, 'https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000');

    const anthropic = await list(
      { name: 'anthropic', protocol: 'anthropic', api_key: 'k' },
      { data: [{ id: 'claude-opus-5', display_name: 'Claude Opus 5' }] },
    );
    assert.deepEqual(anthropic.models, [{ id: 'claude-opus-5', title: 'Claude Opus 5' }]);
    assert.equal(anthropic.asked[0]!.url, 'https://api.anthropic.com/v1/models?limit=1000');

    const ollama = await list(
      { name: 'ollama', protocol: 'ollama' },
      { models: [{ name: 'qwen3:8b', model: 'qwen3:8b' }] },
    );
    assert.deepEqual(ollama.models, [{ id: 'qwen3:8b' }]);
    assert.equal(ollama.asked[0]!.url, 'http://127.0.0.1:11434/api/tags');

    const bare = await list({ name: 'together', protocol: 'openai', api_key: 'k' }, [
      { id: 'a/b', context_length: 4096 },
    ]);
    assert.deepEqual(bare.models, [{ id: 'a/b', contextWindow: 4096 }]);
  });

  it('tells what is wrong and never rejects', async () => {
    for (const [body, status] of [
      ['<html>', 200],
      [{ error: 'no' }, 200],
      [null, 200],
      [{}, 401],
    ] as const) {
      const { models, problem } = await list(openai, body, status);
      assert.deepEqual(models, []);
      assert.ok(problem);
    }
    const failed = await listModels(connectProvider(openai), () =>
      Promise.reject(new Error('connect failed with Bearer sk-secret-0123456789')),
    );
    assert.match(failed.problem!, /connect failed/);
    assert.doesNotMatch(failed.problem!, /sk-secret/);
  });

  it('asks nobody where there is no such list', async () => {
    const { models, problem, asked } = await list(
      { name: 'azure', protocol: 'azure', base_url: 'https://a.openai.azure.com', api_key: 'k' },
      {},
    );
    assert.deepEqual([models, asked], [[], []]);
    assert.match(problem!, /configuration/);
  });
});
