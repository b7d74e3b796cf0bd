import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { scriptPrompt } from '../../bench/upstream/script.ts';
import { formatDecimal, parseDecimal } from '../base/money.ts';
import { estimateInput, surfaces } from '../providers/index.ts';
import { thresholdFor } from '../reflex/index.ts';
import { operationOf, startTestServer, type TestServer, testConfig } from '../server-testing.ts';

const ROOMS = ['kitchen', 'bedroom', 'attic', 'garage'];
const TEACH: Record<string, string[]> = {
  lamp_on: ['light up the', 'switch on the lamp in the', 'make it bright in the', 'lamp on in the'],
  heat_up: ['warm up the', 'raise the heating in the', 'it is freezing in the', 'more heat for the'],
  play_song: ['play a song in the', 'put on some music in the', 'start the radio in the', 'i want music in the'],
};
const EXAMPLES = Object.entries(TEACH).flatMap(([intent, openings]) =>
  openings.flatMap((opening) =>
    ROOMS.map((room) => {
      const text = `${opening} ${room}`;
      return {
        text,
        intent,
        slots: [{ name: 'room', value: room, start: text.length - room.length, end: text.length }],
      };
    }),
  ),
);
const room = { type: 'object', properties: { room: { type: 'string' } }, required: ['room'] };
const TOOLS = Object.keys(TEACH).map((name) => ({
  type: 'function',
  function: { name, description: name.replace('_', ' '), parameters: room },
}));
const KNOWN = 'switch on the lamp in the attic';
const UNKNOWN = 'what did the parliament decide yesterday';

/** A tool call as the mock's large model writes it. */
const answered = (name: string, args: unknown, more = {}) => ({
  role: 'system',
  content: scriptPrompt({ tool: { name, arguments: args }, ...more }),
});

function body(model: string, text: string, more: Record<string, unknown> = {}, system?: object) {
  return { model, messages: [...(system ? [system] : []), { role: 'user', content: text }], tools: TOOLS, ...more };
}

const ALIASES = `
models:
  - { name: home, cascade: [reflex/home, mock/test-model], precision: 0.9, distill: { examples_per_day: 2 } }
  - { name: strict, cascade: [reflex/home, big], threshold: 1 }
  - { name: unlucky, cascade: [reflex/nobody, mock/test-model], distill: { examples_per_day: 1 } }
  - { name: big, targets: [mock/test-model, claude/test-model], retries: 1 }
limits: { cascade_wait_ms: 30000 }
organisation: { tag_keys: [team] }
`;

