import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ApiTarget, JsonObject, StreamScanner } from '../../protocol.ts';
import { assertSchema } from '../fixtures/openai-schemas.ts';
import { openaiChatApi } from './index.ts';

const passthrough = openaiChatApi.passthrough!;
const target: ApiTarget = { model: 'up', quirks: {} };

function rewritten(text: string, changes: Partial<Parameters<typeof passthrough.rewrite>[2]>, to = target): string {
  const body = JSON.parse(text) as JsonObject;
  const out = passthrough.rewrite(Buffer.from(text), body, { model: 'up', askUsage: false, ...changes }, to);
  return Buffer.from(out).toString('utf8');
}

test('a body keeps the client’s bytes but for what has to change', () => {
  assert.equal(rewritten('{"messages":[1.0], "model":"mock/up"}', {}), '{"messages":[1.0], "model":"up"}');
  assert.equal(rewritten('{"model":"up" }', {}), '{"model":"up" }');
  assert.equal(
    rewritten('{"model":"up","stream":true}', { askUsage: true }),
    '{"stream_options":{"include_usage":true},"model":"up","stream":true}',
  );
  assert.equal(
    rewritten('{"model":"up","stream":true,"stream_options":{"include_obfuscation":false}}', { askUsage: true }),
    '{"model":"up","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}',
  );
  const asked = '{"model":"up","stream":true,"stream_options":{"include_usage":true}}';
  assert.equal(rewritten(asked, { askUsage: true }), asked);
  assert.equal(rewritten('{"model":"up"}', { askUsage: true }), '{"model":"up"}');
  assert.equal(
    rewritten('{"model":"up","stream":true}', { askUsage: true }, { model: 'up', quirks: { streamOptions: false } }),
    '{"model":"up","stream":true}',
  );
  assert.equal(rewritten('{"model":"up"}', { maxOutputTokens: 9 }), '{"max_completion_tokens":9,"model":"up"}');
  assert.equal(rewritten('{"model":"up","max_tokens":99}', { maxOutputTokens: 9 }), '{"model":"up","max_tokens":9}');
  assert.equal(
    rewritten('{"max_tokens":99,"max_completion_tokens":88,"model":"up"}', { maxOutputTokens: 9 }),
    '{"max_completion_tokens":9,"model":"up"}',
  );
  assert.equal(
    rewritten('{"model":"up"}', { maxOutputTokens: 9 }, { model: 'up', quirks: { limitField: 'max_tokens' } }),
    '{"max_tokens":9,"model":"up"}',
  );
});

test('facts of a whole reply', () => {
  const facts = passthrough.facts(
    {
      model: 'up-1',
      service_tier: 'flex',
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
      choices: [
        {
          message: {
            content: 'a',
            reasoning_content: 'b',
            tool_calls: [{ function: { name: 'f', arguments: '{}' } }],
          },
        },
      ],
    },
    target,
  );
  assert.deepEqual([facts.usage?.vector, facts.servedTier, facts.model], [{ input: 1, output: 2 }, 'flex', 'up-1']);
  assert.equal(facts.text(), 'abf{}');
  assert.equal(passthrough.facts({}, target).usage, undefined);
  assert.equal(passthrough.facts({ choices: [null, { message: 3 }] } as JsonObject, target).text(), '');
});

const frame = (body: unknown): string => `data: ${JSON.stringify(body)}\n\n`;
const chunk = (delta: JsonObject, finish: string | null = null, more: JsonObject = {}): JsonObject => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 7,
  model: 'up-1',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const DONE = 'data: [DONE]\n\n';
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

interface Scanned {
  scanner: StreamScanner;
  sent: string;
  last: string;
}

function scan(pieces: (string | Uint8Array)[], showUsage: boolean): Scanned {
  const scanner = passthrough.openScanner(target, { showUsage });
  const sent: Buffer[] = [];
  for (const piece of pieces) {
    const out = scanner.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
    if (out !== undefined) sent.push(Buffer.from(out as Uint8Array));
  }
  scanner.end();
  return { scanner, sent: Buffer.concat(sent).toString('utf8'), last: Buffer.from(scanner.finish()).toString('utf8') };
}

