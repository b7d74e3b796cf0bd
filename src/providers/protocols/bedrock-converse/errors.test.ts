import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../../base/errors.ts';
import { parseBedrockError } from './errors.ts';

const cases: [status: number, type: string, message: string, code: ErrorCode][] = [
  [429, 'ThrottlingException', 'Too many requests', 'rate_limited'],
  [400, 'ServiceQuotaExceededException', 'quota', 'rate_limited'],
  [429, 'ModelNotReadyException', 'warming up', 'overloaded'],
  [503, 'ServiceUnavailableException', 'later', 'overloaded'],
  [408, 'ModelTimeoutException', 'late', 'upstream_timeout'],
  [424, 'ModelErrorException', 'x', 'upstream_error'],
  [500, 'InternalServerException', 'x', 'upstream_error'],
  [400, 'ValidationException', 'Malformed input request', 'invalid_request'],
  [400, 'ValidationException', 'Input is too long for requested model.', 'context_too_long'],
  [400, 'ValidationException', 'prompt is too long: 300000 tokens > 200000 maximum', 'context_too_long'],
  [400, 'ValidationException', 'The provided model identifier is invalid.', 'model_not_found'],
  [404, 'ResourceNotFoundException', 'no such model', 'model_not_found'],
  [403, 'AccessDeniedException', "You don't have access to the model", 'upstream_error'],
  [403, 'UnrecognizedClientException', 'The security token is invalid.', 'upstream_error'],
  [403, 'ExpiredTokenException', 'expired', 'upstream_error'],
  [403, 'InvalidSignatureException', 'signature', 'upstream_error'],
];

for (const [status, type, message, code] of cases) {
  test(`parseError: ${status} ${type}: ${message.slice(0, 40)}`, () => {
    const header = parseBedrockError(
      status,
      { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/` },
      JSON.stringify({ message }),
    );
    const inBody = parseBedrockError(
      status,
      {},
      JSON.stringify({ __type: `com.amazon.coral#${type}`, Message: message }),
    );
    for (const error of [header, inBody]) {
      assert.equal(error.code, code);
      assert.equal(error.upstreamStatus, status);
      assert.equal(error.upstreamCode, type);
      assert.ok(error.message.includes(message));
    }
  });
}

test('without a name the status decides; a body that is no JSON is not shown', () => {
  const code = (status: number) => parseBedrockError(status, {}, '<html>secret page</html>').code;
  assert.deepEqual([400, 403, 408, 413, 429, 500, 503, 504].map(code), [
    'invalid_request',
    'upstream_error',
    'upstream_timeout',
    'too_large',
    'rate_limited',
    'upstream_error',
    'overloaded',
    'upstream_timeout',
  ]);
  assert.doesNotMatch(parseBedrockError(500, {}, '<html>secret page</html>').message, /secret/);
});

test('retry-after is kept where trying again helps; secrets are not shown', () => {
  const headers = { 'x-amzn-errortype': 'ThrottlingException', 'retry-after': '3' };
  assert.equal(parseBedrockError(429, headers, '{}').retryAfter_s, 3);
  const leak = JSON.stringify({ message: 'key AKIAIOSFODNN7EXAMPLEKEY is wrong' });
  assert.doesNotMatch(parseBedrockError(403, {}, leak).message, /IOSFODNN7/);
});