describe('cascade', () => {
  let tw: TestServer;
  let secret: string;
  let key: string;
  const ask = (request: unknown, headers?: Record<string, string>, own = secret) =>
    tw.post('/v1/chat/completions', request, own, headers);
  // biome-ignore lint/suspicious/noExplicitAny: bodies of several kinds, of which each test says what it expects.
  const read = (answer: Response): Promise<any> => answer.json();
  const toolOf = async (answer: Response) => (await read(answer)).choices[0].message.tool_calls?.[0]?.function;
  const admin = async (path: string) => {
    const answer = await fetch(tw.url + path, { headers: { authorization: `Bearer ${tw.adminKey}` } });
    return read(answer);
  };

  before(async () => {
    tw = await startTestServer({ fullConfig: (url) => testConfig(url, ALIASES) });
    ({ id: key, secret } = await tw.key());
    await tw.server.services.reflex.train('home', EXAMPLES);
    await tw.server.services.reflex.predict('home', ['hello']);
  });
  after(() => tw.close());

  it('ends with Reflex where it is sure enough, and says what that saved', async () => {
    const answer = await ask(body('home', KNOWN));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-tokenworks-route'), 'reflex');
    assert.equal(answer.headers.get('x-tokenworks-model'), 'reflex/home');
    assert.equal(answer.headers.get('x-tokenworks-cost'), '0 USD');
    assert.deepEqual(await toolOf(answer), { name: 'lamp_on', arguments: '{"room":"attic"}' });
    const record = await operationOf(tw, answer);
    assert.deepEqual(
      record.attempts.map(({ deployment, status }) => [deployment, status]),
      [['reflex/home', 'completed']],
    );
    assert.deepEqual([record.charge_pico, record.chargeCurrency], [0n, 'USD']);
    const { decision, confidence, threshold, saved } = record.cascade!;
    assert.equal(decision, 'reflex');
    assert.equal(threshold, thresholdFor(tw.server.services.reflex.trust('home')!, 0.9)!.confidence);
    assert.ok(confidence! >= threshold!);
    // The estimate is the project's own, and its money that of the price book: 1 USD a million in, 4 out.
    const request = surfaces.chat.parse(body('home', KNOWN) as never);
    const input = (await estimateInput({ ...request, model: 'test-model' })).tokens;
    const output = saved!.tokens - input;
    assert.ok(output > 0 && output < 30);
    assert.equal(saved!.cost_pico, BigInt(input) * 1_000_000n + BigInt(output) * 4_000_000n);
    assert.equal(saved!.currency, 'USD');
  });

  it('passes on what Reflex is not sure of, and charges the large model once', async () => {
    const answer = await ask(body('strict', KNOWN));
    assert.equal(answer.headers.get('x-tokenworks-route'), 'model');
    assert.equal(answer.headers.get('x-tokenworks-model'), 'mock/test-model');
    assert.equal(answer.headers.get('x-tokenworks-attempts'), '2');
    assert.equal(answer.headers.get('x-tokenworks-cost'), '0.000044 USD');
    const record = await operationOf(tw, answer);
    assert.deepEqual(
      record.attempts.map(({ deployment, status, usage, cost_pico }) => [deployment, status, usage, cost_pico]),
      [
        ['reflex/home', 'passed', {}, undefined],
        ['mock/test-model', 'completed', { input: 12, output: 8 }, 44_000_000n],
      ],
    );
    assert.equal(record.cascade!.reason, 'unsure');
    assert.equal(record.cascade!.saved, undefined);
    assert.equal(record.charge_pico, 44_000_000n);
    const view = await admin(`/admin/v1/operations/${record.id}`);
    assert.deepEqual(Object.keys(view.cascade), ['decision', 'reason', 'confidence', 'threshold']);
  });

  it('writes the passed try behind the operation’s beginning, so that a crash after it finds both', async () => {
    const answer = await ask(body('strict', KNOWN));
    await answer.text();
    const dir = join(tw.server.services.config.home, 'journal');
    const id = answer.headers.get('x-tokenworks-operation')!;
    const lines = (await Promise.all((await readdir(dir)).map((file) => readFile(join(dir, file), 'utf8'))))
      .flatMap((text) => text.split('\n'))
      .filter((line) => line.includes(id));
    // After its checksum, a line is JSON: begun, passed on, sent, settled.
    const kinds = lines.map((line) => JSON.parse(line.slice(9)).t);
    assert.deepEqual(kinds, ['i', 'a', 's', 'f']);
  });

  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
  const asked = [
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: 'Which room do you mean?' },
    { role: 'user', content: KNOWN },
  ];
  const called = [
    { role: 'user', content: KNOWN },
    { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'lamp_on', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'c', content: 'done' },
  ];
  const cases: [string, Record<string, unknown>, string, number][] = [
    ['a text of no intent', body('home', UNKNOWN), 'unsure', 2],
    ['a missing argument', body('home', 'lamp on'), 'no_answer', 2],
    ['an intent without a taught answer', { ...body('home', KNOWN), tools: undefined }, 'no_answer', 2],
    [
      'an image',
      { ...body('home', KNOWN), messages: [{ role: 'user', content: [{ type: 'text', text: KNOWN }, image] }] },
      'beyond',
      1,
    ],
    ['an answer to a question', { ...body('home', KNOWN), messages: asked }, 'beyond', 1],
    ['the result of a tool', { ...body('home', KNOWN), messages: called }, 'beyond', 1],
    ['several choices', body('home', KNOWN, { n: 2 }), 'beyond', 1],
    ['an empty text', body('home', '  '), 'beyond', 1],
    ['a large body', body('home', KNOWN, { metadata: { note: 'x'.repeat(200_000) } }), 'beyond', 1],
    [
      'a schema too deep for Reflex',
      { ...body('home', KNOWN), tools: undefined, response_format: deep() },
      'failed',
      2,
    ],
    ['a model that has learnt nothing', body('unlucky', KNOWN), 'untrained', 1],
  ];
  for (const [name, request, reason, attempts] of cases) {
    it(`asks the large model for ${name}`, async () => {
      const answer = await ask(request);
      assert.equal(answer.status, 200, await answer.clone().text());
      assert.equal(answer.headers.get('x-tokenworks-route'), 'model');
      assert.equal(/nothing/.test(answer.headers.get('x-tokenworks-warnings') ?? ''), reason === 'untrained');
      const record = await operationOf(tw, answer);
      assert.equal(record.cascade!.reason, reason);
      assert.equal(record.attempts.length, attempts);
    });
  }

  it('takes JSON that bears the label, with what else it holds read as slots', async () => {
    const schema = {
      type: 'object',
      properties: { action: { type: 'string', enum: Object.keys(TEACH) } },
      required: ['action'],
      additionalProperties: false,
    };
    const format = { type: 'json_schema', json_schema: { name: 'action', schema } };
    const answer = await ask(body('home', KNOWN, { tools: undefined, response_format: format }));
    assert.equal(answer.headers.get('x-tokenworks-route'), 'reflex');
    assert.equal((await read(answer)).choices[0].message.content, '{"action":"lamp_on"}');
  });

  for (const [surface, path, whole] of [
    ['chat', '/v1/chat/completions', /lamp_on[\s\S]*\[DONE\]/],
    ['messages', '/v1/messages', /lamp_on[\s\S]*message_stop/],
    ['responses', '/v1/responses', /lamp_on[\s\S]*response\.completed/],
  ] as const) {
    it(`streams either answer whole on ${surface}`, async () => {
      for (const [model, route] of [
        ['home', 'reflex'],
        ['strict', 'model'],
      ] as const) {
        const script = scriptPrompt({ tool: { name: 'lamp_on', arguments: { room: 'attic' } } });
        const tools = {
          chat: TOOLS,
          messages: TOOLS.map(({ function: one }) => ({ name: one.name, input_schema: room })),
          responses: TOOLS.map(({ function: one }) => ({ type: 'function', name: one.name, parameters: room })),
        }[surface];
        const request = {
          chat: {
            messages: [
              { role: 'system', content: script },
              { role: 'user', content: KNOWN },
            ],
          },
          messages: { max_tokens: 100, system: script, messages: [{ role: 'user', content: KNOWN }] },
          responses: { instructions: script, input: KNOWN },
        }[surface];
        const answer = await tw.post(path, { model, stream: true, tools, ...request }, secret);
        assert.equal(answer.headers.get('x-tokenworks-route'), route);
        assert.match(await answer.text(), whole);
        const record = await operationOf(tw, answer);
        assert.deepEqual(
          [record.status, record.stream, record.attempts.length],
          ['completed', true, route === 'model' ? 2 : 1],
        );
      }
    });
  }

  it('holds nothing for Reflex: a budget that is used up stops the large model alone', async () => {
    const own = await tw.key();
    await tw.budget(own.id, '0.0000001');
    const sure = await ask(body('home', KNOWN), {}, own.secret);
    assert.deepEqual([sure.status, sure.headers.get('x-tokenworks-route')], [200, 'reflex']);
    assert.deepEqual((await operationOf(tw, sure)).holds, []);
    const unsure = await ask(body('home', UNKNOWN), {}, own.secret);
    assert.equal(unsure.status, 402);
    assert.equal((await read(unsure)).error.code, 'budget_exceeded');
    const rich = await tw.key();
    await tw.budget(rich.id, '1');
    const paid = await operationOf(tw, await ask(body('home', UNKNOWN, { max_tokens: 50 }), {}, rich.secret));
    assert.deepEqual(
      paid.holds.map(({ settled_pico, held_pico }) => [settled_pico, held_pico > 0n]),
      [[44_000_000n, true]],
    );
  });

  it('is charged where the book prices Reflex, and then holds', async () => {
    const post = (path: string, given: unknown) => tw.post(path, given, tw.adminKey);
    const made = await post('/admin/v1/prices', {
      book: 'sell',
      provider: 'reflex',
      model: 'home',
      currency: 'USD',
      input: '2.00',
      output: '2.00',
    });
    assert.equal(made.status, 201, await made.clone().text());
    try {
      const record = await operationOf(tw, await ask(body('home', KNOWN)));
      const { input, output } = record.attempts[0]!.usage;
      assert.equal(record.charge_pico, BigInt(input! + output!) * 2_000_000n);
      const poor = await tw.key();
      await tw.budget(poor.id, '0.0000001');
      assert.equal((await ask(body('home', KNOWN), {}, poor.secret)).status, 402);
    } finally {
      const { id } = await read(made);
      const answer = await fetch(`${tw.url}/admin/v1/prices/${id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${tw.adminKey}` },
      });
      assert.ok(answer.ok, await answer.text());
    }
  });

  it('hands on the large model’s failure, with the try before it on record', async () => {
    const answer = await ask(body('home', UNKNOWN, {}, { role: 'system', content: scriptPrompt({ status: 400 }) }));
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get('x-tokenworks-route'), 'model');
    const record = await operationOf(tw, answer);
    assert.deepEqual(
      record.attempts.map(({ status }) => status),
      ['passed', 'failed'],
    );
    assert.deepEqual([record.cascade!.decision, record.charge_pico], ['passed', undefined]);
    // The alias behind it goes on to its next target.
    const tries = scriptPrompt({ case: 'cascade-tries', tries: [{ status: 503 }, { status: 503 }, { status: 200 }] });
    const next = await ask(body('strict', KNOWN, {}, { role: 'system', content: tries }));
    assert.deepEqual(
      [next.status, next.headers.get('x-tokenworks-model'), next.headers.get('x-tokenworks-attempts')],
      [200, 'claude/test-model', '4'],
    );
  });

  it('gives one answer for an idempotency key, from either model', async () => {
    for (const [index, text] of [KNOWN, UNKNOWN].entries()) {
      const headers = { 'idempotency-key': `cascade-${index}` };
      const [first, again] = [await ask(body('home', text), headers), await ask(body('home', text), headers)];
      assert.equal(again.headers.get('x-tokenworks-replayed'), 'true');
      assert.equal(again.headers.get('x-tokenworks-route'), first.headers.get('x-tokenworks-route'));
      assert.equal(await again.text(), await first.text());
    }
  });

  it('counts tokens of a passed try against no limit', async () => {
    const own = await tw.key({ tpm: 1_000 });
    const unsure = body('home', UNKNOWN, {}, { role: 'system', content: scriptPrompt({ input: 100, output: 100 }) });
    for (let call = 0; call < 3; call++) assert.equal((await ask(unsure, {}, own.secret)).status, 200);
  });

  it('asks the Reflex model of the caller’s own project', async () => {
    const made = await tw.post('/admin/v1/projects', { name: 'other' }, tw.adminKey);
    const other = (await read(made)).id;
    const theirs = await tw.key({ project: other });
    const answer = await ask(body('home', KNOWN), {}, theirs.secret);
    assert.equal(answer.headers.get('x-tokenworks-route'), 'model');
    assert.equal((await operationOf(tw, answer)).cascade!.reason, 'untrained');
  });

  it('adds up in usage to what the operations say, for every group', async () => {
    for (const tags of ['team=a', 'team=b']) {
      await ask(body('home', KNOWN), { 'x-tokenworks-tags': tags });
      await ask(body('strict', KNOWN), { 'x-tokenworks-tags': tags });
    }
    await tw.server.services.flushUsage();
    const { data: operations } = await admin('/admin/v1/operations?limit=500');
    const sums = { reflex: 0, passed: 0, tokens: 0, ms: 0, cost_pico: 0n };
    for (const { cascade } of operations) {
      if (!cascade) continue;
      sums[cascade.decision as 'reflex' | 'passed']++;
      sums.tokens += cascade.saved?.tokens ?? 0;
      sums.ms += cascade.saved?.ms ?? 0;
      sums.cost_pico += parseDecimal(cascade.saved?.cost ?? '0');
    }
    assert.ok(sums.reflex > 5 && sums.passed > 10 && sums.cost_pico > 0n);
    const expected = {
      reflex: sums.reflex,
      passed: sums.passed,
      saved: { tokens: sums.tokens, cost: { USD: formatDecimal(sums.cost_pico) }, ms: sums.ms },
    };
    const [whole] = (await admin('/admin/v1/usage')).data;
    assert.deepEqual(whole.cascade, expected);
    for (const group of ['model', 'requested_model', 'project', 'key', 'day', 'tag:team']) {
      const { data } = await admin(`/admin/v1/usage?group_by=${group}`);
      const total = { reflex: 0, passed: 0, tokens: 0, ms: 0, cost_pico: 0n };
      for (const { cascade } of data) {
        if (!cascade) continue;
        total.reflex += cascade.reflex;
        total.passed += cascade.passed;
        total.tokens += cascade.saved.tokens;
        total.ms += cascade.saved.ms;
        total.cost_pico += parseDecimal(cascade.saved.cost.USD ?? '0');
      }
      assert.deepEqual(total, sums, group);
    }
    const byModel = (await admin('/admin/v1/usage?group_by=model')).data;
    const named = (model: string) => byModel.find((row: { group: { model: string } }) => row.group.model === model);
    assert.equal(named('reflex/home').cascade.reflex, sums.reflex);
    const csv = await fetch(`${tw.url}/admin/v1/usage?format=csv`, {
      headers: { authorization: `Bearer ${tw.adminKey}` },
    });
    assert.match(await csv.text(), /cascade_reflex,cascade_passed,saved_tokens,saved_ms,saved_USD/);
  });

  it('makes confirmed and corrected answers examples, within the day’s budget', async () => {
    const outcome = async (operation: string, more: Record<string, unknown> = { kind: 'confirmed' }) => {
      const answer = await tw.post('/v1/outcomes', { operation, ...more }, secret);
      assert.equal(answer.status, 201, await answer.clone().text());
      return (await read(answer)).example;
    };
    const operation = async (answer: Response) => {
      await answer.text();
      return answer.headers.get('x-tokenworks-operation')!;
    };
    const sure = await operation(await ask(body('home', KNOWN)));
    assert.deepEqual(await outcome(sure), { status: 'already', model: 'reflex/home' });
    assert.deepEqual(await outcome(sure, { kind: 'booking' }), undefined);

    const said = 'gloom reigns in the Pantry';
    const escalated = await operation(
      await ask(body('home', said, { stream: true }, answered('lamp_on', { room: 'pantry', level: 4 }))),
    );
    const before = tw.server.services.reflex.get('home')!.examples;
    assert.deepEqual(await outcome(escalated), { status: 'added', model: 'reflex/home', intent: 'lamp_on' });
    assert.deepEqual(await outcome(escalated), { status: 'already', model: 'reflex/home' });
    assert.equal(tw.server.services.reflex.get('home')!.examples, before + 1);
    const [now] = await tw.server.services.reflex.predict('home', [said]);
    assert.equal(now!.intent, 'lamp_on');
    assert.deepEqual(
      now!.slots.map(({ name, value }) => [name, value]),
      [['room', 'Pantry']],
    );

    const prose = await operation(await ask(body('home', UNKNOWN)));
    assert.deepEqual(await outcome(prose), { status: 'no_example', model: 'reflex/home' });
    assert.deepEqual(await outcome(prose, { kind: 'corrected' }), { status: 'no_example' });
    const right = { kind: 'corrected', answer: { intent: 'news', slots: [{ name: 'who', value: 'parliament' }] } };
    assert.deepEqual(await outcome(prose, right), { status: 'added', model: 'reflex/home', intent: 'news' });

    const third = await operation(
      await ask(body('home', 'chill bites the loft', {}, answered('heat_up', { room: 'loft' }))),
    );
    await tw.restart();
    await tw.server.services.reflex.predict('home', ['hello']);
    assert.deepEqual(await outcome(third), { status: 'not_kept' });
    const fourth = await operation(
      await ask(body('home', 'chill bites the loft', {}, answered('heat_up', { room: 'loft' }))),
    );
    assert.equal((await outcome(fourth)).status, 'over_budget');
    const first = await operation(
      await ask(body('unlucky', 'chill bites the loft', {}, answered('heat_up', { room: 'loft' }))),
    );
    assert.deepEqual(await outcome(first), { status: 'added', model: 'reflex/nobody', intent: 'heat_up' });
    assert.deepEqual(tw.server.services.reflex.get('nobody')!.intents, ['heat_up']);
    const wrong = await tw.post(
      '/v1/outcomes',
      { operation: first, kind: 'confirmed', answer: { intent: 'x' } },
      secret,
    );
    assert.equal(wrong.status, 400);
  });

  it('keeps nothing to learn from where the policy says so, and forgets a user who is purged', async () => {
    const silent = await tw.key({ capture: 'none' });
    const request = body('unlucky', 'dusk fell on the loft', {}, answered('lamp_on', { room: 'loft' }));
    const quiet = await ask(request, {}, silent.secret);
    await quiet.text();
    const { lessons } = tw.server.services;
    assert.deepEqual(await lessons.learn(quiet.headers.get('x-tokenworks-operation')!), { status: 'not_kept' });
    const heard = await ask(request, { 'x-tokenworks-user': 'u1' }, tw.adminKey);
    await heard.text();
    const purge = await fetch(`${tw.url}/admin/v1/captures?user=u1`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${tw.adminKey}` },
    });
    assert.equal((await read(purge)).deleted, 1);
    assert.deepEqual(await lessons.learn(heard.headers.get('x-tokenworks-operation')!), { status: 'not_kept' });
  });

  it('names a cascade that can not do its work', async () => {
    const { checks } = await admin('/admin/v1/doctor');
    const found = (name: string) => checks.find((check: { name: string }) => check.name === name);
    assert.equal(found('cascade home').ok, true);
    assert.match(found('cascade home').detail, /answers from a confidence of/);
    const models = (await admin('/admin/v1/models?kind=alias')).data;
    const { cascade } = models.find((model: { id: string }) => model.id === 'home');
    assert.deepEqual([cascade.reflex, cascade.precision, cascade.threshold > 0], ['reflex/home', 0.9, true]);
    assert.ok(key);
  });

  it('is made, shown and refused by the control plane', async () => {
    const put = (more: Record<string, unknown>) => tw.post('/admin/v1/aliases', { name: 'made', ...more }, tw.adminKey);
    for (const [given, param] of [
      [{ cascade: ['mock/test-model', 'big'] }, 'cascade'],
      [{ cascade: ['reflex/home', 'home'] }, 'cascade'],
      [{ cascade: ['reflex/home', 'nowhere/x'] }, 'cascade'],
      [{ cascade: ['reflex/home', 'big'], precision: 0.9, threshold: 0.5 }, 'threshold'],
      [{ cascade: ['reflex/home', 'big'], targets: ['mock/test-model'] }, 'targets'],
      [{ targets: ['mock/test-model'], precision: 0.9 }, 'precision'],
      [{}, 'targets'],
    ] as const) {
      const answer = await put(given);
      assert.ok([400, 404].includes(answer.status), param);
      assert.match(JSON.stringify(await read(answer)), new RegExp(param));
    }
    const made = await put({ cascade: ['reflex/home', 'big'], precision: 0.999 });
    assert.equal(made.status, 201);
    assert.deepEqual((await read(made)).cascade, ['reflex/home', 'big']);
    const answer = await ask(body('made', KNOWN));
    assert.equal((await operationOf(tw, answer)).cascade!.reason, 'unreached');
    assert.match(
      (await admin('/admin/v1/doctor')).checks.find((check: { name: string }) => check.name === 'cascade made').detail,
      /never reached a precision of 0\.999/,
    );
  });
});

function deep(): unknown {
  let schema: Record<string, unknown> = { type: 'string' };
  for (let depth = 0; depth < 80; depth++) schema = { type: 'object', properties: { a: schema } };
  return { type: 'json_schema', json_schema: { name: 'deep', schema } };
}
