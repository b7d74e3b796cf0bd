import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMoney, bytes, change, count, duration, money } from './format.ts';

test('whole numbers of any size have their thousands set off', () => {
  assert.equal(count(0), '0');
  assert.equal(count(999), '999');
  assert.equal(count(1234567), '1,234,567');
  assert.equal(count(50_000_000_000_000_000n), '50,000,000,000,000,000');
  assert.equal(count(undefined), '0');
});

test('money is exact, and currencies are never added to each other', () => {
  assert.equal(money({}), '-');
  assert.equal(money({ USD: '0.000000000001', CNY: '5' }), '0.000000000001 USD + 5 CNY');
  assert.deepEqual(addMoney([{ USD: '0.1' }, { USD: '0.2', CNY: '1.50' }, undefined, { USD: '9007199254740993' }]), {
    USD: '9007199254740993.3',
    CNY: '1.5',
  });
});

test('times, shares and sizes are for people', () => {
  assert.equal(duration(8.4), '8 ms');
  assert.equal(duration(1234), '1.2 s');
  assert.equal(duration(null), '');
  assert.equal(change(0.25), '+25 %');
  assert.equal(change(-0.034), '-3.4 %');
  assert.equal(change(null), '-');
  assert.equal(bytes(512), '512 B');
  assert.equal(bytes(1536), '1.5 kB');
  assert.equal(bytes(3 * 1024 ** 3), '3.0 GB');
});
