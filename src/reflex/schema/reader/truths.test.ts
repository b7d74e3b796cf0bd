import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fillFromText } from '../respond.ts';

function truth(text: string, name: string, description: string): unknown {
  const schema = { type: 'object', properties: { [name]: { type: 'boolean', description } }, required: [name] };
  const filled = fillFromText(schema, { text, now_ms: 0, notice: '' });
  return (filled?.value as Record<string, unknown> | undefined)?.[name];
}

describe('questions that a text answers in other words', () => {
  const cases: [string, string, string, boolean][] = [
    ['I expect my money back by Friday.', 'refund', 'does the customer ask for a refund?', true],
    ['No refund needed, a new lid is enough.', 'refund', 'does the customer ask for a refund?', false],
    ['锅漏了，把钱退给我吧', 'refund', '是否要求退款', true],
    ['不需要退款，补寄一个盖子即可', 'refund', '是否要求退款', false],
    ['Could I speak to a supervisor?', 'needs_human', 'wants a human agent', true],
    ['面馆环境一般，不会再去了', 'repeat', '是否还会再来', false],
    ['We are coming back again in spring', 'repeat', 'will the guest come back', true],
    ['灯罩到手就碎了', 'damaged', '商品是否破损', true],
    ['等了三个小时还没到', 'late', '配送是否超时', true],
    ['准时送到，谢谢', 'late', '配送是否超时', false],
  ];
  for (const [text, name, description, expected] of cases)
    it(`${name}: ${text}`, () => assert.equal(truth(text, name, description), expected));
});
