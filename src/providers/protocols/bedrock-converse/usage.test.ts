import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageVector } from '../../../contract/usage.ts';
import type { Json, JsonObject } from '../../protocol.ts';
import { readServedTier, readUsage } from './usage.ts';

const cases: [name: string, raw: JsonObject, vector: UsageVector][] = [
  ['plain', { inputTokens: 1, outputTokens: 2, totalTokens: 3 }, { input: 1, output: 2 }],
  ['no total', { inputTokens: 1, outputTokens: 2 }, { input: 1, output: 2 }],
  [
    'stated zeros are kept',
    {
      inputTokens: 0,
      outputTokens: 0,
      totalTokens: 0,
      cacheReadInputTokens: 0,
      cacheWriteInputTokens: 0,
      cacheDetails: [],
    },
    { input: 0, output: 0, cache_read: 0, cache_write_5m: 0 },
  ],
  [
    'the total with the cache in it',
    { inputTokens: 1, outputTokens: 2, totalTokens: 15, cacheReadInputTokens: 4, cacheWriteInputTokens: 8 },
    { input: 1, output: 2, cache_read: 4, cache_write_5m: 8 },
  ],
  [
    'the total without the cache',
    { inputTokens: 1, outputTokens: 2, totalTokens: 3, cacheReadInputTokens: 4 },
    { input: 1, output: 2, cache_read: 4 },
  ],
  [
    'the write split by time to live',
    {
      inputTokens: 1,
      outputTokens: 2,
      cacheWriteInputTokens: 8,
      cacheDetails: [
        { ttl: '1h', inputTokens: 3 },
        { ttl: '5m', inputTokens: 5 },
      ],
    },
    { input: 1, output: 2, cache_write_1h: 3, cache_write_5m: 5 },
  ],
];

for (const [name, raw, vector] of cases) {
  test(`usage: ${name}`, () => {
    assert.deepEqual(readUsage(raw), { vector, raw, source: 'provider' });
  });
}

const contradictions: [name: string, raw: JsonObject, problem: RegExp][] = [
  ['negative', { inputTokens: -1, outputTokens: 2 }, /inputTokens/],
  ['fraction', { inputTokens: 1, outputTokens: 2.5 }, /outputTokens/],
  ['one half missing', { inputTokens: 1 }, /outputTokens is missing/],
  ['total', { inputTokens: 1, outputTokens: 2, totalTokens: 4 }, /totalTokens/],
  [
    'split',
    { inputTokens: 1, outputTokens: 2, cacheWriteInputTokens: 8, cacheDetails: [{ ttl: '1h', inputTokens: 3 }] },
    /add up to 3/,
  ],
  ['unknown ttl', { inputTokens: 1, outputTokens: 2, cacheDetails: [{ ttl: '1d', inputTokens: 3 }] }, /ttl/],
];

for (const [name, raw, problem] of contradictions) {
  test(`usage: unreconciled: ${name}`, () => {
    const reading = readUsage(raw);
    assert.deepEqual([reading?.source, reading?.vector], ['unreconciled', {}]);
    assert.match(reading?.problem ?? '', problem);
  });
}

test('usage: nothing stated is undefined', () => {
  const nothing: (Json | undefined)[] = [undefined, null, {}, 'x', []];
  for (const raw of nothing) assert.equal(readUsage(raw), undefined);
});

test('served tier', () => {
  assert.equal(readServedTier({ type: 'flex' }), 'flex');
  assert.equal(readServedTier(undefined), undefined);
});
