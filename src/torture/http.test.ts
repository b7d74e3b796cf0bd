/** Requests that no client library sends: each gets one clear answer, in the shape of its surface, and the server goes on. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chat, startTestServer, type TestServer } from '../server-testing.ts';
import { type RawReply, rawCall } from './raw-call.ts';
import {
  chunk,
  DONE,
  delta,
  type RawAnswer,
  type RawUpstream,
  STREAM_HEAD,
  startRawUpstream,
  stop,
} from './raw-upstream.ts';

let tw: TestServer;
let secret: string;
let upstream: RawUpstream;
let flooded = 0;

/** 100 MB of a stream, as fast as they are taken. */
const flood: RawAnswer = (socket) => {
  const piece = chunk(delta('x'.repeat(100_000)));
  const go = (): void => {
    while (!socket.destroyed && flooded < FLOOD_BYTES) {
      flooded += piece.length;
      if (socket.write(piece)) continue;
      socket.once('drain', go);
      return;
    }
    socket.end(chunk(stop()) + chunk(DONE) + chunk(''));
  };
  socket.write(STREAM_HEAD);
  go();
};
const FLOOD_BYTES = 100_000_000;

before(async () => {
  upstream = await startRawUpstream({ default: flood });
  tw = await startTestServer({
    config: `  - { name: raw, protocol: openai, base_url: "${upstream.url}/v1", api_key: sk-x }\nserver: { max_body_mb: 2 }`,
  });
  secret = (await tw.key()).secret;
});
after(async () => {
  await tw.close();
  await upstream.close();
});

const BODY = JSON.stringify(chat('hello'));

interface Parts {
  line?: string;
  host?: string;
  key?: string;
  more?: string;
  body?: string;
}

function request({
  line = 'POST /v1/chat/completions HTTP/1.1',
  host = 'host: 127.0.0.1',
  key = `authorization: Bearer ${secret}`,
  more = '',
  body = BODY,
}: Parts = {}): string {
  const headers = [host, key, `content-length: ${Buffer.byteLength(body)}`, more].filter((header) => header !== '');
  return `${[line, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

const send = (parts: Parts = {}, options = {}): Promise<RawReply> => rawCall(tw.url, request(parts), options);
const codeOf = (reply: RawReply): unknown => (reply.body?.error as { code?: string } | undefined)?.code;

test('unusual but valid requests are served', async () => {
  const served: [string, Parts][] = [
    ['HTTP/1.0', { line: 'POST /v1/chat/completions HTTP/1.0' }],
    ['absolute form', { line: 'POST http://127.0.0.1/v1/chat/completions HTTP/1.1' }],
    ['a query', { line: 'POST /v1/chat/completions?beta=true HTTP/1.1' }],
    ['dots', { line: 'POST /x/../v1/%2e/chat/completions HTTP/1.1' }],
    ['a slash at the end', { line: 'POST /v1/chat/completions/ HTTP/1.1' }],
    ['both key headers', { more: 'x-api-key: nonsense' }],
    ['a second authorization', { more: 'authorization: Bearer nonsense' }],
    ['an upgrade nobody speaks', { more: 'connection: upgrade\r\nupgrade: websocket' }],
    ['spaces around the key', { key: `authorization: Bearer   ${secret}  ` }],
    ['x-api-key', { key: `x-api-key: ${secret}` }],
  ];
  for (const [name, parts] of served) {
    const reply = await send(parts);
    assert.deepEqual([reply.status, Array.isArray(reply.body?.choices)], [200, true], `${name}: ${reply.text}`);
  }
});

test('a chunked body, one sent after 100-continue, and pipelined requests are whole', async () => {
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${secret}\r\n`;
  const pieces = [BODY.slice(0, 7), BODY.slice(7)]
    .map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
    .join('');
  assert.equal((await rawCall(tw.url, [`${head}transfer-encoding: chunked\r\n\r\n`, pieces, '0\r\n\r\n'])).status, 200);
  const waited = await send({ more: 'expect: 100-continue' });
  assert.match(waited.text, /^HTTP\/1\.1 100 Continue/);
  assert.equal(waited.status, 200);
  const three = await rawCall(tw.url, request() + request({ body: '{}' }) + request(), { wanted: 3 });
  assert.deepEqual(
    [...three.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
    ['200', '400', '200'],
  );
});

