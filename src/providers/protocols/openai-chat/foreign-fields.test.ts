import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, Quirks } from '../../protocol.ts';
import { chatPassthrough } from './passthrough.ts';

const plain = {
  role: 'assistant',
  content: 'Hm.',
  tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
};
const foreign = {
  ...plain,
  reasoning_content: 'Thought.',
  reasoning_details: [{ type: 'reasoning.text', text: 'Thought.', signature: 's', index: 0 }],
  tool_calls: [{ ...plain.tool_calls[0]!, extra_content: { google: { thought_signature: 's' } } }],
};

function pass(message: JsonObject, quirks: Quirks) {
  const bytes = Buffer.from(
    JSON.stringify({ model: 'm', messages: [{ role: 'user', content: '"reasoning_content"' }, message] }),
  );
  const parsed = JSON.parse(bytes.toString()) as JsonObject;
  const target = { model: 'm', quirks };
  const out = chatPassthrough.rewrite(bytes, parsed, { model: 'm', askUsage: false }, target);
  return {
    same: Buffer.compare(bytes, out) === 0,
    message: ((JSON.parse(Buffer.from(out).toString()) as JsonObject).messages as JsonObject[])[1],
    leftOut: chatPassthrough.leftOut!(bytes, parsed, target),
  };
}

test('OpenAI gets none of the fields that it refuses', () => {
  const passed = pass(foreign, { developerRole: true });
  assert.deepEqual([passed.message, passed.leftOut], [plain, ['tool_call.signature', 'reasoning']]);
});

test('providers that think read their text back, but no proofs', () => {
  const passed = pass(foreign, { reasoningParam: 'thinking' });
  assert.deepEqual(passed.message, { ...plain, reasoning_content: 'Thought.' });
  assert.deepEqual(passed.leftOut, ['tool_call.signature', 'reasoning.signature']);
});

test('bytes stay as they are for servers of unknown make, and where there is nothing to leave out', () => {
  assert.ok(pass(foreign, {}).same && pass(foreign, { reasoningParam: 'reasoning' }).same);
  const usual = pass(plain, { developerRole: true });
  assert.deepEqual([usual.same, usual.leftOut], [true, []]);
});
