import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../protocol.ts';
import { anthropicApi } from './api.ts';
import { cuts, fixture, fixtureJson, split } from './fixtures/streams.ts';
import { MessagesScanner } from './passthrough.ts';

const target = { model: 'claude-opus-5-5', quirks: {} };
const passthrough = anthropicApi.passthrough!;

function scan(pieces: Buffer[]): { sent: Buffer; scanner: MessagesScanner } {
  const scanner = new MessagesScanner('claude-opus-5-5');
  const sent = pieces.map((piece) => scanner.push(piece) ?? Buffer.alloc(0));
  scanner.end();
  return { sent: Buffer.concat(sent), scanner };
}

test('scanner: frames go through byte for byte, message_stop waits for finish', () => {
  const bytes = fixture('thinking-tools.sse');
  const { sent, scanner } = scan([bytes]);
  const stop = bytes.lastIndexOf('event: message_stop');
  assert.equal(sent.toString(), bytes.subarray(0, stop).toString());
  assert.equal(Buffer.from(scanner.finish()).toString(), bytes.subarray(stop).toString());
  assert.equal(scanner.complete, true);
  assert.equal(scanner.stopSeen, true);
  assert.equal(scanner.error, undefined);
  assert.equal(scanner.servedTier, 'priority');
  assert.deepEqual(scanner.usage?.vector, {
    input: 472,
    cache_read: 10000,
    cache_write_5m: 1500,
    cache_write_1h: 500,
    output: 125,
    reasoning: 64,
    searches: 0,
  });
  assert.equal(
    scanner.text(),
    'The user asks for the weather in two towns.Let me look.get_weather{"city": "München"}get_weather{"city": "上海"}',
  );
});

test('scanner: any cut of the bytes gives the same bytes and facts', () => {
  for (const name of ['text.sse', 'thinking-tools.sse']) {
    const bytes = fixture(name);
    const whole = scan([bytes]);
    fc.assert(
      fc.property(cuts(bytes.length), (at) => {
        const { sent, scanner } = scan(split(bytes, at));
        assert.deepEqual(sent, whole.sent);
        assert.deepEqual(scanner.finish(), whole.scanner.finish());
        assert.deepEqual(scanner.usage, whole.scanner.usage);
        assert.equal(scanner.outputBound, whole.scanner.outputBound);
        assert.equal(scanner.text(), whole.scanner.text());
        assert.equal(scanner.error, undefined);
      }),
      { numRuns: 60 },
    );
  }
});

test('scanner: a frame is never split', () => {
  const bytes = fixture('text.sse');
  fc.assert(
    fc.property(cuts(bytes.length), (at) => {
      const scanner = new MessagesScanner('m');
      for (const piece of split(bytes, at)) {
        const sent = scanner.push(piece);
        if (sent) assert.match(Buffer.from(sent).toString(), /\n\n$/);
      }
    }),
    { numRuns: 60 },
  );
});

test('scanner: the bound covers every byte the model wrote', () => {
  const { scanner } = scan([fixture('text.sse')]);
  assert.ok(scanner.outputBound >= Buffer.byteLength(scanner.text()));
  assert.equal(scanner.outputBound, Buffer.byteLength('你好, wörld 👋!') + 3);
});

test('scanner: usage before the end is what message_start stated', () => {
  const bytes = fixture('thinking-tools.sse');
  const scanner = new MessagesScanner('m');
  scanner.push(bytes.subarray(0, bytes.indexOf('event: content_block_start')));
  assert.equal(scanner.usage?.vector.output, 2);
  assert.equal(scanner.stopSeen, false);
});

