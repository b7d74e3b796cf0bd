import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../protocol.ts';
import { writeForeign } from './foreign.ts';
import { anthropicPassthrough } from './passthrough.ts';

const target = { model: 'claude-sonnet-4-5', quirks: {} };
const call = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} };
const own = { type: 'thinking', thinking: 'Hm.', signature: 'c2lnbmVk' };
const question = { role: 'user', content: 'Hi' };
const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }] };

function pass(body: JsonObject, model = 'claude-sonnet-4-5') {
  const bytes = Buffer.from(JSON.stringify({ model, ...body }));
  const parsed = JSON.parse(bytes.toString()) as JsonObject;
  const at = { ...target, model };
  const out = anthropicPassthrough.rewrite(bytes, parsed, { model, askUsage: false }, at);
  return {
    same: Buffer.compare(bytes, out) === 0,
    body: JSON.parse(Buffer.from(out).toString()) as JsonObject,
    leftOut: anthropicPassthrough.leftOut!(bytes, parsed, at),
  };
}

test("Anthropic's own thinking passes to the byte", () => {
  const redacted = { type: 'redacted_thinking', data: 'ZGF0YQ==' };
  const messages = [question, { role: 'assistant', content: [own, redacted, call] }, result];
  const passed = pass({ messages, thinking: { type: 'enabled', budget_tokens: 2048 } });
  assert.deepEqual([passed.same, passed.leftOut], [true, []]);
});

test('thinking of other providers is left out and named, the rest stays', () => {
  const foreign: JsonObject[] = [
    { type: 'thinking', thinking: 'Unsigned.', signature: '' },
    { type: 'thinking', thinking: 'Hm.', signature: 'gemini:c2ln' },
    { type: 'thinking', thinking: '', signature: writeForeign({ kind: 'call', id: 'toolu_1', value: 's' }) },
    { type: 'redacted_thinking', data: writeForeign({ kind: 'encrypted', id: 'rs_1', value: 's' }) },
  ];
  for (const block of foreign) {
    const passed = pass({ messages: [question, { role: 'assistant', content: [block, own, call] }, result] });
    assert.deepEqual(passed.body.messages, [question, { role: 'assistant', content: [own, call] }, result]);
    assert.deepEqual(passed.leftOut, ['reasoning']);
  }
  const alone = pass({ messages: [question, { role: 'assistant', content: [foreign[0]!] }, question] });
  assert.deepEqual(alone.body.messages, [question, question]);
});

test('a turn whose beginning was left out goes on without thinking, where the model would refuse it', () => {
  const unsigned = { type: 'thinking', thinking: 'Unsigned.', signature: '' };
  const open = {
    messages: [question, { role: 'assistant', content: [unsigned, call] }, result],
    thinking: { type: 'enabled', budget_tokens: 2048 },
  };
  const budgeted = pass(open);
  assert.deepEqual([budgeted.body.thinking, budgeted.leftOut], [{ type: 'disabled' }, ['reasoning', 'thinking']]);
  assert.deepEqual(pass(open, 'claude-opus-5').body.thinking, open.thinking);
  const later = { ...open, messages: [...open.messages, { role: 'assistant', content: [own, call] }, result] };
  assert.deepEqual(pass(later).body.thinking, open.thinking);
});
