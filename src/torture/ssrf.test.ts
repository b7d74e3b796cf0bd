/** No address inside this network is fetched by us, nor handed to a provider that would: in every form that a surface or an engine reads. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createEgress } from '../egress/index.ts';
import { withInlineMedia } from '../gateway/media.ts';
import type { ChatRequest } from '../providers/index.ts';
import { startTestServer, type TestServer } from '../server-testing.ts';

const PROVIDERS = ['mock', 'claude', 'gemini', 'ollama', 'ark'];
const INSIDE = 'http://127.0.0.1:9/hidden-thing';

const URLS = [
  INSIDE,
  'http://[::1]/hidden-thing',
  'http://[::ffff:127.0.0.1]/hidden-thing',
  'http://[64:ff9b::7f00:1]/hidden-thing',
  'http://[fe80::1]/hidden-thing',
  'http://[fd00::1]/hidden-thing',
  'http://2130706433/hidden-thing',
  'http://0x7f.1/hidden-thing',
  'http://0177.0.0.1/hidden-thing',
  'http://127.1/hidden-thing',
  'http://0/hidden-thing',
  'http://①②⑦.0.0.1/hidden-thing',
  'http://localhost/hidden-thing',
  'http://localhost./hidden-thing',
  'http://10.1.2.3/hidden-thing',
  'http://100.64.0.1/hidden-thing',
  'http://169.254.169.254/hidden-thing',
  'http://metadata.google.internal/hidden-thing',
  'http://user:pw@93.184.215.14/hidden-thing',
  'http://93.184.215.14:6379/hidden-thing',
  ' http://127.0.0.1/hidden-thing',
  'ht\ttp://127.0.0.1/hidden-thing',
  'HTTP://127.0.0.1/hidden-thing',
  'http:127.0.0.1/hidden-thing',
  'http:\\\\127.0.0.1\\hidden-thing',
  '//127.0.0.1/hidden-thing',
  'file:///etc/hidden-thing',
  'ftp://93.184.215.14/hidden-thing',
  'gopher://127.0.0.1/hidden-thing',
  'jar:http://127.0.0.1!/hidden-thing',
  'blob:http://127.0.0.1/hidden-thing',
];

type Body = [path: string, body: Record<string, unknown>];

const chat = (...parts: unknown[]): Body => [
  '/v1/chat/completions',
  { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, ...parts] }] },
];
const responses = (...parts: unknown[]): Body => ['/v1/responses', { input: [{ role: 'user', content: parts }] }];
const messages = (...parts: unknown[]): Body => [
  '/v1/messages',
  { max_tokens: 10, messages: [{ role: 'user', content: parts }] },
];

const STANDARD = (url: string): Body[] => [
  chat({ type: 'image_url', image_url: { url } }),
  responses({ type: 'input_image', image_url: url }),
  responses({ type: 'input_file', file_url: url }),
  messages({ type: 'image', source: { type: 'url', url } }),
  messages({ type: 'document', source: { type: 'url', url } }),
];

/** Places that a standard has, or some engine reads; a plain http URL in each. */
const PLACES: Record<string, Body> = {
  'chat, a bare string': chat({ type: 'image_url', image_url: INSIDE }),
  'chat, no type': chat({ image_url: { url: INSIDE } }),
  'chat, audio_url': chat({ type: 'audio_url', audio_url: { url: INSIDE } }),
  'chat, video_url': chat({ type: 'video_url', video_url: { url: INSIDE } }),
  'chat, video frames': chat({ type: 'video', video: [INSIDE] }),
  'chat, file_data': chat({ type: 'file', file: { file_data: INSIDE } }),
  'chat, file_url': chat({ type: 'file_url', file_url: { url: INSIDE } }),
  'chat, audio data': chat({ type: 'input_audio', input_audio: { data: INSIDE, format: 'wav' } }),
  'chat, a part of responses': chat({ type: 'input_image', image_url: INSIDE }),
  'chat, a part of messages': chat({ type: 'image', source: { type: 'url', url: INSIDE } }),
  'chat, an unknown part': chat({ type: 'hologram', hologram: { href: INSIDE } }),
  'chat, content that is one part': [
    '/v1/chat/completions',
    { messages: [{ role: 'user', content: { type: 'image_url', image_url: { url: INSIDE } } }] },
  ],
  'chat, images beside the content': [
    '/v1/chat/completions',
    { messages: [{ role: 'user', content: 'x', images: [INSIDE] }] },
  ],
  'chat, a tool result': [
    '/v1/chat/completions',
    {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'a', content: [{ type: 'image_url', image_url: { url: INSIDE } }] },
      ],
    },
  ],
  'responses, a tool result': [
    '/v1/responses',
    { input: [{ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', image_url: INSIDE }] }] },
  ],
  'responses, a screenshot': [
    '/v1/responses',
    {
      input: [
        { type: 'computer_call_output', call_id: 'c', output: { type: 'computer_screenshot', image_url: INSIDE } },
      ],
    },
  ],
  'responses, a prompt variable': [
    '/v1/responses',
    { input: 'x', prompt: { id: 'p', variables: { a: { type: 'input_image', image_url: INSIDE } } } },
  ],
  'responses, a tool server': [
    '/v1/responses',
    { input: 'x', tools: [{ type: 'mcp', server_label: 'x', server_url: INSIDE }] },
  ],
  'responses, file_data': responses({ type: 'input_file', file_data: INSIDE }),
  'responses, an object': responses({ type: 'input_image', image_url: { url: INSIDE } }),
  'messages, a tool result': messages({
    type: 'tool_result',
    tool_use_id: 'x',
    content: [{ type: 'image', source: { type: 'url', url: INSIDE } }],
  }),
  'messages, no source type': messages({ type: 'image', source: { url: INSIDE } }),
  'messages, inside a document': messages({
    type: 'document',
    source: { type: 'content', content: [{ type: 'image', source: { type: 'url', url: INSIDE } }] },
  }),
  'messages, the system prompt': [
    '/v1/messages',
    {
      max_tokens: 5,
      system: [{ type: 'image', source: { type: 'url', url: INSIDE } }],
      messages: [{ role: 'user', content: 'x' }],
    },
  ],
  'messages, a tool server': [
    '/v1/messages',
    {
      max_tokens: 5,
      mcp_servers: [{ type: 'url', url: INSIDE, name: 'x' }],
      messages: [{ role: 'user', content: 'x' }],
    },
  ],
};

let tw: TestServer;
let secret: string;
let reached: string[] = [];

before(async () => {
  tw = await startTestServer({ mock: { onRequest: (request) => void reached.push(JSON.stringify(request.body)) } });
  secret = (await tw.key()).secret;
});
after(() => tw.close());

/** A provider may have been asked without the URL (a form that was understood to be text is none), never with it. */
async function mustNotArrive(name: string, [path, body]: Body, escaped = false): Promise<void> {
  for (const provider of PROVIDERS) {
    reached = [];
    let text = JSON.stringify({ ...body, model: `${provider}/test-model` });
    if (escaped) text = text.replaceAll('url', '\\u0075rl').replaceAll('http', '\\u0068ttp');
    const answer = await tw.post(path, text, secret);
    const reply = await answer.text();
    assert.ok(answer.status < 500, `${name} ${provider} ${answer.status} ${reply}`);
    assert.ok(!reached.some((seen) => seen.includes('hidden-thing')), `${name} reached ${provider} (${answer.status})`);
    if (answer.status >= 400) assert.ok(!reply.includes('hidden-thing'), reply);
  }
}

test('addresses inside, in every way to write one', async () => {
  for (const url of URLS) for (const body of STANDARD(url)) await mustNotArrive(`${body[0]} ${url}`, body);
});

test('in every place where a URL can stand', async () => {
  for (const [name, body] of Object.entries(PLACES)) await mustNotArrive(name, body);
});

test('written with JSON escapes', async () => {
  for (const body of STANDARD(INSIDE)) await mustNotArrive(`escaped ${body[0]}`, body, true);
});

test('text that speaks of an address is only text', async () => {
  for (const body of [
    chat({ type: 'text', text: INSIDE }),
    responses({ type: 'input_text', text: INSIDE }),
    messages({ type: 'text', text: INSIDE }),
  ]) {
    const answer = await tw.post(body[0], { ...body[1], model: 'mock/test-model' }, secret);
    assert.equal(answer.status, 200, await answer.text());
  }
});

test("a provider's address is open to its own calls only", () => {
  const { egress } = tw.server.services;
  assert.ok(egress.dispatcherFor(tw.mock.url));
  assert.throws(() => egress.checkSyncIfKnown(`${tw.mock.url}/x.png`), { code: 'not_allowed' });
});

test('a name that resolves inside, also only the second time, is not fetched', async () => {
  const addresses = [['93.184.215.14'], ['127.0.0.1'], ['93.184.215.14', '10.0.0.1']];
  for (const [index, list] of addresses.entries()) {
    const asked: string[] = [];
    const egress = createEgress({
      allowHosts: [],
      // The first look-up of a rebinding name is public; a fetch that looks again would connect inside.
      resolve: async (host) => {
        asked.push(host);
        return (index === 0 && asked.length > 1 ? ['127.0.0.1'] : list).map((address) => ({ address, family: 4 }));
      },
      limits: { timeout_ms: 300, connect_timeout_ms: 200 },
    });
    const request = {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { kind: 'url', url: `http://rebind.example:${new URL(tw.mock.url).port}/x.png` } },
          ],
        },
      ],
    } as unknown as ChatRequest;
    await assert.rejects(withInlineMedia(request, egress), index === 0 ? Error : { code: 'not_allowed' });
    assert.equal(asked.length, 1);
    await egress.close();
  }
});
