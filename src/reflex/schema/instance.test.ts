import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { completeChat } from '../chat/chat.ts';
import type { Json, JsonObject, Schema } from '../types.ts';
import { scopeOf, validates } from './validate.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const NOW = Date.parse('2026-11-24T12:00:00Z');

function fill(text: string, schema: Schema): Json {
  const reply = completeChat(
    { messages: [{ role: 'user', text }], responseFormat: { type: 'json_schema', schema } },
    { now_ms: NOW },
  );
  assert.equal(reply.toolCalls, undefined);
  return JSON.parse(reply.json!) as Json;
}

const leaf = fc.oneof(
  fc.record(
    { type: fc.constant('string'), minLength: fc.nat(5), maxLength: fc.integer({ min: 5, max: 20 }) },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    {
      type: fc.constantFrom('integer', 'number'),
      minimum: fc.integer({ min: -50, max: 20 }),
      maximum: fc.integer({ min: 21, max: 100 }),
      multipleOf: fc.constantFrom(1, 2, 0.5),
    },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    {
      type: fc.constantFrom('integer', 'number'),
      exclusiveMinimum: fc.integer({ min: -50, max: 20 }),
      exclusiveMaximum: fc.integer({ min: 22, max: 100 }),
    },
    { requiredKeys: ['type'] },
  ),
  fc.constantFrom({ type: 'boolean' }, { type: 'null' }, { type: ['string', 'null'] }, {}, true),
  fc.record({
    enum: fc.uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.boolean()), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  fc.record({ const: fc.jsonValue() }),
  fc.record({
    type: fc.constant('string'),
    pattern: fc.constantFrom('^[a-z]{3,5}$', '^\\d{4}-\\d{2}-\\d{2}$', '^(foo|bar)+$', '[A-Z]', '^$'),
  }),
  fc.record({ type: fc.constant('string'), format: fc.constantFrom('date', 'email', 'date-time', 'uuid') }),
);

const NODE = {
  type: 'object',
  properties: { value: { type: 'string' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
  required: ['value', 'next'],
  additionalProperties: false,
};

const schemas = fc.letrec<{ any: unknown; object: Record<string, unknown>; array: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('object'),
    tie('array'),
    fc.record({ anyOf: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    fc.constant({ $ref: '#/$defs/node' }),
    tie('object').map((object) => ({
      allOf: [
        { ...object, additionalProperties: true },
        { type: 'object', properties: { extra: { type: 'integer' } }, required: ['extra'] },
      ],
    })),
  ),
  object: fc
    .dictionary(fc.constantFrom('city', 'date', 'count', 'sentiment', 'name', 'items', '人数'), tie('any'), {
      maxKeys: 4,
    })
    .chain((properties) =>
      fc.record({
        type: fc.constant('object'),
        properties: fc.constant(properties),
        required: fc.subarray(Object.keys(properties)),
        additionalProperties: fc.constantFrom(false, true, { type: 'string' }),
      }),
    ),
  array: fc.record(
    { type: fc.constant('array'), items: tie('any'), minItems: fc.nat(3), maxItems: fc.integer({ min: 3, max: 5 }) },
    { requiredKeys: ['type', 'items'] },
  ),
}));

describe('JSON by schema', () => {
  it('always validates, as another validator sees it', () => {
    const texts = fc.constantFrom(
      '',
      'The food was great and service fast in Paris',
      '明天下午三点两个人，菜很难吃',
      'book a table for 4 at 7pm',
      '{}"\\',
    );
    fc.assert(
      fc.property(schemas.any, texts, (schema, text) => {
        const root = (typeof schema === 'object' ? { ...schema, $defs: { node: NODE } } : schema) as Schema;
        const value = fill(text, root);
        const check = ajv.compile(root);
        assert.ok(check(value), `${JSON.stringify(value)}: ${JSON.stringify(check.errors)}`);
      }),
      { numRuns: 200 },
    );
  });

  it('judges values as another validator does', () => {
    fc.assert(
      fc.property(schemas.any, fc.jsonValue(), (schema, value) => {
        const root = (typeof schema === 'object' ? { ...schema, $defs: { node: NODE } } : schema) as Schema;
        assert.equal(validates(value as Json, root, scopeOf(root)), ajv.compile(root)(value));
      }),
      { numRuns: 200 },
    );
  });

  const constraints: [string, Schema][] = [
    ['unique items', { type: 'array', items: { type: 'integer', minimum: 5 }, minItems: 4, uniqueItems: true }],
    ['unique enum items', { type: 'array', items: { enum: ['a', 'b', 'c'] }, minItems: 3, uniqueItems: true }],
    ['a tuple', { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], minItems: 2, items: false }],
    ['contains', { type: 'array', contains: { const: 7 }, minItems: 2 }],
    ['more properties', { type: 'object', minProperties: 3, additionalProperties: { type: 'integer' } }],
    [
      'pattern properties',
      {
        type: 'object',
        minProperties: 1,
        patternProperties: { '^x_[a-z]$': { type: 'boolean' } },
        additionalProperties: false,
      },
    ],
    ['required without properties', { type: 'object', required: ['a', 'b'] }],
    [
      'oneOf',
      {
        oneOf: [
          { type: 'object', properties: { kind: { const: 'a' } }, required: ['kind'] },
          { type: 'object', properties: { kind: { const: 'b' } }, required: ['kind'] },
        ],
      },
    ],
    [
      'if, then',
      // As text: an object literal with a member `then` looks like a promise to linters.
      JSON.parse(
        '{"type":"object","properties":{"kind":{"const":"x"}},"required":["kind"],"if":{"properties":{"kind":{"const":"x"}}},"then":{"required":["y"],"properties":{"y":{"type":"integer"}}}}',
      ) as Schema,
    ],
    ['not', { type: 'string', not: { const: '' } }],
    ['a multiple', { type: 'integer', multipleOf: 7, minimum: 50, maximum: 60 }],
    ['a fraction multiple', { type: 'number', multipleOf: 0.1, exclusiveMinimum: 0.25 }],
    ['an open interval', { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.001 }],
    [
      'definitions',
      {
        $ref: '#/definitions/a',
        definitions: {
          a: { type: 'object', properties: { b: { $ref: '#/definitions/b' } }, required: ['b'] },
          b: { type: 'integer', minimum: 3 },
        },
      },
    ],
    ['a long string', { type: 'string', minLength: 300 }],
    [
      'depth',
      {
        type: 'object',
        properties: {
          a: {
            type: 'object',
            properties: {
              b: {
                type: 'array',
                items: { type: 'object', properties: { c: { type: 'integer' } }, required: ['c'] },
                minItems: 1,
              },
            },
            required: ['b'],
          },
        },
        required: ['a'],
      },
    ],
  ];
  for (const [name, schema] of constraints) {
    it(`respects ${name}`, () => {
      const value = fill('some text with 3 words', schema);
      assert.ok(ajv.compile(schema)(value), JSON.stringify(value));
    });
  }

  it('refuses what no value fits, naming the field', () => {
    const node = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
    for (const schema of [
      false,
      { type: 'integer', minimum: 5, maximum: 4 },
      { $ref: '#/$defs/none' },
      { $ref: '#' },
      node,
      { type: 'string', pattern: '(?=x)y' },
    ] as Schema[]) {
      assert.throws(
        () => fill('text', schema),
        { name: 'AppError', code: 'invalid_request', param: 'response_format' },
        JSON.stringify(schema),
      );
    }
  });

  it('refuses schemas nested without end or too hard, and stays quick', () => {
    let deep: Schema = { type: 'string' };
    for (let depth = 0; depth < 5_000; depth++) deep = { type: 'array', items: deep };
    assert.throws(() => fill('text', deep), { code: 'invalid_request' });
    let wide: Schema = { type: 'integer', minimum: 5, maximum: 4 };
    for (let depth = 0; depth < 12; depth++) wide = { anyOf: [wide, wide, wide] };
    assert.throws(() => fill('text', wide), { name: 'AppError' });
  });

  it('refuses to make more than anybody reads, before it is made', () => {
    const huge: Schema = { type: 'object', required: ['a'], properties: { a: { type: 'array', minItems: 1e9 } } };
    assert.throws(() => fill('text', huge), { name: 'AppError', code: 'invalid_request' });
  });

  it('survives properties that are no schemas', () => {
    const odd = {
      type: 'object',
      properties: { a: null, b: 7, c: { type: 'boolean' } },
      required: ['c'],
    } as unknown as Schema;
    assert.deepEqual(Object.keys(fill('text', odd) as object), ['c']);
  });

  it('gets through texts made to be slow', () => {
    const names = Array.from({ length: 40 }, (_, index) => `field_${index}`);
    const types: JsonObject[] = [
      { type: 'string' },
      { type: 'number' },
      { enum: ['red light', 'green light'] },
      { type: 'boolean' },
    ];
    const properties = Object.fromEntries(names.map((name, index) => [name, types[index % types.length]!]));
    const schema: Schema = { type: 'object', properties, required: names };
    for (const unit of [
      '1 ',
      '万',
      '百分之',
      '一二三四',
      'x',
      'aA',
      'a@',
      '"a" ',
      'minus ',
      'tomorrow 7pm ',
      '9',
      '1,111',
      ' ',
    ]) {
      assert.ok(ajv.compile(schema)(fill(unit.repeat(2_000), schema)), unit);
    }
  });

  it('reads values from the text', () => {
    const order = {
      type: 'object',
      properties: {
        city: { type: 'string' },
        date: { type: 'string', format: 'date' },
        guests: { type: 'integer' },
        email: { type: 'string', format: 'email' },
        toppings: { type: 'array', items: { type: 'string', enum: ['cheese', 'olives', 'ham'] } },
        note: { type: ['string', 'null'] },
      },
      required: ['city', 'date', 'guests', 'email', 'toppings'],
      additionalProperties: false,
    };
    const value = fill(
      'Dinner in Berlin tomorrow for 4 guests with cheese and ham, write to ann@example.org',
      order,
    ) as Record<string, Json>;
    assert.equal(value.city, 'Berlin');
    assert.equal(value.date, '2026-11-25');
    assert.equal(value.guests, 4);
    assert.equal(value.email, 'ann@example.org');
    assert.deepEqual([...(value.toppings as string[])].sort(), ['cheese', 'ham'].sort());
  });

  it('judges feeling by words, in both languages', () => {
    const schema = {
      type: 'object',
      properties: { sentiment: { type: 'string', enum: ['positive', 'negative', 'neutral'] } },
      required: ['sentiment'],
    };
    const cases: [string, string][] = [
      ['I love this place, the staff is friendly', 'positive'],
      ['The soup was cold and the waiter rude', 'negative'],
      ['this is not good', 'negative'],
      ['the parcel has a label', 'neutral'],
      ['味道很好，非常满意', 'positive'],
      ['送餐太慢，菜也难吃', 'negative'],
    ];
    for (const [text, expected] of cases) assert.deepEqual(fill(text, schema), { sentiment: expected }, text);
  });

  it('never makes the property __proto__ a prototype', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"object","properties":{"admin":{"const":true}},"required":["admin"]}},"required":["__proto__"]}',
    ) as Schema;
    assert.equal(fill('text', schema) !== null && ({} as { admin?: boolean }).admin, undefined);
  });
});
