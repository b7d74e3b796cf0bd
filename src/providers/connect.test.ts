import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { connectProvider, type ProviderConfig } from './connect.ts';
import type { GoogleTokenSource } from './credentials.ts';
import type { SignedRequest } from './protocol.ts';

const KEY = 'sk-test-abcdefghijklmnop';

function call(headers: Record<string, string> = {}): SignedRequest {
  return { method: 'POST', url: new URL('https://example.com/x'), headers, body: new Uint8Array() };
}

function connect(config: Partial<ProviderConfig> & Pick<ProviderConfig, 'protocol'>) {
  return connectProvider({ name: 'p', api_key: KEY, ...config });
}

describe('connectProvider', () => {
  it('fills in what is known of a provider', () => {
    const provider = connectProvider({ name: 'deepseek', protocol: 'openai', api_key: KEY });
    assert.equal(provider.title, 'DeepSeek');
    assert.equal(provider.baseUrl.href, 'https://api.deepseek.com/');
    assert.equal(provider.priceProvider, 'deepseek');
    assert.equal(provider.quirks.reasoningParam, 'thinking');
    assert.equal(provider.embeddingsApi, undefined);
  });

  it('lets the configuration have the last word', () => {
    const provider = connectProvider({
      name: 'openai',
      protocol: 'openai',
      base_url: 'https://gateway.example/v1',
      price_provider: 'xai',
      quirks: { developerRole: false },
      apis: ['openai-responses'],
    });
    assert.equal(provider.priceProvider, 'xai');
    assert.deepEqual(provider.quirks, { developerRole: false });
    assert.equal(provider.chatApiFor('chat').name, 'openai-responses');
  });

  const choices: [string, Parameters<typeof connect>[0], [string, string, string], string | undefined][] = [
    [
      'openai',
      { protocol: 'openai', name: 'openai' },
      ['openai-chat', 'openai-responses', 'openai-chat'],
      'openai-embeddings',
    ],
    [
      'a stranger',
      { protocol: 'openai', base_url: 'http://127.0.0.1:9001/v1' },
      ['openai-chat', 'openai-chat', 'openai-chat'],
      'openai-embeddings',
    ],
    ['ark', { protocol: 'ark', name: 'ark' }, ['openai-chat', 'openai-responses', 'openai-chat'], 'openai-embeddings'],
    [
      'a stranger to Ark',
      { protocol: 'ark', base_url: 'http://127.0.0.1:9001/api/v3' },
      ['openai-chat', 'openai-chat', 'openai-chat'],
      'openai-embeddings',
    ],
    [
      'anthropic',
      { protocol: 'anthropic' },
      ['anthropic-messages', 'anthropic-messages', 'anthropic-messages'],
      undefined,
    ],
    ['gemini', { protocol: 'gemini' }, ['gemini-generate', 'gemini-generate', 'gemini-generate'], 'gemini-embeddings'],
    ['ollama', { protocol: 'ollama' }, ['ollama-chat', 'ollama-chat', 'ollama-chat'], 'ollama-embeddings'],
    [
      'azure',
      { protocol: 'azure', base_url: 'https://a.openai.azure.com' },
      ['openai-chat', 'openai-responses', 'openai-chat'],
      'openai-embeddings',
    ],
    [
      'bedrock',
      { protocol: 'bedrock', region: 'us-east-1' },
      ['bedrock-converse', 'bedrock-converse', 'bedrock-converse'],
      undefined,
    ],
  ];
  for (const [name, config, apis, embeddings] of choices) {
    it(`chooses the APIs of ${name}`, () => {
      const provider = connect(config);
      assert.deepEqual(
        (['chat', 'responses', 'messages'] as const).map((surface) => provider.chatApiFor(surface).name),
        apis,
      );
      assert.equal(provider.embeddingsApi?.name, embeddings);
    });
  }

  it('goes by the model on Vertex AI', () => {
    const provider = connect({ protocol: 'vertex', project: 'p1' });
    const api = (model: string) => provider.chatApiFor('messages', model).name;
    assert.equal(api('gemini-3.5-flash'), 'gemini-generate');
    assert.equal(api('claude-opus-5'), 'anthropic-messages');
    assert.equal(api('meta/llama-4'), 'openai-chat');
  });

  it('refuses what is not called over HTTP', () => {
    for (const protocol of ['gguf', 'reflex'] as const) {
      assert.throws(() => connect({ protocol }), { code: 'invalid_request', param: 'providers.p.protocol' });
    }
  });

  it('refuses a list without an API for chat', () => {
    assert.throws(() => connect({ protocol: 'openai', base_url: 'http://h/v1', apis: ['openai-embeddings'] }), {
      param: 'providers.p.apis',
    });
  });
});