test('requests that are none get a status and a reason', async () => {
  const refused: [string, Parts, number, string | undefined][] = [
    ['headers too large', { more: `x-big: ${'a'.repeat(40_000)}` }, 431, 'invalid_request'],
    [
      'too many headers',
      { more: Array.from({ length: 3000 }, (_, n) => `a${n}: b`).join('\r\n') },
      431,
      'invalid_request',
    ],
    ['a NUL in a header', { more: 'x-a: a\0b' }, 400, 'invalid_request'],
    ['two lengths', { more: 'content-length: 5' }, 400, 'invalid_request'],
    ['a length and chunks', { more: 'transfer-encoding: chunked' }, 400, 'invalid_request'],
    ['no method', { line: 'BREW /v1/messages HTTP/1.1' }, 400, 'invalid_request'],
    ['no host', { host: '' }, 400, undefined],
    ['a forged host', { host: 'host: evil.example' }, 403, 'not_allowed'],
    ['a host that is an address with a user', { host: 'host: 127.0.0.1@evil.example' }, 403, 'not_allowed'],
    ['a page elsewhere', { more: 'origin: https://evil.example' }, 403, 'not_allowed'],
    ['a page without origin', { more: 'origin: null' }, 403, 'not_allowed'],
    ['a compressed body', { more: 'content-encoding: gzip' }, 400, 'invalid_request'],
    ['two slashes', { line: 'POST //v1/chat/completions HTTP/1.1' }, 404, 'not_found'],
    ['an escaped slash', { line: 'POST /v1/chat%2fcompletions HTTP/1.1' }, 404, 'not_found'],
    ['a broken escape', { line: 'POST /v1/%zz HTTP/1.1' }, 404, 'not_found'],
    ['another path', { line: 'POST /v1/nothing HTTP/1.1' }, 404, 'not_found'],
    ['GET', { line: 'GET /v1/chat/completions HTTP/1.1' }, 405, 'invalid_request'],
    ['PUT', { line: 'PUT /v1/messages HTTP/1.1' }, 405, 'invalid_request'],
    [
      'the key in another scheme',
      { key: `authorization: Basic ${Buffer.from('a:b').toString('base64')}` },
      401,
      'invalid_key',
    ],
    ['no key', { key: '' }, 401, 'invalid_key'],
    ['a wrong key', { key: 'authorization: Bearer tw-wrong' }, 401, 'invalid_key'],
    ['the key in the query', { line: 'POST /v1/chat/completions?key=x HTTP/1.1', key: '' }, 401, 'invalid_key'],
    ['an idempotency key that is too long', { more: `idempotency-key: ${'k'.repeat(300)}` }, 400, 'invalid_request'],
    ['a byte that is no JSON', { body: '\0' }, 400, 'invalid_request'],
    ['a model named like a prototype', { body: BODY.replace('mock/test-model', '__proto__') }, 404, 'model_not_found'],
    [
      'a model of 10 kB',
      { body: BODY.replace('mock/test-model', `mock/${'x\\u0007'.repeat(5000)}`) },
      404,
      'model_not_found',
    ],
  ];
  for (const [name, parts, status, code] of refused) {
    const reply = await send(parts);
    assert.deepEqual([reply.status, codeOf(reply)], [status, code], `${name}: ${reply.text.slice(-300)}`);
    assert.ok(reply.text.length < 2000, name);
  }
  for (const garbage of ['hello\r\n\r\n', Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])]) {
    assert.equal((await rawCall(tw.url, garbage)).status, 400);
  }
});

test('a body that is too large is refused by its length or as it comes, and is not read for a stranger', async () => {
  const head = (key: string, length: string): string =>
    `POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: ${key}\r\n${length}\r\n\r\n`;
  const stated = await rawCall(tw.url, head(secret, 'content-length: 99999999'));
  assert.deepEqual([stated.status, codeOf(stated), stated.body?.type], [413, 'too_large', 'error']);
  const megabyte = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
  const chunked = await rawCall(tw.url, [head(secret, 'transfer-encoding: chunked'), megabyte, megabyte, megabyte]);
  assert.deepEqual([chunked.status, codeOf(chunked)], [413, 'too_large']);
  // The rest of the body never comes: the answer does not wait for it.
  const stranger = await rawCall(tw.url, [head('tw-unknown', 'content-length: 1000000'), 'x']);
  assert.deepEqual([stranger.status, codeOf(stranger)], [401, 'invalid_key']);
});

test('a body that breaks off costs nothing and holds nothing', async () => {
  const before = tw.mock.counts();
  for (let index = 0; index < 20; index++) {
    const socket = connect(Number(new URL(tw.url).port), '127.0.0.1');
    await new Promise<void>((resolve) => socket.write(request().slice(0, -20 - index), () => resolve()));
    socket.destroy();
  }
  assert.equal((await send()).status, 200);
  assert.equal(tw.server.services.live.open, 0);
  assert.equal(tw.mock.counts().requests - before.requests, 1);
});

test('bodies too deep or with too many fields are refused on every surface and protocol, before anything is sent', async () => {
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  const bodies = [
    deep.slice(0, 30_000),
    deep,
    `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join(',')},"model":"mock/test-model"}`,
    ...['claude', 'gemini', 'ollama'].map(
      (name) =>
        `{"model":"${name}/test-model","max_tokens":5,"messages":[{"role":"user","content":"x"}],"input":"x","tools":[{"type":"function","name":"f","function":{"name":"f","parameters":{"a":${deep}}},"parameters":{"a":${deep}},"input_schema":{"type":"object","a":${deep}}}]}`,
    ),
  ];
  for (const path of [
    '/v1/chat/completions',
    '/v1/responses',
    '/v1/messages',
    '/v1/embeddings',
    '/api/v3/chat/completions',
  ]) {
    for (const [index, body] of bodies.entries()) {
      const answer = await tw.post(path, body, secret);
      const text = await answer.text();
      assert.ok(answer.status < 500, `${path} ${index} ${answer.status} ${text.slice(0, 200)}`);
      if (answer.status !== 200) assert.match(text, /"code":"invalid_request"/);
    }
  }
});

test('a client that never reads holds back its provider, not the memory of the server', async () => {
  const socket = connect(Number(new URL(tw.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write(request({ body: JSON.stringify(chat('x', { model: 'raw/flood', stream: true })) }));
  let before = -1;
  while (flooded === 0 || flooded !== before) {
    before = flooded;
    await sleep(100);
  }
  assert.ok(flooded < FLOOD_BYTES / 3, `${flooded} bytes were taken for a client that reads none`);
  socket.destroy();
  while (tw.server.services.live.open > 0 || upstream.open > 0) await sleep(10);
});

test('after all this the server holds nothing and serves', async () => {
  assert.equal((await send()).status, 200);
  const stats = await tw.server.services.limits.stats();
  assert.deepEqual([stats.leases, stats.holds, stats.waiting, tw.server.services.live.open], [0, 0, 0, 0]);
});
