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
    const reflex = createReflex();
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

  it('removes a model for good', async () => {
    assert.equal((await control.call('DELETE', '/v1/reflex/models/table')).status, 200);
    assert.equal((await control.call('GET', '/v1/reflex/models/table')).status, 404);
    const reflex = createReflex();
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
