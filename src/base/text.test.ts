import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSecret } from './ids.ts';
import { redact, shorten, utf8Bytes } from './text.ts';

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
