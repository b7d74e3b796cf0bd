/** Rows of the table that are about embeddings. */
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { assertSchema } from '../providers/protocols/fixtures/openai-schemas.ts';
import { operationOf } from '../server-testing.ts';
import { assertUnchanged, type Verdict } from './features.ts';
import { says, USAGE } from './upstreams/answer.ts';
import { vectorAt } from './upstreams/embeddings.ts';
import type { Column, World } from './world.ts';

type Params = Omit<Parameters<OpenAI['embeddings']['create']>[0], 'model'>;

export interface EmbeddingFeature {
  id: string;
  title: string;
  params: Params;
  warns?: RegExp;
  check(reply: OpenAI.CreateEmbeddingResponse, world: World, scripted: boolean): void | Promise<void>;
}

const texts = ['a red fox', 'a blue hen'];

function assertVectors(reply: OpenAI.CreateEmbeddingResponse, scripted: boolean, count: number): void {
  assertSchema('CreateEmbeddingResponse', reply);
  assert.deepEqual(
    reply.data.map((each) => each.index),
    [...Array(count).keys()],
  );
  for (const [index, { embedding }] of reply.data.entries()) {
    if (scripted) assert.deepEqual(embedding, vectorAt(index));
    else assert.ok(embedding.length > 0 && embedding.every(Number.isFinite));
  }
}

export const EMBEDDING_FEATURES: EmbeddingFeature[] = [
  {
    id: 'float',
    title: 'Vectors as floats',
    params: { input: 'a red fox', encoding_format: 'float' },
    check: (reply, _world, scripted) => assertVectors(reply, scripted, 1),
  },
  {
    id: 'base64',
    title: 'Vectors as base64 (what the client asks for by itself)',
    params: { input: 'a red fox' },
    check(reply, world, scripted) {
      assert.equal(world.wire().sent.encoding_format, 'base64');
      assertVectors(reply, scripted, 1);
    },
  },
  {
    id: 'list',
    title: 'Several texts',
    params: { input: texts, encoding_format: 'float' },
    check: (reply, _world, scripted) => assertVectors(reply, scripted, 2),
  },
  {
    id: 'tokens',
    title: 'Token arrays',
    params: {
      input: [
        [1, 2, 3],
        [4, 5],
      ],
      encoding_format: 'float',
    },
    check: (reply, _world, scripted) => assertVectors(reply, scripted, 2),
  },
  {
    id: 'dimensions',
    title: 'Dimensions',
    params: { input: texts, dimensions: 64, encoding_format: 'float' },
    check(reply, world, scripted) {
      if (scripted) assert.match(world.upstream.last()!.text, /:64\b/);
      else assert.equal(reply.data[0]!.embedding.length, 64);
    },
  },
  {
    id: 'user',
    title: 'User',
    params: { input: texts, user: 'user-7731', encoding_format: 'float' },
    warns: /^user$/,
    check(_reply, world, scripted) {
      if (world.warnings().includes('user')) return;
      assert.ok(scripted && world.upstream.last()!.text.includes('user-7731'), 'user was dropped in silence');
    },
  },
  {
    id: 'usage',
    title: 'Usage is exact, for the client and in the ledger',
    params: { input: texts, encoding_format: 'float' },
    async check(reply, world, scripted) {
      const record = await operationOf(world.tw, new Response('', { headers: world.wire().headers }));
      assert.equal(record.attempts[0]!.usageSource, 'provider');
      assert.equal(record.attempts[0]!.usage.input, reply.usage.prompt_tokens);
      if (scripted) assert.equal(reply.usage.prompt_tokens, USAGE.input);
    },
  },
];

export async function judgeEmbedding(world: World, feature: EmbeddingFeature, column: Column): Promise<Verdict> {
  // Claude has no embeddings; those of Vertex AI are in its other column.
  if (column.id === 'vertex-claude') return 'none';
  world.upstream.answer = says('');
  const before = world.upstream.seen.length;
  // Without embeddings at the provider the call has to say so.
  const model = column.embeddings ?? column.model;
  let reply: OpenAI.CreateEmbeddingResponse;
  try {
    reply = await world.openai.embeddings.create({ model, ...feature.params } as Parameters<
      OpenAI['embeddings']['create']
    >[0]);
  } catch (error) {
    if (!(error instanceof OpenAI.BadRequestError)) throw error;
    assert.equal(world.upstream.seen.length, before);
    assert.ok(error.param, `a refusal names the field: ${error.message}`);
    return 'refused';
  }
  await feature.check(reply, world, column.id !== 'reflex');
  if (feature.warns && world.warnings().some((name) => feature.warns!.test(name))) return 'warned';
  if (!column.passes.includes('embeddings')) return 'yes';
  await assertUnchanged(world, true);
  return 'bytes';
}
