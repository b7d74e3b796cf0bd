import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NOW_MS, openTestControl, type TestControl, testOperation } from './testing.ts';

describe('organisations, projects, keys, budgets and wallets', () => {
  let control: TestControl;
  before(async () => {
    control = await openTestControl({ config: 'organisation: { timezone: Asia/Shanghai }' });
  });
  after(() => control.close());
  const call: TestControl['call'] = (...args) => control.call(...args);

  it('makes, lists, reads and changes organisations', async () => {
    const made = await call('POST', '/admin/v1/organisations', {
      name: 'Acme',
      timezone: 'Europe/Berlin',
      tag_keys: ['team', 'cost_center'],
    });
    assert.equal(made.status, 201);
    assert.deepEqual(made.body.tag_keys, ['team', 'cost_center']);
    const path = `/admin/v1/organisations/${made.body.id}`;
    assert.deepEqual((await call('GET', path)).body, made.body);
    const changed = await call('PATCH', path, { capture: 'full' });
    assert.equal(changed.body.capture, 'full');
    assert.equal(changed.body.name, 'Acme');
    const list = await call('GET', '/admin/v1/organisations?limit=1');
    assert.equal(list.body.data.length, 1);
    const rest = await call('GET', `/admin/v1/organisations?limit=1&cursor=${list.body.next}`);
    assert.equal(rest.body.data[0].id, made.body.id);
    assert.equal(rest.body.next, undefined);
    assert.equal(
      (await call('POST', '/admin/v1/organisations', { name: 'x', timezone: 'Mars/Base' })).body.error.param,
      'timezone',
    );
    assert.equal((await call('GET', '/admin/v1/organisations/nope')).status, 404);
    assert.equal((await call('PATCH', '/admin/v1/organisations/nope', { name: 'x' })).status, 404);
    const owned = await call('PATCH', '/admin/v1/organisations/default', { timezone: 'UTC' });
    assert.equal(owned.status, 409);
    assert.equal(owned.body.error.code, 'managed_by_file');
    assert.equal((await call('PATCH', '/admin/v1/organisations/default', { name: 'mine' })).status, 200);
  });

  it('makes, lists, reads and changes projects', async () => {
    const made = await call('POST', '/admin/v1/projects', { name: 'shop', capture: 'none' });
    assert.equal(made.status, 201);
    assert.equal(made.body.organisation, 'default');
    assert.equal((await call('POST', '/admin/v1/projects', { name: 'shop' })).status, 409);
    assert.equal((await call('POST', '/admin/v1/projects', { name: 'x', organisation: 'nope' })).status, 404);
    const path = `/admin/v1/projects/${made.body.id}`;
    const cleared = await call('PATCH', path, { capture: null });
    assert.equal(cleared.status, 200);
    assert.equal('capture' in cleared.body, false);
    assert.deepEqual((await call('GET', path)).body, cleared.body);
    assert.equal((await call('GET', '/admin/v1/projects/nope')).status, 404);
    assert.equal((await call('PATCH', '/admin/v1/projects/nope', { name: 'y' })).status, 404);
    assert.equal((await call('GET', '/admin/v1/projects?organisation=default')).body.data.length, 2);
  });

  it('answers a secret once, and the key works at once', async () => {
    const made = await call('POST', '/admin/v1/keys', {
      name: 'k',
      project: 'shop',
      rpm: 60,
      models: ['reflex/*'],
      expires_at: '2027-01-01',
      budget: { amount: '5.00', currency: 'usd', window: 'month', hard: false },
    });
    assert.equal(made.status, 201);
    assert.match(made.body.secret, /^tw-/);
    assert.equal(made.body.budget.amount, '5');
    assert.equal(made.body.budget.currency, 'USD');
    assert.equal(made.body.budget.scope_id, made.body.id);
    assert.equal(made.body.expires_at, '2027-01-01T00:00:00.000Z');
    assert.equal((await call('GET', '/v1/models', undefined, { key: made.body.secret })).status, 200);
    const listed = await call('GET', '/admin/v1/keys');
    assert.equal(listed.text.includes(made.body.secret), false);
    const stored = await control.store.keys.get(made.body.id);
    assert.equal(listed.text.includes(stored!.hash), false);
    assert.deepEqual(
      control.services.directory.principalOf(made.body.id)?.budgets.map((budget) => budget.id),
      [made.body.budget.id],
    );
  });

  it('changes and revokes keys', async () => {
    const { body: made } = await call('POST', '/admin/v1/keys', { name: 'k2', tpm: 5 });
    const path = `/admin/v1/keys/${made.id}`;
    const changed = await call('PATCH', path, { tpm: null, rpm: 3, act_as_user: true, models: ['smart'] });
    assert.equal(changed.status, 200);
    assert.equal('tpm' in changed.body, false);
    assert.equal(changed.body.rpm, 3);
    assert.equal(changed.body.act_as_user, true);
    const revoked = await call('DELETE', path);
    assert.equal(revoked.status, 200);
    assert.ok(revoked.body.revoked_at);
    assert.equal((await call('GET', '/v1/models', undefined, { key: made.secret })).status, 401);
    assert.deepEqual((await call('DELETE', path)).body, revoked.body);
    assert.equal((await call('PATCH', path, { rpm: 4 })).status, 409);
    const ids = async (query: string) =>
      (await call('GET', `/admin/v1/keys${query}`)).body.data.map((key: { id: string }) => key.id);
    assert.equal((await ids('')).includes(made.id), false);
    assert.equal((await ids('?revoked=true')).includes(made.id), true);
    assert.equal((await call('GET', '/admin/v1/keys/nope')).status, 404);
    assert.equal((await call('DELETE', '/admin/v1/keys/nope')).status, 404);
  });

  it('names the field of what is wrong with a key', async () => {
    const wrong = async (body: unknown) => {
      const answer = await call('POST', '/admin/v1/keys', body);
      return [answer.status, answer.body.error.code, answer.body.error.param];
    };
    assert.deepEqual(await wrong({}), [400, 'invalid_request', 'name']);
    assert.deepEqual(await wrong({ name: 'a', rpm: 0 }), [400, 'invalid_request', 'rpm']);
    assert.deepEqual(await wrong({ name: 'a', budgets: [] }), [400, 'invalid_request', 'budgets']);
    assert.deepEqual(await wrong({ name: 'a', budget: { amount: 5, currency: 'USD' } }), [
      400,
      'invalid_request',
      'budget.amount',
    ]);
    assert.deepEqual(await wrong({ name: 'a', budget: { amount: '-5', currency: 'USD' } }), [
      400,
      'invalid_request',
      'budget.amount',
    ]);
    assert.deepEqual(await wrong({ name: 'a', expires_at: '2020-01-01' }), [400, 'invalid_request', 'expires_at']);
    assert.deepEqual(await wrong({ name: 'a', models: ['x', 7] }), [400, 'invalid_request', 'models[1]']);
    assert.deepEqual(await wrong({ name: 'a', project: 'nope' }), [404, 'not_found', null]);
  });

  it('leaves no key behind where its budget can not be made', async () => {
    const before = (await call('GET', '/admin/v1/keys?limit=500')).body.data.length;
    const create = control.store.budgets.create;
    control.store.budgets.create = async () => {
      throw new Error('disk');
    };
    const answer = await call('POST', '/admin/v1/keys', { name: 'lost', budget: { amount: '1', currency: 'USD' } });
    control.store.budgets.create = create;
    assert.equal(control.errors.length, 1);
    assert.equal(answer.status, 500);
    assert.equal(answer.text.includes('disk'), false);
    assert.equal((await call('GET', '/admin/v1/keys?limit=500')).body.data.length, before);
  });

  it('begins a day budget with what the day has spent, and a total one with nothing', async () => {
    await control.services.store.fxRates.insert(
      { id: 'fx1', base: 'USD', quote: 'CNY', rate_pico: 7_000_000_000_000n, effectiveFrom_ms: 0, createdAt_ms: 0 },
      { actor: 'a', action: 'b', target: 'c' },
    );
    await control.services.refresh();
    await control.book(
      testOperation({ id: 'op_a', key: 'key_a' }),
      testOperation({ id: 'op_b', key: 'key_b', at_ms: NOW_MS - 3 * 86_400_000 }),
    );
    const day = await call('POST', '/admin/v1/budgets', {
      scope: 'project',
      amount: '1',
      currency: 'USD',
      window: 'day',
    });
    assert.equal(day.status, 201);
    assert.deepEqual(
      [day.body.scope_id, day.body.current_window, day.body.spent, day.body.remaining],
      ['default', '2026-11-24', '0.001234', '0.998766'],
    );
    const month = await call('POST', '/admin/v1/budgets', {
      scope: 'organisation',
      amount: '1',
      currency: 'CNY',
      window: 'month',
    });
    assert.deepEqual([month.body.current_window, month.body.spent], ['2026-11', '0.017276']);
    const total = await call('POST', '/admin/v1/budgets', { scope: 'organisation', amount: '1', currency: 'USD' });
    assert.deepEqual([total.body.current_window, total.body.spent, total.body.hard], ['total', '0', true]);
    assert.deepEqual((await call('GET', `/admin/v1/budgets/${day.body.id}`)).body, day.body);
    const list = await call('GET', '/admin/v1/budgets?scope=organisation');
    assert.deepEqual(list.body.data.map((row: { id: string }) => row.id).sort(), [month.body.id, total.body.id].sort());
  });

  it('changes and removes budgets', async () => {
    const { body: made } = await call('POST', '/admin/v1/budgets', {
      scope: 'agent',
      scope_id: 'coffee',
      amount: '1',
      currency: 'USD',
      alert_percents: [90, 50, 90],
      webhook: 'https://hooks.example.com/x',
    });
    assert.deepEqual(made.alert_percents, [50, 90]);
    const path = `/admin/v1/budgets/${made.id}`;
    const changed = await call('PATCH', path, { amount: '2.50', hard: false, webhook: null });
    assert.equal(changed.body.amount, '2.5');
    assert.equal(changed.body.hard, false);
    assert.equal('webhook' in changed.body, false);
    assert.deepEqual((await call('DELETE', path)).body, { id: made.id, deleted: true });
    assert.equal((await call('GET', path)).status, 404);
    assert.equal((await call('DELETE', path)).status, 404);
    assert.equal((await call('PATCH', path, { hard: true })).status, 404);
  });

  it('refuses budgets of nothing and webhooks into our own network', async () => {
    assert.equal(
      (await call('POST', '/admin/v1/budgets', { scope: 'key', amount: '1', currency: 'USD' })).body.error.param,
      'scope_id',
    );
    assert.equal(
      (await call('POST', '/admin/v1/budgets', { scope: 'key', scope_id: 'nope', amount: '1', currency: 'USD' }))
        .status,
      404,
    );
    assert.equal(
      (await call('POST', '/admin/v1/budgets', { scope: 'project', scope_id: 'nope', amount: '1', currency: 'USD' }))
        .status,
      404,
    );
    const inside = await call('POST', '/admin/v1/budgets', {
      scope: 'project',
      amount: '1',
      currency: 'USD',
      webhook: 'http://169.254.169.254/latest',
    });
    assert.deepEqual([inside.status, inside.body.error.param], [403, 'webhook']);
  });

  it('tops up a wallet once per idempotency key', async () => {
    const made = await call('POST', '/admin/v1/wallets', { scope: 'project', currency: 'cny' });
    assert.equal(made.status, 201);
    assert.equal((await call('POST', '/admin/v1/wallets', { scope: 'project', currency: 'USD' })).status, 409);
    const path = `/admin/v1/wallets/${made.body.id}`;
    const paid = await call('POST', `${path}/top-ups`, {
      amount: '12345678901234.000000000001',
      idempotency_key: 'p1',
    });
    assert.equal(paid.status, 201);
    assert.equal(paid.body.balance, '12345678901234.000000000001');
    assert.equal(
      (await call('POST', `${path}/top-ups`, { amount: '12345678901234.000000000001', idempotency_key: 'p1' })).body
        .balance,
      paid.body.balance,
    );
    assert.equal((await call('POST', `${path}/top-ups`, { amount: '1', idempotency_key: 'p1' })).status, 409);
    assert.equal((await call('GET', path)).body.balance, paid.body.balance);
    assert.equal((await call('GET', '/admin/v1/wallets')).body.data[0].credited, paid.body.credited);
    assert.equal((await call('POST', `${path}/top-ups`, { amount: '0' })).body.error.param, 'amount');
    assert.equal((await call('POST', '/admin/v1/wallets/nope/top-ups', { amount: '1' })).status, 404);
    assert.equal(
      (await call('POST', '/admin/v1/wallets', { scope: 'project', scope_id: 'nope', currency: 'USD' })).status,
      404,
    );
    assert.equal((await call('GET', '/admin/v1/ledger/check')).body.ok, true);
  });

  it('writes an audit row for every write, without secrets', async () => {
    const { body } = await call('GET', '/admin/v1/audit?limit=500');
    const actions = new Set(body.data.map((row: { action: string }) => row.action));
    for (const action of [
      'organisation.create',
      'organisation.update',
      'project.create',
      'project.update',
      'key.create',
      'key.update',
      'key.revoke',
      'budget.create',
      'budget.update',
      'budget.delete',
      'wallet.create',
      'wallet.top_up',
    ]) {
      assert.ok(actions.has(action), action);
    }
    assert.ok(
      body.data
        .filter((row: { action: string }) => row.action === 'key.create')
        .every((row: { actor: string }) => row.actor === 'admin'),
    );
    assert.doesNotMatch(JSON.stringify(body), /tw-[A-Za-z0-9_-]{20}/);
  });
});
