import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matchesPattern, parsePattern, samplePattern } from './pattern.ts';

const SOURCES = [
  '^[a-z]{3,5}$',
  '^\\d{4}-\\d{2}-\\d{2}$',
  '^(foo|bar)+$',
  '[A-Z]',
  '^$',
  'a*b',
  '^[^@\\s]+@[^@\\s]+\\.[a-z]+$',
  '^(?:a|ab)(?:c|bcd)(d*)$',
  '^\\+?[0-9]{5,}$',
  '^.{2}$',
  '^[\\w-]+$',
  'x|^y|z$',
];

describe('patterns', () => {
  it('match the same texts as the host engine', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SOURCES),
        fc.string({ unit: fc.constantFrom(...'abcdefoxyz019-@. Z+r'), maxLength: 12 }),
        (source, text) => {
          assert.equal(matchesPattern(parsePattern(source)!, text), new RegExp(source, 'u').test(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  for (const source of SOURCES) {
    it(`writes a text that fits ${source}`, () => {
      const text = samplePattern(parsePattern(source)!);
      assert.ok(text !== undefined && new RegExp(source, 'u').test(text));
    });
  }

  it('writes longer texts where repeats allow it', () => {
    assert.equal(samplePattern(parsePattern('^[a-z]+$')!, 7)?.length, 7);
  });

  it('takes linear time on an expression that explodes elsewhere', () => {
    const pattern = parsePattern('^(a+)+$')!;
    assert.equal(matchesPattern(pattern, `${'a'.repeat(2_000)}!`), false);
  });

  it('says no to what it can not read', () => {
    for (const source of ['(?=a)b', '(a)\\1', '\\bword', '\\p{L}', '[z-a]', '(', 'a{99999}{99999}', 'a{3,1}'])
      assert.equal(parsePattern(source), undefined, source);
  });
});
