import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, ERROR_CODES, type ErrorCode, toAppError } from './errors.ts';

test('every code has a status of its kind, and only what may pass later is retryable', () => {
  for (const [code, { status, retryable }] of Object.entries(ERROR_CODES)) {
    assert.ok(status >= 400 && status <= 599, code);
    assert.equal(retryable, [429, 502, 503, 504].includes(status), code);
  }
});

test('an error has the status of its code and keeps its details', () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const error = new AppError(code, 'message', {
      param: 'a.b',
      retryAfter_s: 3,
      upstreamStatus: 418,
      upstreamCode: 'teapot',
    });
    assert.equal(error.status, ERROR_CODES[code].status);
    assert.equal(error.retryable, ERROR_CODES[code].retryable);
    assert.deepEqual(
      [error.code, error.param, error.retryAfter_s, error.upstreamStatus, error.upstreamCode],
      [code, 'a.b', 3, 418, 'teapot'],
    );
    assert.ok(error instanceof Error && error.name === 'AppError');
    assert.equal('cause' in error, false);
  }
});

test('what was not ours becomes an internal error that tells nothing', () => {
  const own = new AppError('conflict', 'taken');
  assert.equal(toAppError(own), own);
  for (const thrown of [new Error('password=hunter2'), 'hunter2', undefined, null, { code: 'invalid_key' }]) {
    const error = toAppError(thrown);
    assert.equal(error.code, 'internal_error');
    assert.doesNotMatch(error.message, /hunter2/);
    assert.equal(error.cause, thrown);
  }
});

test('what a caller sent is not repeated without end', () => {
  const error = new AppError('invalid_request', `type: "${'é'.repeat(50_000)}" is unknown`, {
    param: 'x'.repeat(5000),
  });
  assert.ok(error.message.length <= 1500 && error.param!.length <= 200);
});
