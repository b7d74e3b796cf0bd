import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { JsonObject, ReflexTool } from '../types.ts';
import { fill } from './fill.ts';
import { planOf } from './parameters.ts';
import { readUtterance } from './utterance.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** `name!: type what it is` a line; `!` marks what is needed. */
function tool(name: string, description: string, ...lines: string[]): ReflexTool {
  const properties: JsonObject = {};
  const required: string[] = [];
  for (const line of lines) {
    const [, key, needed, type, about] = /^(\w+)(!?): (\S+) ?(.*)$/.exec(line)!;
    if (needed) required.push(key!);
    properties[key!] = { ...typed(type!), description: about! };
  }
  return { name, description, parameters: { type: 'object', properties, required } };
}

function typed(type: string): JsonObject {
  if (type.endsWith('[]')) return { type: 'array', items: typed(type.slice(0, -2)) };
  return type.includes('|') ? { type: 'string', enum: type.split('|') } : { type };
}

function argumentsOf(one: ReflexTool, text: string): JsonObject | string[] {
  const filled = fill(planOf(one)!, readUtterance(text, NOW));
  return filled.value ?? filled.missing.map((parameter) => parameter.path.join('.'));
}

const box = tool(
  'box_volume',
  'Volume of a box.',
  'length!: number Length in cm.',
  'width!: number Width in cm.',
  'height!: number Height in cm.',
  'unit: string Unit. Default is cm.',
);
const ferry = tool(
  'book_ferry',
  'Book a ferry.',
  'from!: string Port of departure.',
  'to!: string Port of arrival.',
  'date!: string Day in the format DD/MM/YYYY.',
  'cars: integer Number of cars. Default 0.',
  'class: seat|cabin Kind of place.',
  'breakfast: boolean Whether breakfast is included.',
);
const savings = tool(
  'savings',
  'Value of savings.',
  'amount!: number Amount saved.',
  'rate!: number Yearly interest rate as a decimal.',
  'years!: integer Number of years.',
);
const median = tool('median', 'Median of numbers.', 'values!: number[] The numbers.');
const shop = tool(
  'buy_list',
  'Put things on the shopping list.',
  'items!: string[] Things to buy.',
  'shop: string Name of the shop.',
);
const walk = tool(
  'plan_walk',
  'Plan a walk.',
  'city!: string City and country, e.g. Lyon, France',
  'duration_minutes!: integer Length in minutes.',
);
const exchange = tool(
  'exchange',
  'Exchange money.',
  'amount!: number Amount.',
  'source!: string Currency code to change from, e.g. USD.',
  'target!: string Currency code to change to.',
);
const poem = tool(
  'find_poem',
  'Find poems.',
  'poet!: string Name of the poet.',
  'theme: string Theme of the poem, e.g. love.',
);
const cell: ReflexTool = {
  name: 'set_cell',
  description: 'Set a cell of a table.',
  parameters: {
    type: 'object',
    properties: {
      position: {
        type: 'object',
        properties: { row: { type: 'integer' }, column: { type: 'integer' } },
        required: ['row', 'column'],
      },
      value: { type: 'string', description: 'New text of the cell.' },
    },
    required: ['position', 'value'],
  },
};