test('a stream goes through as it is where the client asked for usage', () => {
  const frames = [
    ': ping\n\n',
    frame(chunk({ role: 'assistant', content: '' }, null, { usage: null, obfuscation: 'xx' })),
    frame(chunk({ content: '你好' }, null, { usage: null, service_tier: 'default' })),
    frame(chunk({}, 'stop', { usage: null })),
    frame({ ...chunk({}), choices: [], usage }),
  ].join('');
  const { scanner, sent, last } = scan([frames + DONE], true);
  assert.equal(sent, frames);
  assert.equal(last, DONE);
  assert.deepEqual(scanner.usage, { vector: { input: 3, output: 2 }, raw: usage, source: 'provider' });
  assert.equal(scanner.servedTier, 'default');
  assert.deepEqual([scanner.complete, scanner.stopSeen, scanner.error], [true, true, undefined]);
  assert.equal(scanner.text(), '你好');
  assert.equal(scanner.outputBound, 6 + 3);
});

test('whole frames are one view of the bytes that came', () => {
  const bytes = Buffer.from(frame(chunk({ content: 'a' })) + frame(chunk({ content: 'b' })));
  const out = passthrough.openScanner(target, { showUsage: false }).push(bytes) as Uint8Array;
  assert.equal(out.buffer, bytes.buffer);
  assert.equal(out.byteOffset, bytes.byteOffset);
  assert.equal(out.byteLength, bytes.byteLength);
});

test('usage that the client did not ask for is left out, and only that', () => {
  const { scanner, sent } = scan(
    [
      frame(chunk({ content: 'a' }, null, { usage: null, obfuscation: 'xx' })),
      `data: {"usage":null,"choices":[{"index":0,"delta":{"content":"\\"usage\\":null"},"finish_reason":null}]}\n\n`,
      frame(chunk({}, 'stop', { usage })),
      frame({ ...chunk({}), choices: [], usage }),
      DONE,
    ],
    false,
  );
  assert.equal(
    sent,
    frame(chunk({ content: 'a' }, null, { obfuscation: 'xx' })) +
      `data: {"choices":[{"index":0,"delta":{"content":"\\"usage\\":null"},"finish_reason":null}]}\n\n` +
      frame(chunk({}, 'stop')),
  );
  assert.equal(scanner.usage?.vector.output, 2);
});

test('a null usage is cut wherever it stands, and nothing else that looks like it', () => {
  const choices = '"choices":[{"index":0,"delta":{"content":"\\"usage\\":null"}}]';
  const cases: [string, string][] = [
    [`{${choices},"usage":null}`, `{${choices}}`],
    [`{"usage":null,${choices}}`, `{${choices}}`],
    [`{${choices}, "usage": null}`, `{${choices}}`],
    [`{${choices} ,"usage":null}`, `{${choices} }`],
    [`{"a":{"usage":null},${choices},"usage":null}`, `{"a":{"usage":null},${choices}}`],
    [`{"usage":null,"a":{"usage":1},${choices}}`, `{"a":{"usage":1},${choices}}`],
    [`{"usage":3,${choices},"usage":null}`, `{${choices}}`],
    [`{"a\\"usage":null,${choices}}`, `{"a\\"usage":null,${choices}}`],
  ];
  for (const [given, expected] of cases) {
    assert.equal(
      scan([`data: ${given}\n\n`, frame(chunk({}, 'stop')), DONE], false).sent,
      `data: ${expected}\n\n${frame(chunk({}, 'stop'))}`,
    );
  }
});

