import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isDataUrl, readDataUrl } from './index.ts';

const READ: [string, string, string][] = [
  ['data:image/png;base64,aGk=', 'image/png', 'hi'],
  ['DATA:Image/PNG;Base64,aGk', 'image/png', 'hi'],
  ['data:image/png;base64,aG%6B%3D', 'image/png', 'hi'],
  ['data:image/png;base64,aG\nk=', 'image/png', 'hi'],
  ['data:,a%20b', 'text/plain', 'a b'],
  ['data:text/plain;charset=utf-8,gr%C3%BC%C3%9Fe', 'text/plain', 'grüße'],
  ['data:text/plain,grüße', 'text/plain', 'grüße'],
  ['data:;base64,', 'text/plain', ''],
];
for (const [url, mediaType, text] of READ) {
  test(`reads ${url.trim().slice(0, 40)}`, () => {
    const read = readDataUrl(url, 100);
    assert.deepEqual([read.mediaType, read.bytes.toString('utf8')], [mediaType, text]);
  });
}

for (const url of [
  '',
  'data:',
  'data:image/png;base64',
  'https://example.com/,',
  'data:;base64,a*b',
  'data:;base64,a=b',
  'data:,%zz',
  `data:${'x'.repeat(600)},a`,
]) {
  test(`refuses "${url.slice(0, 30)}"`, () => {
    assert.throws(() => readDataUrl(url, 100, 'messages[0].content'), {
      code: 'invalid_request',
      param: 'messages[0].content',
    });
  });
}

test('reads back any bytes, and refuses them one byte over the limit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), (bytes, base64) => {
      const escaped = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
      const url = base64 ? `data:a/b;base64,${Buffer.from(bytes).toString('base64')}` : `data:a/b,${escaped}`;
      assert.deepEqual(new Uint8Array(readDataUrl(url, bytes.length).bytes), bytes);
      assert.throws(() => readDataUrl(url, bytes.length - 1), { code: 'too_large' });
    }),
  );
});

test('knows a data URL by its scheme', () => {
  assert.deepEqual(['data:,x', 'Data:,x', 'database', 'https://data:1/'].map(isDataUrl), [true, true, false, false]);
});
