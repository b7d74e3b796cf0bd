import assert from 'node:assert/strict';
import test from 'node:test';
import { CalendarRule, compileCalendars } from './calendar.ts';
import { isHoliday, isMovedWorkday } from './holidays.ts';

const peakRule: CalendarRule = {
  timezone: 'Asia/Shanghai',
  weekdays: [1, 2, 3, 4, 5],
  windows: ['09:00-12:00', '14:00-18:00'],
  exclude: 'cn_public_holidays',
};
const calendars = compileCalendars({ peak: peakRule, offpeak: { not: 'peak' } });
const moved = compileCalendars({ peak: { ...peakRule, moved_workdays: true } });
const china = (text: string): number => Date.parse(`${text}+08:00`);

const hours: [string, boolean][] = [
  ['2026-11-24T08:59:59.999', false],
  ['2026-11-24T09:00:00', true],
  ['2026-11-24T11:59:59.999', true],
  ['2026-11-24T12:00:00', false],
  ['2026-11-24T14:00:00', true],
  ['2026-11-24T18:00:00', false],
  ['2026-11-28T10:00:00', false],
  ['2026-11-29T10:00:00', false],
  ['2026-10-01T10:00:00', false],
  ['2026-10-08T10:00:00', true],
  ['2026-02-23T10:00:00', false],
  ['2026-02-24T10:00:00', true],
  ['2025-10-08T10:00:00', false],
];
for (const [text, expected] of hours) {
  test(`peak at ${text} in Shanghai: ${expected}`, () => {
    assert.equal(calendars.get('peak')!.holds(china(text)), expected);
    assert.equal(calendars.get('offpeak')!.holds(china(text)), !expected);
  });
}

test('a Saturday that is a working day counts only where the calendar says so', () => {
  assert.equal(isMovedWorkday('cn_public_holidays', 2026, 10, 10), true);
  assert.equal(calendars.get('peak')!.holds(china('2026-10-10T10:00:00')), false);
  assert.equal(moved.get('peak')!.holds(china('2026-10-10T10:00:00')), true);
  assert.equal(moved.get('peak')!.holds(china('2026-10-17T10:00:00')), false);
});

test('a year without a table is unknown, and its holidays count as ordinary days', () => {
  assert.equal(isHoliday('cn_public_holidays', 2028, 10, 2), undefined);
  assert.equal(calendars.get('peak')!.holds(china('2028-10-02T10:00:00')), true);
  assert.equal(calendars.get('offpeak')!.assumption(china('2028-10-02T10:00:00')), 'cn_public_holidays:2028 unknown');
  assert.equal(calendars.get('peak')!.assumption(china('2026-12-31T23:59:59')), undefined);
  assert.equal(calendars.get('peak')!.assumption(china('2027-01-01T00:00:00')), 'cn_public_holidays:2027 unknown');
});

test('holiday tables name whole days that exist, and workdays are weekend days', () => {
  let holidays = 0;
  for (const year of [2025, 2026]) {
    for (let at_ms = Date.UTC(year, 0, 1); at_ms < Date.UTC(year + 1, 0, 1); at_ms += 86_400_000) {
      const date = new Date(at_ms);
      const day = [year, date.getUTCMonth() + 1, date.getUTCDate()] as const;
      if (isHoliday('cn_public_holidays', ...day)) holidays++;
      if (isMovedWorkday('cn_public_holidays', ...day)) {
        assert.ok([0, 6].includes(date.getUTCDay()), date.toISOString());
        assert.equal(isHoliday('cn_public_holidays', ...day), false);
      }
    }
  }
  // 28 days in the notice for 2025; 33 in the one for 2026.
  assert.equal(holidays, 28 + 33);
});

test('edges are every moment at which the answer can change', () => {
  const peak = calendars.get('peak')!;
  const from_ms = china('2026-11-24T08:30:00');
  const to_ms = china('2026-11-26T09:00:00');
  const edges = peak.edges(from_ms, to_ms).sort((a, b) => a - b);
  for (let at_ms = from_ms + 60_000; at_ms <= to_ms; at_ms += 60_000) {
    if (peak.holds(at_ms) !== peak.holds(at_ms - 60_000))
      assert.ok(edges.includes(at_ms), new Date(at_ms).toISOString());
  }
  assert.equal(edges.length, 11);
});

test('edges over a change of clocks', () => {
  const [berlin] = compileCalendars({
    day: { timezone: 'Europe/Berlin', weekdays: [1, 2, 3, 4, 5, 6, 7], windows: ['08:00-20:00'] },
  }).values();
  const edges = berlin!
    .edges(Date.parse('2026-10-24T12:00:00Z'), Date.parse('2026-10-25T12:00:00Z'))
    .sort((a, b) => a - b);
  assert.deepEqual(
    edges.map((at_ms) => new Date(at_ms).toISOString()),
    ['2026-10-24T18:00:00.000Z', '2026-10-24T22:00:00.000Z', '2026-10-25T07:00:00.000Z'],
  );
});

const bad: unknown[] = [
  { ...peakRule, timezone: 'Mars/Base' },
  { ...peakRule, windows: ['12:00-09:00'] },
  { ...peakRule, windows: ['9-12'] },
  { ...peakRule, windows: ['23:00-24:30'] },
  { ...peakRule, weekdays: [0] },
  { ...peakRule, exclude: 'moon_days' },
  { ...peakRule, extra: 1 },
];
for (const rule of bad) {
  test(`refused: ${JSON.stringify(rule)}`, () => assert.equal(CalendarRule.safeParse(rule).success, false));
}

test('a day may end at 24:00, a complement must have something to complement', () => {
  assert.equal(CalendarRule.safeParse({ ...peakRule, windows: ['22:00-24:00'] }).success, true);
  assert.throws(() => compileCalendars({ a: { not: 'b' } }), RangeError);
  assert.throws(() => compileCalendars({ a: { not: 'b' }, b: { not: 'a' } }), RangeError);
});
