import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { AppError } from '../base/errors.ts';
import { periodBounds, windowAt, windowBounds, windowKey } from './window.ts';
import { localTime } from './zone.ts';

const HOUR_MS = 3_600_000;

const periods: [string, string, string, string][] = [
  ['2026-11', 'UTC', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['2026-12', 'Asia/Shanghai', '2026-12-01T00:00:00+08:00', '2027-01-01T00:00:00+08:00'],
  ['2026-11', 'America/New_York', '2026-11-01T00:00:00-04:00', '2026-12-01T00:00:00-05:00'],
  ['2026-03', 'Europe/Berlin', '2026-03-01T00:00:00+01:00', '2026-04-01T00:00:00+02:00'],
  ['2026-11', 'Asia/Kolkata', '2026-11-01T00:00:00+05:30', '2026-12-01T00:00:00+05:30'],
  ['2026-11', 'Pacific/Kiritimati', '2026-11-01T00:00:00+14:00', '2026-12-01T00:00:00+14:00'],
  ['2024-02-29', 'UTC', '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'],
  ['2026-12-31', 'Etc/GMT+12', '2026-12-31T00:00:00-12:00', '2027-01-01T00:00:00-12:00'],
  // Clocks jump from 00:00 to 01:00, so the day begins with the jump.
  ['2026-04-24', 'Africa/Cairo', '2026-04-24T00:00:00+02:00', '2026-04-25T00:00:00+03:00'],
  ['2026-09-06', 'America/Santiago', '2026-09-06T01:00:00-03:00', '2026-09-07T00:00:00-03:00'],
  ['2026-09-05', 'America/Santiago', '2026-09-05T00:00:00-04:00', '2026-09-06T01:00:00-03:00'],
  // Clocks fall back from 24:00 to 23:00: the day before is 25 hours long.
  ['2026-10-29', 'Africa/Cairo', '2026-10-29T00:00:00+03:00', '2026-10-30T00:00:00+02:00'],
  ['2026-10-25', 'Europe/Berlin', '2026-10-25T00:00:00+02:00', '2026-10-26T00:00:00+01:00'],
];
for (const [period, timezone, from, to] of periods) {
  test(`period ${period} in ${timezone}`, () => {
    const bounds = periodBounds(period, timezone);
    assert.deepEqual(
      [bounds.from_ms, bounds.to_ms].map((at_ms) => new Date(at_ms).toISOString()),
      [from, to].map((text) => new Date(text).toISOString()),
    );
  });
}

test('a month with a change of clocks is an hour longer or shorter', () => {
  const hours = (period: string) => {
    const { from_ms, to_ms } = periodBounds(period, 'America/New_York');
    return (to_ms - from_ms) / HOUR_MS;
  };
  assert.deepEqual(['2026-03', '2026-11', '2026-12'].map(hours), [31 * 24 - 1, 30 * 24 + 1, 31 * 24]);
});

for (const period of [
  '',
  '2026',
  '2026-00',
  '2026-13',
  '2026-11-00',
  '2026-11-31',
  '2026-02-29',
  '2026-1',
  'total',
  '0000-01',
]) {
  test(`"${period}" is no period`, () => {
    assert.throws(
      () => periodBounds(period, 'UTC'),
      (error: unknown) => error instanceof AppError && error.code === 'invalid_request' && error.param === 'period',
    );
  });
}

test('window keys follow the zone', () => {
  const at = Date.parse('2026-10-31T23:30:00Z');
  const keys = (timezone: string) => [windowKey('day', timezone, at), windowKey('month', timezone, at)];
  assert.deepEqual(keys('UTC'), ['2026-10-31', '2026-10']);
  assert.deepEqual(keys('Asia/Shanghai'), ['2026-11-01', '2026-11']);
  assert.deepEqual(keys('America/New_York'), ['2026-10-31', '2026-10']);
  assert.equal(windowKey('total', 'UTC', at), 'total');
});

test('a window that never ends', () => {
  assert.deepEqual(windowBounds('total', 'UTC', 5), { from_ms: 0, to_ms: Number.MAX_SAFE_INTEGER });
});

test('an unknown zone is refused', () => {
  for (const make of [() => windowKey('day', 'Mars/Base', 0), () => periodBounds('2026-11', '')]) {
    assert.throws(make, (error: unknown) => error instanceof AppError && error.param === 'timezone');
  }
});

test('property: windows hold their moment, meet without gaps, and are named by the local date', () => {
  const zone = fc.constantFrom(
    'UTC',
    'Asia/Shanghai',
    'America/New_York',
    'Africa/Cairo',
    'Australia/Lord_Howe',
    'America/Santiago',
  );
  const moment = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2035-01-01') });
  fc.assert(
    fc.property(zone, moment, fc.constantFrom('day' as const, 'month' as const), (timezone, at_ms, window) => {
      const span = windowAt(window, timezone, at_ms);
      assert.ok(span.from_ms <= at_ms && at_ms < span.to_ms);
      assert.equal(windowAt(window, timezone, span.from_ms).key, span.key);
      assert.equal(windowAt(window, timezone, span.to_ms - 1).key, span.key);
      assert.equal(windowAt(window, timezone, span.to_ms).from_ms, span.to_ms);
      assert.deepEqual(periodBounds(span.key, timezone), { from_ms: span.from_ms, to_ms: span.to_ms });
      const { year, month, day } = localTime(timezone, at_ms);
      const date = [year, month, ...(window === 'day' ? [day] : [])].map((part) => String(part).padStart(2, '0'));
      assert.equal(span.key, date.join('-'));
    }),
    { numRuns: 300 },
  );
});
