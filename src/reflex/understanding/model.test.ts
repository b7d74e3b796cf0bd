import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseExamples } from '../models/examples.ts';
import { smallTalk } from '../testing.ts';
import { embed, similarity } from '../text/embed.ts';
import { hasHan } from '../text/text.ts';
import type { Example } from '../types.ts';
import { decodeArtefact, encodeArtefact } from './artefact.ts';
import { calibrationError, evaluate, macroF1, slotF1 } from './evaluate.ts';
import { loadModel, trainModel } from './model.ts';

const EXAMPLES = smallTalk();
const BYTES = trainModel(EXAMPLES);

describe('a trained model', () => {
  const model = loadModel(BYTES);

  it('understands texts it has not seen, in both languages', () => {
    const cases: [string, string][] = [
      ['could you switch on the lamp in the kitchen', 'light_on'],
      ['请把卧室的灯打开', 'light_on'],
      ['switch off the bedroom lamp', 'light_off'],
      ['厨房的灯关掉吧', 'light_off'],
      ['wake me at seven', 'alarm'],
      ['定一个六点的闹钟', 'alarm'],
    ];
    for (const [text, intent] of cases) assert.equal(model.predict(text, 0).best, intent, text);
  });

  it('is surer of what it has seen than of nonsense, and calls the latter out of scope', () => {
    const known = model.predict(EXAMPLES[0]!.text, 0);
    const strange = model.predict('zxqv bnnm 1234', 0);
    assert.ok(known.confidence > strange.confidence);
    assert.ok(known.outOfScope < strange.outOfScope);
    assert.equal(known.intent, EXAMPLES[0]!.intent);
    assert.equal(model.predict('', 0).intent, 'oos');
    assert.equal(model.predict('', 0).confidence, 0);
  });

  it('is the same every time, and the same after a save', () => {
    assert.deepEqual(trainModel(EXAMPLES), BYTES);
    const again = loadModel(BYTES.slice());
    for (const { text } of EXAMPLES.slice(0, 20)) assert.deepEqual(again.predict(text, 0), model.predict(text, 0));
  });

  it('reads English words by what they mean, and no other language needs the table', () => {
    const { header, sections } = decodeArtefact(BYTES);
    assert.ok(sections.centre!.length > 0);
    const other = encodeArtefact({ ...(header as object), wordTable: 1 }, sections);
    assert.throws(() => loadModel(other), /another table of words/);
    const { centre: _, ...rest } = sections;
    assert.throws(() => loadModel(encodeArtefact(header as object, rest)), /centre/);
    const chinese = decodeArtefact(trainModel(EXAMPLES.filter(({ text }) => hasHan(text))));
    assert.equal(chinese.sections.centre, undefined);
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { confidence, outOfScope, slots } = model.predict(text, 0);
        assert.ok(confidence >= 0 && confidence <= 1 && outOfScope >= 0 && outOfScope <= 1);
        for (const slot of slots) assert.equal(text.slice(slot.start, slot.end), slot.value);
      }),
      { numRuns: 100 },
    );
    assert.ok(model.predict('word '.repeat(100_000), 0));
  });

  it('refuses bytes that are no model', () => {
    const cut = BYTES.slice(0, -1);
    const wrong = BYTES.slice();
    wrong[0] = 0;
    for (const bytes of [new Uint8Array(0), cut, wrong, new Uint8Array(100)])
      assert.throws(() => loadModel(bytes), { name: 'AppError', code: 'invalid_request' });
  });

  it('works with one intent, two intents, and a single example', () => {
    assert.equal(loadModel(trainModel([{ text: 'hello', intent: 'greet' }])).predict('hello', 0).intent, 'greet');
    const two = loadModel(
      trainModel([
        { text: 'hello there', intent: 'greet' },
        { text: 'see you later', intent: 'bye' },
      ]),
    );
    assert.equal(two.predict('hello', 0).best, 'greet');
    assert.equal(two.predict('later', 0).best, 'bye');
  });

  it('reads slots once it knows the intent', () => {
    assert.deepEqual(model.slotNames, ['city', 'room', 'time']);
    assert.deepEqual(model.predict('please turn on the lamp in the kitchen', 0).slots, [
      { name: 'room', value: 'kitchen', start: 31, end: 38 },
    ]);
  });

  it('is unsure where labels contradict each other', () => {
    const torn = Array.from({ length: 40 }, (_, at) => ({ text: 'stop it now', intent: at % 2 === 0 ? 'a' : 'b' }));
    const { best, confidence } = loadModel(trainModel(torn)).predict('stop it now', 0);
    assert.ok(['a', 'b'].includes(best));
    assert.ok(confidence < 0.75);
  });

  it('says how far training is, to the end of every phase', () => {
    const last = new Map<string, { done: number; of: number }>();
    trainModel(EXAMPLES, {
      onProgress: ({ phase, done, of }) => {
        assert.ok(done >= (last.get(phase)?.done ?? 0) && done <= of);
        last.set(phase, { done, of });
      },
    });
    assert.ok(last.has('fit') && last.has('slots') && last.has('fold 0'));
    for (const { done, of } of last.values()) assert.equal(done, of);
  });

  it('refuses to train on nothing', () => {
    assert.throws(() => trainModel([]), { code: 'invalid_request' });
    assert.throws(() => trainModel([{ text: 'x', intent: 'oos' }]), { code: 'invalid_request' });
  });
});

