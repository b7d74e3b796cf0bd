import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NOW_MS, openTestControl, type TestControl, testOperation } from './testing.ts';

describe('outcomes, returns and records', () => {
  let control: TestControl;
  let key: { id: string; secret: string };
  let foreign = '';
  before(async () => {
    control = await openTestControl();
    key = (await control.call('POST', '/admin/v1/keys', { name: 'k' })).body;
    await control.call('POST', '/admin/v1/projects', { name: 'elsewhere' });
    foreign = (await control.call('POST', '/admin/v1/keys', { name: 'foreign', project: 'elsewhere' })).body.secret;
    const cny = { charge_pico: 2_000_000_000_000n, chargeCurrency: 'CNY', key: key.id, agent: 'coffee' };
    const attempts = [{ ...testOperation().attempts[0]!, cost_pico: 2_000_000_000_000n, currency: 'CNY' }];
    await control.book(
      testOperation({ id: 'op_1', ...cny, attempts }),
      testOperation({ id: 'op_2', ...cny, attempts }),
    );
  });
  after(() => control.close());
  const send = (body: unknown, secret = key.secret) => control.call('POST', '/v1/outcomes', body, { key: secret });

  it('keeps an outcome once per idempotency key', async () => {
    const given = {
      operation: 'op_1',
      kind: 'booking',
      value: '12.50',
      currency: 'cny',
      minutes_saved: 3,
      idempotency_key: 'i1',
    };
    const first = await send(given);
    assert.equal(first.status, 201);
    assert.deepEqual([first.body.value, first.body.currency, first.body.project], ['12.5', 'CNY', 'default']);
    assert.deepEqual((await send(given)).body, first.body);
    assert.equal((await send({ ...given, value: '13' })).body.error.code, 'conflict');
    assert.equal((await control.call('GET', '/admin/v1/outcomes?kind=booking')).body.data.length, 1);
    assert.equal((await control.call('GET', '/admin/v1/outcomes?project=nope')).body.data.length, 0);
  });

  it('confines outcomes to the project of the operation', async () => {
    assert.equal((await send({ operation: 'op_1', kind: 'booking' }, foreign)).status, 404);
    assert.equal((await send({ operation: 'op_9', kind: 'booking' })).status, 404);
    assert.equal((await send({ run: 'run_9', kind: 'booking' })).status, 404);
    assert.equal((await send({ operation: 'op_1', kind: 'booking' }, 'tw-wrong')).status, 401);
  });

  it('names the field of a wrong outcome', async () => {
    for (const [body, param] of [
      [{ kind: 'a' }, 'operation'],
      [{ operation: 'op_1', run: 'run_1', kind: 'a' }, 'operation'],
      [{ operation: 'op_1' }, 'kind'],
      [{ operation: 'op_1', kind: 'a', value: '1' }, 'currency'],
      [{ operation: 'op_1', kind: 'a', value: 1, currency: 'USD' }, 'value'],
      [{ operation: 'op_1', kind: 'a', minutes_saved: -1 }, 'minutes_saved'],
      [{ operation: 'op_1', kind: 'a', extra: 1 }, 'extra'],
    ] as const) {
      assert.equal((await send(body)).body.error.param, param, JSON.stringify(body));
    }
  });

  it('divides value by charge, never across currencies', async () => {
    await send({ operation: 'op_2', kind: 'booking', value: '1.50', currency: 'CNY' });
    await send({ operation: 'op_2', kind: 'refund', value: '-3', currency: 'USD' });
    const byProject = await control.call('GET', '/admin/v1/returns');
    assert.deepEqual(byProject.body.data[0], {
      group: { project: 'default' },
      kind: 'booking',
      outcomes: 2,
      minutes_saved: 3,
      value: { CNY: '14' },
      charge: { CNY: '4' },
      return: { ratio: '3.5', value: '14', charge: '4', currency: 'CNY' },
    });
    assert.deepEqual([byProject.body.data[1].kind, byProject.body.data[1].return], ['refund', null]);
    await control.call('POST', '/admin/v1/fx-rates', {
      base: 'USD',
      quote: 'CNY',
      rate: '7',
      effective_from: '2020-01-01',
    });
    const converted = await control.call('GET', '/admin/v1/returns?currency=CNY&kind=refund');
    assert.deepEqual(converted.body.data[0].return, { ratio: '-5.25', value: '-21', charge: '4', currency: 'CNY' });
    for (const [by, name] of [
      ['agent', 'coffee'],
      ['key', key.id],
    ] as const) {
      const { body } = await control.call('GET', `/admin/v1/returns?group_by=${by}&kind=booking`);
      assert.deepEqual([body.data.length, body.data[0].group, body.data[0].return.ratio], [1, { [by]: name }, '3.5']);
    }
    assert.deepEqual((await control.call('GET', '/admin/v1/returns?to=2026-10')).body.data, []);
    assert.equal((await control.call('GET', '/admin/v1/returns?group_by=tag')).status, 400);
  });

  it('lists alerts', async () => {
    await control.store.alerts.append({
      id: 'alert_1',
      at_ms: NOW_MS,
      organisation: 'default',
      kind: 'budget_share',
      subject: 'bud_1',
      detail: { percent: 80 },
    });
    const { body } = await control.call('GET', '/admin/v1/alerts');
    assert.deepEqual(body.data, [
      {
        id: 'alert_1',
        at: new Date(NOW_MS).toISOString(),
        organisation: 'default',
        kind: 'budget_share',
        subject: 'bud_1',
        detail: { percent: 80 },
      },
    ]);
    assert.deepEqual((await control.call('GET', '/admin/v1/alerts?organisation=nope')).body.data, []);
  });

  it('shows captured calls, puts on record who read them, and purges a user', async () => {
    const call = {
      operation: 'op_1',
      at_ms: NOW_MS,
      project: 'default',
      user: 'u1',
      request: '{}',
      reply: 'hello',
      expiresAt_ms: NOW_MS + 1000,
    };
    await control.store.captures.put([call]);
    assert.equal((await control.call('GET', '/admin/v1/captures/op_1')).body.reply, 'hello');
    assert.equal((await control.call('GET', '/admin/v1/captures/op_9')).status, 404);
    assert.deepEqual((await control.call('DELETE', '/admin/v1/captures?user=u1')).body, {
      project: 'default',
      user: 'u1',
      deleted: 1,
    });
    assert.equal((await control.call('GET', '/admin/v1/captures/op_1')).status, 404);
    assert.equal((await control.call('DELETE', '/admin/v1/captures')).body.error.param, 'user');
    const reads = await control.call('GET', '/admin/v1/audit?action=capture.read');
    assert.deepEqual(
      reads.body.data.map((row: { target: string; actor: string }) => [row.target, row.actor]),
      [['op_1', 'admin']],
    );
    assert.equal((await control.call('GET', '/admin/v1/audit?actor=nobody')).body.data.length, 0);
    assert.equal((await control.call('GET', '/admin/v1/audit?from=2027-01-01')).body.data.length, 0);
  });
});
