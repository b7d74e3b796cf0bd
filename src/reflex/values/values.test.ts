import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readDates, readDurations, readTimes } from './moments.ts';
import { parseChineseNumber, readNumbers } from './numbers.ts';

/** A Tuesday. */
const NOW = Date.parse('2026-11-24T12:00:00Z');

describe('Chinese numerals', () => {
  const cases: [string, number | undefined][] = [
    ['十二', 12],
    ['一百二', 120],
    ['一百零二', 102],
    ['二百五十', 250],
    ['两万', 20_000],
    ['三万五', 35_000],
    ['三万零五', 30_005],
    ['一千二百三十四', 1234],
    ['一亿两千万', 120_000_000],
    ['零点五', 0.5],
    ['三点一四', 3.14],
    ['二零二六', 2026],
    ['百', 100],
    ['万', undefined],
    ['点五', undefined],
    ['', undefined],
  ];
  for (const [text, value] of cases)
    it(`${text || '(empty)'} is ${value}`, () => assert.equal(parseChineseNumber(text), value));
});

describe('numbers in text', () => {
  const cases: [string, number[]][] = [
    ['set it to 24.5 degrees', [24.5]],
    ['1,234,567 people', [1_234_567]],
    ['twenty-two', [22]],
    ['two hundred and five guests', [205]],
    ['a hundred', [100]],
    ['three point one four', [3.14]],
    ['minus 5 degrees', [-5]],
    ['零下三度', [-3]],
    ['把空调调到二十六度', [26]],
    ['22度半', [22.5]],
    ['2.3万元', [23_000]],
    ['room 4b and 7 chairs', [4, 7]],
    ['model x5', []],
    ['ＡＢＣ ３', [3]],
    ['二百五', [250]],
    ['三分之一', [1 / 3]],
    ['十来个人', [10]],
    ['三十多度', [30]],
    ['两点三', [2.3]],
    ['two thirds of it', [2 / 3]],
    ['3/4 cup', [0.75]],
    ['the 24/7 shop', [24, 7]],
    ['nothing here', []],
  ];
  for (const [text, values] of cases)
    it(text, () =>
      assert.deepEqual(
        readNumbers(text).map((one) => one.value),
        values,
      ),
    );

  it('tells percentages from plain numbers', () => {
    assert.deepEqual(
      readNumbers('百分之二十').map(({ value, percent }) => [value, percent]),
      [[20, true]],
    );
    assert.deepEqual(
      readNumbers('50% and 3').map(({ value, percent }) => [value, percent]),
      [
        [50, true],
        [3, false],
      ],
    );
    assert.deepEqual(
      readNumbers('百分之30').map(({ value, percent }) => [value, percent]),
      [[30, true]],
    );
  });

  it('marks 一下 and weekdays as weak', () => {
    assert.ok(readNumbers('等一下')[0]!.weak);
    assert.ok(readNumbers('周五')[0]!.weak);
  });

  it('reads back every integer that it is given in digits, at its own offsets', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (value) => {
        const text = `we need ${value} of them`;
        const [found] = readNumbers(text);
        assert.equal(found!.value, value);
        assert.equal(text.slice(found!.start, found!.end), String(value));
      }),
    );
  });

  it('never fails, overlaps or leaves the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'一二十百千万点半零下百分之12.,%度 a-twenty五周第'), maxLength: 30 }),
        (text) => {
          let end = 0;
          for (const found of readNumbers(text)) {
            assert.ok(Number.isFinite(found.value));
            assert.ok(found.start >= 0 && found.end > found.start && found.end <= text.length);
            assert.ok(found.end > end);
            end = found.end;
          }
        },
      ),
    );
  });
});

describe('dates', () => {
  const cases: [string, string[]][] = [
    ['明天', ['2026-11-25']],
    ['后天下午', ['2026-11-26']],
    ['大后天', ['2026-11-27']],
    ['昨天', ['2026-11-23']],
    ['下周三', ['2026-12-02']],
    ['周五', ['2026-11-27']],
    ['星期日', ['2026-11-29']],
    ['三天后', ['2026-11-27']],
    ['12月25日', ['2026-12-25']],
    ['三月五号', ['2027-03-05']],
    ['2027年1月2日', ['2027-01-02']],
    ['tomorrow', ['2026-11-25']],
    ['the day after tomorrow', ['2026-11-26']],
    ['next Friday', ['2026-12-04']],
    ['on friday', ['2026-11-27']],
    ['Dec 3rd', ['2026-12-03']],
    ['3 March 2027', ['2027-03-03']],
    ['from 2026-12-01 to 2026-12-05', ['2026-12-01', '2026-12-05']],
    ['2026-02-30', []],
    ['13月40日', []],
    ['in 3 weeks', ['2026-12-15']],
    ['two months ago', ['2026-09-24']],
    ['两个月后', ['2027-01-24']],
    ['三天前', ['2026-11-21']],
    ['08-15-2027', ['2027-08-15']],
    ['17/05/2027', ['2027-05-17']],
    ['monkey business', []],
  ];
  for (const [text, values] of cases)
    it(text, () =>
      assert.deepEqual(
        readDates(text, NOW).map((one) => one.value),
        values,
      ),
    );

  it('counts from the day of the zone', () => {
    const late = Date.parse('2026-11-24T20:00:00Z');
    assert.equal(readDates('明天', late, 'Asia/Shanghai')[0]!.value, '2026-11-26');
    assert.equal(readDates('明天', late, 'No/Such')[0]!.value, '2026-11-25');
  });
});

describe('times and durations', () => {
  const times: [string, string[]][] = [
    ['7pm', ['19:00']],
    ['at 7:30 p.m.', ['19:30']],
    ['12 am', ['00:00']],
    ['seven thirty pm', ['19:30']],
    ['at noon', ['12:00']],
    ['晚上七点半', ['19:30']],
    ['下午3点一刻', ['15:15']],
    ['早上八点二十分', ['08:20']],
    ['中午12点', ['12:00']],
    ['25:00', []],
    ['version 1.2', []],
  ];
  for (const [text, values] of times)
    it(text, () =>
      assert.deepEqual(
        readTimes(text).map((one) => one.value),
        values,
      ),
    );

  const durations: [string, number[]][] = [
    ['10 minutes', [600]],
    ['1 hour 30 minutes', [5400]],
    ['it takes an hour and a half', [5400]],
    ['wait half an hour', [1800]],
    ['半小时', [1800]],
    ['两个半小时', [9000]],
    ['三分钟', [180]],
    ['一刻钟', [900]],
    ['two days', [172_800]],
    ['5 apples', []],
  ];
  for (const [text, values] of durations)
    it(text, () =>
      assert.deepEqual(
        readDurations(text).map((one) => one.value),
        values,
      ),
    );
});
