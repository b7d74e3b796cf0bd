import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_NAME, name, storable, storableJson } from './text.ts';

const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\0', '\\', 'u', '0', '\ud800', '\udc00', '"', '茶'),
    fc.string({ minLength: 1, maxLength: 1 }),
  ),
});

describe('text for the database', () => {
  it('replaces in JSON text what it replaces in the text itself, and nothing else', () => {
    fc.assert(
      fc.property(anyText, anyText, (key, value) => {
        const clean = JSON.parse(storableJson(JSON.stringify({ [`k${key}`]: [value] }))) as Record<string, string[]>;
        assert.deepEqual(Object.entries(clean), [[`k${storable(key)}`, [storable(value)]]]);
      }),
      { numRuns: 500 },
    );
  });

  it('has no NUL and no half pair left', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const clean = storable(text);
        assert.ok(clean.isWellFormed() && !clean.includes('\0'));
        assert.equal(clean.length, text.length);
      }),
    );
  });

  it('cuts long names, also through a pair', () => {
    assert.equal(name('short'), 'short');
    assert.equal(name('x'.repeat(MAX_NAME + 1)).length, MAX_NAME);
    assert.equal(name(`x${'😀'.repeat(MAX_NAME)}`).at(-1), '\uFFFD');
  });
});
