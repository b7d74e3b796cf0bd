/** Providers that break every rule: the client gets an honest answer, the ledger an honest row, and the process stays as it was. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { OperationRecord } from '../contract/operation.ts';
import { chat, operationOf, startTestServer, type TestServer } from '../server-testing.ts';
import {
  chunk,
  completion,
  DONE,
  delta,
  type RawAnswer,
  type RawUpstream,
  STREAM_HEAD,
  startRawUpstream,
  stop,
  USAGE,
  whole,
} from './raw-upstream.ts';

const KEY = 'sk-rawprovider-q8Zk3vT1pLx0Rr7s';
const MEGABYTE = 'x'.repeat(1024 * 1024);
const DEEP = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;

/** Pieces one after the other for as long as they are taken. */
function endless(head: string, piece: string, pieces = Number.POSITIVE_INFINITY): RawAnswer {
  return (socket) => {
    let left = pieces;
    const go = (): void => {
      if (socket.destroyed) return;
      if (left-- <= 0) socket.end(chunk(''));
      else if (socket.write(piece)) setImmediate(go);
      else socket.once('drain', go);
    };
    socket.write(head);
    go();
  };
}

const says =
  (body: string | Buffer, headers = {}, status?: string): RawAnswer =>
  (socket) =>
    void socket.write(whole(body, headers, status));
const stream =
  (...frames: string[]): RawAnswer =>
  (socket) =>
    void socket.write(STREAM_HEAD + frames.map(chunk).join('') + chunk(''));
const usageFrame = (usage: string): string => `data: {"choices":[],"usage":${usage}}\n\n`;
const JSON_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';

/** Answers without stream that are no answers: 502, failed, nobody is charged. */
const FAILED: Record<string, RawAnswer> = {
  html: says('<html>hi</html>', { 'content-type': 'text/html' }),
  error: says(`{"error":{"message":"your key ${KEY} is odd"}}`),
  array: says('[1]'),
  nothing: says(''),
  empty: says('{}'),
  gzip: says(gzipSync(completion(USAGE)), { 'content-encoding': 'gzip' }),
  redirect: says('', { location: 'http://169.254.169.254/' }, '302 Found'),
  'no-content': (socket) => void socket.write('HTTP/1.1 204 No Content\r\n\r\n'),
  'odd-status': says('{}', {}, '999 Odd'),
  longer: (socket) => void socket.end(whole(completion(USAGE), { 'content-length': '99999' })),
  shorter: says(completion(USAGE), { 'content-length': '20' }),
  switching: (socket) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  trailing: says(`${completion(USAGE)} {"more":1}`),
  headers: endless('HTTP/1.1 200 OK\r\n', `x-a: ${'y'.repeat(1000)}\r\n`),
  'bad-chunk': (socket) => void socket.write(`${JSON_HEAD}zz\r\nhello\r\n`),
  ssh: (socket) => void socket.write('SSH-2.0-OpenSSH\r\n'),
  gone: (socket) => void socket.destroy(),
  big: endless(JSON_HEAD, chunk(MEGABYTE), 100),
  unauthorized: (socket, request) =>
    void socket.write(
      whole(JSON.stringify({ error: { message: `bad key in ${request.head}` } }), {}, '401 Unauthorized'),
    ),
  echo: (socket, request) => void socket.write(whole(request.head, { 'content-type': 'text/plain' }, '500 Oops')),
};

/** Replies whose figures can't be believed: they are delivered, and the row says so. */
const UNRECONCILED: Record<string, string> = {
  negative: '{"prompt_tokens":-10,"completion_tokens":5,"total_tokens":-5}',
  text: '{"prompt_tokens":"10","completion_tokens":"5","total_tokens":"15"}',
  float: '{"prompt_tokens":10.5,"completion_tokens":5,"total_tokens":15.5}',
  'two-to-60': '{"prompt_tokens":1152921504606846976,"completion_tokens":5,"total_tokens":1152921504606846981}',
  quadrillion: '{"prompt_tokens":9007199254740000,"completion_tokens":5,"total_tokens":9007199254740005}',
  list: '[1,2]',
  word: '"many"',
  contradiction: '{"prompt_tokens":10,"completion_tokens":5,"total_tokens":99}',
};