describe('authorize', () => {
  const cases: [Parameters<typeof connect>[0], Record<string, string>][] = [
    [{ protocol: 'openai', base_url: 'http://h/v1' }, { authorization: `Bearer ${KEY}` }],
    [{ protocol: 'openai', base_url: 'http://h/v1', api_key: `${KEY}\n` }, { authorization: `Bearer ${KEY}` }],
    [{ protocol: 'openai', base_url: 'http://h/v1', api_key: undefined }, {}],
    [
      { protocol: 'openai', base_url: 'http://h/v1', headers: { 'X-Team': 'a' } },
      { authorization: `Bearer ${KEY}`, 'x-team': 'a' },
    ],
    [{ protocol: 'anthropic' }, { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' }],
    [{ protocol: 'gemini' }, { 'x-goog-api-key': KEY }],
    [{ protocol: 'azure', base_url: 'https://a.openai.azure.com' }, { 'api-key': KEY }],
    [{ protocol: 'vertex' }, { 'x-goog-api-key': KEY }],
    [{ protocol: 'bedrock', region: 'us-east-1' }, { authorization: `Bearer ${KEY}` }],
    [{ protocol: 'ollama', api_key: undefined }, {}],
  ];
  for (const [config, headers] of cases) {
    it(`${config.protocol} ${JSON.stringify(headers)}, at once`, () => {
      assert.deepEqual(connect(config).authorize(call()), headers);
    });
  }

  it('keeps the version that an Anthropic client chose', () => {
    const headers = connect({ protocol: 'anthropic' }).authorize(call({ 'anthropic-version': '2024-01-01' }));
    assert.deepEqual(headers, { 'x-api-key': KEY });
  });

  it('signs for Bedrock', async () => {
    const provider = connect({
      protocol: 'bedrock',
      region: 'us-east-1',
      api_key: undefined,
      access_key_id: 'AKIDEXAMPLE',
      secret_access_key: 'wJalrXUtnFEMI',
    });
    const url = provider.url('/model/m/converse', 'bedrock-converse', 'm', false);
    const headers = await provider.authorize({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{}'),
    });
    const authorization = headers.authorization ?? headers.Authorization ?? '';
    assert.match(authorization, /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/bedrock\/aws4_request/);
    assert.throws(() => connect({ protocol: 'bedrock', region: 'us-east-1', api_key: undefined }), {
      param: 'providers.p.api_key',
    });
  });

  it('refuses keys and headers that no header can carry, without showing them', () => {
    const wrong: [Partial<ProviderConfig>, string][] = [
      [{ api_key: 'sk-one two-secret' }, 'providers.p.api_key'],
      [{ api_key: 'sk-ключ-secret' }, 'providers.p.api_key'],
      [{ headers: { 'x-a': 'b\r\nx-secret: c' } }, 'providers.p.headers.x-a'],
      [{ headers: { 'x a': 'secret' } }, 'providers.p.headers'],
    ];
    for (const [config, param] of wrong) {
      assert.throws(
        () => connect({ protocol: 'openai', base_url: 'http://h/v1', ...config }),
        (error: { code: string; param: string; message: string }) =>
          error.code === 'invalid_request' && error.param === param && !error.message.includes('secret'),
      );
    }
  });

  it('shows no key when a provider is printed', () => {
    for (const protocol of ['openai', 'anthropic', 'gemini', 'ark', 'ollama'] as const) {
      const provider = connect({ protocol, base_url: 'http://h/v1' });
      assert.ok(!`${inspect(provider, { depth: 9, showHidden: true })}${JSON.stringify(provider)}`.includes(KEY));
    }
  });
});

describe('Google tokens', () => {
  function vertex(lives_ms: number[]) {
    let now = 1_000_000;
    let fetched = 0;
    const pending: (() => void)[] = [];
    const googleToken: GoogleTokenSource = () =>
      new Promise((resolve, reject) => {
        const life_ms = lives_ms[fetched++];
        const expires_ms = now + (life_ms ?? 0);
        const token = `t${fetched}`;
        pending.push(() => (life_ms === undefined ? reject(new Error('no more')) : resolve({ token, expires_ms })));
      });
    const clock = { now: () => now, mono: () => now };
    const provider = connectProvider({ name: 'v', protocol: 'vertex', project: 'p' }, { googleToken, clock });
    return {
      authorize: () => provider.authorize(call()),
      answer: async () => {
        for (const settle of pending.splice(0)) settle();
        await new Promise((resolve) => setImmediate(resolve));
      },
      pass: (ms: number) => {
        now += ms;
      },
      fetched: () => fetched,
    };
  }
  const HOUR = 3_600_000;

  it('are fetched once for all that wait, then given at once', async () => {
    const v = vertex([HOUR]);
    const waiting = [v.authorize(), v.authorize()];
    await v.answer();
    assert.deepEqual(await Promise.all(waiting), [{ authorization: 'Bearer t1' }, { authorization: 'Bearer t1' }]);
    assert.deepEqual(v.authorize(), { authorization: 'Bearer t1' });
    assert.equal(v.fetched(), 1);
  });

  it('are renewed before they end, without anybody waiting', async () => {
    const v = vertex([HOUR, HOUR]);
    v.authorize();
    await v.answer();
    v.pass(HOUR - 200_000);
    assert.deepEqual(v.authorize(), { authorization: 'Bearer t1' });
    await v.answer();
    assert.deepEqual(v.authorize(), { authorization: 'Bearer t2' });
  });

  it('outlive a failed renewal, and fail once they have ended', async () => {
    const v = vertex([HOUR]);
    v.authorize();
    await v.answer();
    v.pass(HOUR - 200_000);
    v.authorize();
    await v.answer();
    assert.deepEqual(v.authorize(), { authorization: 'Bearer t1' });
    await v.answer();
    v.pass(200_000);
    const failed = assert.rejects(Promise.resolve(v.authorize()));
    await v.answer();
    await failed;
  });

  it('need a project and a key that can be read', () => {
    const wrong = (parts: Partial<ProviderConfig>) => () =>
      connectProvider({ name: 'v', protocol: 'vertex', ...parts });
    assert.throws(wrong({}), { param: 'providers.v.project' });
    assert.throws(wrong({ project: 'p', service_account: '{"client_email": 1' }), {
      param: 'providers.v.service_account',
    });
    assert.throws(
      wrong({ project: 'p', service_account: '{"client_email":"a@b","private_key_id":"secret"}' }),
      (error: Error) => !error.message.includes('secret'),
    );
  });

  it('are asked for by google-auth-library with the service account and through the fetch it is given', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const service_account = JSON.stringify({
      client_email: 'sa@p.iam.gserviceaccount.com',
      private_key,
      token_uri: 'https://evil.example/token',
    });
    const asked: string[] = [];
    const fetchToken: typeof fetch = async (input) => {
      asked.push(String(input instanceof Request ? input.url : input));
      return Response.json({ access_token: 'ya29.fake', expires_in: 3599, token_type: 'Bearer' });
    };
    const provider = connectProvider(
      { name: 'v', protocol: 'vertex', project: 'p', service_account },
      { fetch: fetchToken },
    );
    assert.deepEqual(await provider.authorize(call()), { authorization: 'Bearer ya29.fake' });
    assert.deepEqual(await provider.authorize(call()), { authorization: 'Bearer ya29.fake' });
    assert.equal(asked.length, 1);
    assert.ok(
      asked[0]!.startsWith('https://oauth2.googleapis.com/') || asked[0]!.startsWith('https://www.googleapis.com/'),
      asked[0],
    );
  });
});
