import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../base/errors.ts';
import { createGuard } from './guard.ts';

const guard = createGuard({
  host: '127.0.0.1',
  allowedHosts: ['tokens.example.com'],
  allowedOrigins: ['https://app.example.com'],
});

const refused = (headers: Record<string, string>, method = 'POST'): boolean => {
  try {
    guard.check(headers, method);
    return false;
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'not_allowed');
    return true;
  }
};

test('hosts that a page can not forge are served, others are refused', () => {
  for (const host of [
    '127.0.0.1:8787',
    'localhost:8787',
    '[::1]:8787',
    '10.0.0.7',
    'tokens.example.com',
    'TOKENS.example.com:443',
  ]) {
    assert.equal(refused({ host }), false, host);
  }
  for (const host of [
    'evil.example',
    'evil.example:8787',
    'localhost.evil.example',
    'tokens.example.com.evil.example',
    '',
    '127.0.0.1:8787@evil.example',
    'a b',
  ]) {
    assert.equal(refused({ host }), true, host);
  }
  assert.equal(refused({}), true);
});

test('a write from another site is refused, a read and an allowed origin are not', () => {
  const host = '127.0.0.1:8787';
  assert.equal(refused({ host, origin: 'https://evil.example' }), true);
  assert.equal(refused({ host, origin: 'null' }), true);
  assert.equal(refused({ host, origin: 'http://127.0.0.1:9999' }), true);
  assert.equal(refused({ host, origin: 'http://127.0.0.1:8787' }), false);
  assert.equal(refused({ host, origin: 'https://app.example.com' }), false);
  assert.equal(refused({ host, origin: 'https://evil.example' }, 'GET'), false);
});
