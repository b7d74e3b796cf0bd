import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { OperationRecord } from '../contract/operation.ts';
import { openTestStore, type TestStore } from '../store/testing.ts';
import { barometer, createUsageQuery, createUsageSink } from './index.ts';

const DAY_MS = 86_400_000;
/** 2026-11-24 01:20 in Shanghai, still the 23rd in UTC. */
const NOW = Date.UTC(2026, 10, 23, 17, 20);

function operation(id: string, at_ms: number, tokens: number): OperationRecord {
  return {
    id,
    at_ms,
    organisation: 'o',
    project: 'p',
    key: 'k',
    tags: {},
    surface: 'chat',
    model: 'mock/m',
    deployment: 'mock/m',
    stream: false,
    status: 'completed',
    total_ms: 1,
    attempts: [
      {
        index: 0,
        deployment: 'mock/m',
        provider: 'mock',
        model: 'm',
        status: 'completed',
        at_ms,
        total_ms: 1,
        usage: { input: tokens },
        usageSource: 'provider',
      },
    ],
    holds: [],
  };
}

describe('usage', () => {
  let opened: TestStore;
  before(async () => {
    opened = await openTestStore();
  });
  after(() => opened.close());

  it('is all zero and null in an empty store', async () => {
    const empty = await barometer(opened.store, { now: NOW, timezone: 'UTC' });
    assert.deepEqual(empty.tokens, { total: 0, today: 0 });
    assert.deepEqual(empty.growth, { day: null, week: null, month: null });
    assert.equal(empty.per_day.length, 30);
    assert.equal(empty.per_minute, 0);
    assert.deepEqual(empty.milestones, [{ tokens: 1_000 }]);
  });

  it('shows what the sink took, once, in the days of the time zone', async () => {
    const sink = createUsageSink(opened.store);
    const batch = {
      segment: 's',
      from: 0,
      to: 9,
      operations: [
        // 22:00 of the 23rd in Shanghai; 00:10 and 01:19 of the 24th.
        operation('a', Date.UTC(2026, 10, 23, 14, 0), 400),
        operation('b', Date.UTC(2026, 10, 23, 16, 10), 30),
        operation('c', Date.UTC(2026, 10, 23, 17, 19), 600),
        operation('d', NOW - DAY_MS - 3_600_000, 500),
      ],
      postings: [],
    };
    assert.equal(await sink.append(batch), true);
    assert.equal(await sink.append(batch), false);
    assert.equal(await sink.position('s'), 9);

    const query = createUsageQuery(opened.store);
    const report = await query.report({ from_ms: 0, to_ms: NOW + DAY_MS, groupBy: ['day'], timezone: 'Asia/Shanghai' });
    assert.deepEqual(
      report.map((row) => [row.group.day, row.usage.input]),
      [
        ['2026-11-23', 900],
        ['2026-11-24', 630],
      ],
    );

    const shown = await barometer(opened.store, { organisation: 'o', now: NOW, timezone: 'Asia/Shanghai' });
    assert.deepEqual(shown.tokens, { total: 1_530, today: 630 });
    assert.deepEqual(shown.requests, { total: 4, today: 2 });
    assert.deepEqual(shown.per_day.slice(-2), [
      { day: '2026-11-23', tokens: 900, requests: 2 },
      { day: '2026-11-24', tokens: 630, requests: 2 },
    ]);
    assert.equal(shown.per_day[0]!.day, '2026-10-26');
    assert.equal(shown.growth.day, 1_030 / 500 - 1);
    assert.equal(shown.growth.week, null);
    // 600 tokens since 17:00, 20 minutes ago.
    assert.equal(shown.per_minute, 30);
    assert.deepEqual(shown.milestones, [{ tokens: 1_000, at_ms: Date.UTC(2026, 10, 23, 17, 19) }, { tokens: 2_000 }]);
  });

  it("adds a gateway's counters that are not booked yet", async () => {
    const live = { pendingTokens: 1_000, pendingRequests: 2, lastMinuteTokens: 777 };
    const shown = await barometer(opened.store, { now: NOW, timezone: 'Asia/Shanghai', live });
    assert.deepEqual(shown.tokens, { total: 2_530, today: 1_630, last_minute: 777 });
    assert.deepEqual(shown.requests, { total: 6, today: 4 });
    assert.equal(shown.per_minute, 777);
    assert.deepEqual(shown.milestones.at(-1), { tokens: 5_000 });
  });
});
