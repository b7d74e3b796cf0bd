import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, errorOf, withQuery } from './client.ts';
import { waitOf } from './live.ts';
import { mergeRows, OPERATIONS_SHOWN, type OperationRow } from './operation-rows.ts';
import { shouldRetry } from './query-client.ts';
import { tokenOf } from './session.ts';

test('errors of the server keep their code and words; others show their status', () => {
  const ours = errorOf(
    401,
    '{"error":{"message":"This key is unknown.","type":"x","param":null,"code":"invalid_key"}}',
  );
  assert.equal(ours.code, 'invalid_key');
  assert.equal(ours.message, 'This key is unknown.');
  assert.equal(ours.isSignedOut, true);
  for (const text of ['', '<html>Bad gateway</html>', 'null', '{"error":"no"}'])
    assert.equal(errorOf(502, text).message, 'HTTP 502');
});

test('what the server refused is not asked again, what it did not answer is', () => {
  assert.equal(shouldRetry(0, new ApiError(401, 'invalid_key', '')), false);
  assert.equal(shouldRetry(0, new ApiError(404, 'not_found', '')), false);
  assert.equal(shouldRetry(0, new ApiError(0, 'offline', '')), true);
  assert.equal(shouldRetry(0, new ApiError(503, 'overloaded', '')), true);
  assert.equal(shouldRetry(2, new ApiError(503, 'overloaded', '')), false);
  assert.equal(shouldRetry(0, new TypeError('a fault of ours')), false);
});

test('a query leaves out what is not set and escapes what is', () => {
  assert.equal(withQuery('/u', { a: 'x y&z', b: undefined, limit: 5 }), '/u?a=x+y%26z&limit=5');
});

test('the token of a one-time link', () => {
  assert.equal(tokenOf('#token=abc_-9'), 'abc_-9');
  for (const hash of ['', '#', '#token=', '#other=1']) assert.equal(tokenOf(hash), undefined);
});

test('the waits between two tries grow to a limit', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 50].map(waitOf), [1000, 2000, 4000, 8000, 15_000, 15_000]);
});

const row = (id: string, at_ms: number, status = 'completed'): OperationRow => ({
  id,
  at_ms,
  key: 'k',
  project: 'p',
  model: 'm',
  deployment: 'm',
  status,
  tokens: 1,
  total_ms: 1,
});

test('rows are merged newest first, each once, the fresh one for the known one', () => {
  const merged = mergeRows([row('b', 2, 'failed'), row('c', 3)], [row('b', 2), row('a', 1)]);
  assert.deepEqual(
    merged.map(({ id, status }) => `${id} ${status}`),
    ['c completed', 'b failed', 'a completed'],
  );
  const many = Array.from({ length: 500 }, (_, index) => row(`r${index}`, index));
  const kept = mergeRows(many, many);
  assert.equal(kept.length, OPERATIONS_SHOWN);
  assert.equal(kept[0]!.id, 'r499');
});
