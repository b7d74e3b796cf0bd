import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, StreamEvent } from '../../protocol.ts';
import { cuts, split } from '../anthropic-messages/fixtures/streams.ts';
import { ConverseDecoder, decodeReply } from './decode.ts';
import { event, exception, frame, toolStream } from './fixtures/frames.ts';

function decode(pieces: Buffer[]): StreamEvent[] {
  const decoder = new ConverseDecoder();
  return [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.end()];
}

test('a stream with reasoning, text, two calls and usage', () => {
  const events = decode([toolStream()]);
  const usage = events.find((each) => each.type === 'usage');
  assert.deepEqual(usage?.type === 'usage' && usage.usage.vector, {
    input: 30,
    output: 70,
    cache_read: 1000,
    cache_write_5m: 4,
    cache_write_1h: 3,
  });
  assert.equal(usage?.type === 'usage' && usage.servedTier, 'priority');
  assert.deepEqual(
    events.filter((each) => each.type !== 'usage'),
    [
      { type: 'start' },
      { type: 'reasoning', choice: 0, part: 0, text: 'Two towns, ' },
      { type: 'reasoning', choice: 0, part: 0, text: 'two calls.' },
      { type: 'reasoning_proof', choice: 0, part: 0, signature: 'EqQB' },
      { type: 'text', choice: 0, part: 1, text: 'Ich schaue: 上海' },
      { type: 'tool_call', choice: 0, part: 2, id: 'tooluse_a', name: 'weather' },
      { type: 'tool_arguments', choice: 0, part: 2, json: '{"city":' },
      { type: 'tool_arguments', choice: 0, part: 2, json: '"München"}' },
      { type: 'tool_call', choice: 0, part: 3, id: 'tooluse_b', name: 'weather' },
      { type: 'tool_arguments', choice: 0, part: 3, json: '{"city":"上海"}' },
      { type: 'finish', choice: 0, reason: 'tool_calls', stopSequence: undefined },
      { type: 'end' },
    ],
  );
});

test('any cut of the bytes gives the same events', () => {
  const bytes = toolStream();
  const whole = decode([bytes]);
  fc.assert(
    fc.property(cuts(bytes.length), (at) => {
      assert.deepEqual(decode(split(bytes, at)), whole);
    }),
    { numRuns: 100 },
  );
  assert.deepEqual(decode([...bytes].map((byte) => Buffer.from([byte]))), whole);
});

test('exceptions inside the stream', () => {
  const start = event('messageStart', { role: 'assistant' });
  const codes: [string, string, string][] = [
    ['throttlingException', 'Too many tokens', 'rate_limited'],
    ['validationException', 'Input is too long for requested model.', 'context_too_long'],
    ['validationException', 'bad', 'invalid_request'],
    ['internalServerException', 'x', 'upstream_error'],
    ['modelStreamErrorException', 'x', 'upstream_error'],
    ['modelTimeoutException', 'x', 'upstream_timeout'],
    ['serviceUnavailableException', 'x', 'overloaded'],
  ];
  for (const [name, message, code] of codes) {
    const events = decode([Buffer.concat([start, exception(name, message), start])]);
    assert.deepEqual(
      events.map((each) => each.type),
      ['start', 'error'],
    );
    const last = events.at(-1)!;
    assert.ok(last.type === 'error' && last.error.code === code && last.error.message.includes(message));
  }
  const error = frame({ ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'boom' }, '');
  const last = decode([error]).at(-1)!;
  assert.ok(last.type === 'error' && last.error.message.includes('boom'));
});

test('broken bytes, early ends and events that are no JSON are one error', () => {
  const bytes = toolStream();
  const flipped = Buffer.from(bytes);
  flipped[200] = flipped[200]! ^ 0xff;
  const noJson = frame({ ':event-type': 'contentBlockDelta', ':message-type': 'event' }, '{');
  const cases = [
    flipped,
    bytes.subarray(0, bytes.length - 5),
    bytes.subarray(0, 60),
    Buffer.alloc(0),
    Buffer.from('HTTP/1.1 200 OK, this is no event stream'),
    Buffer.alloc(16),
    noJson,
  ];
  for (const each of cases) {
    const events = decode([each]);
    assert.equal(events.filter((event) => event.type === 'error').length, 1);
    const last = events.at(-1)!;
    assert.ok(last.type === 'error' && last.error.code === 'upstream_error');
  }
});

test('a large event in many pieces', () => {
  const text = 'x'.repeat(3_000_000);
  const bytes = Buffer.concat([
    event('contentBlockDelta', { contentBlockIndex: 0, delta: { text } }),
    event('messageStop', { stopReason: 'max_tokens' }),
  ]);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 4096) }, (_, index) =>
    bytes.subarray(index * 4096, (index + 1) * 4096),
  );
  const events = decode(pieces);
  assert.ok(events[0]?.type === 'text' && events[0].text === text);
  assert.equal(events.at(-1)?.type, 'end');
});

test('a whole reply', () => {
  const body: JsonObject = {
    output: {
      message: {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'sig' } } },
          { reasoningContent: { redactedContent: 'ZW5j' } },
          { text: 'Done' },
          { citationsContent: { content: [{ text: 'a' }, { text: 'b' }], citations: [] } },
          { toolUse: { toolUseId: 't', name: 'f', input: { a: 1 } } },
          { somethingNew: {} },
        ],
      },
    },
    stopReason: 'stop_sequence',
    additionalModelResponseFields: { stop_sequence: 'END' },
    usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
    serviceTier: { type: 'default' },
  };
  assert.deepEqual(decodeReply(body), {
    choices: [
      {
        index: 0,
        content: [
          { type: 'reasoning', text: 'Hm.', signature: 'sig' },
          { type: 'reasoning', text: '', encrypted: 'ZW5j' },
          { type: 'text', text: 'Done' },
          { type: 'text', text: 'ab' },
          { type: 'tool_call', id: 't', name: 'f', arguments: '{"a":1}' },
        ],
        finish: 'stop_sequence',
        stopSequence: 'END',
      },
    ],
    usage: { vector: { input: 1, output: 2 }, raw: body.usage, source: 'provider' },
    servedTier: 'default',
  });
  assert.throws(() => decodeReply({}), { code: 'upstream_error' });
});

test('stop reasons', () => {
  const finish = (stopReason: string) =>
    decodeReply({ output: { message: { content: [] } }, stopReason }).choices[0]?.finish;
  assert.equal(finish('end_turn'), 'stop');
  assert.equal(finish('max_tokens'), 'length');
  assert.equal(finish('model_context_window_exceeded'), 'length');
  assert.equal(finish('guardrail_intervened'), 'content_filter');
  assert.equal(finish('content_filtered'), 'content_filter');
  assert.equal(finish('tool_use'), 'tool_calls');
  assert.equal(finish('malformed_tool_use'), 'stop');
});