test('usage in odd places and odd frames', () => {
  // Azure's first frame has no choices and no usage, and stays.
  const filter = frame({ choices: [], prompt_filter_results: [] });
  // Moonshot's usage is in the choice.
  const nested = frame({ choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] });
  const odd = `data:{"choices":[{"index":0,"delta":{"content":"x"}}],\ndata: "usage":null}\n\n`;
  const { scanner, sent } = scan([filter, odd, nested, DONE], false);
  assert.equal(
    sent,
    filter +
      frame({ choices: [{ index: 0, delta: { content: 'x' } }] }) +
      frame({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  );
  assert.equal(scanner.usage?.vector.input, 3);
  assert.equal(scanner.text(), 'x');
});

test('everything from the end mark on is withheld', () => {
  const scanner = passthrough.openScanner(target, { showUsage: true });
  const head = frame(chunk({ content: 'a' }, 'stop'));
  assert.equal(Buffer.from(scanner.push(Buffer.from(`${head}data: [DO`)) as Uint8Array).toString(), head);
  assert.equal(scanner.push(Buffer.from('NE]\n\n: bye\n\n')), undefined);
  assert.equal(scanner.complete, true);
  scanner.end();
  assert.equal(Buffer.from(scanner.finish()).toString(), `${DONE}: bye\n\n`);
});

test('a stream without its end mark', () => {
  const stopped = scan([frame(chunk({ content: 'a' }, 'stop'))], false);
  assert.deepEqual([stopped.scanner.complete, stopped.scanner.error, stopped.last], [true, undefined, DONE]);
  const broken = scan([frame(chunk({ content: 'a' }))], false);
  assert.deepEqual([broken.scanner.complete, broken.scanner.error?.code], [false, 'upstream_error']);
  const half = scan([frame(chunk({ content: 'a' })), 'data: {"choi'], false);
  assert.equal(half.scanner.error?.code, 'upstream_error');
  // Only the last blank line is missing.
  const bare = scan([frame(chunk({ content: 'a' }, 'stop')), 'data: [DONE]'], false);
  assert.deepEqual([bare.scanner.complete, bare.last], [true, DONE]);
  const noMark = scan([frame(chunk({ content: 'a' })), frame(chunk({}, 'stop')).trimEnd()], false);
  assert.deepEqual([noMark.scanner.complete, noMark.last], [true, frame(chunk({}, 'stop')) + DONE]);
  // One of two choices is still open.
  const two = frame({ ...chunk({}), choices: [{ index: 1, delta: { content: 'b' }, finish_reason: null }] });
  assert.equal(scan([two, frame(chunk({}, 'stop'))], false).scanner.stopSeen, false);
});

test('failures inside a stream are kept from the client', () => {
  const good = frame(chunk({ content: 'a' }));
  for (const bad of [
    frame({ error: { message: 'key sk-aaaaaaaaaaaaaaaa', code: 429 } }),
    'data: {oops\n\n',
    'data: 3\n\n',
  ]) {
    const { scanner, sent } = scan([good + bad + good], false);
    assert.equal(sent, good);
    assert.ok(scanner.error);
    assert.doesNotMatch(scanner.error.message, /sk-a/);
    assert.equal(scanner.complete, false);
  }
});

test('contradictory usage is kept as such', () => {
  const { scanner } = scan([frame(chunk({}, 'stop', { usage: { ...usage, total_tokens: 9 } })), DONE], false);
  assert.equal(scanner.usage?.source, 'unreconciled');
});

test('a cut ends the stream’s open choices for length', () => {
  const scanner = passthrough.openScanner(target, { showUsage: false });
  scanner.push(Buffer.from(frame(chunk({ content: 'a' }))));
  const text = passthrough.cut(scanner);
  assert.ok(text.endsWith(`\n\n${DONE}`));
  const cut = JSON.parse(text.slice(6, text.indexOf('\n'))) as JsonObject;
  assertSchema('CreateChatCompletionStreamResponse', cut);
  assert.deepEqual(
    [cut.id, cut.model, cut.created, cut.choices],
    ['c', 'up-1', 7, [{ index: 0, delta: {}, logprobs: null, finish_reason: 'length' }]],
  );
  const untouched = passthrough.cut(passthrough.openScanner(target, { showUsage: false }));
  assertSchema('CreateChatCompletionStreamResponse', JSON.parse(untouched.slice(6, untouched.indexOf('\n'))));
});

test('the text kept is the last mebi-character', () => {
  const scanner = passthrough.openScanner(target, { showUsage: false });
  const piece = 'x'.repeat(300_000);
  for (let index = 0; index < 10; index++) scanner.push(Buffer.from(frame(chunk({ content: `${piece}${index}` }))));
  assert.equal(scanner.text().length, 1024 * 1024);
  assert.ok(scanner.text().endsWith('x9'));
});

test('however the bytes are cut, the same bytes and facts come out', () => {
  const text =
    frame(chunk({ role: 'assistant', content: '' }, null, { usage: null })) +
    ': ping\n\n' +
    frame(chunk({ content: '你好 👋' }, null, { usage: null })) +
    frame(chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] })) +
    frame(chunk({}, 'stop', { usage: null })) +
    frame({ ...chunk({}), choices: [], usage }) +
    DONE;
  const bytes = Buffer.from(text);
  for (const showUsage of [false, true]) {
    const whole = scan([bytes], showUsage);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((to, index) => bytes.subarray(edges[index], to));
        const got = scan(pieces, showUsage);
        assert.equal(got.sent, whole.sent);
        assert.equal(got.last, whole.last);
        assert.equal(got.scanner.outputBound, whole.scanner.outputBound);
        assert.deepEqual(got.scanner.usage, whole.scanner.usage);
      }),
    );
    assert.equal(whole.sent.includes('usage'), showUsage);
  }
});
