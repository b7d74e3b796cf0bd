import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { csvText } from '../../base/csv.ts';
import { NOW_MS, openTestControl, type TestControl, testOperation } from './testing.ts';
import { readRange } from './when.ts';

const DAY_MS = 86_400_000;

describe('usage, barometer, invoices and the ledger', () => {
  let control: TestControl;
  before(async () => {
    control = await openTestControl();
    const other = {
      ...testOperation({ id: 'op_4' }).attempts[0]!,
      deployment: '=cmd|x',
      cost_pico: undefined,
      currency: undefined,
    };
    await control.book(
      testOperation({ id: 'op_1', key: 'key_1' }),
      testOperation({ id: 'op_2', key: 'key_2', at_ms: NOW_MS - 2 * DAY_MS, tags: { team: 'ops' } }),
      testOperation({ id: 'op_3', key: 'key_2', at_ms: NOW_MS - 40 * DAY_MS }),
      testOperation({
        id: 'op_4',
        key: 'key_2',
        deployment: '=cmd|x',
        model: '=cmd|x',
        attempts: [other],
        charge_pico: undefined,
        chargeCurrency: undefined,
        status: 'failed',
      }),
    );
  });
  after(() => control.close());
  const usage = async (query: string) => (await control.call('GET', `/admin/v1/usage${query}`)).body;

  it('adds up exactly, by any group, in the organisation’s time zone', async () => {
    const all = await usage('');
    assert.equal(all.timezone, 'Asia/Shanghai');
    assert.equal(all.data.length, 1);
    assert.deepEqual(all.data[0].usage, {
      input: 3000,
      cache_read: 0,
      cache_write_5m: 0,
      cache_write_1h: 0,
      output: 600,
      reasoning: 150,
      audio_in: 0,
      audio_out: 0,
      image_in: 0,
      image_out: 0,
    });
    assert.deepEqual([all.data[0].requests, all.data[0].errors, all.data[0].unpriced], [3, 1, 1]);
    assert.deepEqual(all.data[0].cost, { USD: '0.002468' });
    assert.deepEqual(all.data[0].charge, { USD: '0.002468' });
    const byKey = await usage('?group_by=key,day&from=7d');
    assert.deepEqual(
      byKey.data.map((row: { group: object; requests: number }) => [row.group, row.requests]),
      [
        [{ key: 'key_1', day: '2026-11-24' }, 1],
        [{ key: 'key_2', day: '2026-11-22' }, 1],
        [{ key: 'key_2', day: '2026-11-24' }, 1],
      ],
    );
    assert.equal((await usage('?group_by=tag:team')).data.length, 2);
    assert.equal((await usage('?from=2026-10-01&to=2026-11')).data[0].requests, 4);
    assert.equal((await usage('?from=2026-11-22&to=2026-11-22')).data[0].requests, 1);
    assert.equal((await usage('?key=key_1')).data[0].requests, 1);
    assert.equal((await usage('?model=mock/m&from=24h')).data[0].requests, 1);
    assert.deepEqual((await usage('?project=nope')).data, []);
  });

  it('says what is wrong with a question', async () => {
    for (const [query, param] of [
      ['?group_by=colour', 'group_by'],
      ['?from=yesterday', 'from'],
      ['?to=2026-13', 'period'],
      ['?timezone=Mars', 'timezone'],
      ['?from=1d&to=2d', 'from'],
      ['?by=model', 'by'],
      ['?from=1d&from=2d', 'from'],
      ['?format=xls', 'format'],
    ]) {
      const answer = await control.call('GET', `/admin/v1/usage${query}`);
      assert.deepEqual([answer.status, answer.body.error.param], [400, param], query);
    }
  });

  it('gives CSV that no spreadsheet takes for a formula', async () => {
    const byAccept = await control.call('GET', '/admin/v1/usage?group_by=model', undefined, {
      headers: { accept: 'text/csv' },
    });
    assert.match(byAccept.headers.get('content-type')!, /^text\/csv/);
    const byFormat = await control.call('GET', '/admin/v1/usage?group_by=model&format=csv');
    assert.equal(byAccept.text, byFormat.text);
    const [head, first, second] = byFormat.text.trim().split('\r\n');
    assert.match(head!, /^model,requests,.*,cost_USD,charge_USD$/);
    assert.match(first!, /^"'=cmd\|x",1,/);
    assert.match(second!, /^mock\/m,2,.*,0\.002468,0\.002468$/);
  });

  it('shows the barometer', async () => {
    const { status, body } = await control.call('GET', '/admin/v1/barometer');
    assert.equal(status, 200);
    assert.equal(body.tokens.total, 5000);
    assert.equal(body.tokens.today, 2500);
    assert.equal(body.per_day.length, 30);
    assert.deepEqual(body.milestones.at(-1), { tokens: 10000 });
    assert.equal((await control.call('GET', '/admin/v1/barometer?organisation=nope')).body.tokens.total, 0);
    assert.equal((await control.call('GET', '/admin/v1/barometer?timezone=Mars')).status, 400);
  });

  it('makes invoices, exact and once rounded, with their tax in the books', async () => {
    const made = await control.call('POST', '/admin/v1/invoices', {
      project: 'default',
      period: '2026-11',
      currency: 'USD',
      tax_rate: '0.06',
    });
    assert.equal(made.status, 201);
    assert.deepEqual(
      made.body.lines.map((line: { operations: number; amount: string }) => [line.operations, line.amount]),
      [
        [1, '0'],
        [2, '0'],
      ],
    );
    await control.book(
      testOperation({ id: 'op_big', charge_pico: 10_000_000_000_123_456_789_012n, at_ms: NOW_MS - 30_000 }),
    );
    const big = await control.call('POST', '/admin/v1/invoices', {
      organisation: 'default',
      period: '2026-11',
      currency: 'USD',
      tax_rate: '0.06',
    });
    assert.deepEqual(
      [big.body.subtotal, big.body.tax, big.body.total],
      ['10000000000.13', '600000000.01', '10600000000.14'],
    );
    assert.deepEqual((await control.call('GET', `/admin/v1/invoices/${big.body.id}`)).body, big.body);
    assert.equal((await control.call('GET', '/admin/v1/invoices?organisation=default')).body.data.length, 1);
    const postings = await control.call('GET', `/admin/v1/ledger/postings?reference=${big.body.id}`);
    assert.deepEqual(postings.body.data[0].entries.map((entry: { amount: string }) => entry.amount).sort(), [
      '-600000000.01',
      '600000000.01',
    ]);
    assert.deepEqual((await control.call('GET', '/admin/v1/ledger/balances?prefix=tax:')).body.data, [
      { account: 'tax:default', currency: 'USD', amount: '-600000000.01' },
    ]);
    assert.deepEqual((await control.call('GET', '/admin/v1/ledger/check')).body, { ok: true, imbalances: [] });
  });

  it('refuses invoices it can not make', async () => {
    const make = async (body: unknown) => {
      const answer = await control.call('POST', '/admin/v1/invoices', body);
      return [answer.status, answer.body.error.code];
    };
    assert.deepEqual(await make({ period: '2026-11', currency: 'USD' }), [400, 'invalid_request']);
    assert.deepEqual(await make({ project: 'a', organisation: 'b', period: '2026-11', currency: 'USD' }), [
      400,
      'invalid_request',
    ]);
    assert.deepEqual(await make({ project: 'nope', period: '2026-11', currency: 'USD' }), [404, 'not_found']);
    assert.deepEqual(await make({ organisation: 'nope', period: '2026-11', currency: 'USD' }), [404, 'not_found']);
    assert.deepEqual(await make({ project: 'default', period: '2026-11', currency: 'CNY' }), [402, 'no_exchange_rate']);
    assert.deepEqual(await make({ project: 'default', period: '2030-01', currency: 'USD' }), [400, 'invalid_request']);
    assert.deepEqual(await make({ project: 'default', period: 'November', currency: 'USD' }), [400, 'invalid_request']);
    assert.equal((await control.call('GET', '/admin/v1/invoices/nope')).status, 404);
  });
});