describe('arguments from a text', () => {
  const cases: [ReflexTool, string, JsonObject | string[]][] = [
    [box, 'A box is 30 cm long, 20 cm wide and 15 cm high; what is its volume?', { length: 30, width: 20, height: 15 }],
    [box, 'Volume of a box with height 5, width 3 and length 8', { length: 8, width: 3, height: 5 }],
    [box, 'volume of a box of 2 m length, 1 m width and 50 cm height', { length: 200, width: 100, height: 50 }],
    [box, 'volume of a box of length 4', ['width', 'height']],
    [
      ferry,
      'Book a ferry to Palma from Valencia on 3 March 2027 with breakfast',
      { from: 'Valencia', to: 'Palma', date: '03/03/2027', breakfast: true },
    ],
    [
      ferry,
      'ferry from Dover to Calais tomorrow for 2 cars in a cabin without breakfast',
      { from: 'Dover', to: 'Calais', date: '25/11/2026', cars: 2, class: 'cabin', breakfast: false },
    ],
    [savings, 'What become $1,200.50 at 3% in 7 years?', { amount: 1200.5, rate: 0.03, years: 7 }],
    [
      savings,
      'savings of 2.5 million dollars at a rate of 0.02 for ten years',
      { amount: 2_500_000, rate: 0.02, years: 10 },
    ],
    [median, 'median of 3, 9, 4 and 12', { values: [3, 9, 4, 12] }],
    [median, 'what is the median of [1.5, 2, -3]', { values: [1.5, 2, -3] }],
    [shop, 'Put milk, brown bread and eggs on the shopping list', { items: ['milk', 'brown bread', 'eggs'] }],
    [walk, 'Plan a walk of an hour and a half in Porto, Portugal', { city: 'Porto, Portugal', duration_minutes: 90 }],
    [exchange, 'Exchange 80 euros to Japanese yen', { amount: 80, source: 'EUR', target: 'JPY' }],
    [poem, 'Find a poem by Emily Dickinson about hope', { poet: 'Emily Dickinson', theme: 'hope' }],
    [poem, 'Find poems by Li Bai', { poet: 'Li Bai' }],
    [
      cell,
      'Set the cell at row 4 and column 7 of the table to "done"',
      { position: { row: 4, column: 7 }, value: 'done' },
    ],
  ];
  for (const [one, text, wanted] of cases) it(text, () => assert.deepEqual(argumentsOf(one, text), wanted));

  it('takes a default for what is needed, and leaves out what is not', () => {
    const properties = { size: { type: 'integer', default: 3 }, color: { type: 'string', default: 'red' } };
    const one: ReflexTool = { name: 'draw_star', parameters: { type: 'object', properties, required: ['size'] } };
    assert.deepEqual(argumentsOf(one, 'draw a star'), { size: 3 });
  });

  it('reads the ends of a scale from the bounds of the schema', () => {
    const properties = { level: { type: 'integer', minimum: 2, maximum: 9, description: 'Level of the fan.' } };
    const one: ReflexTool = { name: 'fan_level', parameters: { type: 'object', properties, required: ['level'] } };
    assert.deepEqual(argumentsOf(one, 'set the fan to the highest level'), { level: 9 });
  });

  it('lets learnt spans win', () => {
    const text = 'find something nice by somebody';
    const filled = fill(planOf(poem)!, readUtterance(text, NOW), {
      slots: [{ name: 'poet', value: 'somebody', start: 23, end: 31 }],
    });
    assert.equal(filled.value?.poet, 'somebody');
  });

  it('leaves schemas that are no flat list of parameters to others', () => {
    assert.equal(
      planOf({
        name: 'a',
        parameters: { type: 'object', properties: { b: { anyOf: [{ type: 'string' }, { type: 'number' }] } } },
      }),
      undefined,
    );
    assert.equal(planOf({ name: 'a', parameters: { $ref: '#/$defs/x' } }), undefined);
  });

  it('makes only values that validate, and strings that the text has, whatever the text', () => {
    const word = fc.constantFrom(
      'the',
      'of',
      'box',
      'length',
      '12',
      '3.5',
      '-4',
      'cm',
      'and',
      ',',
      'Palma',
      'to',
      'from',
      '"',
      '[1,2]',
      '(',
      'with',
      'breakfast',
      '5%',
      '$9',
      'May',
      'poem',
      'by',
      '…',
      '水',
    );
    fc.assert(
      fc.property(
        fc.constantFrom(box, ferry, savings, median, shop, poem, cell),
        fc.array(word, { maxLength: 25 }),
        (one, list) => {
          const text = list.join(' ');
          const { value } = fill(planOf(one)!, readUtterance(text, NOW));
          if (!value) return;
          assert.ok(ajv.validate(one.parameters!, value), JSON.stringify(value));
          for (const name of ['from', 'to', 'poet', 'shop', 'theme']) {
            const own = value[name];
            if (typeof own === 'string') assert.ok(text.includes(own), own);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
