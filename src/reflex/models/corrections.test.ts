import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Prediction } from '../types.ts';
import { createCorrections } from './corrections.ts';

const said = (best: string, confidence = 0.7): Omit<Prediction, 'ms'> => ({
  best,
  intent: best,
  confidence,
  outOfScope: 0.1,
  slots: [],
});

describe('corrections', () => {
  it('leave what they are not about as it is', () => {
    const corrections = createCorrections();
    corrections.add({ add: { text: 'my parcel never came', intent: 'lost' } }, said('track', 0.4));
    const learnt = said('weather');
    assert.equal(corrections.correct('will it be sunny tomorrow in the mountains', learnt), learnt);
    assert.equal(createCorrections().correct('anything', learnt), learnt);
    assert.equal(createCorrections().correct('anything', undefined), undefined);
  });

  it('are followed by the same text whatever the model says, and the newest wins', () => {
    const corrections = createCorrections();
    corrections.add({ add: { text: 'My parcel never came', intent: 'lost' } }, said('track', 0.4));
    assert.equal(corrections.correct('my parcel never came ', said('track', 0.99))!.intent, 'lost');
    corrections.add({ add: { text: 'my parcel never came', intent: 'refund' } }, said('track', 0.4));
    assert.equal(corrections.correct('my parcel never came', said('track'))!.intent, 'refund');
    assert.equal(corrections.size, 1);
  });

  it('are followed by paraphrases where the model makes the same mistake, and only there', () => {
    const corrections = createCorrections();
    corrections.add({ add: { text: 'my parcel never came', intent: 'lost' } }, said('track', 0.4));
    const paraphrase = 'the parcel never came to my house';
    assert.equal(corrections.correct(paraphrase, said('track', 0.35))!.intent, 'lost');
    assert.equal(corrections.correct(paraphrase, said('track', 0.95))!.intent, 'track');
    assert.equal(corrections.correct(paraphrase, said('refund', 0.35))!.intent, 'refund');
  });

  it('make new intents, whose slots are those of the example that stand in the text', () => {
    const corrections = createCorrections();
    const slots = [{ name: 'song', value: 'blue', start: 9, end: 13 }];
    corrections.add({ add: { text: 'play the blue song', intent: 'music', slots } }, said('weather', 0.4));
    const answer = corrections.correct('play the blue song!', said('weather'))!;
    assert.deepEqual([answer.intent, answer.best, answer.slots], ['music', 'music', slots]);
    assert.equal(corrections.correct('something else', undefined)!.intent, 'oos');
  });

  it('can say that a text is out of scope', () => {
    const corrections = createCorrections();
    corrections.add({ add: { text: 'sing like a whale', intent: 'oos' } }, said('music', 0.4));
    const answer = corrections.correct('sing like a whale', said('music'))!;
    assert.deepEqual([answer.intent, answer.best], ['oos', 'music']);
    assert.ok(answer.outOfScope > 0.9);
  });

  it('take back an example: of an intent, or all of a text', () => {
    const corrections = createCorrections();
    corrections.add({ remove: { text: 'dim it', intent: 'music' } }, said('music', 0.4));
    assert.equal(corrections.correct('dim it', said('music'))!.intent, 'oos');
    assert.equal(corrections.correct('dim it', said('light'))!.intent, 'light');
    corrections.add({ add: { text: 'dim it', intent: 'light' } }, said('music', 0.4));
    corrections.add({ remove: { text: 'dim it', intent: 'music' } }, said('music', 0.4));
    assert.equal(corrections.correct('dim it', said('music'))!.intent, 'light');
    corrections.add({ remove: { text: 'dim it' } }, said('music', 0.4));
    assert.equal(corrections.correct('dim it', said('music'))!.intent, 'oos');
    assert.deepEqual(corrections.examples(), []);
  });
});
