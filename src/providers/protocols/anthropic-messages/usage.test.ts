import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageVector } from '../../../contract/usage.ts';
import type { Json, JsonObject } from '../../protocol.ts';
import { mergeUsage, readServedTier, readUsage } from './usage.ts';

const cases: { name: string; raw: JsonObject; vector: UsageVector }[] = [
  { name: 'plain', raw: { input_tokens: 10, output_tokens: 5 }, vector: { input: 10, output: 5 } },
  {
    name: 'stated zeros are kept',
    raw: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    vector: { input: 0, output: 0, cache_read: 0, cache_write_5m: 0 },
  },
  {
    name: 'input leaves the cache out',
    raw: { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 7, output_tokens: 5 },
    vector: { input: 10, cache_read: 100, cache_write_5m: 7, output: 5 },
  },
  {
    name: 'the write is split by time to live',
    raw: {
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: 7,
      cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 3 },
    },
    vector: { input: 1, output: 1, cache_write_5m: 4, cache_write_1h: 3 },
  },
  {
    name: 'nulls are absent',
    raw: {
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: null,
      cache_read_input_tokens: null,
      cache_creation: null,
      output_tokens_details: null,
      server_tool_use: null,
    },
    vector: { input: 1, output: 1 },
  },
  {
    name: 'thinking is split off, searches are counted',
    raw: {
      input_tokens: 1,
      output_tokens: 50,
      output_tokens_details: { thinking_tokens: 20 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 9 },
    },
    vector: { input: 1, output: 30, reasoning: 20, searches: 2 },
  },
  {
    name: 'a compaction stands in no total',
    raw: {
      input_tokens: 1,
      output_tokens: 2,
      iterations: [
        { type: 'compaction', input_tokens: 100, output_tokens: 30, cache_read_input_tokens: 5 },
        { type: 'message', input_tokens: 1, output_tokens: 2 },
      ],
    },
    vector: { input: 101, output: 32, cache_read: 5 },
  },
];

for (const { name, raw, vector } of cases) {
  test(`usage: ${name}`, () => {
    assert.deepEqual(readUsage(raw), { vector, raw, source: 'provider' });
  });
}

const contradictions: { name: string; raw: JsonObject; problem: RegExp }[] = [
  { name: 'negative', raw: { input_tokens: -1, output_tokens: 1 }, problem: /input_tokens/ },
  { name: 'fraction', raw: { input_tokens: 1, output_tokens: 1.5 }, problem: /output_tokens/ },
  { name: 'text', raw: { input_tokens: '1', output_tokens: 1 }, problem: /input_tokens/ },
  { name: 'beyond exact integers', raw: { input_tokens: 2 ** 53, output_tokens: 1 }, problem: /input_tokens/ },
  { name: 'one half missing', raw: { output_tokens: 1 }, problem: /input_tokens is missing/ },
  {
    name: 'split sum',
    raw: {
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: 8,
      cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 3 },
    },
    problem: /adds up to 7/,
  },
  {
    name: 'more thinking than output',
    raw: { input_tokens: 1, output_tokens: 1, output_tokens_details: { thinking_tokens: 2 } },
    problem: /thinking_tokens/,
  },
  {
    name: "another model's tokens",
    raw: { input_tokens: 1, output_tokens: 1, iterations: [{ type: 'advisor_message', input_tokens: 1 }] },
    problem: /another model/,
  },
];

for (const { name, raw, problem } of contradictions) {
  test(`usage: unreconciled: ${name}`, () => {
    const reading = readUsage(raw);
    assert.equal(reading?.source, 'unreconciled');
    assert.deepEqual(reading?.vector, {});
    assert.match(reading?.problem ?? '', problem);
    assert.equal(reading?.raw, raw);
  });
}

test('usage: nothing stated is undefined', () => {
  const nothing: (Json | undefined)[] = [undefined, null, {}, 'x', { input_tokens: null }, []];
  for (const raw of nothing) assert.equal(readUsage(raw), undefined);
});

test('usage: a message_delta replaces what it states and keeps the rest', () => {
  const start = { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1, service_tier: 'standard' };
  const merged = mergeUsage(mergeUsage(start, { output_tokens: 7 }), { output_tokens: 9, input_tokens: null });
  assert.deepEqual(merged, { ...start, output_tokens: 9 });
  assert.deepEqual(start.output_tokens, 1);
});

test('usage: a split does not outlive the total it describes', () => {
  const start = {
    input_tokens: 1,
    output_tokens: 1,
    cache_creation_input_tokens: 3,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 3 },
  };
  const same = readUsage(mergeUsage(start, { cache_creation_input_tokens: 3, output_tokens: 2 }));
  assert.deepEqual(same?.vector, { input: 1, output: 2, cache_write_5m: 0, cache_write_1h: 3 });
  const grown = readUsage(mergeUsage(start, { cache_creation_input_tokens: 9, output_tokens: 2 }));
  assert.deepEqual(grown?.vector, { input: 1, output: 2, cache_write_5m: 9 });
});

test('served tier', () => {
  assert.equal(readServedTier({ service_tier: 'standard' }), 'default');
  assert.equal(readServedTier({ service_tier: 'priority' }), 'priority');
  assert.equal(readServedTier({ service_tier: 'batch', inference_geo: 'global' }), 'batch');
  assert.equal(readServedTier({ service_tier: 'standard', speed: 'fast' }), 'fast');
  assert.equal(readServedTier({ service_tier: 'standard', inference_geo: 'us' }), 'inference_geo:us');
  assert.equal(readServedTier({ speed: 'fast', inference_geo: 'us' }), 'fast+inference_geo:us');
  assert.equal(readServedTier({ speed: null, service_tier: null }), undefined);
  assert.equal(readServedTier(undefined), undefined);
});
