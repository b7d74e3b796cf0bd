import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OUT_OF_SCOPE, type Prediction } from '../types.ts';
import { type Judge, splitUtterance, understandAll } from './split.ts';

/** Knows things by their words, whatever is done with them. */
const THINGS: Record<string, string> = {
  light: 'light',
  lamp: 'light',
  fan: 'fan',
  music: 'music',
  song: 'music',
  seat: 'seat',
  空调: 'climate',
  车窗: 'window',
  歌: 'music',
  后备箱: 'trunk',
};
const judge: Judge = (text) => {
  const found = [
    ...new Set(Object.entries(THINGS).flatMap(([word, best]) => (text.toLowerCase().includes(word) ? [best] : []))),
  ];
  return found.length > 0 ? { best: found[0]!, confidence: 0.9 } : { best: OUT_OF_SCOPE, confidence: 0.1 };
};

const parts = (text: string, by?: Judge) => splitUtterance(text, by).map((clause) => clause.text);

describe('several commands in one utterance', () => {
  const plain: [string, string[]][] = [
    ['关空调打开后备箱', ['关空调', '打开后备箱']],
    ['navigate to the office and turn the massage on', ['navigate to the office', 'turn the massage on']],
    ['把空调打开然后放首歌', ['把空调打开', '放首歌']],
    ['turn on the light and the fan', ['turn on the light', 'turn on the fan']],
    ['switch the lamp and the heater off', ['switch the lamp off', 'switch the heater off']],
    ['close the door, then um please call my brother', ['close the door', 'call my brother']],
    ['嗯那个打开天窗，顺便帮我播放新闻', ['打开天窗', '播放新闻']],
    ['把天窗关上再把灯打开', ['把天窗关上', '把灯打开']],
    ['天窗打开一半音量调低', ['天窗打开一半', '音量调低']],
  ];
  for (const [text, wanted] of plain) it(text, () => assert.deepEqual(parts(text), wanted));

  const whole = [
    'salt and pepper',
    'order chips with salt and pepper',
    '打开左右车窗',
    '把车窗打开一半',
    '空调调到二十六度',
    'tell Eva to come home and bring some milk',
    'what is 3.5 plus 4',
    'play "stop and go"',
    'search for rock and roll',
    '',
    '   ',
  ];
  for (const text of whole) it(`${text || '(empty)'} stays whole`, () => assert.deepEqual(parts(text), [text]));

  it('lets a judge tell two things from a pair', () => {
    assert.deepEqual(parts('打开空调和车窗', judge), ['打开空调', '打开车窗']);
    assert.deepEqual(parts('把空调和车窗都关上', judge), ['把空调都关上', '把车窗都关上']);
    assert.deepEqual(parts('turn on the light and the lamp', judge), ['turn on the light and the lamp']);
  });

  it('joins what the judge does not know to its neighbour', () => {
    assert.deepEqual(parts('play a song and make it so', judge), ['play a song and make it so']);
    assert.deepEqual(parts('turn on the fan and play a song', judge), ['turn on the fan', 'play a song']);
  });

  it('puts slots where they stand in the whole text', () => {
    const text = 'turn on the light and the fan';
    const predict = (part: string): Prediction => {
      const { best, confidence } = judge(part);
      const start = Math.max(part.indexOf('light'), part.indexOf('fan'));
      const end = start + (part.includes('light') ? 5 : 3);
      return {
        intent: best,
        best,
        confidence,
        outOfScope: 0,
        ms: 0,
        slots: [
          { name: 'state', value: 'on', start: 5, end: 7 },
          { name: 'thing', value: part.slice(start, end), start, end },
        ],
      };
    };
    const all = understandAll(text, predict);
    assert.deepEqual(
      all.map((one) => one.intent),
      ['light', 'fan'],
    );
    for (const one of all) for (const slot of one.slots) assert.equal(text.slice(slot.start, slot.end), slot.value);
  });

  it('keeps every clause inside the text, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'打开关空调车窗然后和把再，。 and turn the,.;"onlight'), maxLength: 60 }),
        fc.boolean(),
        (text, judged) => {
          const clauses = splitUtterance(text, judged ? judge : undefined);
          assert.ok(clauses.length >= 1);
          for (const clause of clauses) {
            assert.ok(clause.start >= 0 && clause.end <= text.length && clause.start <= clause.end);
            for (const piece of clause.pieces)
              assert.equal(
                clause.text.slice(piece.at, piece.at + piece.length),
                text.slice(piece.start, piece.start + piece.length),
              );
          }
        },
      ),
    );
  });
});
