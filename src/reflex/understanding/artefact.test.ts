import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeArtefact, encodeArtefact } from './artefact.ts';

const BYTES = encodeArtefact(
  { hello: 'wörld' },
  { a: Uint8Array.from([1, 2, 3]), b: Float32Array.from([0.5, -2]), c: new Uint16Array(0), d: Int8Array.from([-1]) },
);

describe('an artefact', () => {
  it('comes back as it was, on borders that typed arrays need', () => {
    const { header, sections } = decodeArtefact(BYTES);
    assert.deepEqual(header, { hello: 'wörld' });
    assert.deepEqual(Object.keys(sections), ['a', 'b', 'c', 'd']);
    assert.deepEqual(sections.a, Uint8Array.from([1, 2, 3]));
    assert.deepEqual(sections.b, Float32Array.from([0.5, -2]));
    assert.deepEqual(sections.d, Int8Array.from([-1]));
  });

  it('is a copy: what is done to the bytes later does not reach it', () => {
    const bytes = BYTES.slice();
    const { sections } = decodeArtefact(bytes);
    bytes.fill(0);
    assert.deepEqual(sections.a, Uint8Array.from([1, 2, 3]));
  });

  it('refuses what is cut, long, or damaged in its head', () => {
    const refused = { name: 'AppError', code: 'invalid_request', param: 'bytes' };
    for (let length = 0; length < BYTES.length; length += 3)
      assert.throws(() => decodeArtefact(BYTES.slice(0, length)), refused);
    assert.throws(() => decodeArtefact(Uint8Array.from([...BYTES, 0, 0, 0, 0])), refused);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (noise) => {
        const bytes = BYTES.slice();
        bytes.set(noise.subarray(0, bytes.length - 8), 8);
        try {
          decodeArtefact(bytes);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'invalid_request');
        }
      }),
    );
  });
});
