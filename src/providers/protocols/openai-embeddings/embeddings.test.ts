import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import OpenAI from 'openai';
import { AppError } from '../../../base/errors.ts';
import type { JsonObject } from '../../protocol.ts';
import { assertSchema } from '../fixtures/openai-schemas.ts';
import { openaiEmbeddingsApi as api, readEmbeddingUsage, openaiEmbeddingsSurface as surface } from './index.ts';
import { decodeVector, encodeVector } from './vectors.ts';

const target = { model: 'up', quirks: {} };
const context = { operation: 'op_1', model: 'mock/embed', created_s: 1 };

function refused(body: JsonObject, param: string): void {
  assert.throws(
    () => surface.parse(body),
    (error) => error instanceof AppError && error.param === param,
    JSON.stringify(body),
  );
}

test('reads every form of input', () => {
  const read = (input: JsonObject[string]) => surface.parse({ model: 'm', input }).input;
  assert.deepEqual(read('a'), ['a']);
  assert.deepEqual(read(['a', 'b']), ['a', 'b']);
  assert.deepEqual(read([1, 2]), [[1, 2]]);
  assert.deepEqual(read([[1], [2, 3]]), [[1], [2, 3]]);
  assert.deepEqual(
    surface.parse({ model: 'm', input: 'a', dimensions: 3, encoding_format: 'base64', user: 'u', task: 't' }),
    {
      model: 'm',
      input: ['a'],
      dimensions: 3,
      encodingFormat: 'base64',
      user: 'u',
      extra: { task: 't' },
    },
  );
  assert.deepEqual(surface.envelope({ model: 'm', input: 'a', user: 'u' }), {
    model: 'm',
    stream: false,
    includeUsage: false,
    n: 1,
    user: 'u',
  });
  assert.equal(surface.inputBound({}, 12).textBytes, 12);
});

test('refuses wrong input by its path', () => {
  refused({ input: 'a' }, 'model');
  refused({ model: 'm' }, 'input');
  refused({ model: 'm', input: '' }, 'input');
  refused({ model: 'm', input: [] }, 'input');
  refused({ model: 'm', input: ['a', ''] }, 'input[1]');
  refused({ model: 'm', input: ['a', 1] }, 'input[1]');
  refused({ model: 'm', input: [1, 'a'] }, 'input[1]');
  refused({ model: 'm', input: [[1], []] }, 'input[1]');
  refused({ model: 'm', input: [[1], [-1]] }, 'input[1][0]');
  refused({ model: 'm', input: new Array(2049).fill('a') }, 'input');
  refused({ model: 'm', input: 'a', dimensions: 0 }, 'dimensions');
  refused({ model: 'm', input: 'a', encoding_format: 'hex' }, 'encoding_format');
  refused({ model: 'm', input: 'a', stream: true }, 'stream');
});

test('builds a body and says what it left out', () => {
  const request = surface.parse({
    model: 'm',
    input: 'a',
    encoding_format: 'base64',
    dimensions: 3,
    input_type: 'query',
    odd: 1,
  });
  assert.deepEqual(api.build(request, { model: 'up', quirks: { refuses: ['dimensions'] } }), {
    path: '/embeddings',
    headers: {},
    body: { model: 'up', input: ['a'], encoding_format: 'float', input_type: 'query' },
    warnings: ['odd', 'dimensions'],
  });
});

const request = surface.parse({ model: 'm', input: ['a', 'b'] });
const usage = { prompt_tokens: 4, total_tokens: 4 };

test('reads vectors by their index, as numbers or base64', () => {
  const data = [
    { object: 'embedding', index: 1, embedding: encodeVector([3, 4]) },
    { object: 'embedding', index: 0, embedding: [1, 2] },
  ];
  assert.deepEqual(api.parse({ data, model: 'up-1', usage }, request, target), {
    model: 'up-1',
    vectors: [
      [1, 2],
      [3, 4],
    ],
    usage: { vector: { input: 4 }, raw: usage, source: 'provider' },
  });
});

