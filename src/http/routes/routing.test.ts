import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { providerConfigSchema } from '../../config.ts';
import { CreateProvider } from '../../contract/control/index.ts';
import { NOW_MS, openTestControl, type TestControl } from './testing.ts';

const CONFIG = `
providers:
  - { name: filed, protocol: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-filed-secret-123456, models: [{ id: m }] }
models:
  - { name: fixed, targets: [filed/m] }
`;

describe('prices, exchange rates, providers and aliases', () => {
  let control: TestControl;
  let upstream: Server;
  let baseUrl = '';
  let seen: string | undefined;
  before(async () => {
    control = await openTestControl({ config: CONFIG, env: { ANTHROPIC_API_KEY: 'sk-ant-environment-123456' } });
    upstream = createServer((request, response) => {
      seen = request.headers.authorization;
      if (request.url !== '/v1/models') response.writeHead(500).end();
      else response.end(JSON.stringify({ data: [{ id: 'alpha', context_length: 32000 }, { id: 'beta' }] }));
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`;
  });
  after(async () => {
    upstream.close();
    await control.close();
  });
  const call: TestControl['call'] = (...args) => control.call(...args);
  const code = async (...args: Parameters<TestControl['call']>) => (await control.call(...args)).body.error?.code;

  it('adds prices as tokenworks.yaml writes them and as whole bodies, and ends them', async () => {
    const plain = await call('POST', '/admin/v1/prices', {
      provider: 'filed',
      model: 'm',
      currency: 'usd',
      unit: '1K_tokens',
      input: '0.001',
      output: '0.004',
      cache_read: '0.0001',
    });
    assert.equal(plain.status, 201);
    assert.deepEqual(plain.body.body.bands, [{ input: '0.001', output: '0.004', cache_read: '0.0001' }]);
    assert.deepEqual(
      [plain.body.currency, plain.body.managed_by, plain.body.effective_from],
      ['USD', 'api', new Date(NOW_MS).toISOString()],
    );
    assert.equal(control.services.snapshot().book.find('cost', ['filed'], 'm', NOW_MS)?.id, plain.body.id);
    const whole = await call('POST', '/admin/v1/prices', {
      book: 'sell',
      provider: '*',
      model: 'm',
      currency: 'CNY',
      effective_from: '2027-01-01',
      body: {
        bands: [
          { when: { input_lte: 1000 }, input: '1', output: '2' },
          { input: '3', output: '6' },
        ],
      },
    });
    assert.equal(whole.status, 201);
    assert.deepEqual((await call('GET', `/admin/v1/prices/${whole.body.id}`)).body, whole.body);
    const listed = await call('GET', '/admin/v1/prices?model=m');
    assert.equal(listed.body.data.length, 2);
    assert.equal((await call('GET', '/admin/v1/prices?model=m&in_force=true')).body.data.length, 1);
    const ended = await call('DELETE', `/admin/v1/prices/${plain.body.id}`);
    assert.equal(ended.status, 200);
    assert.ok(Date.parse(ended.body.effective_to) >= NOW_MS);
    control.clock.now_ms += 60_000;
    assert.equal(control.services.snapshot().book.find('cost', ['filed'], 'm', control.clock.now_ms), undefined);
    assert.equal(await code('DELETE', `/admin/v1/prices/${plain.body.id}`), 'conflict');
    assert.equal(await code('DELETE', '/admin/v1/prices/nope'), 'not_found');
    assert.equal(await code('DELETE', `/admin/v1/prices/${whole.body.id}?effective_to=2020-01-01`), 'invalid_request');
  });

  it('names the field of a wrong price', async () => {
    const head = { provider: 'filed', model: 'm', currency: 'USD' };
    for (const [body, param] of [
      [{ ...head, input: 1 }, 'input'],
      [{ ...head, input: '-1' }, 'input'],
      [{ ...head, colour: '1' }, 'colour'],
      [{ ...head, input: '1', currency: 'dollars' }, 'currency'],
      [{ ...head, input: '1', effective_from: 'soon' }, 'effective_from'],
      [{ ...head, input: '1', effective_from: '2027-01-02', effective_to: '2027-01-01' }, 'effective_to'],
      [{ ...head, input: '1', body: { bands: [{ input: '1' }] } }, 'input'],
    ] as const) {
      const answer = await call('POST', '/admin/v1/prices', body);
      assert.deepEqual([answer.status, answer.body.error.param], [400, param], JSON.stringify(body));
    }
    assert.equal(await code('POST', '/admin/v1/prices', head), 'invalid_request');
    assert.equal(
      await code('POST', '/admin/v1/prices', { ...head, body: { bands: [{ input: 'x' }] } }),
      'invalid_request',
    );
  });

  it('leaves prices of tokenworks.yaml alone', async () => {
    const body = { bands: [{ input: '1', output: '1' }] };
    await control.store.prices.insert(
      [
        {
          id: 'price_file',
          book: 'cost',
          provider: 'filed',
          model: 'z',
          currency: 'USD',
          body,
          effectiveFrom_ms: 0,
          managedBy: 'file',
          createdAt_ms: 0,
        },
      ],
      { actor: 'a', action: 'b', target: 'c' },
    );
    assert.equal(await code('DELETE', '/admin/v1/prices/price_file'), 'managed_by_file');
  });

  it('adds exchange rates', async () => {
    const made = await call('POST', '/admin/v1/fx-rates', { base: 'usd', quote: 'CNY', rate: '7.123456789012' });
    assert.equal(made.status, 201);
    assert.deepEqual([made.body.base, made.body.rate], ['USD', '7.123456789012']);
    assert.equal((await call('GET', '/admin/v1/fx-rates')).body.data.length, 1);
    assert.equal(
      control.services.snapshot().fx.convert(1_000_000_000_000n, 'USD', 'CNY', control.clock.now_ms, 'half_even')?.pico,
      7_123_456_789_012n,
    );
    assert.equal(
      (await call('POST', '/admin/v1/fx-rates', { base: 'USD', quote: 'USD', rate: '1' })).body.error.param,
      'quote',
    );
    assert.equal(
      (await call('POST', '/admin/v1/fx-rates', { base: 'USD', quote: 'CNY', rate: '0' })).body.error.param,
      'rate',
    );
  });

  it('takes the same fields for a provider as tokenworks.yaml', () => {
    assert.deepEqual(Object.keys(CreateProvider.shape).sort(), Object.keys(providerConfigSchema.shape).sort());
    assert.deepEqual(CreateProvider.shape.protocol.options, providerConfigSchema.shape.protocol.options);
  });

  it('adds a provider with its secrets sealed, and asks it for its models', async () => {
    const secret = 'sk-very-secret-value-0123456789';
    const made = await call('POST', '/admin/v1/providers', {
      name: 'mine',
      protocol: 'openai',
      base_url: baseUrl,
      api_key: secret,
      headers: { 'x-team': 'secret-team' },
    });
    assert.equal(made.status, 201);
    assert.deepEqual([made.body.managed_by, made.body.secrets, made.body.headers], ['api', ['api_key'], ['x-team']]);
    const everything =
      (await call('GET', '/admin/v1/providers')).text +
      (await call('GET', '/admin/v1/audit?limit=500')).text +
      JSON.stringify(await control.store.providers.list());
    for (const hidden of [secret, 'secret-team', 'sk-filed-secret', 'sk-ant-environment'])
      assert.equal(everything.includes(hidden), false, hidden);
    control.services.egress.replaceHosts({ allowHosts: [], providerHosts: [new URL(baseUrl).host] });
    const tested = await call('POST', '/admin/v1/providers/mine/test');
    assert.equal(tested.status, 200);
    assert.deepEqual(
      [tested.body.ok, tested.body.models],
      [true, [{ id: 'alpha', context_window: 32000 }, { id: 'beta' }]],
    );
    assert.equal(seen, `Bearer ${secret}`);
    assert.equal(
      control.services.snapshot().catalogue.resolve('mine/anything').targets[0]!.deployment.providerName,
      'mine',
    );
    const failed = await call('POST', '/admin/v1/providers/filed/test');
    assert.deepEqual([failed.body.ok, failed.body.models], [false, []]);
    assert.equal(await code('POST', '/admin/v1/providers/nope/test'), 'not_found');
  });

  it('keeps a stored secret where PUT leaves it out', async () => {
    const put = await call('PUT', '/admin/v1/providers/mine', {
      protocol: 'openai',
      base_url: baseUrl,
      models: [{ id: 'alpha', name: 'a1' }],
    });
    assert.equal(put.status, 200);
    assert.deepEqual([put.body.secrets, put.body.models], [['api_key'], [{ id: 'alpha', name: 'a1' }]]);
    control.services.egress.replaceHosts({ allowHosts: [], providerHosts: [new URL(baseUrl).host] });
    seen = undefined;
    await call('POST', '/admin/v1/providers/mine/test');
    assert.equal(seen, 'Bearer sk-very-secret-value-0123456789');
  });

  it('does not touch what the file or the environment owns', async () => {
    const entry = { protocol: 'openai', base_url: baseUrl };
    for (const name of ['filed', 'anthropic']) {
      assert.equal(await code('POST', '/admin/v1/providers', { ...entry, name }), 'managed_by_file');
      assert.equal(await code('PUT', `/admin/v1/providers/${name}`, entry), 'managed_by_file');
      assert.equal(await code('DELETE', `/admin/v1/providers/${name}`), 'managed_by_file');
    }
    assert.equal(await code('PUT', '/admin/v1/aliases/fixed', { targets: ['mine/a1'] }), 'managed_by_file');
    assert.equal(await code('POST', '/admin/v1/aliases', { name: 'fixed', targets: ['mine/a1'] }), 'managed_by_file');
    assert.equal(await code('DELETE', '/admin/v1/aliases/fixed'), 'managed_by_file');
  });

  it('refuses providers that could not be connected at the next start', async () => {
    assert.equal(
      await code('POST', '/admin/v1/providers', { name: 'mine', protocol: 'openai', base_url: baseUrl }),
      'conflict',
    );
    for (const body of [
      { name: 'x', protocol: 'bedrock' },
      { name: 'x', protocol: 'smtp' },
      { name: 'x', protocol: 'openai', base_url: 'ftp://a' },
      { name: 'reflex', protocol: 'openai', base_url: baseUrl },
      { name: 'a/b', protocol: 'openai', base_url: baseUrl },
      { name: 'x', protocol: 'vertex', project: 'p', service_account: '/etc/passwd' },
      { name: 'x', protocol: 'openai', base_url: baseUrl, models: [{ id: 'm', price: {} }] },
    ]) {
      assert.equal(await code('POST', '/admin/v1/providers', body), 'invalid_request', JSON.stringify(body));
    }
    assert.equal((await control.store.providers.list()).length, 1);
  });

  it('adds, replaces and removes aliases, and takes back what leads nowhere', async () => {
    const made = await call('POST', '/admin/v1/aliases', {
      name: 'quick',
      strategy: 'weighted',
      targets: ['filed/m', { model: 'mine/a1', weight: 3 }],
    });
    assert.equal(made.status, 201);
    assert.deepEqual(made.body.targets, [
      { model: 'filed/m', weight: 1 },
      { model: 'mine/a1', weight: 3 },
    ]);
    assert.equal(control.services.snapshot().catalogue.resolve('quick').strategy, 'weighted');
    assert.equal(await code('POST', '/admin/v1/aliases', { name: 'quick', targets: ['filed/m'] }), 'conflict');
    assert.equal(await code('POST', '/admin/v1/aliases', { name: 'lost', targets: ['nope/x'] }), 'model_not_found');
    assert.equal(
      (await call('POST', '/admin/v1/aliases', { name: 'deep', targets: ['filed/m', 'quick'] })).body.error.param,
      'targets[1]',
    );
    assert.deepEqual(
      (await call('GET', '/admin/v1/aliases')).body.data.map((row: { name: string; managed_by: string }) => [
        row.name,
        row.managed_by,
      ]),
      [
        ['fixed', 'file'],
        ['quick', 'api'],
      ],
    );
    assert.equal(await code('DELETE', '/admin/v1/providers/mine'), 'conflict');
    // Without the model that the alias leads to, nothing could be loaded any more.
    assert.equal(
      await code('PUT', '/admin/v1/providers/mine', {
        protocol: 'openai',
        base_url: baseUrl,
        models: [{ id: 'other' }],
      }),
      'model_not_found',
    );
    assert.equal(control.services.snapshot().catalogue.resolve('quick').targets.length, 2);
    assert.equal((await call('PUT', '/admin/v1/aliases/quick', { targets: ['filed/m'], retries: 2 })).body.retries, 2);
    assert.deepEqual((await call('DELETE', '/admin/v1/providers/mine')).body, { id: 'mine', deleted: true });
    assert.equal(await code('DELETE', '/admin/v1/providers/mine'), 'not_found');
    assert.equal((await call('DELETE', '/admin/v1/aliases/quick')).status, 200);
    assert.equal(await code('DELETE', '/admin/v1/aliases/quick'), 'not_found');
    assert.equal(await code('GET', '/admin/v1/providers/mine'), 'not_found');
  });
});