describe('readRange', () => {
  it('counts ages back and includes a day or month that ends it', () => {
    const range = (from: string | undefined, to: string | undefined) =>
      readRange({ from, to }, 'Asia/Shanghai', NOW_MS, 30 * DAY_MS);
    assert.deepEqual(range('7d', undefined), { from_ms: NOW_MS - 7 * DAY_MS, to_ms: NOW_MS + 1 });
    assert.deepEqual(range('2026-11-24', '2026-11-24'), {
      from_ms: Date.UTC(2026, 10, 23, 16),
      to_ms: Date.UTC(2026, 10, 24, 16),
    });
    assert.deepEqual(range('2026-11', '2026-11'), {
      from_ms: Date.UTC(2026, 9, 31, 16),
      to_ms: Date.UTC(2026, 10, 30, 16),
    });
    assert.deepEqual(range('2026-11-24T09:00:00+08:00', 'now'), { from_ms: NOW_MS, to_ms: NOW_MS + 1 });
  });
});

describe('csvText', () => {
  it('never lets a cell begin as a formula, and keeps numbers as they are', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const cell = csvText([[text]])
          .replace(/\r\n$/, '')
          .replace(/^"([\s\S]*)"$/, '$1');
        return /^-?\d+(\.\d+)?$/.test(text) || !/^[=+\-@\t\r]/.test(cell);
      }),
    );
    assert.equal(csvText([['-1.5', 2, 'a,"b"', '@x']]), `-1.5,2,"a,""b""","'@x"\r\n`);
  });
});
