import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSecret } from './ids.ts';
import { hideCards, redact, redactDeep, shorten, utf8Bytes } from './text.ts';

const SECRET = 'q8Zk3vT1pLx0Rr7sWm2Yb5Nc';
const LEAKS = [
  `Authorization: Bearer ${SECRET}`,
  `authorization: basic ${SECRET}==`,
  `key sk-${SECRET} was refused`,
  `key sk-ant-api03-${SECRET}-xx_yy was refused`,
  `AIza${SECRET}`,
  `AKIA${SECRET.toUpperCase()}`,
  `{"api_key": "${SECRET}"}`,
  `{"apiKey":"${SECRET}"}`,
  `{"x-api-key":"${SECRET}","b":1}`,
  `{"password":"${SECRET}"}`,
  `GET https://example.com/x?key=${SECRET}&alt=sse`,
  `https://example.com/?a=1&access_token=${SECRET}`,
  newSecret('tw'),
  newSecret('twp'),
  `x-api-key: ${SECRET}`,
  `x-goog-api-key: ${SECRET}`,
  `{'api_key': '${SECRET}'}`,
  `ghp_${SECRET}`,
  `PASSWORD=${SECRET}`,
  JSON.stringify({ error: `{"api_key": "${SECRET}"}` }),
];
for (const text of LEAKS) {
  test(`hides the secret of ${text.slice(0, 24)}…`, () => {
    const safe = redact(text);
    assert.match(safe, /\*\*\*/);
    assert.ok(!safe.includes(SECRET) && !safe.includes(SECRET.toUpperCase()), safe);
    assert.equal(redact(safe), safe);
  });
}

test('hides every secret of a text, and keeps what is around it', () => {
  const text = `a Bearer ${SECRET} b {"token":"${SECRET}","n":1} c ?key=${SECRET}&d=1`;
  assert.equal(redact(text), 'a Bearer *** b {"token":"***","n":1} c ?key=***&d=1');
});

test('hides secrets in every string of a value, whatever stands beside them', () => {
  const value = { error: `at https://x.example/?key=${SECRET}"`, deep: [{ token: SECRET, n: 1, none: null }] };
  assert.deepEqual(redactDeep(value), {
    error: 'at https://x.example/?key=***"',
    deep: [{ token: '***', n: 1, none: null }],
  });
});

test('hides card numbers, and no other number', () => {
  assert.equal(hideCards('pay 4111 1111 1111 1111, or 5500-0000-0000-0004.'), 'pay ***, or ***.');
  for (const text of [
    '4111111111111112',
    '1700000000000',
    '0.4111111111111111',
    '0000000000000000',
    'tel 138 0013 8000',
  ]) {
    assert.equal(hideCards(text), text);
  }
});

test('leaves ordinary text alone', () => {
  for (const text of [
    '',
    'twice the tokens',
    'model gpt-5.6-sol answered 429',
    '{"max_tokens": 100}',
    'the bearer of news',
    '你好',
  ]) {
    assert.equal(redact(text), text);
  }
});

test('counts bytes and shortens by characters', () => {
  assert.deepEqual(['', 'a', 'é', '你', '🎉'].map(utf8Bytes), [0, 1, 2, 3, 4]);
  assert.deepEqual(
    [shorten('abc', 3), shorten('abcd', 3), shorten('abcd', 0), shorten('', 5)],
    ['abc', 'ab…', '…', ''],
  );
});