test('scanner: an error event, a malformed frame and an early end are errors; what came before still goes out', () => {
  const failed = scan([fixture('error.sse')]);
  assert.equal(failed.scanner.error?.code, 'overloaded');
  assert.match(failed.sent.toString(), /"Hel"/);
  assert.doesNotMatch(failed.sent.toString(), /overloaded/);

  const text = fixture('text.sse').toString();
  const malformed = scan([Buffer.from(text.replace('"你好"}', '"你好"'))]);
  assert.equal(malformed.scanner.error?.code, 'upstream_error');
  assert.doesNotMatch(malformed.sent.toString(), /你好/);

  const early = scan([Buffer.from(text.slice(0, text.indexOf('event: message_stop')))]);
  assert.equal(early.scanner.error?.code, 'upstream_error');
  assert.equal(early.scanner.stopSeen, true);
  assert.equal(early.scanner.complete, false);

  const empty = scan([]);
  assert.equal(empty.scanner.error?.code, 'upstream_error');
});

test('scanner: a last frame without its blank line counts and gets one', () => {
  const bytes = fixture('text.sse');
  const { scanner } = scan([bytes.subarray(0, bytes.length - 2)]);
  assert.equal(scanner.complete, true);
  assert.match(Buffer.from(scanner.finish()).toString(), /message_stop"}\n\n$/);
});

test('scanner: contradicting usage is unreconciled', () => {
  const bytes = Buffer.from(fixture('text.sse').toString().replace('"output_tokens":15', '"output_tokens":-15'));
  assert.equal(scan([bytes]).scanner.usage?.source, 'unreconciled');
});

test('cut: closes the open block and ends with the length stop', () => {
  const bytes = fixture('text.sse');
  const scanner = new MessagesScanner('m');
  scanner.push(bytes.subarray(0, bytes.indexOf('event: content_block_stop')));
  const frames = passthrough.cut(scanner).trimEnd().split('\n\n');
  const events = frames.map((frame) => JSON.parse(frame.split('data: ')[1]!) as JsonObject);
  assert.deepEqual(
    events.map((event) => event.type),
    ['content_block_stop', 'message_delta', 'message_stop'],
  );
  assert.equal((events[1]!.delta as JsonObject).stop_reason, 'max_tokens');
});

test('cut: before anything came it is a whole, empty message', () => {
  const frames = passthrough.cut(new MessagesScanner('m')).match(/event: \w+/g);
  assert.deepEqual(frames, ['event: message_start', 'event: message_delta', 'event: message_stop']);
});

test('rewrite: changes model and limit only', () => {
  const text = '{ "model":"a", "messages": [ ],\n "max_tokens": 9000 }';
  const change = (limit?: number, body = text) =>
    Buffer.from(
      passthrough.rewrite(
        Buffer.from(body),
        JSON.parse(body) as JsonObject,
        { model: 'b', askUsage: true, ...(limit === undefined ? {} : { maxOutputTokens: limit }) },
        target,
      ),
    ).toString();
  assert.equal(change(), text.replace('"a"', '"b"'));
  assert.equal(change(50), text.replace('"a"', '"b"').replace('9000', '50'));
});

test('rewrite: a thinking budget stays under a lowered limit', () => {
  const body = { model: 'm', max_tokens: 9000, thinking: { type: 'enabled', budget_tokens: 8000 } };
  const limited = (limit: number): JsonObject =>
    JSON.parse(
      Buffer.from(
        passthrough.rewrite(
          Buffer.from(JSON.stringify(body)),
          body,
          { model: 'm', askUsage: false, maxOutputTokens: limit },
          target,
        ),
      ).toString(),
    ) as JsonObject;
  assert.deepEqual(limited(5000).thinking, { type: 'enabled', budget_tokens: 4999 });
  assert.deepEqual(limited(500).thinking, { type: 'disabled' });
  assert.deepEqual(limited(8500).thinking, body.thinking);
});

test('facts: usage, tier, model and text of a whole reply', () => {
  const facts = passthrough.facts(fixtureJson('reply.json'), target);
  assert.equal(facts.model, 'claude-opus-5-5');
  assert.equal(facts.servedTier, 'fast+inference_geo:us');
  assert.deepEqual(facts.usage?.vector, {
    input: 10,
    cache_read: 100,
    cache_write_5m: 4,
    cache_write_1h: 3,
    output: 30,
    reasoning: 20,
  });
  assert.equal(facts.text(), 'Short.It rains.umbrella{"open":true}');
  assert.equal(passthrough.facts({}, target).usage, undefined);
});
