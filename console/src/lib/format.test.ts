import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFormat, registerDigits } from './format.ts';

const en = createFormat('en', 'Asia/Shanghai');
const zh = createFormat('zh-CN', 'Asia/Shanghai');

test('large numbers are compact in the way of their language', () => {
  assert.equal(en.compact(48_309_114), '48.3M');
  assert.equal(zh.compact(48_309_114), '4830万');
  assert.equal(zh.compact(1_284_000_000), '12.8亿');
  assert.equal(en.compact(9999), '9,999');
  assert.equal(en.short(1000), '1K');
});

test('an amount keeps every digit it has, also beyond what a number holds', () => {
  assert.equal(en.money('0.001234'), '0.001234');
  assert.equal(en.money('10000000000.000000000001'), '10,000,000,000.000000000001');
  assert.equal(en.money('90071992547409931234.5'), '90,071,992,547,409,931,234.50');
  assert.equal(zh.money('15'), '15.00');
  assert.equal(en.money('-0.4'), '−0.40');
});

test('digits of an amount are those that came', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 26n }),
      fc.bigInt({ min: 0n, max: 10n ** 12n - 1n }),
      (units, pico) => {
        const text = `${units}.${pico.toString().padStart(12, '0')}`;
        const back = en.money(text).replaceAll(',', '');
        assert.equal(back.replace(/\.?0+$/, ''), text.replace(/\.?0+$/, ''));
      },
    ),
  );
});

test('durations change their unit where a reader does', () => {
  assert.equal(en.duration(undefined), '–');
  assert.equal(en.duration(0), '0 ms');
  assert.equal(en.duration(412.4), '412 ms');
  assert.equal(en.duration(999.6), '1.00 s');
  assert.equal(en.duration(8500), '8.50 s');
  assert.equal(en.duration(125_000), '2 min 5 s');
});

test('changes bear their sign', () => {
  assert.equal(en.change(0.124), '+12.4%');
  assert.equal(en.change(-0.031), '−3.1%');
  assert.equal(en.change(0), '0%');
});

test('times are those of the given zone', () => {
  const at_ms = Date.parse('2026-11-24T16:30:05Z');
  assert.equal(en.clock(at_ms), '00:30:05');
  assert.equal(en.day(at_ms), '25 Nov');
  assert.equal(zh.day(at_ms), '11月25日');
});

test('a register has nine digits or the next three, and shows the whole number', () => {
  assert.deepEqual(registerDigits(0), { lead: '000,000,00', digits: '0' });
  assert.deepEqual(registerDigits(48_309_114), { lead: '0', digits: '48,309,114' });
  assert.deepEqual(registerDigits(123_456_789), { lead: '', digits: '123,456,789' });
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (total) => {
      const { lead, digits } = registerDigits(total);
      const plain = (lead + digits).replaceAll(',', '');
      assert.equal(Number(plain), total);
      assert.equal(digits.replaceAll(',', ''), String(total));
      assert.ok(plain.length >= 9 && plain.length % 3 === 0);
    }),
  );
});
