import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { axisLabels, bucketTime, dayOf, dayStart, hourStart, offsetMinutes, RANGES, rangeOf } from './time.ts';

const ZONES = [
  'UTC',
  'Asia/Shanghai',
  'Asia/Kolkata',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

test('offsets are those of the moment', () => {
  assert.equal(offsetMinutes(Date.parse('2026-01-01T00:00:00Z'), 'UTC'), 0);
  assert.equal(offsetMinutes(Date.parse('2026-01-01T00:00:00Z'), 'Asia/Kolkata'), 330);
  assert.equal(offsetMinutes(Date.parse('2026-07-01T00:00:00Z'), 'America/New_York'), -240);
});

test('a day begins at its own midnight, also on the days when clocks change', () => {
  assert.equal(new Date(dayStart('2026-11-24', 'Asia/Shanghai')).toISOString(), '2026-11-23T16:00:00.000Z');
  assert.equal(new Date(dayStart('2026-03-29', 'Europe/Berlin')).toISOString(), '2026-03-28T23:00:00.000Z');
  assert.equal(new Date(dayStart('2026-03-30', 'Europe/Berlin')).toISOString(), '2026-03-29T22:00:00.000Z');
  assert.equal(new Date(dayStart('2026-11-01', 'America/New_York')).toISOString(), '2026-11-01T04:00:00.000Z');
  assert.equal(new Date(dayStart('2026-11-02', 'America/New_York')).toISOString(), '2026-11-02T05:00:00.000Z');
});

test('hours begin on the zone’s own clock', () => {
  assert.equal(
    new Date(hourStart(Date.parse('2026-11-24T09:50:00Z'), 'Asia/Kolkata')).toISOString(),
    '2026-11-24T09:30:00.000Z',
  );
});

const moments = fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2030-01-01') });

test('every range is whole: its buckets ascend, hold now, and are what a report calls them', () => {
  fc.assert(
    fc.property(moments, fc.constantFrom(...ZONES), fc.constantFrom(...RANGES), (now_ms, zone, name) => {
      const range = rangeOf(name, now_ms, zone);
      assert.equal(range.buckets.length, { '24h': 24, '7d': 168, '30d': 30, '90d': 90 }[name]);
      for (let index = 1; index < range.buckets.length; index++)
        assert.ok(range.buckets[index]! > range.buckets[index - 1]!);
      assert.ok(range.buckets.at(-1)! <= now_ms && now_ms < range.to_ms);
      assert.equal(range.from_ms, range.buckets[0]);
      if (range.step === 'day')
        for (const at_ms of range.buckets) assert.equal(bucketTime(dayOf(at_ms, zone), zone), at_ms);
    }),
    { numRuns: 60 },
  );
});

test('a report’s hour is read with its offset', () => {
  assert.equal(bucketTime('2026-11-24T09:00+08:00', 'UTC'), Date.parse('2026-11-24T01:00:00Z'));
});

test('an axis has no more labels than fit', () => {
  const now_ms = Date.parse('2026-11-24T12:20:00Z');
  for (const most of [2, 4, 6, 12]) {
    for (const name of ['24h', '30d', '90d'] as const) {
      const labels = axisLabels(rangeOf(name, now_ms, 'UTC'), 'UTC', most);
      assert.ok(labels.length > 0 && labels.length <= most, `${name} ${most}: ${labels.length}`);
    }
  }
  assert.equal(axisLabels(rangeOf('7d', now_ms, 'UTC'), 'UTC', 12).length, 7);
});
