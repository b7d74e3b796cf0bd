import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { totalTokens, type UsageVector } from '../../../contract/usage.ts';
import type { JsonObject } from '../../protocol.ts';
import { readChatUsage, writeChatUsage } from './usage.ts';

const xai = { completionExcludesReasoning: true };

const READ: [string, JsonObject, UsageVector, { completionExcludesReasoning?: boolean }?][] = [
  ['plain', { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }, { input: 10, output: 5 }],
  [
    'OpenAI: cached inside prompt, reasoning inside completion',
    {
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 192, audio_tokens: 0, accepted_prediction_tokens: 0 },
    },
    { input: 86, cache_read: 1920, output: 108, reasoning: 192 },
  ],
  [
    'OpenAI: audio and cache writes',
    {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 20, audio_tokens: 30, cache_write_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 40 },
    },
    { input: 40, cache_read: 20, cache_write_5m: 10, audio_in: 30, output: 10, audio_out: 40 },
  ],
  [
    'cached sound is a cache read',
    {
      prompt_tokens: 100,
      completion_tokens: 1,
      total_tokens: 101,
      prompt_tokens_details: { cached_tokens: 60, audio_tokens: 80, cached_tokens_details: { audio_tokens: 50 } },
    },
    { input: 10, cache_read: 60, audio_in: 30, output: 1 },
  ],
  [
    'pictures',
    {
      prompt_tokens: 300,
      completion_tokens: 7,
      total_tokens: 307,
      prompt_tokens_details: { text_tokens: 44, image_tokens: 256 },
    },
    { input: 44, image_in: 256, output: 7 },
  ],
  [
    'xAI: reasoning beside completion',
    {
      prompt_tokens: 32,
      completion_tokens: 9,
      total_tokens: 135,
      completion_tokens_details: { reasoning_tokens: 94 },
      prompt_tokens_details: { cached_tokens: 6 },
      num_sources_used: 2,
    },
    { input: 26, cache_read: 6, output: 9, reasoning: 94, searches: 2 },
    xai,
  ],
  [
    'xAI without a total',
    { prompt_tokens: 32, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 94 } },
    { input: 32, output: 9, reasoning: 94 },
    xai,
  ],
  [
    'the total says that reasoning was left out, though no quirk does',
    { prompt_tokens: 1, completion_tokens: 2, total_tokens: 6, completion_tokens_details: { reasoning_tokens: 3 } },
    { input: 1, output: 2, reasoning: 3 },
  ],
  [
    'the total says that reasoning is inside, though the quirk does not',
    { prompt_tokens: 1, completion_tokens: 5, total_tokens: 6, completion_tokens_details: { reasoning_tokens: 3 } },
    { input: 1, output: 2, reasoning: 3 },
    xai,
  ],
  [
    'DeepSeek: hit + miss = prompt',
    {
      prompt_tokens: 1000,
      completion_tokens: 20,
      total_tokens: 1020,
      prompt_cache_hit_tokens: 896,
      prompt_cache_miss_tokens: 104,
      prompt_tokens_details: { cached_tokens: 896 },
    },
    { input: 104, cache_read: 896, output: 20 },
  ],
  [
    'Moonshot: cached_tokens at the top',
    { prompt_tokens: 19, completion_tokens: 13, total_tokens: 32, cached_tokens: 10 },
    { input: 9, cache_read: 10, output: 13 },
  ],
  [
    'DashScope: writes to an explicit cache',
    {
      prompt_tokens: 3000,
      completion_tokens: 1,
      total_tokens: 3001,
      prompt_tokens_details: {
        cached_tokens: 0,
        cache_creation_input_tokens: 2500,
        cache_creation: { ephemeral_5m_input_tokens: 2500 },
        cache_type: 'ephemeral',
      },
    },
    { input: 500, cache_write_5m: 2500, output: 1 },
  ],
  [
    'writes stated as long',
    {
      prompt_tokens: 100,
      completion_tokens: 1,
      total_tokens: 101,
      prompt_tokens_details: {
        cache_write_tokens: 60,
        cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 40 },
      },
    },
    { input: 40, cache_write_5m: 20, cache_write_1h: 40, output: 1 },
  ],
  [
    'OpenRouter: cost is kept in the raw usage',
    {
      prompt_tokens: 5,
      completion_tokens: 6,
      total_tokens: 11,
      cost: 0.00014,
      is_byok: false,
      prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0, audio_tokens: 0, video_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 4, image_tokens: 0 },
    },
    { input: 5, output: 2, reasoning: 4 },
  ],
  ['stated zeros stay', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, { input: 0, output: 0 }],
  [
    'null details',
    { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, prompt_tokens_details: null },
    { input: 1, output: 1 },
  ],
  [
    'completion left out where the total shows it was none',
    { prompt_tokens: 4, total_tokens: 4 },
    { input: 4, output: 0 },
  ],
];

