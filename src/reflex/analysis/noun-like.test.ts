import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyPhrases } from './key-phrases.ts';

const phrases = (text: string) => keyPhrases(text, { max: 8 }).map((one) => one.phrase);

describe('key phrases are names of things', () => {
  const cases: [string, string[], string[]][] = [
    ['外卖员很有礼貌，打包盒也很结实。', ['外卖员'], ['卖员', '外']],
    ['充电桩坏了两次，物业一直不管。', ['充电桩', '物业'], ['坏', '两次', '桩']],
    ['The courier dropped the parcel and the helpline hung up.', ['helpline'], ['helpline hung', 'hung']],
    ['The zipper sticks easily and the strap arrived torn.', ['zipper'], ['zipper sticks', 'strap arrived']],
  ];
  for (const [text, wanted, unwanted] of cases)
    it(text, () => {
      const found = phrases(text);
      for (const one of wanted) assert.ok(found.includes(one), `${one} in ${found.join(' | ')}`);
      for (const one of unwanted) assert.ok(!found.includes(one), `${one} not in ${found.join(' | ')}`);
    });

  it('says nothing of a text without things', () => {
    assert.deepEqual(phrases('还没有，也不会。'), []);
  });
});
