import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReflexTool } from '../types.ts';
import { judgeTools } from './judge.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');

function tool(
  name: string,
  description: string,
  properties: Record<string, string>,
  required = Object.keys(properties),
): ReflexTool {
  return {
    name,
    description,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, type]) => [key, { type, description: key }]),
      ),
      required,
    },
  };
}

const TOOLS = [
  tool('get_tide_times', 'Times of high and low tide at a harbour.', { harbour: 'string' }),
  tool('moon_phase', 'Phase of the moon on a date.', { date: 'string' }),
  tool('boat_rental_price', 'Price of renting a boat.', { hours: 'integer', boat: 'string' }),
  tool('convert_knots', 'Convert knots to kilometers per hour.', { knots: 'number' }),
];
const best = (text: string, tools = TOOLS) => judgeTools(text, tools, NOW).sort((a, b) => b.odds - a.odds)[0]!;

describe('which tool a text asks for', () => {
  const meant: [string, string][] = [
    ['When is high tide in Saint Malo?', 'get_tide_times'],
    ['What phase will the moon be in on 2026-12-01?', 'moon_phase'],
    ['How much is it to rent a kayak boat for 3 hours?', 'boat_rental_price'],
    ['Convert 14 knots', 'convert_knots'],
  ];
  for (const [text, name] of meant) {
    it(text, () => {
      const { tool: chosen, odds } = best(text);
      assert.equal(chosen.name, name);
      assert.ok(odds > 0);
    });
  }

  for (const text of [
    'Who painted the ceiling of the chapel?',
    'Write a poem on autumn',
    'hello',
    '',
    '!!!',
    'How do I bake bread with 500 grams of flour?',
  ])
    it(`${text || '(empty)'} asks for none`, () => assert.ok(best(text).odds < 0));

  it('finds the one among many', () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      tool(`other_${index}`, `Does the thing of number ${index}.`, { thing: 'string' }),
    );
    assert.equal(best('When is high tide in Saint Malo?', [...many, ...TOOLS]).tool.name, 'get_tide_times');
  });

  it('weighs tools without words, parameters or with schemas it does not read', () => {
    const bare: ReflexTool[] = [
      { name: '' },
      { name: 'x', parameters: { $ref: '#' } },
      { name: '水', description: '水' },
    ];
    for (const { odds } of judgeTools('water', bare, NOW)) assert.ok(Number.isFinite(odds));
    assert.deepEqual(judgeTools('water', [], NOW), []);
  });
});