describe('embeddings', () => {
  it('have length one and bring like texts together', () => {
    const { vectors, usage } = embed(['book a table for two', 'a table for two please', '今天天气很好', ''], 128);
    assert.equal(vectors.length, 4);
    for (const vector of vectors.slice(0, 3)) assert.ok(Math.abs(similarity(vector, vector) - 1) < 1e-5);
    assert.ok(similarity(vectors[0]!, vectors[1]!) > similarity(vectors[0]!, vectors[2]!) + 0.3);
    assert.equal(similarity(vectors[3]!, vectors[3]!), 0);
    assert.equal(usage.input, 5 + 5 + 3);
  });

  it('refuse what they can not give', () => {
    for (const dimensions of [0, 1.5, 5_000, Number.NaN])
      assert.throws(() => embed(['x'], dimensions), { code: 'invalid_request', param: 'dimensions' });
    assert.throws(() => embed(new Array<string>(3_000).fill('x')), { code: 'invalid_request', param: 'input' });
  });
});

describe('examples', () => {
  it('find the offsets of values', () => {
    assert.deepEqual(parseExamples([{ text: 'to Rome', intent: 'go', slots: [{ name: 'city', value: 'Rome' }] }]), [
      { text: 'to Rome', intent: 'go', slots: [{ name: 'city', value: 'Rome', start: 3, end: 7 }] },
    ]);
  });

  const bad: [unknown, string][] = [
    ['x', 'examples'],
    [[null], 'examples[0]'],
    [[{ text: '', intent: 'a' }], 'examples[0]'],
    [[{ text: 'a', intent: '' }], 'examples[0]'],
    [[{ text: 'a', intent: 'b', slots: [{ name: 's', value: 'z' }] }], 'examples[0].slots[0]'],
    [[{ text: 'a', intent: 'b', slots: [{ name: 's', value: 'a', start: 0, end: 9 }] }], 'examples[0].slots[0]'],
    [[{ text: 'a', intent: 'b', reply: 5 }], 'examples[0]'],
  ];
  for (const [input, param] of bad)
    it(`refuse ${JSON.stringify(input)}`, () =>
      assert.throws(() => parseExamples(input), { code: 'invalid_request', param }));

  it('are bounded', () => {
    const many: Example[] = Array.from({ length: 2_001 }, (_, index) => ({ text: `t${index}`, intent: `i${index}` }));
    assert.throws(() => parseExamples(many), { code: 'invalid_request' });
  });
});

describe('measures', () => {
  it('count as they should', () => {
    assert.equal(
      macroF1([
        ['a', 'a'],
        ['a', 'b'],
        ['b', 'b'],
      ]),
      (2 / 3 + 2 / 3) / 2,
    );
    const span = (start: number) => ({ name: 's', value: 'v', start, end: start + 1 });
    assert.equal(slotF1([[[span(0), span(2)], [span(0)]]]), 2 / 3);
    assert.equal(slotF1([]), null);
    assert.equal(
      calibrationError([
        [1, true],
        [1, true],
      ]),
      0,
    );
    assert.equal(calibrationError([[0.9, false]]), 0.9);
  });

  it('are those of the contract', async () => {
    const report = await evaluate({ train: EXAMPLES, test: [...EXAMPLES, { text: 'qqq zzz', intent: 'oos' }] });
    assert.deepEqual(Object.keys(report).sort(), [
      'accuracy',
      'coverage_at_95',
      'ece',
      'examples',
      'in_scope_kept',
      'macro_f1',
      'model_bytes',
      'oos_recall',
      'p50_ms',
      'p99_ms',
      'slot_f1',
      'train_s',
    ]);
    assert.equal(report.examples, EXAMPLES.length);
    assert.ok(report.accuracy > 0.95);
    assert.equal(report.oos_recall, 1);
    assert.ok(report.slot_f1! > 0.8);
    await assert.rejects(evaluate({ train: EXAMPLES, test: [] }), { code: 'invalid_request' });
  });
});
