import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { evaluate } from './evaluate.ts';
import { loadModel, trainModel } from './model.ts';
import { isEnglish, openVectors, type SentenceVectors } from './vectors.ts';

/** Knows that some words mean the same, which their letters don't tell. */
const MEANINGS = [
  ['dog', 'hound', 'puppy'],
  ['boat', 'ship', 'vessel'],
  ['rain', 'drizzle', 'shower'],
];
const vectors: SentenceVectors = {
  dimensions: 3,
  embed: async (texts) =>
    texts.map((text) =>
      Float32Array.from(MEANINGS, (meaning) => (meaning.some((word) => text.includes(word)) ? 1 : 0)),
    ),
};
const EXAMPLES = ['my dog', 'hound of mine', 'a boat', 'this ship', 'so much rain', 'some drizzle'].map((text, at) => ({
  text,
  intent: ['animal', 'sea', 'sky'][at >> 1]!,
}));

describe('a model with sentence vectors', () => {
  it('understands words it was never taught, given their vectors', async () => {
    const model = loadModel(await trainModel(EXAMPLES, { vectors }));
    assert.equal(model.needsVectors, true);
    for (const [text, intent] of [
      ['puppy', 'animal'],
      ['vessel', 'sea'],
      ['shower', 'sky'],
    ] as const) {
      const [vector] = await vectors.embed([text]);
      const prediction = model.predict(text, 0, vector);
      assert.equal(prediction.best, intent);
      assert.ok(prediction.confidence > 0);
      assert.ok(model.predict(text, 0).confidence < prediction.confidence);
    }
  });

  it('answers without them too, and a model without needs none', async () => {
    const model = loadModel(await trainModel(EXAMPLES, { vectors }));
    assert.equal(model.predict('a boat', 0).best, 'sea');
    assert.equal(model.predict('a boat', 0, new Float32Array(7)).best, 'sea');
    assert.equal(loadModel(trainModel(EXAMPLES)).needsVectors, false);
  });

  it('is measured with them', async () => {
    const test = [{ text: 'puppy', intent: 'animal' }];
    assert.equal((await evaluate({ train: EXAMPLES, test, vectors })).accuracy, 1);
  });
});

describe('the encoder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is for English only', () => {
    assert.deepEqual(['hello there', '你好', 'play 音乐', '12 !', ''].map(isEnglish), [
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('says how to bring it where it is missing', async () => {
    await assert.rejects(openVectors(folder), { code: 'not_found', message: /tokenworks add vectors/ });
  });

  it('comes from the folder, gets texts it can take, and gives vectors of length one', async () => {
    const put = (name: string, code: string) => {
      const at = join(folder, 'node_modules', '@energetic-ai', name);
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, 'index.js'), code);
    };
    put('model-embeddings-en', 'exports.modelSource = 7;');
    put(
      'embeddings',
      `exports.initModel = async (source) => ({ embed: async (texts) => texts.map((text) => [source, text.length, text === '' ? NaN : 0]) });`,
    );
    const own = await openVectors(folder);
    assert.equal(own.dimensions, 512);
    const found = await own.embed(['', 'abc', ...Array.from({ length: 20 }, () => 'y'.repeat(10_000))]);
    assert.equal(found.length, 22);
    for (const vector of found) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
    assert.ok(Math.abs(found[1]![1]! / found[1]![0]! - 3 / 7) < 1e-5);
    assert.ok(Math.abs(found[2]![1]! / found[2]![0]! - 500 / 7) < 1e-3);
  });
});
