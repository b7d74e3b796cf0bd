import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, StreamEvent } from '../../protocol.ts';
import { AnthropicDecoder, decodeReply } from './decode.ts';
import { cuts, fixture, fixtureJson, split } from './fixtures/streams.ts';

function decode(pieces: Buffer[]): StreamEvent[] {
  const decoder = new AnthropicDecoder();
  return [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.end()];
}

test('a text stream', () => {
  const events = decode([fixture('text.sse')]);
  const raw = {
    input_tokens: 25,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: 1,
    service_tier: 'standard',
    inference_geo: 'global',
  };
  const vector = { input: 25, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 };
  assert.deepEqual(events, [
    { type: 'start', id: 'msg_01XFDUDYJgAACzvnptvVoYEL', model: 'claude-sonnet-5-5', servedTier: 'default' },
    { type: 'usage', usage: { vector: { ...vector, output: 1 }, raw, source: 'provider' }, servedTier: 'default' },
    { type: 'text', choice: 0, part: 0, text: '你好' },
    { type: 'text', choice: 0, part: 0, text: ', wörld 👋!' },
    { type: 'finish', choice: 0, reason: 'stop', stopSequence: undefined },
    {
      type: 'usage',
      usage: { vector: { ...vector, output: 15 }, raw: { ...raw, output_tokens: 15 }, source: 'provider' },
      servedTier: 'default',
    },
    { type: 'end' },
  ]);
});

test('thinking, its proofs and tool calls', () => {
  const events = decode([fixture('thinking-tools.sse')]).filter((event) => 'part' in event);
  assert.deepEqual(events, [
    { type: 'reasoning', choice: 0, part: 0, text: 'The user asks for the weather' },
    { type: 'reasoning', choice: 0, part: 0, text: ' in two towns.' },
    { type: 'reasoning_proof', choice: 0, part: 0, signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl' },
    { type: 'reasoning_proof', choice: 0, part: 1, encrypted: 'EmwKAhgBEgy3va3pzix' },
    { type: 'text', choice: 0, part: 2, text: 'Let me look.' },
    { type: 'tool_call', choice: 0, part: 3, id: 'toolu_01T1x1fJ34qAmk2tNTrN7Up6', name: 'get_weather' },
    { type: 'tool_arguments', choice: 0, part: 3, json: '' },
    { type: 'tool_arguments', choice: 0, part: 3, json: '{"city": "Mün' },
    { type: 'tool_arguments', choice: 0, part: 3, json: 'chen"}' },
    { type: 'tool_call', choice: 0, part: 4, id: 'toolu_01B2y2gK45rBnl3uOUsO8Vq7', name: 'get_weather' },
    { type: 'tool_arguments', choice: 0, part: 4, json: '{"city": "上海"}' },
  ]);
});

test('any cut of the bytes gives the same events', () => {
  for (const name of ['text.sse', 'thinking-tools.sse', 'error.sse']) {
    const bytes = fixture(name);
    const whole = decode([bytes]);
    fc.assert(
      fc.property(cuts(bytes.length), (at) => {
        assert.deepEqual(JSON.stringify(decode(split(bytes, at))), JSON.stringify(whole));
      }),
      { numRuns: 60 },
    );
  }
});

test('failures inside the stream are one error event, and nothing follows', () => {
  const text = fixture('text.sse').toString();
  const failures: [string, string][] = [
    [fixture('error.sse').toString(), 'overloaded'],
    [text.replace('"你好"}', '"你好"'), 'upstream_error'],
    [text.slice(0, text.indexOf('event: message_stop')), 'upstream_error'],
    [text.slice(0, 40), 'upstream_error'],
    ['', 'upstream_error'],
  ];
  for (const [bytes, code] of failures) {
    const events = decode([Buffer.from(bytes)]);
    const errors = events.filter((event) => event.type === 'error');
    assert.equal(errors.length, 1);
    assert.equal(events.at(-1), errors[0]);
    assert.equal(errors[0]!.error.code, code);
  }
});

test('stop reasons and the stop sequence', () => {
  const finish = (reason: string, sequence: string | null = null) => {
    const text = fixture('text.sse')
      .toString()
      .replace(
        '"stop_reason":"end_turn","stop_sequence":null',
        `"stop_reason":"${reason}","stop_sequence":${JSON.stringify(sequence)}`,
      );
    const event = decode([Buffer.from(text)]).find((each) => each.type === 'finish');
    return event?.type === 'finish' ? [event.reason, event.stopSequence] : [];
  };
  assert.deepEqual(finish('max_tokens'), ['length', undefined]);
  assert.deepEqual(finish('model_context_window_exceeded'), ['length', undefined]);
  assert.deepEqual(finish('stop_sequence', 'END'), ['stop_sequence', 'END']);
  assert.deepEqual(finish('pause_turn'), ['pause', undefined]);
  assert.deepEqual(finish('refusal'), ['refusal', undefined]);
  assert.deepEqual(finish('something_new'), ['stop', undefined]);
});

test('a whole reply', () => {
  const reply = decodeReply(fixtureJson('reply.json'));
  assert.equal(reply.servedTier, 'fast+inference_geo:us');
  assert.equal(reply.choices[0]?.finish, 'tool_calls');
  assert.deepEqual(reply.usage?.vector, {
    input: 10,
    cache_read: 100,
    cache_write_5m: 4,
    cache_write_1h: 3,
    output: 30,
    reasoning: 20,
  });
  assert.deepEqual(
    reply.choices[0]?.content.map((part) => part.type),
    ['reasoning', 'text', 'tool_call'],
  );
});

test('a body that is no message is an upstream error', () => {
  const bodies: JsonObject[] = [{}, { content: 'x' }, { type: 'error', error: { type: 'api_error', message: 'x' } }];
  for (const body of bodies) {
    assert.throws(() => decodeReply(body), { code: 'upstream_error' });
  }
});
