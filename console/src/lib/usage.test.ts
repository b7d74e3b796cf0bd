import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf, readTokens, totalTokens, writtenTokens } from './usage.ts';

const vector = {
  input: 100,
  cache_read: 20,
  cache_write_1h: 5,
  output: 30,
  reasoning: 7,
  audio_out: 1,
  images: 2,
  calls: 1,
  seconds: 9,
};

test('read and written make up the total, and what is no token is in neither', () => {
  assert.equal(readTokens(vector), 125);
  assert.equal(writtenTokens(vector), 38);
  assert.equal(totalTokens(vector), 163);
  assert.equal(readTokens({}) + writtenTokens({}), 0);
});

test('parts without their zeros, tokens first', () => {
  assert.deepEqual(
    partsOf({ images: 2, output: 3, input: 1, reasoning: 0 }).map((part) => part.field),
    ['input', 'output', 'images'],
  );
});
