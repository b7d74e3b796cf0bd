import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createReflex } from '../../reflex/index.ts';
import { createControlApp } from '../app.ts';
import { ADMIN_KEY, openTestControl, type TestControl } from './testing.ts';

const EXAMPLES = ['book a table', 'reserve a table for two', 'a table please', 'i want to book']
  .map((text) => ({ text, intent: 'book' }))
  .concat(
    ['cancel my booking', 'please cancel it', 'i will not come', 'drop the reservation'].map((text) => ({
      text,
      intent: 'cancel',
    })),
  );

describe('reflex models', () => {
  let control: TestControl;
  let foreign = '';
  before(async () => {
    control = await openTestControl();
    await control.call('POST', '/admin/v1/projects', { name: 'elsewhere' });
    foreign = (await control.call('POST', '/admin/v1/keys', { name: 'foreign', project: 'elsewhere' })).body.secret;
  });
  after(() => control.close());

  it('trains, lists and asks a model', async () => {
    const made = await control.call('POST', '/v1/reflex/models', { name: 'table', examples: EXAMPLES });
    assert.ok(made.status === 201 || made.status === 202, made.text);
    await control.services.reflex.settled();
    const { body } = await control.call('GET', '/v1/reflex/models/table');
    assert.deepEqual([body.model, body.examples, body.intents], ['reflex/table', 8, ['book', 'cancel']]);
    const answer = await control.call('POST', '/v1/reflex/models/table/predict', {
      texts: ['book a table', 'please cancel it'],
    });
    assert.deepEqual(
      answer.body.map((one: { intent: string }) => one.intent),
      ['book', 'cancel'],
    );
    assert.deepEqual(Object.keys(answer.body[0]).sort(), ['confidence', 'intent', 'ms', 'slots']);
    const names = (await control.call('GET', '/v1/reflex/models')).body.data.map(
      (model: { name: string }) => model.name,
    );
    assert.deepEqual(names, ['default', 'table']);
    assert.ok((await control.call('GET', '/v1/models')).text.includes('"reflex/table"'));
  });

  it('keeps models of projects apart, also those of the same name', async () => {
    for (const [method, path, body] of [
      ['GET', '/v1/reflex/models/table', undefined],
      ['POST', '/v1/reflex/models/table/predict', { texts: ['x'] }],
      ['DELETE', '/v1/reflex/models/table', undefined],
    ] as const) {
      assert.equal((await control.call(method, path, body, { key: foreign })).status, 404, path);
    }
    assert.equal(
      (await control.call('GET', '/v1/models', undefined, { key: foreign })).text.includes('reflex/table'),
      false,
    );
    const own = await control.call(
      'POST',
      '/v1/reflex/models/table/examples',
      { examples: [{ text: 'hola', intent: 'greet' }] },
      { key: foreign },
    );
    assert.deepEqual([own.status, own.body.intents], [200, ['greet']]);
    assert.deepEqual((await control.call('GET', '/v1/reflex/models/table')).body.intents, ['book', 'cancel']);
    await control.services.reflex.settled();
  });

  it('learns from examples at once', async () => {
    const added = await control.call('POST', '/v1/reflex/models/table/examples', {
      examples: [{ text: 'what is on the menu', intent: 'menu' }],
    });
    assert.equal(added.status, 200);
    const [one] = (await control.call('POST', '/v1/reflex/models/table/predict', { texts: ['what is on the menu'] }))
      .body;
    assert.equal(one.intent, 'menu');
    await control.services.reflex.settled();
  });

  it('names what is wrong', async () => {
    const code = async (path: string, body: unknown) => {
      const { error } = (await control.call('POST', path, body)).body;
      return [error.code, error.param];
    };
    assert.deepEqual(await code('/v1/reflex/models', { name: 'a b', examples: EXAMPLES }), ['invalid_request', 'name']);
    assert.deepEqual(await code('/v1/reflex/models', { name: 'default', examples: EXAMPLES }), ['not_allowed', 'name']);
    assert.deepEqual(await code('/v1/reflex/models', { name: 'bad', examples: [{ text: '' }] }), [
      'invalid_request',
      'examples[0]',
    ]);
    assert.deepEqual(await code('/v1/reflex/models', { name: 'bad', examples: [] }), ['invalid_request', 'examples']);
    assert.deepEqual(await code('/v1/reflex/models/table/predict', { texts: [] }), ['invalid_request', 'texts']);
    assert.deepEqual(await code('/v1/reflex/models/nope/predict', { texts: ['x'] }), ['not_found', null]);
    assert.equal((await control.call('GET', '/v1/reflex/models/bad')).status, 404);
    assert.equal((await control.call('GET', '/v1/reflex/jobs/nope')).status, 404);
    assert.equal((await control.call('GET', '/v1/reflex/models', undefined, { key: null })).status, 401);
  });

  it('brings models back after a restart, with what was added last', async () => {
    await control.call('POST', '/v1/reflex/models/table/examples', {
      examples: [{ text: 'play some jazz', intent: 'music' }],
    });
    const reflex = createReflex({ storage: control.store.reflex });
    const app = createControlApp({ ...control.services, reflex });
    const ask = (path: string, body?: unknown) =>
      app.request(path, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    const [music, book] = (await (
      await ask('/v1/reflex/models/table/predict', { texts: ['play some jazz', 'book a table'] })
    ).json()) as { intent: string }[];
    assert.deepEqual([music?.intent, book?.intent], ['music', 'book']);
    await reflex.close();
    await control.services.reflex.settled();
  });

  it('keeps versions, and goes back to one', async () => {
    await control.call('POST', '/v1/reflex/models', { name: 'two', examples: EXAMPLES });
    await control.call('POST', '/v1/reflex/models', {
      name: 'two',
      examples: [...EXAMPLES, { text: 'bring the menu', intent: 'menu' }],
    });
    await control.services.reflex.settled();
    const { data } = (await control.call('GET', '/v1/reflex/models/two/versions')).body;
    assert.deepEqual(
      data.map((one: { version: number; active: boolean; examples: number }) => [
        one.version,
        one.active,
        one.examples,
      ]),
      [
        [2, true, 9],
        [1, false, 8],
      ],
    );
    const back = await control.call('POST', '/v1/reflex/models/two/versions/1/activate');
    assert.deepEqual([back.status, back.body.version, back.body.examples], [200, 1, 8]);
    for (const [method, path, status] of [
      ['POST', '/v1/reflex/models/two/versions/9/activate', 404],
      ['POST', '/v1/reflex/models/two/versions/x/activate', 400],
      ['GET', '/v1/reflex/models/none/versions', 404],
      ['POST', '/v1/reflex/models/default/versions/1/activate', 403],
    ] as const) {
      assert.equal((await control.call(method, path)).status, status, path);
    }
    for (const [method, path] of [
      ['GET', '/v1/reflex/models/two/versions'],
      ['GET', '/v1/reflex/models/two/export'],
      ['POST', '/v1/reflex/models/two/versions/1/activate'],
    ] as const) {
      assert.equal((await control.call(method, path, undefined, { key: foreign })).status, 404, path);
    }
  });

  it('carries a model from one name to another', async () => {
    const ask = (method: string, path: string, body?: Uint8Array<ArrayBuffer>) =>
      control.app.request(path, { method, headers: { authorization: `Bearer ${ADMIN_KEY}` }, body });
    const exported = await ask('GET', '/v1/reflex/models/two/export');
    assert.equal(exported.headers.get('content-type'), 'application/octet-stream');
    const bytes = new Uint8Array(await exported.arrayBuffer());
    assert.equal(Number(exported.headers.get('content-length')), bytes.length);
    const imported = await ask('PUT', '/v1/reflex/models/three/import', bytes.slice());
    const model = (await imported.json()) as { status: string; examples: number };
    assert.deepEqual([imported.status, model.status, model.examples], [200, 'ready', 8]);
    const answer = await control.call('POST', '/v1/reflex/models/three/predict', { texts: ['please cancel it'] });
    assert.equal(answer.body[0].intent, 'cancel');
    assert.equal((await ask('PUT', '/v1/reflex/models/four/import', bytes.slice(0, 40))).status, 400);
    assert.equal((await control.call('GET', '/v1/reflex/models/four')).status, 404);
  });

  it('takes examples back', async () => {
    const taken = await control.call('POST', '/v1/reflex/models/three/examples', {
      remove: [{ text: 'please cancel it' }],
      examples: [{ text: 'what is on the menu', intent: 'menu' }],
    });
    assert.deepEqual([taken.status, taken.body.pending], [200, 2]);
    const [gone] = (await control.call('POST', '/v1/reflex/models/three/predict', { texts: ['please cancel it'] }))
      .body;
    assert.equal(gone.intent, 'oos');
    await control.services.reflex.settled();
    assert.equal((await control.call('GET', '/v1/reflex/models/three')).body.examples, 8);
    const { error } = (await control.call('POST', '/v1/reflex/models/three/examples', {})).body;
    assert.deepEqual([error.code, error.param], ['invalid_request', 'examples']);
  });

  it('streams how far a training is', async () => {
    const body = { name: 'streamed', examples: EXAMPLES };
    const { text, headers } = await control.call('POST', '/v1/reflex/models?stream=true', body);
    assert.equal(headers.get('content-type'), 'text/event-stream');
    const frames = text
      .trim()
      .split('\n\n')
      .map((frame) => frame.split('\n'));
    assert.deepEqual([frames[0]![0], frames.at(-1)![0]], ['event: job', 'event: model']);
    const model = JSON.parse(frames.at(-1)![1]!.slice(6)) as { status: string; model: string };
    assert.deepEqual([model.model, model.status], ['reflex/streamed', 'ready']);
    const failed = await control.call(
      'POST',
      '/v1/reflex/models',
      { name: 'nothing', examples: [{ text: 'a', intent: 'oos' }] },
      { headers: { accept: 'text/event-stream' } },
    );
    assert.match(failed.text, /event: error\ndata: .*"invalid_request"/);
  });

  it('reads a large body in another thread, with the same answers', async () => {
    const examples = Array.from({ length: 400 }, (_, at) => ({
      text: `number ${at} of ${at % 3} ${'or so '.repeat(20)}`,
      intent: `i${at % 3}`,
    }));
    const made = await control.call('POST', '/v1/reflex/models', { name: 'large', examples });
    assert.ok(made.status === 201 || made.status === 202, made.text);
    await control.services.reflex.settled();
    assert.equal((await control.call('GET', '/v1/reflex/models/large')).body.examples, 400);
    const wrong = await control.call('POST', '/v1/reflex/models', {
      name: 'large',
      examples: [...examples, { text: 1 }],
    });
    assert.deepEqual([wrong.status, wrong.body.error.param], [400, 'examples[400]']);
    const unknown = await control.call('POST', '/v1/reflex/models', { name: 'large', examples, extra: 1 });
    assert.deepEqual([unknown.status, unknown.body.error.param], [400, 'extra']);
    const texts = Array.from({ length: 2048 }, (_, at) => `number ${at} of 2 ${'and more '.repeat(20)}`);
    const answer = await control.call('POST', '/v1/reflex/models/large/predict', { texts });
    assert.equal(answer.body.length, 2048);
    const many = await control.call('POST', '/v1/reflex/models/large/predict', { texts: [...texts, 'one more'] });
    assert.deepEqual([many.status, many.body.error.param], [400, 'texts']);
  });

  it('says what is missing where vectors are asked for', async () => {
    const { status, body } = await control.call('POST', '/v1/reflex/models', {
      name: 'v',
      examples: EXAMPLES,
      vectors: true,
    });
    assert.deepEqual([status, body.error.code], [409, 'conflict']);
    assert.match(body.error.message, /npx tokenworks add vectors/);
    assert.equal((await control.call('GET', '/v1/reflex/models/v')).status, 404);
  });

  it('removes a model for good', async () => {
    assert.equal((await control.call('DELETE', '/v1/reflex/models/table')).status, 200);
    assert.equal((await control.call('GET', '/v1/reflex/models/table')).status, 404);
    const reflex = createReflex({ storage: control.store.reflex });
    const app = createControlApp({ ...control.services, reflex });
    const answer = await app.request('/v1/reflex/models/table', { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    assert.equal(answer.status, 404);
    await reflex.close();
  });
});

describe('long trainings', () => {
  it('go on as a job', async (context) => {
    let finish!: () => void;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const control = await openTestControl({
      reflex: {
        train: async () => {
          await gate;
          throw new Error('out of memory at 0x77');
        },
      },
    });
    context.after(() => control.close());
    const made = await control.call('POST', '/v1/reflex/models', { name: 'slow', examples: EXAMPLES });
    assert.deepEqual([made.status, made.body.status], [202, 'training']);
    const job = await control.call('GET', `/v1/reflex/jobs/${made.body.job}`);
    assert.deepEqual([job.body.status, job.body.name], ['training', 'slow']);
    finish();
    await control.services.reflex.settled();
    const ended = await control.call('GET', `/v1/reflex/jobs/${made.body.job}`);
    assert.equal(ended.body.status, 'failed');
    assert.equal(ended.text.includes('0x77'), false);
  });
});