test('usage is read into disjoint parts', () => {
  for (const [name, raw, vector, quirks] of READ) {
    const reading = readChatUsage(raw, quirks);
    assert.deepEqual(reading, { vector, raw, source: 'provider' }, name);
    assert.equal(reading?.raw, raw, name);
  }
});

const CONTRADICTIONS: [JsonObject | string, RegExp][] = [
  [{ prompt_tokens: -1, completion_tokens: 5, total_tokens: 4 }, /prompt_tokens is -1/],
  [{ prompt_tokens: 1.5, completion_tokens: 5 }, /1\.5/],
  [{ prompt_tokens: '10', completion_tokens: 5 }, /"10"/],
  [{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 16 }, /total_tokens \(16\)/],
  [{ prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 11 } }, /cached_tokens \(11\)/],
  [
    { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 6 } },
    /completion_tokens \(6\)/,
  ],
  [{ prompt_tokens: 10, completion_tokens: 5, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 5 }, /hits of 4/],
  [
    { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
    /4 and 3/,
  ],
  [
    { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 6, audio_tokens: 6 } },
    /prompt_tokens \(12\)/,
  ],
  [{ completion_tokens: 5, total_tokens: 15 }, /prompt_tokens is missing/],
  [{ prompt_tokens: 5, total_tokens: 15 }, /completion_tokens is missing/],
  ['12 tokens', /no object/],
];

test('figures that contradict each other are never guessed', () => {
  for (const [raw, problem] of CONTRADICTIONS) {
    const reading = readChatUsage(raw);
    assert.equal(reading?.source, 'unreconciled', JSON.stringify(raw));
    assert.deepEqual(reading?.vector, {});
    assert.match(reading?.problem ?? '', problem);
    assert.equal(reading?.raw, raw);
  }
});

test('usage that is missing stays missing', () => {
  for (const raw of [undefined, null, {}]) assert.equal(readChatUsage(raw), undefined);
});

test('whatever a provider states, the parts add up to its total or the reading is unreconciled', () => {
  const n = fc.oneof({ weight: 8, arbitrary: fc.nat(1000) }, fc.constantFrom(undefined, null, -1, 0.5));
  const usage = fc.record(
    {
      prompt_tokens: n,
      completion_tokens: n,
      total_tokens: fc.constantFrom('sum', 'with reasoning', 'absent', 'wrong'),
      cached: fc.nat(400),
      written: fc.nat(400),
      audio: fc.nat(300),
      reasoning: fc.nat(600),
      excludes: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(usage, (u) => {
      const sum = (u.prompt_tokens ?? 0) + (u.completion_tokens ?? 0);
      const totals = { sum, 'with reasoning': sum + u.reasoning, absent: undefined, wrong: sum + u.reasoning + 1 };
      const raw = {
        prompt_tokens: u.prompt_tokens,
        completion_tokens: u.completion_tokens,
        total_tokens: totals[u.total_tokens as keyof typeof totals],
        prompt_tokens_details: { cached_tokens: u.cached, cache_write_tokens: u.written, audio_tokens: u.audio },
        completion_tokens_details: { reasoning_tokens: u.reasoning },
      };
      const reading = readChatUsage(raw, { completionExcludesReasoning: u.excludes });
      assert.ok(reading);
      if (reading.source === 'unreconciled') return assert.deepEqual(reading.vector, {});
      assert.notEqual(u.total_tokens, 'wrong');
      for (const value of Object.values(reading.vector)) assert.ok(Number.isSafeInteger(value) && value >= 0);
      const total = raw.total_tokens ?? sum + (u.excludes ? u.reasoning : 0);
      assert.equal(totalTokens(reading.vector), total);
    }),
    { numRuns: 1000 },
  );
});

test('what is written is read back the same', () => {
  const part = fc.nat(10_000);
  const vector = fc.record({
    input: part,
    cache_read: part,
    cache_write_5m: part,
    cache_write_1h: part,
    audio_in: part,
    image_in: part,
    output: part,
    reasoning: part,
    audio_out: part,
    image_out: part,
  });
  fc.assert(
    fc.property(vector, (given) => {
      const raw = writeChatUsage({ vector: given, raw: null, source: 'provider' });
      const back = readChatUsage(raw);
      assert.equal(back?.source, 'provider');
      for (const key of Object.keys(given) as (keyof typeof given)[])
        assert.equal(back?.vector[key] ?? 0, given[key], key);
    }),
  );
  assert.equal(writeChatUsage({ vector: {}, raw: {}, source: 'unreconciled' }), undefined);
  assert.equal(writeChatUsage(undefined), undefined);
});
