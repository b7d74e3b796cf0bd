import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ChatRequest, surfaceApis, surfaces } from '../providers/index.ts';
import type { Example, Reflex } from '../reflex/index.ts';
import type { AttemptResult } from './attempt.ts';
import type { Admitted, ReplySink } from './call.ts';
import { createLessons } from './lessons.ts';
import { RecordingSink } from './recording-sink.ts';
import { eventsOf } from './relay.ts';

type Surface = keyof typeof surfaceApis;
const DAY_MS = 86_400_000;
const SINK = { write: () => true } as unknown as ReplySink;

function world(examplesPerDay = 100) {
  const added: Example[] = [];
  const settings = new Map<string, unknown>();
  const time = { now_ms: 10 * DAY_MS };
  let refusal: Error | undefined;
  const lessons = createLessons({
    clock: { now: () => time.now_ms, mono: () => time.now_ms },
    store: {
      settings: {
        get: async <T>(name: string) => settings.get(name) as T | undefined,
        put: async (name: string, value: unknown) => {
          settings.set(name, value);
        },
      },
    },
    reflex: {
      addExamples: async (name: string, examples: readonly Example[]) => {
        if (refusal) throw refusal;
        assert.equal(name, 'shop');
        added.push(...examples);
      },
    } as unknown as Reflex,
  });
  let serial = 0;
  /** A call whose answer had this content; answers its operation. */
  function keep(
    text: string,
    content: { name?: string; arguments?: string; text?: string }[],
    more: { surface?: Surface; stream?: boolean; schema?: object; capture?: string; user?: string } = {},
  ): string {
    const { surface = 'chat', stream = false } = more;
    const operation = `op_${serial++}`;
    const request = {
      model: 'fast',
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      stream,
      n: 1,
      extra: {},
      ...(more.schema && { responseFormat: { type: 'json_schema', name: 'x', schema: more.schema } }),
    } as unknown as ChatRequest;
    const reply = {
      choices: [
        {
          index: 0,
          finish: 'stop' as const,
          content: content.map((one, index) =>
            one.name === undefined
              ? { type: 'text' as const, text: one.text! }
              : { type: 'tool_call' as const, id: `c${index}`, name: one.name, arguments: one.arguments! },
          ),
        },
      ],
      usage: { vector: { input: 1, output: 1 }, raw: {}, source: 'provider' as const },
    };
    const context = { operation, model: 'fast', created_s: 1 };
    const sink = new RecordingSink(SINK);
    const result: Partial<AttemptResult> = {};
    if (stream) {
      const renderer = surfaces[surface].openStream(request, context);
      sink.write(renderer.push(eventsOf(reply)));
      result.closing = renderer.finish();
    } else result.reply = Buffer.from(JSON.stringify(surfaces[surface].render(reply, request, context)));
    const admitted = {
      operation,
      at_ms: time.now_ms,
      call: { surface },
      principal: { project: { id: 'default' }, capture: more.capture ?? 'metadata' },
      envelope: { stream },
      route: { name: 'fast', cascade: { reflex: 'shop', precision: 0.9, examplesPerDay } },
      user: more.user,
    } as unknown as Admitted;
    lessons.keep(admitted, request, 'passed', sink, result as AttemptResult);
    return operation;
  }
  return { lessons, keep, added, time, refuse: (error: Error) => (refusal = error) };
}

const call = (name: string, args: object) => [{ name, arguments: JSON.stringify(args) }];