test('a reply that does not fit the request is an upstream error', () => {
  const entry = (index: number, embedding: JsonObject[string] = [1]): JsonObject => ({ index, embedding });
  for (const data of [
    undefined,
    [],
    [entry(0)],
    [entry(0), entry(0)],
    [entry(0), entry(7)],
    [entry(0), entry(1, 'AAA=')],
    [entry(0), entry(1, ['x'])],
    [entry(0), entry(1, [])],
  ]) {
    const body: JsonObject = data === undefined ? {} : { data };
    assert.throws(
      () => api.parse(body, request, target),
      (error) => error instanceof AppError && error.code === 'upstream_error',
    );
  }
  assert.throws(
    () => api.parse({ error: { code: 429 } }, request, target),
    (error) => error instanceof AppError && error.code === 'rate_limited',
  );
});

test('usage is what was read', () => {
  assert.deepEqual(readEmbeddingUsage({ total_tokens: 5 })?.vector, { input: 5 });
  assert.deepEqual(readEmbeddingUsage({ prompt_tokens: 5, completion_tokens: 0, total_tokens: 5 })?.vector, {
    input: 5,
  });
  assert.deepEqual(readEmbeddingUsage({ prompt_tokens: 0, total_tokens: 0 })?.vector, { input: 0 });
  assert.deepEqual(
    readEmbeddingUsage({
      prompt_tokens: 9,
      total_tokens: 9,
      prompt_tokens_details: { image_tokens: 7, text_tokens: 2 },
    })?.vector,
    { input: 2, image_in: 7 },
  );
  assert.equal(readEmbeddingUsage({ prompt_tokens: 5, total_tokens: 6 })?.source, 'unreconciled');
  assert.equal(readEmbeddingUsage(undefined), undefined);
});

test('vectors survive base64 bit for bit', () => {
  const float = fc.float({ noNaN: true });
  fc.assert(
    fc.property(fc.array(float, { minLength: 1, maxLength: 50 }), (vector) => {
      assert.deepEqual(decodeVector(encodeVector(vector)), vector);
    }),
  );
  assert.equal(decodeVector('AAA='), undefined);
  assert.equal(decodeVector(''), undefined);
});

test('renders as the schema has it, and the official client reads both encodings', async () => {
  const reply = api.parse(
    { data: [{ embedding: [0.5, -2] }, { embedding: [1, 0.25] }], model: 'x', usage },
    request,
    target,
  );
  const out = surface.render(reply, request, context);
  assertSchema('CreateEmbeddingResponse', out);
  assert.deepEqual([out.model, out.usage], ['mock/embed', usage]);
  assert.deepEqual(surface.render({ model: 'x', vectors: [] }, request, context).usage, {
    prompt_tokens: 0,
    total_tokens: 0,
  });
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
    const asked = surface.parse(JSON.parse(init!.body as string) as JsonObject);
    return Response.json(surface.render(reply, asked, context));
  };
  const client = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:1/v1', fetch, maxRetries: 0 });
  // Without a format the client asks for base64 and decodes it.
  const plain = await client.embeddings.create({ model: 'm', input: ['a', 'b'] });
  const floats = await client.embeddings.create({ model: 'm', input: ['a', 'b'], encoding_format: 'float' });
  for (const got of [plain, floats])
    assert.deepEqual(
      got.data.map((entry) => [...entry.embedding]),
      reply.vectors,
    );
});

test('passing through changes the model’s name only', () => {
  const { rewrite, facts, path } = api.passthrough!;
  const text = '{"model":"mock/up", "input":[1.0]}';
  const changes = { model: 'up', askUsage: true };
  const out = rewrite(Buffer.from(text), JSON.parse(text) as JsonObject, changes, target);
  assert.equal(Buffer.from(out).toString(), '{"model":"up", "input":[1.0]}');
  assert.equal(path(target, false), '/embeddings');
  assert.deepEqual(facts({ model: 'x', usage }, target).usage?.vector, { input: 4 });
});
