import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ResponseReader } from './response-reader.ts';

const SIZED = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello';
const EMPTY = 'HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n';
const INTERIM = 'HTTP/1.1 100 Continue\r\n\r\n';

function read(pieces: Buffer[]): { status: number; body: string }[] {
  const replies: { status: number; body: string }[] = [];
  let body = '';
  let status = 0;
  const reader = new ResponseReader({
    onHead: (code) => {
      status = code;
      body = '';
    },
    onBody: (bytes) => {
      body += bytes.toString('latin1');
    },
    onEnd: () => replies.push({ status, body }),
  });
  for (const piece of pieces) reader.push(piece);
  assert.equal(reader.close(), true);
  return replies;
}

test('reads the same replies however the bytes are cut', () => {
  const bytes = Buffer.from(SIZED + CHUNKED + INTERIM + EMPTY + SIZED);
  const expected = [
    { status: 200, body: 'hello' },
    { status: 200, body: 'abc0123456789' },
    { status: 429, body: '' },
    { status: 200, body: 'hello' },
  ];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 30 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const pieces = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      assert.deepEqual(read(pieces), expected);
    }),
  );
});

test('a body without a length ends with the connection', () => {
  assert.deepEqual(read([Buffer.from('HTTP/1.1 200 OK\r\n\r\nab'), Buffer.from('c')]), [{ status: 200, body: 'abc' }]);
});

test('an unfinished body is seen at the end', () => {
  const reader = new ResponseReader({ onHead: () => {}, onBody: () => {}, onEnd: () => assert.fail('it has no end') });
  reader.push(Buffer.from(SIZED.slice(0, -1)));
  assert.equal(reader.close(), false);
});

test('a chunk without a size is refused', () => {
  const reader = new ResponseReader({ onHead: () => {}, onBody: () => {}, onEnd: () => {} });
  assert.throws(
    () => reader.push(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n')),
    RangeError,
  );
});
