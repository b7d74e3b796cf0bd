import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definitions } from './definitions/index.ts';
import { discoverFromEnvironment, discoverOllama } from './discover.ts';

describe('discoverFromEnvironment', () => {
  it('finds nothing in an empty environment', () => {
    assert.deepEqual(discoverFromEnvironment({}), []);
    assert.deepEqual(discoverFromEnvironment({ OPENAI_API_KEY: '  ', PATH: '/bin' }), []);
  });

  it('finds each provider by its key', () => {
    for (const { env, name, protocol } of definitions) {
      if (!env || protocol === 'azure' || protocol === 'bedrock') continue;
      assert.deepEqual(discoverFromEnvironment({ [env]: 'k-1\n' }), [{ name, protocol, api_key: 'k-1' }]);
    }
  });

  it('sends no key to an address that the environment names', () => {
    const found = discoverFromEnvironment({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://127.0.0.1:8787/v1' });
    assert.equal(found[0]!.base_url, undefined);
  });

  it('wants all that Azure, Vertex and Bedrock need', () => {
    assert.deepEqual(discoverFromEnvironment({ AZURE_OPENAI_API_KEY: 'k' }), []);
    assert.deepEqual(
      discoverFromEnvironment({
        AZURE_OPENAI_API_KEY: 'k',
        AZURE_OPENAI_ENDPOINT: 'https://a.openai.azure.com',
        OPENAI_API_VERSION: '2025-04-01-preview',
      }),
      [
        {
          name: 'azure',
          protocol: 'azure',
          api_key: 'k',
          base_url: 'https://a.openai.azure.com',
          api_version: '2025-04-01-preview',
        },
      ],
    );
    assert.deepEqual(discoverFromEnvironment({ GOOGLE_CLOUD_PROJECT: 'p' }), []);
    assert.deepEqual(
      discoverFromEnvironment({ GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_APPLICATION_CREDENTIALS: '/k.json' }),
      [{ name: 'vertex', protocol: 'vertex', service_account: '/k.json', project: 'p' }],
    );
    assert.deepEqual(
      discoverFromEnvironment({ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' }),
      [],
    );
    assert.deepEqual(discoverFromEnvironment({ AWS_BEARER_TOKEN_BEDROCK: 'k', AWS_REGION: 'us-east-1' }), [
      { name: 'bedrock', protocol: 'bedrock', api_key: 'k', region: 'us-east-1' },
    ]);
  });
});

describe('discoverOllama', () => {
  it('finds it where it answers, and nothing where anything else does', async () => {
    let asked = '';
    const found = await discoverOllama(async (url) => {
      asked = url.href;
      return { status: 200, body: '{"version":"0.14.2"}' };
    });
    assert.deepEqual(found, [{ name: 'ollama', protocol: 'ollama', base_url: 'http://127.0.0.1:11434' }]);
    assert.equal(asked, 'http://127.0.0.1:11434/api/version');
    assert.deepEqual(await discoverOllama(async () => ({ status: 200, body: '<html>' })), []);
    assert.deepEqual(await discoverOllama(async () => ({ status: 404, body: '{"version":"1"}' })), []);
    assert.deepEqual(await discoverOllama(() => Promise.reject(new Error('ECONNREFUSED'))), []);
  });
});
