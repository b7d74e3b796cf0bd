import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EndpointConfig, endpointsFor } from './endpoints.ts';
import type { ApiName, ProtocolName } from './protocol.ts';

function url(config: Omit<EndpointConfig, 'name'>, path: string, api: ApiName, model = 'm', stream = false): string {
  return endpointsFor({ name: 'p', ...config }, undefined).url(path, api, model, stream).href;
}

const openai = (base_url: string, protocol: ProtocolName = 'openai') => ({ protocol, base_url });
const azure = 'https://acme.openai.azure.com';

describe('endpoints', () => {
  const cases: [string, string, string][] = [
    [
      'openai',
      url(openai('http://127.0.0.1:9001/v1'), '/chat/completions', 'openai-chat'),
      'http://127.0.0.1:9001/v1/chat/completions',
    ],
    ['a slash at the end', url(openai('http://h/v1/'), '/embeddings', 'openai-embeddings'), 'http://h/v1/embeddings'],
    [
      'no path at all',
      url(openai('https://api.deepseek.com'), '/chat/completions', 'openai-chat'),
      'https://api.deepseek.com/chat/completions',
    ],
    [
      'ark',
      url(openai('https://ark.cn-beijing.volces.com/api/v3', 'ark'), '/chat/completions', 'openai-chat'),
      'https://ark.cn-beijing.volces.com/api/v3/chat/completions',
    ],
    [
      'anthropic with a version',
      url(openai('https://api.anthropic.com/v1', 'anthropic'), '/messages', 'anthropic-messages'),
      'https://api.anthropic.com/v1/messages',
    ],
    [
      'anthropic without',
      url(openai('https://api.anthropic.com', 'anthropic'), '/messages', 'anthropic-messages'),
      'https://api.anthropic.com/v1/messages',
    ],
    [
      'anthropic below a path, version in the path',
      url(openai('https://h/anthropic/', 'anthropic'), '/v1/messages', 'anthropic-messages'),
      'https://h/anthropic/v1/messages',
    ],
    [
      'gemini',
      url(
        openai('https://generativelanguage.googleapis.com', 'gemini'),
        '/models/m:generateContent',
        'gemini-generate',
      ),
      'https://generativelanguage.googleapis.com/v1beta/models/m:generateContent',
    ],
    [
      'ollama',
      url(openai('http://127.0.0.1:11434/api', 'ollama'), '/api/chat', 'ollama-chat'),
      'http://127.0.0.1:11434/api/chat',
    ],
    [
      'azure v1',
      url({ protocol: 'azure', base_url: azure }, '/chat/completions', 'openai-chat'),
      `${azure}/openai/v1/chat/completions`,
    ],
    [
      'azure v1 written out',
      url({ protocol: 'azure', base_url: `${azure}/openai/v1/` }, '/responses', 'openai-responses'),
      `${azure}/openai/v1/responses`,
    ],
    [
      'azure preview',
      url({ protocol: 'azure', base_url: azure, api_version: 'preview' }, '/responses', 'openai-responses'),
      `${azure}/openai/v1/responses?api-version=preview`,
    ],
    [
      'azure dated',
      url(
        { protocol: 'azure', base_url: azure, api_version: '2024-10-21' },
        '/chat/completions',
        'openai-chat',
        'my gpt',
      ),
      `${azure}/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21`,
    ],
    [
      'azure dated responses',
      url({ protocol: 'azure', base_url: azure, api_version: '2025-04-01-preview' }, '/responses', 'openai-responses'),
      `${azure}/openai/responses?api-version=2025-04-01-preview`,
    ],
    [
      'bedrock',
      url({ protocol: 'bedrock', region: 'us-east-1' }, '/model/anthropic.claude%3A0/converse', 'bedrock-converse'),
      'https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude%3A0/converse',
    ],
    [
      'bedrock in China',
      url({ protocol: 'bedrock', region: 'cn-north-1' }, '/x', 'bedrock-converse'),
      'https://bedrock-runtime.cn-north-1.amazonaws.com.cn/x',
    ],
    [
      'vertex, global',
      url({ protocol: 'vertex', project: 'p1' }, '/models/m:streamGenerateContent?alt=sse', 'gemini-generate'),
      'https://aiplatform.googleapis.com/v1beta1/projects/p1/locations/global/publishers/google/models/m:streamGenerateContent?alt=sse',
    ],
    [
      'vertex, a region',
      url({ protocol: 'vertex', project: 'p1', location: 'europe-west4' }, '/models/m:predict', 'gemini-embeddings'),
      'https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p1/locations/europe-west4/publishers/google/models/m:predict',
    ],
    [
      'vertex, a continent',
      url({ protocol: 'vertex', project: 'p1', location: 'eu' }, '/models/m:x', 'gemini-generate').slice(0, 40),
      'https://aiplatform.eu.rep.googleapis.com',
    ],
    [
      'vertex, Claude',
      url({ protocol: 'vertex', project: 'p1' }, '/messages', 'anthropic-messages', 'claude-opus-5@20260101', true),
      'https://aiplatform.googleapis.com/v1/projects/p1/locations/global/publishers/anthropic/models/claude-opus-5%4020260101:streamRawPredict',
    ],
    [
      'vertex, others',
      url({ protocol: 'vertex', project: 'p1' }, '/chat/completions', 'openai-chat', 'meta/llama'),
      'https://aiplatform.googleapis.com/v1/projects/p1/locations/global/endpoints/openapi/chat/completions',
    ],
    [
      'vertex, express',
      url({ protocol: 'vertex' }, '/models/m:generateContent', 'gemini-generate'),
      'https://aiplatform.googleapis.com/v1beta1/publishers/google/models/m:generateContent',
    ],
  ];
  for (const [name, built, expected] of cases) it(name, () => assert.equal(built, expected));

  it('gives the same object for the same call, and forgets old ones', () => {
    const endpoints = endpointsFor({ name: 'p', protocol: 'openai', base_url: 'http://h/v1' }, undefined);
    const first = endpoints.url('/chat/completions', 'openai-chat', 'm', true);
    assert.equal(endpoints.url('/chat/completions', 'openai-chat', 'm', true), first);
    for (let index = 0; index < 1001; index++) endpoints.url('/chat/completions', 'openai-chat', `m${index}`, true);
    assert.notEqual(endpoints.url('/chat/completions', 'openai-chat', 'm', true), first);
  });

  const refused: [string, Omit<EndpointConfig, 'name'>, string][] = [
    ['no address', { protocol: 'openai' }, 'providers.p.base_url'],
    ['no address of Azure', { protocol: 'azure' }, 'providers.p.base_url'],
    ['no URL', openai('api.example.com/v1'), 'providers.p.base_url'],
    ['a file', openai('file:///etc/passwd'), 'providers.p.base_url'],
    ['a key in the address', openai('https://user:pass@h/v1'), 'providers.p.base_url'],
    ['no region', { protocol: 'bedrock' }, 'providers.p.region'],
    ['a region that names a host', { protocol: 'bedrock', region: 'x.evil.example/' }, 'providers.p.region'],
    ['a location that names a host', { protocol: 'vertex', location: 'evil.example#' }, 'providers.p.location'],
  ];
  for (const [name, config, param] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => endpointsFor({ name: 'p', ...config }, undefined), { code: 'invalid_request', param });
    });
  }

  it('shows no password', () => {
    assert.throws(
      () => endpointsFor({ name: 'p', ...openai('https://u:hunter2@h') }, undefined),
      (error: Error) => !error.message.includes('hunter2'),
    );
  });
});
