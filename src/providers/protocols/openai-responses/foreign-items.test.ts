import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../protocol.ts';
import { responsesPassthrough } from './passthrough.ts';

const target = { model: 'm', quirks: {} };

function pass(input: JsonObject[]) {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', input }));
  const parsed = JSON.parse(bytes.toString()) as JsonObject;
  const out = responsesPassthrough.rewrite(bytes, parsed, { model: 'm', askUsage: false }, target);
  return {
    same: Buffer.compare(bytes, out) === 0,
    input: (JSON.parse(Buffer.from(out).toString()) as JsonObject).input,
    leftOut: responsesPassthrough.leftOut!(bytes, parsed, target),
  };
}

const question = { role: 'user', content: 'Hi' };
const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };

test("OpenAI's own reasoning passes to the byte", () => {
  const own = { type: 'reasoning', id: 'rs_68af', summary: [], encrypted_content: 'Z0FB' };
  assert.deepEqual([pass([question, own, call]).same, pass([question, own, call]).leftOut], [true, []]);
});

test('what other providers left behind is left out and named', () => {
  const made = { type: 'reasoning', id: 'rs_op_01_0', summary: [{ type: 'summary_text', text: 'Hm.' }] };
  const signed = { type: 'reasoning', id: 'rs_9', summary: [], encrypted_content: 'tw-signature:c2ln' };
  for (const item of [made, signed]) {
    const passed = pass([question, item, call]);
    assert.deepEqual([passed.input, passed.leftOut], [[question, call], ['reasoning']]);
  }
  const proven = pass([question, { ...call, extra_content: { google: { thought_signature: 's' } } }]);
  assert.deepEqual([proven.input, proven.leftOut], [[question, call], ['tool_call.signature']]);
});
