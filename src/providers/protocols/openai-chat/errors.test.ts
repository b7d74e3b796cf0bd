import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../base/errors.ts';
import { assertSchema } from '../fixtures/openai-schemas.ts';
import { ARK_ERRORS, arkErrorRule } from './ark-errors.ts';
import { openaiErrorBody, parseOpenaiError, parseStreamedError, retryAfter_s, upstreamMayRecover } from './errors.ts';

const body = (error: object): string => JSON.stringify({ error });

const CASES: [number, string, string][] = [
  [400, body({ message: 'bad', type: 'invalid_request_error', param: 'temperature', code: null }), 'invalid_request'],
  [400, body({ message: 'x', code: 'context_length_exceeded', param: 'messages' }), 'context_too_long'],
  [
    400,
    body({ message: "This model's maximum context length is 8192 tokens. However, you requested 9000." }),
    'context_too_long',
  ],
  [
    400,
    body({ message: 'Range of input length should be [1, 30720]', code: 'invalid_parameter_error' }),
    'context_too_long',
  ],
  [400, body({ message: 'Your request exceeded model token limit: 8192' }), 'context_too_long'],
  [
    400,
    body({ message: 'max_tokens is too large: 9. This model supports at most 4096 completion tokens' }),
    'invalid_request',
  ],
  [400, body({ code: 'OutofContextError', message: 'x', type: 'BadRequest' }), 'context_too_long'],
  [
    401,
    body({ message: 'Incorrect API key provided: sk-abcdefghijklmnop1234', code: 'invalid_api_key' }),
    'upstream_error',
  ],
  [401, body({ code: 'AuthenticationError', message: 'x', type: 'Unauthorized' }), 'upstream_error'],
  [402, body({ message: 'Insufficient Balance' }), 'upstream_error'],
  [403, body({ code: 'AccountOverdueError', message: 'x', type: 'Forbidden' }), 'upstream_error'],
  [404, body({ message: 'The model `x` does not exist', code: 'model_not_found' }), 'model_not_found'],
  [404, body({ code: 'InvalidEndpointOrModel.NotFound', message: 'x', type: 'NotFound' }), 'model_not_found'],
  [404, '<html>nginx</html>', 'upstream_error'],
  [408, '', 'upstream_timeout'],
  [413, 'too big', 'too_large'],
  [422, JSON.stringify({ detail: [{ loc: ['body', 'top_p'], msg: 'nan' }] }), 'invalid_request'],
  [429, body({ message: 'Rate limit reached', code: 'rate_limit_exceeded' }), 'rate_limited'],
  [429, body({ message: 'You exceeded your current quota', code: 'insufficient_quota' }), 'not_allowed'],
  [429, body({ code: 'QuotaExceeded', message: 'x', type: 'TooManyRequests' }), 'not_allowed'],
  [429, body({ code: 'SetLimitExceeded', message: 'x', type: 'TooManyRequests' }), 'not_allowed'],
  [429, body({ code: 'ServerOverloaded', message: 'x', type: 'TooManyRequests' }), 'overloaded'],
  [429, body({ code: 'RateLimitExceeded.EndpointTPMExceeded', message: 'x' }), 'rate_limited'],
  [500, '', 'upstream_error'],
  [502, '<html></html>', 'upstream_error'],
  [503, 'busy', 'overloaded'],
  [504, '', 'upstream_timeout'],
  [529, '{}', 'overloaded'],
  [418, '[{"error":{"code":418,"message":"teapot"}}]', 'upstream_error'],
];

test('an upstream failure becomes one of our codes', () => {
  for (const [status, text, code] of CASES) {
    const error = parseOpenaiError(status, {}, text);
    assert.equal(error.code, code, `${status} ${text}`);
    assert.equal(error.upstreamStatus, status);
    assert.notEqual(error.message, '');
    assert.doesNotMatch(error.message, /sk-abc/);
  }
});

test('the field at fault is named, the upstream code kept, secrets are not', () => {
  const error = parseOpenaiError(
    400,
    {},
    body({ message: 'Bearer abcdefgh12345678 is odd', param: 'stop', code: 'odd' }),
  );
  assert.deepEqual([error.param, error.upstreamCode], ['stop', 'odd']);
  assert.doesNotMatch(error.message, /abcdefgh12345678/);
  assert.equal(parseOpenaiError(400, {}, body({ message: 'x'.repeat(9000) })).message.length, 500);
});

test('the wait an upstream asks for', () => {
  const now = Date.UTC(2026, 0, 1, 0, 0, 0);
  assert.equal(retryAfter_s({ 'retry-after': '2' }, now), 2);
  assert.equal(retryAfter_s({ 'retry-after': '0.2' }, now), 1);
  assert.equal(retryAfter_s({ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, now), 30);
  assert.equal(retryAfter_s({ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, now), 0);
  assert.equal(retryAfter_s({ 'retry-after-ms': '1500', 'retry-after': '9' }, now), 2);
  assert.equal(retryAfter_s({ 'retry-after': ['4'] }, now), 4);
  assert.equal(retryAfter_s({ 'retry-after': 'soon' }, now), undefined);
  assert.equal(retryAfter_s({}, now), undefined);
  assert.equal(parseOpenaiError(429, { 'retry-after': '7' }, '').retryAfter_s, 7);
});

test('Ark: quotas are not worth a second try, limits are', () => {
  for (const code of ['QuotaExceeded', 'SetLimitExceeded']) {
    const error = parseOpenaiError(429, {}, body({ code, message: 'x' }));
    assert.equal(error.retryable, false);
    assert.equal(upstreamMayRecover(error), false);
  }
  assert.equal(upstreamMayRecover(parseOpenaiError(403, {}, body({ code: 'AccessDenied', message: 'x' }))), false);
  assert.equal(upstreamMayRecover(parseOpenaiError(401, {}, '')), false);
  assert.equal(
    upstreamMayRecover(parseOpenaiError(500, {}, body({ code: 'InternalServiceError', message: 'x' }))),
    true,
  );
  assert.equal(upstreamMayRecover(parseOpenaiError(503, {}, '')), true);
  assert.equal(arkErrorRule('MissingParameter.messages')?.code, 'invalid_request');
  assert.equal(arkErrorRule('NotFound.Endpoint')?.code, 'not_found');
  assert.equal(arkErrorRule('toString'), undefined);
  assert.equal(Object.keys(ARK_ERRORS).length, 65);
});

test('errors inside a stream or a 200 body', () => {
  assert.equal(parseStreamedError({ code: 429, message: 'slow down' }).code, 'rate_limited');
  assert.equal(parseStreamedError({ code: 502, message: 'down' }).code, 'upstream_error');
  assert.equal(parseStreamedError({ type: 'overloaded_error', message: 'x' }).code, 'overloaded');
  assert.equal(parseStreamedError({ code: 'InternalServiceError', message: 'x' }).code, 'upstream_error');
  assert.equal(parseStreamedError({ type: 'invalid_request_error', message: 'x' }).code, 'invalid_request');
  assert.equal(parseStreamedError('boom').code, 'upstream_error');
});

test('our errors in OpenAI’s shape', () => {
  const shown = openaiErrorBody(new AppError('invalid_request', 'no', { param: 'model' }));
  assertSchema('ErrorResponse', shown);
  assert.deepEqual(shown, {
    error: { message: 'no', type: 'invalid_request_error', param: 'model', code: 'invalid_request' },
  });
  assertSchema('ErrorResponse', openaiErrorBody(new AppError('overloaded', 'busy')));
});
