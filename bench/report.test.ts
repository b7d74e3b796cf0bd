import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadResult } from './load.ts';
import { type Figures, gatewayRows, table, targets } from './report.ts';

function loaded(p99: number): LoadResult {
  const summary = { count: 1, mean: p99, p50: p99 / 2, p90: p99, p99, p999: p99, max: p99 };
  return {
    ok: 1,
    refused: {},
    broken: 0,
    unsent: 0,
    seconds: 1,
    frames: 0,
    latency: summary,
    firstByte: summary,
    late: summary,
  };
}

const throughput = (perSecond: number) => ({ perSecond, p50_ms: 1, p99_ms: 2 });

function figures(own: number, p99: number, busy: number): Figures {
  return {
    pinned: true,
    rate: 500,
    failures: [],
    gateways: {
      direct: { throughput: throughput(50_000), latency: loaded(1) },
      nginx: { throughput: throughput(20_000) },
      portkey: { throughput: throughput(600) },
      missing: { missing: 'not here' },
      tokenworks: { throughput: throughput(own), latency: loaded(p99) },
    },
    background: {
      rows: 10,
      fill_seconds: 1,
      runs: [
        { cores: 'one core', idle: loaded(3), busy: loaded(busy), reports: 1, slowestReport_ms: 5, trained: true },
      ],
    },
  };
}

test('targets are met at their limits, and not beyond', () => {
  assert.deepEqual(
    targets(figures(6_000, 4, 7)).map((each) => each.met),
    [true, true, true, true],
  );
  assert.deepEqual(
    targets(figures(5_999, 4.1, 7.1)).map((each) => each.met),
    [false, false, false, false],
  );
});

test('what was not measured has no target', () => {
  assert.deepEqual(targets({ pinned: true, rate: 500, gateways: {}, failures: [] }), []);
});

test('figures are less the upstream’s own, and ratios are of tokenworks to each', () => {
  const rows = gatewayRows(figures(6_000, 4, 7));
  const portkey = rows.find((row) => row[0] === 'portkey')!;
  const own = rows.find((row) => row[0] === 'tokenworks')!;
  assert.equal(portkey[2], '10.00 ×');
  assert.equal(own[5], '3.00');
  assert.ok(!rows.some((row) => row[0] === 'missing'));
});

test('a table’s columns have one width', () => {
  assert.equal(
    table([
      ['a', 'long'],
      ['b', 'x'],
    ]),
    '| a   | long |\n| --- | ---- |\n| b   | x    |',
  );
});
