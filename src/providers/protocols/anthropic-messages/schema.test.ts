import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../protocol.ts';
import { structuredSchema } from './schema.ts';

test('objects are closed at every depth, in every place a schema can stand', () => {
  const object = { type: 'object', properties: {} };
  const closed = { ...object, additionalProperties: false };
  const { schema, moved } = structuredSchema({
    type: ['object', 'null'],
    properties: { a: { type: 'array', items: object }, b: { oneOf: [object, { type: 'null' }] } },
    $defs: { c: object },
  });
  assert.deepEqual(schema, {
    type: ['object', 'null'],
    properties: { a: { type: 'array', items: closed }, b: { anyOf: [closed, { type: 'null' }] } },
    $defs: { c: closed },
    additionalProperties: false,
  });
  assert.deepEqual(moved, []);
});

test('limits on values move into the description; properties named like keywords stay', () => {
  const { schema, moved } = structuredSchema({
    type: 'object',
    properties: {
      minimum: { type: 'number', minimum: 1, maximum: 9, description: 'Least.' },
      list: { type: 'array', items: { type: 'string', pattern: '^a' }, minItems: 2, maxItems: 3 },
      one: { type: 'array', minItems: 1 },
    },
  });
  assert.deepEqual(schema.properties, {
    minimum: { type: 'number', description: 'Least.\n\n{minimum: 1, maximum: 9}' },
    list: { type: 'array', items: { type: 'string', pattern: '^a' }, description: '{minItems: 2, maxItems: 3}' },
    one: { type: 'array', minItems: 1 },
  });
  assert.deepEqual(moved.sort(), ['maxItems', 'maximum', 'minItems', 'minimum']);
});

test('an open object is warned of; the schema given stays as it was', () => {
  const given: JsonObject = { type: 'object', additionalProperties: { type: 'string' } };
  const before = structuredClone(given);
  assert.deepEqual(structuredSchema(given), {
    schema: { type: 'object', additionalProperties: false },
    moved: ['additionalProperties'],
  });
  assert.deepEqual(given, before);
});

test('a schema nested without end is read to a depth and no further', () => {
  let deep: JsonObject = { type: 'object' };
  for (let depth = 0; depth < 5000; depth++) deep = { type: 'object', properties: { a: deep } };
  assert.equal(structuredSchema(deep).schema.additionalProperties, false);
});
