import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EmbeddingRequest } from '../../protocol.ts';
import { geminiEmbeddingsApi, vertexEmbeddingsApi } from './index.ts';

const target = { model: 'gemini-embedding-001', quirks: {} };
const request: EmbeddingRequest = {
  model: 'x',
  input: ['a', '乙'],
  encodingFormat: 'float',
  dimensions: 3,
  extra: { task_type: 'CLUSTERING', odd: 1 },
};

describe('gemini embeddings', () => {
  it('asks for a batch', () => {
    const part = (text: string) => ({
      model: 'models/gemini-embedding-001',
      content: { parts: [{ text }] },
      taskType: 'CLUSTERING',
      outputDimensionality: 3,
    });
    assert.deepEqual(geminiEmbeddingsApi.build(request, target), {
      path: '/models/gemini-embedding-001:batchEmbedContents',
      headers: {},
      body: { requests: [part('a'), part('乙')] },
      warnings: ['odd'],
    });
    assert.throws(() => geminiEmbeddingsApi.build({ ...request, input: [[1]] }, target), {
      code: 'invalid_request',
      param: 'input[0]',
    });
  });

  it('reads the answer, with its usage where there is one', () => {
    const embeddings = [{ values: [1, 2, 3] }, { values: [4, 5, 6] }];
    const reply = geminiEmbeddingsApi.parse({ embeddings, usageMetadata: { promptTokenCount: 4 } }, request, target);
    assert.deepEqual(reply.vectors, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    assert.deepEqual(reply.usage?.vector, { input: 4 });
    assert.equal(geminiEmbeddingsApi.parse({ embeddings }, request, target).usage, undefined);
    assert.throws(() => geminiEmbeddingsApi.parse({ embeddings: embeddings.slice(1) }, request, target), {
      code: 'upstream_error',
    });
    assert.throws(() => geminiEmbeddingsApi.parse({ embeddings: [{}, {}] }, request, target), {
      code: 'upstream_error',
    });
  });
});

describe('vertex embeddings', () => {
  it('asks for a prediction that cuts nothing', () => {
    assert.deepEqual(vertexEmbeddingsApi.build(request, target), {
      path: '/models/gemini-embedding-001:predict',
      headers: {},
      body: {
        instances: [
          { content: 'a', task_type: 'CLUSTERING' },
          { content: '乙', task_type: 'CLUSTERING' },
        ],
        parameters: { autoTruncate: false, outputDimensionality: 3 },
      },
      warnings: ['odd'],
    });
  });

  it('sums the counts when every text has one', () => {
    const prediction = (count: number | undefined) => ({
      embeddings: {
        values: [1],
        ...(count === undefined ? {} : { statistics: { token_count: count, truncated: false } }),
      },
    });
    const usage = (...counts: (number | undefined)[]) =>
      vertexEmbeddingsApi.parse({ predictions: counts.map(prediction) }, request, target).usage;
    assert.deepEqual(usage(2, 0)?.vector, { input: 2 });
    assert.equal(usage(2, undefined), undefined);
    assert.equal(usage(2, 1.5)?.source, 'unreconciled');
  });
});
