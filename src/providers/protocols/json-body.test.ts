import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../base/errors.ts';
import type { Json, JsonObject } from '../protocol.ts';
import { spliceTopLevel } from './json-body.ts';

const splice = (text: string, changes: Record<string, Json | undefined>, from?: number): string =>
  Buffer.from(spliceTopLevel(Buffer.from(text), changes, from)).toString('utf8');

test('changes only what it is told to, byte for byte', () => {
  const cases: [string, Record<string, Json | undefined>, string][] = [
    ['{"model":"a","x":1}', { model: 'b' }, '{"model":"b","x":1}'],
    ['{ "model" : "a" , "x":1.50 }', { model: 'b' }, '{ "model" : "b" , "x":1.50 }'],
    ['{"x":{"model":"inner"},"model":"a"}', { model: 'b' }, '{"x":{"model":"inner"},"model":"b"}'],
    ['{"x":"\\"model\\":\\"q\\"","model":"a"}', { model: 'b' }, '{"x":"\\"model\\":\\"q\\"","model":"b"}'],
    ['{}', { model: 'b' }, '{"model":"b"}'],
    ['{"x":1}', { model: 'b' }, '{"model":"b","x":1}'],
    ['{"a":1,"b":2,"c":3}', { b: undefined, c: undefined }, '{"a":1}'],
    ['{"a":1,"b":2,"c":3}', { a: undefined }, '{"b":2,"c":3}'],
    ['{"a":1,"b":2,"c":3}', { a: undefined, b: undefined, c: undefined }, '{}'],
    ['{"a":1, "b":2}', { a: undefined, b: undefined, z: true }, '{"z":true}'],
    ['{"a":1,"b":2}', { b: undefined, a: 5 }, '{"a":5}'],
    ['{"model":"x","k":0,"model":"y"}', { model: 'b' }, '{"k":0,"model":"b"}'],
    ['{"mod\\u0065l":"x"}', { model: 'b' }, '{"mod\\u0065l":"b"}'],
    ['{"a":1}', { missing: undefined }, '{"a":1}'],
    ['{"a":[1,{"b":"]}"}],"b":null}\n', { b: 1 }, '{"a":[1,{"b":"]}"}],"b":1}\n'],
  ];
  for (const [text, changes, expected] of cases) assert.equal(splice(text, changes), expected, text);
});

test('leaves what stands around the object', () => {
  assert.equal(splice('data: {"a":1,"usage":null}\n\n', { usage: undefined }, 6), 'data: {"a":1}\n\n');
});

test('returns the same bytes when nothing changes', () => {
  const bytes = Buffer.from('{"a":1}');
  assert.equal(spliceTopLevel(bytes, { b: undefined }), bytes);
});

test('refuses what is no object', () => {
  for (const text of [
    '',
    '[]',
    '"x"',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":"x',
    '{a:1}',
    '{"a":1 "b":2}',
    '{"a":,}',
    '{,}',
  ]) {
    assert.throws(
      () => splice(text, { a: 2 }),
      (error) => error instanceof AppError && error.code === 'invalid_request',
      text,
    );
  }
});

test('means what changing the parsed object means', () => {
  const key = fc.oneof(fc.constantFrom('model', 'stream', 'a"b', 'c\\', '模型', ''), fc.string({ maxLength: 4 }));
  const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6, noNullPrototype: true });
  const changes = fc.dictionary(key, fc.option(fc.jsonValue({ maxDepth: 1 }), { nil: undefined }), {
    maxKeys: 4,
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(object, changes, fc.constantFrom(undefined, 1, '\t'), fc.boolean(), (before, wanted, indent, pad) => {
      // A long string exercises the native search as well.
      const source = (pad ? { ...before, pad: '\\"x'.repeat(60) } : before) as JsonObject;
      const expected: JsonObject = { ...source };
      for (const name of Object.keys(wanted)) {
        if (name === '__proto__') return;
        const value = wanted[name] as Json | undefined;
        if (value === undefined) delete expected[name];
        else expected[name] = value;
      }
      const text = splice(JSON.stringify(source, null, indent), wanted as Record<string, Json | undefined>);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(expected)));
    }),
    { numRuns: 500 },
  );
});

test('a ten-megabyte string is skipped whole', () => {
  const data = 'A'.repeat(10 * 1024 * 1024);
  const out = spliceTopLevel(Buffer.from(`{"messages":["${data}"],"model":"a"}`), { model: 'bb' });
  assert.equal(out.length, data.length + '{"messages":[""],"model":"bb"}'.length);
  assert.equal(Buffer.from(out.subarray(-14)).toString(), '],"model":"bb"}'.slice(-14));
});
