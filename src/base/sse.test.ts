import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_FRAME_BYTES, SseParser, sseFrame } from './sse.ts';

interface Seen {
  event?: string;
  data: string;
}

function parse(pieces: Uint8Array[]): { frames: Seen[]; bytes: string } {
  const parser = new SseParser();
  const frames = pieces.flatMap((piece) => parser.push(piece));
  const last = parser.end();
  if (last) frames.push(last);
  const seen = frames.map(({ event, data }) => (event === undefined ? { data } : { event, data }));
  return { frames: seen, bytes: Buffer.concat(frames.map((frame) => frame.bytes)).toString() };
}

const STREAMS: [string, Seen[]][] = [
  ['data: {"a":1}\n\n', [{ data: '{"a":1}' }]],
  ['data: a\n\ndata: b\n\n', [{ data: 'a' }, { data: 'b' }]],
  ['data:a\n\n', [{ data: 'a' }]],
  ['data: a\r\n\r\ndata: b\r\n\r\n', [{ data: 'a' }, { data: 'b' }]],
  ['event: ping\ndata: {}\n\n', [{ event: 'ping', data: '{}' }]],
  ['event: ping\r\ndata: {}\r\n\r\n', [{ event: 'ping', data: '{}' }]],
  ['data: {}\nevent: late\n\n', [{ event: 'late', data: '{}' }]],
  ['data: a\ndata: b\n\n', [{ data: 'a\nb' }]],
  ['data: a\n: comment\nid: 1\nretry: 5\n\n', [{ data: 'a' }]],
  [': keep-alive\n\n', [{ data: '' }]],
  ['data: 你好 🎉\n\n', [{ data: '你好 🎉' }]],
  ['data: [DONE]', [{ data: '[DONE]' }]],
  ['data: a\n\n\n', [{ data: 'a' }]],
  ['data: a\n\n\n\ndata: b\n\n', [{ data: 'a' }, { data: '' }, { data: 'b' }]],
  ['event: only\n\n', [{ event: 'only', data: '' }]],
  ['data: x: y\ndata\n\n', [{ data: 'x: y\n' }]],
  ['data: \n\n', [{ data: '' }]],
  ['data:  two spaces\n\n', [{ data: ' two spaces' }]],
  ['data: kept  \n\n', [{ data: 'kept  ' }]],
  ['data: a\n:', [{ data: 'a' }]],
  ['data: a\nb', [{ data: 'a' }]],
  ['data: a\r\n', [{ data: 'a' }]],
  ['data: a\r', [{ data: 'a' }]],
  ['data: a\n\r\n', [{ data: 'a' }]],
  ['', []],
];
for (const [stream, expected] of STREAMS) {
  test(`parses ${JSON.stringify(stream)} in one piece and byte by byte`, () => {
    const bytes = Buffer.from(stream);
    assert.deepEqual(parse([bytes]).frames, expected);
    assert.deepEqual(parse([...bytes].map((byte) => Uint8Array.of(byte))).frames, expected);
  });
}

test('how the bytes are cut makes no difference, and none is lost', () => {
  const line = fc.constantFrom('data: a', 'data: {"x":"é"}', 'event: e', ': c', 'data:', 'id: 7', 'data: 你');
  const frame = fc.tuple(fc.array(line, { minLength: 1, maxLength: 4 }), fc.constantFrom('\n', '\r\n'));
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(200), { maxLength: 12 }), (frames, cuts) => {
      const bytes = Buffer.from(frames.map(([lines, end]) => `${lines.join(end)}${end}${end}`).join(''));
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((one, other) => one - other), bytes.length];
      const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      const whole = parse([bytes]);
      assert.deepEqual(parse(pieces), whole);
      assert.equal(whole.frames.length, frames.length);
      assert.equal(whole.bytes, bytes.toString());
    }),
  );
});

test('a frame without end is refused before it fills the memory', () => {
  const parser = new SseParser();
  const piece = Buffer.alloc(MAX_FRAME_BYTES / 4, 'x');
  assert.throws(() => {
    for (let count = 0; count < 6; count++) parser.push(piece);
  }, RangeError);
});

test('a large frame in many pieces is read whole, with what follows it', () => {
  const large = 'x'.repeat(1_000_000);
  const bytes = Buffer.from(`data: ${large}\r\n\r\ndata: b\n\n`);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, index) =>
    bytes.subarray(index * 1000, (index + 1) * 1000),
  );
  assert.deepEqual(parse(pieces).frames, [{ data: large }, { data: 'b' }]);
});

test('a frame that is written is read back', () => {
  assert.deepEqual(parse([Buffer.from(sseFrame('{"a":1}'))]).frames, [{ data: '{"a":1}' }]);
  assert.deepEqual(parse([Buffer.from(sseFrame('{}', 'message_stop'))]).frames, [
    { event: 'message_stop', data: '{}' },
  ]);
});
