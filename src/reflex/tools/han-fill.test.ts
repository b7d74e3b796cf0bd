import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { scopeOf, validates } from '../schema/validate.ts';
import type { JsonObject, ReflexTool } from '../types.ts';
import { fill } from './fill.ts';
import { readHan } from './han-text.ts';
import { judgeTools } from './judge.ts';
import { planOf } from './parameters.ts';
import { spread } from './spread.ts';
import { readUtterance } from './utterance.ts';

const NOW = Date.parse('2026-03-04T02:00:00Z');

function tool(name: string, description: string, properties: JsonObject, required: string[] = []): ReflexTool {
  return { name, description, parameters: { type: 'object', properties, required } };
}

const string = (description: string): JsonObject => ({ type: 'string', description });

const oven = tool('set_oven', '控制烤箱', {
  on: { type: 'boolean' },
  temperature: { type: 'number', minimum: 50, maximum: 250, description: '温度' },
  minutes: { type: 'integer', description: '时长（分钟）' },
});
const route = tool(
  'plan_route',
  '规划骑行路线',
  { from: string('起点'), to: string('终点'), avoid_hills: { type: 'boolean', description: '是否避开山路' } },
  ['to'],
);
const gift = tool(
  'send_flowers',
  '订花送人',
  {
    flower: string('花的名称'),
    count: { type: 'integer', description: '数量（枝）' },
    recipient: string('收件人姓名'),
    phone: string('收件人电话'),
    budget: { type: 'number', description: '预算（元）' },
  },
  ['flower'],
);
const heater = tool('floor_heating', '地暖', {
  rooms: { type: 'array', items: { type: 'string' }, description: '房间' },
  level: { type: 'integer', minimum: 1, maximum: 5, description: '档位' },
  state: { type: 'string', enum: ['on', 'off'] },
});
const shift = tool(
  'shift_temperature',
  '升高或降低温度',
  { delta: { type: 'number', description: '变化量，降低为负' } },
  ['delta'],
);
const swap = tool(
  'exchange_money',
  '外币兑换',
  {
    amount: { type: 'number', description: '金额' },
    from_currency: string('源货币代码'),
    to_currency: string('目标货币代码'),
  },
  ['amount', 'from_currency', 'to_currency'],
);
const memo = tool('write_memo', '写备忘录', { content: string('内容') }, ['content']);
const tide = tool('get_tide', '查询潮汐', { city: string('城市') }, ['city']);

function filled(one: ReflexTool, text: string): JsonObject | undefined {
  return fill(planOf(one)!, readUtterance(text, NOW)).value;
}

describe('arguments from a Chinese text', () => {
  const cases: [ReflexTool, string, JsonObject | undefined][] = [
    [oven, '烤箱开到一百八十度，烤四十分钟', { on: true, temperature: 180, minutes: 40 }],
    [oven, '温度200度不对180度', { temperature: 180 }],
    [oven, '烤箱温度调到最高', { temperature: 250 }],
    [route, '从西湖骑到灵隐寺', { from: '西湖', to: '灵隐寺' }],
    [route, '我要去最近的公园，不走山路', { to: '最近的公园', avoid_hills: true }],
    [route, '规划一下路线', undefined],
    [
      gift,
      '给刘敏订九枝向日葵，电话13611110000',
      { flower: '向日葵', count: 9, recipient: '刘敏', phone: '13611110000' },
    ],
    [heater, '书房和儿童房的地暖都关掉', { rooms: ['书房', '儿童房'], state: 'off' }],
    [shift, '降低三度', { delta: -3 }],
    [swap, '两千欧元换成日元', { amount: 2000, from_currency: 'EUR', to_currency: 'JPY' }],
    [memo, '备忘录写上内容是周五交报告', { content: '周五交报告' }],
  ];
  for (const [one, text, expected] of cases) it(text, () => assert.deepEqual(filled(one, text), expected));

  it('makes one call for each of several places', () => {
    const utterance = readUtterance('厦门、青岛和三亚的潮汐', NOW);
    const calls = spread(fill(planOf(tide)!, utterance), utterance);
    assert.deepEqual(calls, [{ city: '厦门' }, { city: '青岛' }, { city: '三亚' }]);
  });

  it('gives only values that the schema takes, whatever the text', () => {
    const words = [
      '把',
      '烤箱',
      '调到',
      '一百',
      '8',
      '度',
      '半',
      '给',
      '刘敏',
      '从',
      '到',
      '、',
      '和',
      '的',
      '不要',
      '“',
      '”',
      '明天',
      '三点',
      '块',
      'A1',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 25 }), (parts) => {
        for (const one of [oven, route, gift, heater, swap]) {
          const value = filled(one, `好${parts.join('')}`);
          if (value) assert.ok(validates(value, one.parameters!, scopeOf(one.parameters!, 4_000)));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('which tool a Chinese text asks for', () => {
  const tools = [oven, route, gift, heater, swap, tide];
  const best = (text: string) => judgeTools(text, tools, NOW).sort((a, b) => b.odds - a.odds)[0]!;
  for (const [text, name] of [
    ['一百英镑能换多少美元', 'exchange_money'],
    ['青岛的潮汐几点涨', 'get_tide'],
    ['骑车去植物园怎么走', 'plan_route'],
  ] as const)
    it(text, () => {
      assert.equal(best(text).tool.name, name);
      assert.ok(best(text).odds > 0);
    });

  it('means none where none fits', () => {
    for (const text of ['你叫什么名字', '我昨晚没睡好', '随便聊聊吧']) assert.ok(best(text).odds < 0, text);
  });

  it('does not take closing for opening', () => {
    const open = tool('open_gate', '打开院门', {});
    const [odds] = judgeTools('打开院门', [open], NOW);
    const [against] = judgeTools('关闭院门', [open], NOW);
    assert.ok(odds!.odds > 0 && against!.odds < 0);
  });
});

describe('a Chinese text in pieces', () => {
  it('covers no character twice and leaves values whole', () => {
    const { pieces } = readHan('明天下午三点半给王芳转三块五', NOW);
    for (let index = 1; index < pieces.length; index++) assert.ok(pieces[index]!.start >= pieces[index - 1]!.end);
    assert.ok(pieces.some((piece) => piece.kind === 'number' && piece.text === '三块五'));
  });

  it('reads a count behind a time as one of its own', () => {
    const { numbers } = readHan('十二点两位', NOW);
    assert.deepEqual(
      numbers.filter((one) => !one.inner).map(({ value, measure }) => [value, measure]),
      [[2, '位']],
    );
  });
});