describe('lessons', () => {
  for (const surface of Object.keys(surfaceApis) as Surface[])
    for (const stream of [false, true])
      it(`reads a call from what ${surface} wrote, ${stream ? 'streamed' : 'whole'}`, async () => {
        const { lessons, keep, added } = world();
        const operation = keep('two Oat lattes, no 24', call('order', { cups: 2, what: 'oat latte', table: 4 }), {
          surface,
          stream,
        });
        assert.equal((await lessons.learn(operation)).status, 'added');
        // 4 stands only inside 24; "oat latte" is not cut out of "Oat lattes".
        assert.deepEqual(added, [{ text: 'two Oat lattes, no 24', intent: 'order' }]);
        const other = keep(
          '把 table 24 的茶 给 Ann Lee',
          call('serve', { table: 24, what: '茶', who: 'ann lee', again: '茶' }),
          {
            surface,
            stream,
          },
        );
        await lessons.learn(other);
        assert.deepEqual(added[1], {
          text: '把 table 24 的茶 给 Ann Lee',
          intent: 'serve',
          slots: [
            { name: 'table', value: '24', start: 8, end: 10 },
            { name: 'what', value: '茶', start: 12, end: 13 },
            { name: 'who', value: 'Ann Lee', start: 16, end: 23 },
          ],
        });
      });

  const label = { type: 'string', enum: ['good', 'bad'] };
  const cases: [string, object | undefined, string, Example | undefined][] = [
    ['a label alone', label, '"good"', { text: 'lovely soup', intent: 'good' }],
    [
      'a label beside other fields',
      { type: 'object', properties: { mood: label, dish: { type: 'string' } } },
      '{"mood":"good","dish":"soup"}',
      { text: 'lovely soup', intent: 'good', slots: [{ name: 'dish', value: 'soup', start: 7, end: 11 }] },
    ],
    ['two labels', { type: 'object', properties: { a: label, b: label } }, '{"a":"good","b":"bad"}', undefined],
    ['no label', { type: 'object', properties: { dish: { type: 'string' } } }, '{"dish":"soup"}', undefined],
    ['broken JSON', label, '"goo', undefined],
    ['prose', undefined, 'How nice.', undefined],
  ];
  for (const [name, schema, text, example] of cases)
    it(`makes ${example ? 'an example' : 'nothing'} of ${name}`, async () => {
      const { lessons, keep, added } = world();
      const learnt = await lessons.learn(keep('lovely soup', [{ text }], { schema }));
      assert.equal(learnt.status, example ? 'added' : 'no_example');
      assert.deepEqual(added, example ? [example] : []);
    });

  it('takes the text out of a prompt that says what to do with it', async () => {
    const { lessons, keep, added } = world();
    await lessons.learn(keep('Classify the review:\nlovely soup', [{ text: '"good"' }], { schema: label }));
    assert.deepEqual(added, [{ text: 'lovely soup', intent: 'good' }]);
  });

  it('makes nothing of several calls, of long answers, of a silent policy, and of what is older than a day', async () => {
    const { lessons, keep, added, time } = world();
    const several = keep('tea and cake', [...call('order', {}), ...call('order', {})]);
    assert.equal((await lessons.learn(several)).status, 'no_example');
    const long = keep('a poem', [{ text: 'x'.repeat(4_001) }], { schema: label });
    assert.equal((await lessons.learn(long)).status, 'no_example');
    const silent = keep('tea', call('order', {}), { capture: 'none' });
    const old = keep('tea', call('order', {}));
    time.now_ms += DAY_MS;
    for (const operation of [silent, old, 'op_unknown'])
      assert.deepEqual(await lessons.learn(operation), { status: 'not_kept' });
    assert.deepEqual(added, []);
  });

  it('keeps to the day’s budget, also when all outcomes come at once, and begins anew the next day', async () => {
    const { lessons, keep, added, time } = world(3);
    const learnt = await Promise.all(
      Array.from({ length: 8 }, (_, at) => lessons.learn(keep(`tea ${at}`, call('order', {})))),
    );
    assert.equal(learnt.filter(({ status }) => status === 'added').length, 3);
    assert.equal(learnt.filter(({ status }) => status === 'over_budget').length, 5);
    time.now_ms += DAY_MS / 2;
    const later = keep('coffee', call('order', {}));
    time.now_ms += DAY_MS / 2;
    assert.equal((await lessons.learn(keep('cake', call('order', {})))).status, 'added');
    assert.equal((await lessons.learn(later)).status, 'added');
    assert.equal(added.length, 5);
  });

  it('takes a correction whatever was answered, with its values where they stand in the text', async () => {
    const { lessons, keep, added } = world();
    const prose = keep('where is parcel A-17', [{ text: 'x'.repeat(300_000) }], { stream: true });
    const slots = [
      { name: 'parcel', value: 'a-17' },
      { name: 'city', value: 'Rome' },
    ];
    assert.equal((await lessons.learn(prose, { intent: 'track', slots })).status, 'added');
    assert.deepEqual(added[0]!.slots, [{ name: 'parcel', value: 'A-17', start: 16, end: 20 }]);
  });

  it('says why a model takes no more, and may be asked again', async () => {
    const { lessons, keep, refuse } = world();
    const operation = keep('tea', call('order', {}));
    refuse(new Error('boom'));
    const { status, intent } = await lessons.learn(operation);
    assert.deepEqual([status, intent], ['refused', 'order']);
    assert.equal((await lessons.learn(operation)).status, 'refused');
  });

  it('forgets the oldest of many, and all of a user', async () => {
    const { lessons, keep } = world();
    const first = keep('tea', call('order', {}));
    const theirs = keep('coffee', call('order', {}), { user: 'u1' });
    assert.equal(lessons.forgetUser('default', 'u1'), 1);
    assert.equal((await lessons.learn(theirs)).status, 'not_kept');
    for (let at = 0; at < 3_998; at++) keep('cake', call('order', {}));
    assert.equal((await lessons.learn(first)).status, 'added');
    keep('one more', call('order', {}));
    assert.equal((await lessons.learn(first)).status, 'not_kept');
  });
});
