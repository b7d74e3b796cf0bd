import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  CHARACTERS,
  FRAMES,
  featuresOf,
  GROUPS,
  learnCentre,
  learnVocabulary,
  rowOf,
  STEMS,
  tableOf,
  vectorOf,
  WORDS,
} from './features.ts';

/** Hashes of one group. */
function group(text: string, which: number, spans?: Parameters<typeof featuresOf>[1]): Set<number> {
  const { hashes, ends } = featuresOf(text, spans);
  return new Set(hashes.subarray(which === 0 ? 0 : ends[which - 1]!, ends[which]!));
}

function shared(left: Set<number>, right: Set<number>): number {
  return [...left].filter((hash) => right.has(hash)).length;
}

describe('features', () => {
  it('bring inflected forms together by their stems, not by their words', () => {
    assert.equal(shared(group('cooking', WORDS), group('cooked', WORDS)), 0);
    assert.ok(shared(group('cooking', STEMS), group('cooked', STEMS)) > 0);
  });

  it('survive a slip of the keyboard and the wrong Chinese word border', () => {
    assert.ok(shared(group('thermostat', CHARACTERS), group('thermostta', CHARACTERS)) >= 10);
    assert.ok(shared(group('开空调', CHARACTERS), group('空调开', CHARACTERS)) >= 4);
  });

  it('make sentences with other values of the same slots alike', () => {
    const span = (name: string, value: string, text: string) => ({
      name,
      value,
      start: text.indexOf(value),
      end: text.indexOf(value) + value.length,
    });
    const one = 'fly to Quito please';
    const two = 'fly to Dakar please';
    assert.deepEqual(
      group(one, FRAMES, [span('city', 'Quito', one)]),
      group(two, FRAMES, [span('city', 'Dakar', two)]),
    );
    assert.equal(group(one, FRAMES).size, 0);
    assert.notDeepEqual(
      group(one, FRAMES, [span('city', 'Quito', one)]),
      group(one, FRAMES, [span('food', 'Quito', one)]),
    );
  });

  it('take any text, in time that does not grow with its end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const { hashes, counts, ends } = featuresOf(text);
        assert.equal(ends.length, GROUPS);
        assert.equal(ends.at(-1), hashes.length);
        assert.ok(counts.every((count) => count >= 1));
      }),
    );
    assert.deepEqual(featuresOf('word '.repeat(200_000)), featuresOf('word '.repeat(800)));
  });
});

describe('a vocabulary', () => {
  const texts = ['red apple', 'red pear', 'red plum'].map((text) => featuresOf(text));
  const learnt = learnVocabulary(texts, 1, 1_000);
  const vocabulary = tableOf(learnt.hashes, learnt.idf, 8);

  it('knows what was seen, the most frequent first', () => {
    for (const { hashes } of texts) for (const hash of hashes) assert.ok(rowOf(vocabulary, hash) >= 0);
    for (const hash of featuresOf('zzz').hashes) assert.equal(rowOf(vocabulary, hash), -1);
    const idf = [...learnt.idf];
    assert.deepEqual(
      idf,
      [...idf].sort((a, b) => a - b),
    );
    assert.equal(learnVocabulary(texts, 2, 1_000).hashes.length, learnt.repeated);
    assert.equal(learnVocabulary(texts, 1, 3).hashes.length, 3);
  });

  it('gives vectors of length one, with room for a sentence vector in front', () => {
    const dense = Float32Array.from([0.6, 0.8, 0, 0, 0, 0, 0, 0]);
    for (const given of [undefined, dense]) {
      const vector = vectorOf(texts[0]!, vocabulary, given);
      assert.ok(Math.abs(Math.hypot(...vector.values) - 1) < 1e-5);
      assert.equal(vector.known, texts[0]!.hashes.length);
      assert.equal(vector.rows.filter((row) => row < 8).length, given ? 8 : 0);
      assert.equal(vector.unseen, 0);
    }
    const strange = vectorOf(featuresOf('zzz'), vocabulary);
    assert.deepEqual([strange.rows.length, strange.unseen, strange.known], [0, 1, 0]);
    assert.equal(vectorOf(featuresOf(''), vocabulary).unseen, 1);
  });

  it('reads words as what they mean, beside what they are', () => {
    const { idf, hashes } = learnt;
    const centre = learnCentre(texts, vocabulary);
    assert.ok(Math.hypot(...centre) > 0.3);
    const meant = tableOf(hashes, idf, 0, centre);
    const of = (text: string) => vectorOf(featuresOf(text), meant).meaning;
    const alike = (a: string, b: string) => of(a).reduce((sum, value, at) => sum + value * of(b)[at]!, 0);
    assert.ok(alike('piano', 'violin') > alike('piano', 'engine'));
    const vector = vectorOf(featuresOf('peach'), meant);
    assert.ok(Math.abs(Math.hypot(...vector.values) - 1) < 1e-5);
    assert.equal(vector.rows.filter((row) => row < centre.length).length, centre.length);
    const foreign = vectorOf(featuresOf('红苹果'), meant);
    assert.deepEqual([foreign.rows.length, Math.hypot(...foreign.meaning)], [0, 0]);
  });

  it('has no meanings where few examples have a word of the table', () => {
    const foreign = ['红苹果', '绿梨子', '蓝莓酱'].map((text) => featuresOf(text));
    const known = learnVocabulary(foreign, 1, 1_000);
    assert.equal(learnCentre(foreign, tableOf(known.hashes, known.idf)).length, 0);
    assert.equal(learnCentre([], vocabulary).length, 0);
  });
});
