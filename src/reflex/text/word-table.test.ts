import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { meanVector, similarWords, wordVector } from './similar-words.ts';
import { readWordTable, rowsOfWord, wordTable } from './word-table.ts';

const table = wordTable();

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0);
}

describe('the table of English words', () => {
  it('finds every word that it holds, in alphabetical order', () => {
    let before = '';
    for (let row = 0; row < table.words; row += 13) {
      const word = table.wordAt(row);
      assert.ok(word > before);
      assert.equal(table.rowOf(word), row);
      before = word;
    }
    assert.equal(table.rowOf(table.wordAt(table.words - 1)), table.words - 1);
  });

  it('knows nothing of what no word is, and takes a form for its plain word', () => {
    assert.deepEqual(
      [table.rowOf(''), table.rowOf('xqzvb'), table.rowOf('苹果'), table.rowOf('zzzzzzzzz')],
      [-1, -1, -1, -1],
    );
    for (const [form, plain] of [
      ['reheating', 'heating'],
      ['unsubscribe', 'subscribe'],
    ])
      assert.equal(table.rowOf(form!), table.rowOf(plain!));
  });

  it('splits contractions', () => {
    assert.deepEqual(rowsOfWord("isn't"), [table.rowOf('is'), table.rowOf('not')]);
    assert.deepEqual(rowsOfWord('what’s'), [table.rowOf('what'), table.rowOf('is')]);
    assert.deepEqual(rowsOfWord("can't"), [table.rowOf('can'), table.rowOf('not')]);
    assert.deepEqual(rowsOfWord("'ll"), [table.rowOf('will')]);
    assert.deepEqual([rowsOfWord('天气'), rowsOfWord("'"), rowsOfWord('')], [[], [], []]);
  });

  it('puts like words into one group, and frequent words first', () => {
    const groups = ['monday', 'tuesday', 'thursday'].map((word) => table.groupsOf(table.rowOf(word)));
    assert.equal(new Set(groups.map(({ coarse }) => coarse)).size, 1);
    assert.notEqual(table.groupsOf(table.rowOf('banana')).coarse, groups[0]!.coarse);
    assert.equal(table.rankOf(table.rowOf('the')), 0);
    assert.ok(table.rankOf(table.rowOf('year')) < table.rankOf(table.rowOf('armchair')));
  });

  it('takes any text for a word without failing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const row of rowsOfWord(text)) assert.ok(row >= 0 && row < table.words);
      }),
    );
  });

  it('refuses bytes that are no table', () => {
    assert.throws(() => readWordTable(new Uint8Array(4)), /no table/);
    assert.throws(() => readWordTable(new Uint8Array(400)), /no table/);
    const cut = new Uint8Array(64);
    new DataView(cut.buffer).setUint32(0, table.version, true);
    new DataView(cut.buffer).setUint32(4, 9, true);
    assert.throws(() => readWordTable(cut), /cut short/);
  });
});

describe('directions of words', () => {
  it('lie near where words are used alike', () => {
    const [car, truck, soup] = ['car', 'truck', 'soup'].map((word) => wordVector(word)!) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    assert.ok(cosine(car, truck) > cosine(car, soup) + 0.2);
    assert.ok(Math.abs(Math.hypot(...car) - 1) < 1e-5);
    assert.equal(wordVector('xqzvb'), undefined);
  });

  it('are averaged over a text, common words counting little', () => {
    const [full, bare] = [meanVector('where is the soup')!, meanVector(['Soup'])!];
    assert.ok(cosine(full, bare) > 0.7);
    assert.equal(meanVector('你好'), undefined);
    assert.equal(meanVector([]), undefined);
  });

  it('find similar words, the word itself left out', () => {
    const found = similarWords('doctor', 5);
    assert.equal(found.length, 5);
    assert.ok(found.every(({ word }) => word !== 'doctor'));
    assert.ok(found.some(({ word }) => ['physician', 'surgeon', 'doctors', 'nurse'].includes(word)));
    assert.deepEqual(
      found.map(({ similarity }) => similarity),
      found.map(({ similarity }) => similarity).sort((a, b) => b - a),
    );
    assert.deepEqual(similarWords('xqzvb'), []);
  });
});
