import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openTestControl, type TestControl, testOperation } from './testing.ts';

const CONFIG = `
providers:
  - name: mock
    protocol: openai
    base_url: http://127.0.0.1:9/v1
    api_key: sk-secret-mock-key-123456
    models:
      - id: test-model
        context_window: 8000
        max_output: 1000
      - id: org/other
models:
  - name: smart
    targets: [mock/test-model, { model: mock/org/other, weight: 2 }]
`;

describe('models and operations', () => {
  let control: TestControl;
  let secret = '';
  let limited = '';
  let foreign = '';
  before(async () => {
    control = await openTestControl({ config: CONFIG });
    secret = (await control.call('POST', '/admin/v1/keys', { name: 'all' })).body.secret;
    limited = (await control.call('POST', '/admin/v1/keys', { name: 'few', models: ['smart', 'test-model'] })).body
      .secret;
    await control.call('POST', '/admin/v1/projects', { name: 'elsewhere' });
    foreign = (await control.call('POST', '/admin/v1/keys', { name: 'foreign', project: 'elsewhere' })).body.secret;
  });
  after(() => control.close());
  const ids = async (key: string, path = '/v1/models', headers?: Record<string, string>) =>
    (await control.call('GET', path, undefined, { key, headers })).body.data.map((model: { id: string }) => model.id);

  it('lists what the key may call, in OpenAI’s shape', async () => {
    const { body } = await control.call('GET', '/v1/models', undefined, { key: secret });
    assert.equal(body.object, 'list');
    assert.deepEqual(await ids(secret), ['reflex/default', 'smart', 'mock/test-model', 'mock/org/other']);
    assert.deepEqual(await ids(secret, '/api/v3/models'), await ids(secret));
    assert.deepEqual(await ids(limited), ['smart', 'test-model']);
    assert.equal((await control.call('GET', '/v1/models', undefined, { key: null })).status, 401);
    assert.equal(
      (await control.call('GET', '/v1/models', undefined, { key: null, headers: { 'x-api-key': secret } })).status,
      200,
    );
  });

  it('reads one model, slashes and all', async () => {
    const { body } = await control.call('GET', '/v1/models/mock/test-model', undefined, { key: secret });
    assert.deepEqual(
      [body.id, body.object, body.owned_by, body.context_window],
      ['mock/test-model', 'model', 'mock', 8000],
    );
    assert.equal(
      (await control.call('GET', '/v1/models/mock%2Forg%2Fother', undefined, { key: secret })).body.id,
      'mock/org/other',
    );
    assert.equal((await control.call('GET', '/v1/models/mock/org/other', undefined, { key: limited })).status, 404);
    assert.equal(
      (await control.call('GET', '/v1/models/nope', undefined, { key: secret })).body.error.code,
      'model_not_found',
    );
  });

  it('lists in Anthropic’s shape for its client, page by page', async () => {
    const headers = { 'anthropic-version': '2023-06-01' };
    const first = (await control.call('GET', '/v1/models?limit=3', undefined, { key: secret, headers })).body;
    assert.deepEqual(
      [first.has_more, first.first_id, first.last_id, first.data[0].type],
      [true, 'reflex/default', 'mock/test-model', 'model'],
    );
    const second = (
      await control.call('GET', `/v1/models?limit=3&after_id=${first.last_id}`, undefined, { key: secret, headers })
    ).body;
    assert.deepEqual(
      [second.has_more, second.data.map((model: { id: string }) => model.id)],
      [false, ['mock/org/other']],
    );
    assert.deepEqual(await ids(secret, '/v1/models?limit=1&before_id=smart', headers), ['reflex/default']);
    const wrong = await control.call('GET', '/v1/models', undefined, { key: 'tw-wrong', headers });
    assert.deepEqual([wrong.status, wrong.body.type, wrong.body.error.type], [401, 'error', 'authentication_error']);
    assert.equal(
      (await control.call('GET', '/v1/models/smart', undefined, { key: secret, headers })).body.display_name,
      'smart',
    );
  });

  it('estimates the tokens of a message', async () => {
    const count = (body: unknown, key = secret, path = '/v1/messages/count_tokens') =>
      control.call('POST', path, body, { key, headers: { 'anthropic-version': '2023-06-01' } });
    const answer = await count({
      model: 'mock/test-model',
      system: 'be brief',
      messages: [{ role: 'user', content: 'hello there, how are you?' }],
    });
    assert.equal(answer.status, 200);
    assert.ok(answer.body.input_tokens > 6);
    assert.ok(answer.headers.get('x-tokenworks-estimated'));
    assert.equal(
      (
        await count(
          { model: 'smart', messages: [{ role: 'user', content: 'hi' }] },
          secret,
          '/v1/messages/count_tokens?beta=true',
        )
      ).status,
      200,
    );
    const unknown = await count({ model: 'nope', messages: [{ role: 'user', content: 'hi' }] });
    assert.deepEqual([unknown.status, unknown.body.type, unknown.body.error.type], [404, 'error', 'not_found_error']);
    assert.equal(
      (await count({ model: 'mock/org/other', messages: [{ role: 'user', content: 'hi' }] }, limited)).status,
      403,
    );
    assert.equal((await count({ model: 'smart' })).body.error.type, 'invalid_request_error');
    assert.equal(
      (await count({ model: 'reflex/other:theirs', messages: [{ role: 'user', content: 'hi' }] })).status,
      404,
    );
    assert.equal((await count([])).status, 400);
  });

  it('tells an administrator price, targets and health', async () => {
    control.services.health.completed('mock/test-model', 120);
    await control.call('POST', '/admin/v1/prices', {
      provider: 'mock',
      model: 'test-model',
      currency: 'USD',
      input: '1.00',
      output: '4.00',
    });
    const { body } = await control.call('GET', '/admin/v1/models');
    const byId = new Map(body.data.map((model: { id: string }) => [model.id, model]));
    const model = byId.get('mock/test-model') as {
      priced: boolean;
      cost: { currency: string; body: { bands: [{ input: string }] } };
      health: unknown;
    };
    assert.equal(model.priced, true);
    assert.equal(model.cost.currency, 'USD');
    assert.equal(model.cost.body.bands[0].input, '1.00');
    assert.deepEqual(model.health, { state: 'closed', latency_ms: 120, completed: 1, failed: 0 });
    assert.equal((byId.get('mock/org/other') as { priced: boolean }).priced, false);
    assert.deepEqual((byId.get('smart') as { targets: unknown }).targets, [
      { model: 'mock/test-model', weight: 1 },
      { model: 'mock/org/other', weight: 2 },
    ]);
    assert.equal((await control.call('GET', '/admin/v1/models?q=OTHER')).body.data.length, 1);
    assert.equal((await control.call('GET', '/admin/v1/models?kind=alias')).body.data.length, 1);
    const page = await control.call('GET', '/admin/v1/models?limit=2');
    assert.equal((await control.call('GET', `/admin/v1/models?limit=2&cursor=${page.body.next}`)).body.data.length, 2);
    assert.equal((await control.call('GET', '/admin/v1/models?cursor=zzz')).body.error.param, 'cursor');
  });

  it('shows an operation to its own project only', async () => {
    await control.book(testOperation());
    const own = await control.call('GET', '/v1/operations/op_1', undefined, { key: secret });
    assert.equal(own.status, 200);
    const { body } = own;
    assert.deepEqual(
      [body.status, body.usage_source, body.cost, body.currency, body.charge, body.charge_currency, body.price_version],
      ['completed', 'provider', '0.001234', 'USD', '0.001234', 'USD', 'price_1'],
    );
    assert.deepEqual(body.attempts[0].latency, { total_ms: 110, ttft_ms: 20 });
    assert.deepEqual(body.attempts[0].raw_usage, { prompt_tokens: 1000 });
    assert.deepEqual(body.tags, { team: 'voc' });
    assert.equal((await control.call('GET', '/v1/operations/op_1', undefined, { key: foreign })).status, 404);
    assert.equal((await control.call('GET', '/v1/operations/op_1')).status, 200);
    assert.equal(
      (await control.call('GET', '/v1/operations/op_9', undefined, { key: secret })).body.error.code,
      'not_found',
    );
    assert.equal((await control.call('GET', '/admin/v1/operations/op_1')).status, 200);
    assert.equal((await control.call('GET', '/admin/v1/operations/op_9')).status, 404);
  });

  it('finds an operation that only the journal has yet', async () => {
    let loaded = false;
    control.services.flushUsage = async () => {
      if (!loaded) await control.book(testOperation({ id: 'op_late' }));
      loaded = true;
    };
    assert.equal((await control.call('GET', '/v1/operations/op_late', undefined, { key: secret })).status, 200);
    assert.equal(loaded, true);
  });

  it('never adds up two currencies, and takes the least certain source', async () => {
    const [first] = testOperation().attempts;
    await control.book(
      testOperation({
        id: 'op_two',
        attempts: [
          { ...first!, status: 'broken', usageSource: 'estimated', tokenizer: 'o200k_base' },
          { ...first!, index: 1, currency: 'CNY', cost_pico: 5n, usage: { input: 1 } },
        ],
        holds: [
          { budget: 'bud_1', window: 'total', kind: 'budget', currency: 'USD', held_pico: 20n, settled_pico: 10n },
        ],
      }),
    );
    const { body } = await control.call('GET', '/admin/v1/operations/op_two');
    assert.deepEqual([body.cost, body.currency, body.costs], [null, null, { USD: '0.001234', CNY: '0.000000000005' }]);
    assert.equal(body.usage_source, 'estimated');
    assert.equal(body.usage.input, 1001);
    assert.deepEqual(body.holds[0], {
      budget: 'bud_1',
      window: 'total',
      kind: 'budget',
      currency: 'USD',
      held: '0.00000000002',
      settled: '0.00000000001',
    });
  });

  it('lists operations by filter and page', async () => {
    const page = await control.call('GET', '/admin/v1/operations?limit=2');
    assert.equal(page.body.data.length, 2);
    assert.equal(
      (await control.call('GET', `/admin/v1/operations?limit=2&cursor=${page.body.next}`)).body.data.length,
      1,
    );
    assert.equal((await control.call('GET', '/admin/v1/operations?key=nope')).body.data.length, 0);
    assert.equal((await control.call('GET', '/admin/v1/operations?from=2026-11-24T00:00:00Z')).body.data.length, 3);
    assert.equal((await control.call('GET', '/admin/v1/operations?limit=0')).body.error.param, 'limit');
    assert.equal((await control.call('GET', '/admin/v1/operations?status=great')).body.error.param, 'status');
  });
});
