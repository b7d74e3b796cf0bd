import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, ERROR_CODES, type ErrorCode } from '../../../base/errors.ts';
import type { JsonObject } from '../../protocol.ts';
import { errorFromEvent, messagesErrorBody, parseAnthropicError } from './errors.ts';

const body = (type: string, message: string) => JSON.stringify({ type: 'error', error: { type, message } });

const cases: [status: number, body: string, code: ErrorCode][] = [
  [400, body('invalid_request_error', 'max_tokens: Field required'), 'invalid_request'],
  [400, body('invalid_request_error', 'prompt is too long: 205000 tokens > 200000 maximum'), 'context_too_long'],
  [
    400,
    body('invalid_request_error', 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000'),
    'context_too_long',
  ],
  [400, body('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'), 'upstream_error'],
  [401, body('authentication_error', 'invalid x-api-key'), 'upstream_error'],
  [402, body('billing_error', 'pay'), 'upstream_error'],
  [403, body('permission_error', 'no'), 'upstream_error'],
  [404, body('not_found_error', 'model: claude-9'), 'model_not_found'],
  [404, '<html>not here</html>', 'upstream_error'],
  [408, '', 'upstream_timeout'],
  [413, body('request_too_large', 'Request exceeds the maximum size'), 'too_large'],
  [413, '<html></html>', 'too_large'],
  [429, body('rate_limit_error', 'slow down'), 'rate_limited'],
  [500, body('api_error', 'Internal server error'), 'upstream_error'],
  [502, 'bad gateway', 'upstream_error'],
  [503, '', 'overloaded'],
  [504, body('timeout_error', 'late'), 'upstream_timeout'],
  [529, body('overloaded_error', 'Overloaded'), 'overloaded'],
  [422, JSON.stringify({ error: 'no such field' }), 'invalid_request'],
  [418, '{"x":', 'upstream_error'],
];

for (const [status, text, code] of cases) {
  test(`parseError: ${status} ${text.slice(0, 70)}`, () => {
    const error = parseAnthropicError(status, {}, text);
    assert.equal(error.code, code);
    assert.equal(error.upstreamStatus, status);
    assert.doesNotMatch(error.message, /<html>/);
  });
}

test('the field and the code that upstream named are kept', () => {
  const error = parseAnthropicError(400, {}, body('invalid_request_error', 'messages.0.content.1.text: too short'));
  assert.equal(error.param, 'messages[0].content[1].text');
  assert.equal(error.upstreamCode, 'invalid_request_error');
});

test('retry-after: seconds, a date, and only where trying again helps', () => {
  const wait = (headers: Record<string, string>, status = 429) => parseAnthropicError(status, headers, '').retryAfter_s;
  assert.equal(wait({ 'retry-after': '12' }), 12);
  assert.equal(wait({ 'retry-after': '1.5' }, 529), 2);
  const dates = { date: 'Tue, 24 Nov 2026 10:00:00 GMT', 'retry-after': 'Tue, 24 Nov 2026 10:00:30 GMT' };
  assert.equal(wait(dates), 30);
  assert.equal(wait({ 'retry-after': 'soon' }), undefined);
  assert.equal(wait({ 'retry-after': '12' }, 400), undefined);
});

test('secrets never reach a message, and long texts are cut', () => {
  const secret = 'sk-ant-api03-abcdefghijklmnop';
  const error = parseAnthropicError(400, {}, body('invalid_request_error', `key ${secret} ${'x'.repeat(5000)}`));
  assert.doesNotMatch(error.message, /abcdefghijklmnop/);
  assert.ok(error.message.length < 1000);
});

test('events in a stream', () => {
  const code = (type: string) => errorFromEvent({ type: 'error', error: { type, message: 'm' } }).code;
  assert.equal(code('overloaded_error'), 'overloaded');
  assert.equal(code('rate_limit_error'), 'rate_limited');
  assert.equal(code('api_error'), 'upstream_error');
  assert.equal(code('timeout_error'), 'upstream_timeout');
  assert.equal(errorFromEvent({ type: 'error' }).code, 'upstream_error');
});

test('every code of ours has a type of this surface', () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const shown = messagesErrorBody(new AppError(code, 'text', { param: 'a' }));
    const error = shown.error as JsonObject;
    assert.equal(shown.type, 'error');
    assert.match(error.type as string, /^[a-z_]+$/);
    assert.deepEqual([error.code, error.message, error.param], [code, 'text', 'a']);
  }
});

test("a refused thread is told as Anthropic's client understands it", () => {
  const refused = messagesErrorBody(new AppError('invalid_request', 'thread: no.', { param: 'thread' }));
  assert.deepEqual((refused.error as JsonObject).details, {
    error_code: 'thread_unsupported_request',
    unsupported: ['model'],
  });
  assert.equal(
    (messagesErrorBody(new AppError('invalid_request', 'n: no.', { param: 'n' })).error as JsonObject).details,
    undefined,
  );
});
