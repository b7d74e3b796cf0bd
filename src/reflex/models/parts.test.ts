import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OUT_OF_SCOPE, type Prediction } from '../types.ts';
import { partsOf } from './parts.ts';

type Reading = Omit<Prediction, 'ms'>;

/** Reads a text by the words in it: intent and confidence of the first that is there. */
function knowing(words: Record<string, [intent: string, confidence: number]>): (text: string) => Reading {
  return (text) => {
    const word = Object.keys(words).find((one) => text.includes(one));
    const [intent, confidence] = word === undefined ? [OUT_OF_SCOPE, 0] : words[word]!;
    const start = text.indexOf('7');
    return {
      intent,
      best: intent,
      confidence,
      outOfScope: intent === OUT_OF_SCOPE ? 1 : 0,
      slots: start < 0 ? [] : [{ name: 'number', value: '7', start, end: start + 1 }],
    };
  };
}

const placed = (text: string, read: (text: string) => Reading) =>
  partsOf(text, read)?.map(({ intent, start, end }) => [intent, text.slice(start, end)]);

describe('the commands of a text', () => {
  it('are cut at a link, with their slots at their places in the whole', () => {
    const read = knowing({ shutters: ['blind', 0.9], kettle: ['boil', 0.8] });
    const text = 'close the shutters and then set the kettle to 7';
    assert.deepEqual(placed(text, read), [
      ['blind', 'close the shutters'],
      ['boil', 'set the kettle to 7'],
    ]);
    const [, second] = partsOf(text, read)!;
    assert.deepEqual(second!.slots, [{ name: 'number', value: '7', start: text.length - 1, end: text.length }]);
  });

  it('are cut in Chinese whatever they begin with, where the model is sure of both', () => {
    const sure = knowing({ 窗帘: ['blind', 0.9], 茶: ['boil', 0.9] });
    assert.deepEqual(placed('窗帘合上，然后茶来一壶', sure), [
      ['blind', '窗帘合上'],
      ['boil', '茶来一壶'],
    ]);
    assert.equal(partsOf('窗帘合上，然后茶来一壶', knowing({ 窗帘: ['blind', 0.9], 茶: ['boil', 0.6] })), undefined);
  });

  it('are none where a piece is out of scope or unsure, or where both say the same', () => {
    const text = 'close the shutters and then set the kettle to 7';
    assert.equal(partsOf(text, knowing({ shutters: ['blind', 0.9] })), undefined);
    assert.equal(partsOf(text, knowing({ shutters: ['blind', 0.9], kettle: ['boil', 0.4] })), undefined);
    assert.equal(partsOf(text, knowing({ shutters: ['blind', 0.9], kettle: ['blind', 0.9] })), undefined);
    assert.equal(partsOf('close the shutters', knowing({ shutters: ['blind', 0.9] })), undefined);
  });

  it('lie in the text in their order, whatever the text', () => {
    const read = knowing({ a: ['a', 0.9], e: ['e', 0.9], 开: ['on', 0.9], 关: ['off', 0.9] });
    const words = fc.constantFrom(
      'close it',
      'e',
      'open a',
      ' and ',
      ', ',
      ' then ',
      '，然后',
      '开灯',
      '关灯',
      '。',
      '\ud800',
      '😀',
      '7',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const parts = partsOf(text, read);
        if (!parts) return;
        assert.ok(parts.length > 1);
        let from = 0;
        for (const part of parts) {
          assert.ok(part.start >= from && part.end > part.start && part.end <= text.length, JSON.stringify(parts));
          from = part.end;
          for (const slot of part.slots) assert.equal(text.slice(slot.start, slot.end), slot.value);
        }
      }),
    );
  });
});