/** Replies that are odd and right. */
const COMPLETED: Record<string, RawAnswer> = {
  created: says(completion(USAGE), {}, '201 Created'),
  hints: (socket) =>
    void socket.write(
      Buffer.concat([
        Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(50)),
        whole(completion(USAGE)),
      ]),
    ),
  deep: says(completion(USAGE, `,"x":${DEEP}`)),
  'deep-usage': says(completion(`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"x":${DEEP}}`)),
  'long-usage': says(completion(`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"x":"${MEGABYTE}"}`)),
  'nul-usage': says(
    completion('{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"x\\u0000":"\\u0000\\ud800"}'),
  ),
  'usage-twice': says(
    completion('{"prompt_tokens":99,"completion_tokens":99,"total_tokens":198}', `,"usage":${USAGE}`),
  ),
};

const STREAMS_COMPLETED: Record<string, RawAnswer> = {
  's-plain': stream(delta('hi'), stop(), usageFrame(USAGE), DONE),
  's-usage-twice': stream(
    delta('hi'),
    usageFrame('{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}'),
    stop(),
    usageFrame(USAGE),
    DONE,
  ),
  's-after-done': endless(
    STREAM_HEAD + [delta('hi'), stop(), usageFrame(USAGE), DONE].map(chunk).join(''),
    chunk(`: ${'x'.repeat(1000)}\n\n`),
  ),
  's-deep': stream(
    delta('hi'),
    `data: {"x":${DEEP},"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n`,
    stop(),
    usageFrame(USAGE),
    DONE,
  ),
};

/** Streams that fail before anything of them could be delivered. */
const STREAMS_FAILED: Record<string, RawAnswer> = {
  's-html': says('<html>hi</html>', { 'content-type': 'text/html' }),
  's-json-error': says(`{"error":{"message":"no stream with ${KEY}"}}`),
  's-no-line': endless(STREAM_HEAD, chunk(`data: ${MEGABYTE}`)),
  's-empty': stream(),
  's-null': stream('data: null\n\n'),
  's-gzip': says(gzipSync(delta('hi') + stop() + DONE), {
    'content-type': 'text/event-stream',
    'content-encoding': 'gzip',
  }),
};

const STREAMS_BROKEN: Record<string, RawAnswer> = {
  's-error': stream(delta('hi'), `data: {"error":{"message":"boom ${KEY}"}}\n\n`),
  's-bad-chunk': (socket) => void socket.write(`${STREAM_HEAD}${chunk(delta('hi'))}zz\r\n`),
  's-reset': (socket) => void socket.write(STREAM_HEAD + chunk(delta('hi')), () => socket.resetAndDestroy()),
  's-garbage': stream(delta('hi'), 'data: {"choices": [\n\n'),
};

const answers: Record<string, RawAnswer> = {
  ...FAILED,
  ...Object.fromEntries(Object.entries(UNRECONCILED).map(([name, usage]) => [name, says(completion(usage))])),
  ...COMPLETED,
  ...STREAMS_COMPLETED,
  ...STREAMS_FAILED,
  ...STREAMS_BROKEN,
  's-negative': stream(delta('hi'), stop(), usageFrame('{"prompt_tokens":-1,"completion_tokens":5}'), DONE),
  'retry-never': says('{"error":{"message":"slow"}}', { 'retry-after': '1e999' }, '429 Too Many Requests'),
  'retry-negative': says('{"error":{"message":"slow"}}', { 'retry-after': '-5' }, '429 Too Many Requests'),
  'retry-late': says(
    '{"error":{"message":"slow"}}',
    { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' },
    '429 Too Many Requests',
  ),
};

let tw: TestServer;
let upstream: RawUpstream;
let secret: string;

before(async () => {
  upstream = await startRawUpstream(answers);
  const price = 'price: { currency: USD, unit: 1M_tokens, input: "1.00", output: "4.00" }';
  const models = Object.keys(answers).map((id) => `{ id: ${id}, ${price} }`);
  tw = await startTestServer({
    config: `  - { name: raw, protocol: openai, base_url: "${upstream.url}/v1", api_key: ${KEY}, models: [${models.join(', ')}] }
  - { name: open, protocol: openai, base_url: "${upstream.url}/v1", api_key: ${KEY} }`,
  });
  answers.default = COMPLETED.created!;
  secret = (await tw.key()).secret;
});
after(async () => {
  await tw.close();
  await upstream.close();
});

interface Outcome {
  status: number;
  text: string;
  record: OperationRecord;
}

/** The same model through the passing surface and a translating one. */
async function ask(name: string, streaming = false): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const path of ['/v1/chat/completions', '/v1/messages', '/v1/responses']) {
    const body =
      path === '/v1/responses'
        ? { model: `raw/${name}`, input: 'hi', stream: streaming }
        : { ...chat('hi', { model: `raw/${name}`, stream: streaming }), max_tokens: 100 };
    const answer = await tw.post(path, body, secret);
    const text = await answer.text();
    outcomes.push({ status: answer.status, text, record: await operationOf(tw, answer) });
  }
  return outcomes;
}

