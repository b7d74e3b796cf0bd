import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { crossed, remaining } from './budget.ts';
import { expiring, walletAvailable, walletBalance } from './wallet.ts';

const shares = [50, 80, 100];
const table: [string, bigint, bigint, bigint, number[], number[]][] = [
  ['nothing new', 10n, 10n, 100n, shares, []],
  ['just below', 0n, 49n, 100n, shares, []],
  ['exactly there', 49n, 50n, 100n, shares, [50]],
  ['not again', 50n, 60n, 100n, shares, []],
  ['several at once', 10n, 100n, 100n, shares, [50, 80, 100]],
  ['over the amount', 90n, 150n, 100n, shares, [100]],
  ['shares above the amount', 100n, 120n, 100n, [100, 110], [110]],
  ['in any order, without repeats', 0n, 100n, 100n, [100, 50, 50], [50, 100]],
  ['a part of a percent', 994n, 995n, 1000n, [99.5], [99.5]],
  ['amounts that no double holds', 10n ** 24n - 1n, 10n ** 24n, 2n * 10n ** 24n, shares, [50]],
  ['an empty budget: the first thing spent', 0n, 1n, 0n, shares, [50, 80, 100]],
  ['an empty budget: later', 1n, 2n, 0n, shares, []],
  ['a correction downwards', 60n, 40n, 100n, shares, []],
  ['no shares', 0n, 100n, 100n, [], []],
];
for (const [name, before, after, amount, percents, expected] of table) {
  test(`alert shares: ${name}`, () => assert.deepEqual(crossed(before, after, amount, percents), expected));
}

test('property: a spend in small steps crosses each share once, as one big step does', () => {
  const steps = fc.array(fc.bigInt({ min: 0n, max: 40n }), { maxLength: 20 });
  fc.assert(
    fc.property(steps, fc.bigInt({ min: 1n, max: 300n }), (amounts, budget) => {
      let spent = 0n;
      const seen: number[] = [];
      for (const amount of amounts) {
        seen.push(...crossed(spent, spent + amount, budget, shares));
        spent += amount;
      }
      assert.deepEqual(seen, crossed(0n, spent, budget, shares));
    }),
  );
});

test('what a budget still covers', () => {
  assert.equal(remaining(10n, 3n), 7n);
  assert.equal(remaining(10n, 3n, 5n), 2n);
  assert.equal(remaining(10n, 8n, 5n), 0n);
});

test('what a wallet still covers', () => {
  assert.equal(walletBalance({ credited_pico: 5n, spent_pico: 7n }), -2n);
  assert.equal(walletAvailable({ credited_pico: 5n, spent_pico: 7n }), 0n);
  assert.equal(walletAvailable({ credited_pico: 10n, spent_pico: 7n }, 1n), 2n);
});

const expiries: [string, bigint, bigint, bigint, bigint, bigint, bigint][] = [
  // credited, spent, credited before, credit, held, expires
  ['nothing spent', 100n, 0n, 0n, 40n, 0n, 40n],
  ['a part of it spent', 100n, 30n, 0n, 40n, 0n, 10n],
  ['older credit is spent first', 100n, 30n, 60n, 40n, 0n, 40n],
  ['all of it spent', 100n, 50n, 0n, 40n, 0n, 0n],
  ['not what is held', 40n, 10n, 0n, 40n, 25n, 5n],
  ['nothing from a wallet below 0', 40n, 50n, 0n, 40n, 0n, 0n],
];
for (const [name, credited_pico, spent_pico, before, credit, held, expected] of expiries) {
  test(`expiring credit: ${name}`, () => {
    assert.equal(expiring({ credited_pico, spent_pico }, before, credit, held), expected);
  });
}