for (const [name, streaming] of [
  ...Object.keys(FAILED).map((one) => [one, false] as const),
  ...Object.keys(STREAMS_FAILED).map((one) => [one, true] as const),
]) {
  test(`${name}: a failure of the provider, charged to nobody`, async () => {
    for (const { status, text, record } of await ask(name, streaming)) {
      assert.deepEqual(
        [status, record.status, record.attempts.length, record.charge_pico ?? 0n],
        [502, 'failed', 1, 0n],
        text.slice(0, 300),
      );
      assert.match(text, /"code":"upstream_error"/);
      assert.ok(!text.includes(KEY) && text.length < 4000, text.slice(0, 300));
    }
  });
}

for (const [name, usage] of Object.entries(UNRECONCILED)) {
  test(`usage ${usage.slice(0, 40)}: delivered, and marked`, async () => {
    for (const { status, record } of await ask(name)) {
      const [attempt] = record.attempts;
      assert.deepEqual(
        [status, record.status, attempt!.usageSource, attempt!.usage, attempt!.cost_pico],
        [200, 'completed', 'unreconciled', {}, undefined],
      );
      assert.notEqual(attempt!.rawUsage, undefined);
    }
  });
}

for (const [name, streaming] of [
  ...Object.keys(COMPLETED).map((one) => [one, false] as const),
  ...Object.keys(STREAMS_COMPLETED).map((one) => [one, true] as const),
]) {
  test(`${name}: odd, and counted right`, async () => {
    for (const { status, text, record } of await ask(name, streaming)) {
      assert.deepEqual(
        [status, record.status, record.attempts[0]!.usage, record.charge_pico],
        [200, 'completed', { input: 10, output: 5 }, 30_000_000n],
        text.slice(0, 300),
      );
    }
  });
}

for (const name of Object.keys(STREAMS_BROKEN)) {
  test(`${name}: ends in the error event of its surface, charged to nobody`, async () => {
    for (const { status, text, record } of await ask(name, true)) {
      assert.deepEqual(
        [status, record.status, record.charge_pico, record.attempts[0]!.usageSource],
        [200, 'broken', 0n, 'estimated'],
        text.slice(-300),
      );
      assert.match(text, /hi/);
      assert.match(text.slice(-400), /"code":"upstream_error"/);
      assert.ok(!text.includes(KEY) && !text.includes('[DONE]') && !text.includes('message_stop'));
    }
  });
}

test('wild figures in a stream are marked too', async () => {
  for (const { record } of await ask('s-negative', true)) assert.equal(record.attempts[0]!.usageSource, 'unreconciled');
});

test('a wild retry-after does not reach the client as it is', async () => {
  for (const name of ['retry-never', 'retry-negative', 'retry-late']) {
    const answer = await tw.post('/v1/chat/completions', chat('hi', { model: `raw/${name}` }), secret);
    assert.equal(answer.status, 429);
    const after_s = answer.headers.get('retry-after');
    assert.ok(after_s === null || (Number(after_s) >= 0 && Number(after_s) <= 86_400), `${name}: ${after_s}`);
  }
});

test('a model whose name no header can hold is served, and one that is no name is not', async () => {
  for (const stream of [false, true]) {
    const answer = await tw.post('/v1/chat/completions', chat('hi', { model: 'open/豆包-é' }), secret);
    assert.equal(answer.status, 200, `${stream} ${await answer.clone().text()}`);
    assert.equal(decodeURIComponent(answer.headers.get('x-tokenworks-model')!), 'open/豆包-é');
    assert.equal((await operationOf(tw, answer)).deployment, 'open/豆包-é');
  }
  for (const name of ['open/a\nb', 'open/\u0000', `open/${'x'.repeat(10_000)}`, 'open/ x', 'open/\ud800']) {
    const answer = await tw.post('/v1/chat/completions', chat('hi', { model: name }), secret);
    assert.equal(answer.status, 404, JSON.stringify(name.slice(0, 20)));
  }
});

test('no connection is left to a provider that does not stop sending, and the books balance', async () => {
  for (let tries = 0; tries < 100 && upstream.open > 8; tries++) await sleep(20);
  const endlessOnes = ['headers', 's-after-done', 's-no-line'].length * 3;
  assert.ok(upstream.open < endlessOnes, `${upstream.open} connections are open`);
  await tw.server.services.flushUsage();
  assert.deepEqual(await tw.store.ledger.imbalances(), []);
  const stats = await tw.server.services.limits.stats();
  assert.deepEqual([stats.leases, stats.holds, tw.server.services.live.open], [0, 0, 0]);
});
