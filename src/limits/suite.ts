/** What every engine behind the door must do. A test file of each engine calls `limitsSuite` with a way to open it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Clock } from '../base/clock.ts';
import type { Schedule } from './schedule.ts';
import type { BudgetPart, Hold, Lease, Limits, RateSubject, Reservation, ReserveRequest } from './types.ts';

export interface ManualTime {
  clock: Clock;
  schedule: Schedule;
  /** Moves time, runs what falls due on the way, and lets promises settle. */
  advance(ms: number): Promise<void>;
}

/** Time that stands still until a test moves it. */
export function manualTime(): ManualTime {
  let now_ms = 1_000;
  const timers = new Set<{ at_ms: number; run: () => void }>();
  return {
    clock: { now: () => now_ms, mono: () => now_ms },
    schedule(run, delay_ms) {
      const timer = { at_ms: now_ms + delay_ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const end_ms = now_ms + ms;
      while (true) {
        const next = [...timers].sort((one, other) => one.at_ms - other.at_ms)[0];
        if (!next || next.at_ms > end_ms) break;
        now_ms = Math.max(now_ms, next.at_ms);
        timers.delete(next);
        next.run();
        await nextTurn();
      }
      now_ms = end_ms;
      await nextTurn();
    },
  };
}

/** A caller that is never woken must fail its test, not hang it. */
const TIMEOUT_MS = 20_000;

export interface SuiteOptions {
  /** A new, empty engine on the given time. */
  open(time: ManualTime): Limits | Promise<Limits>;
  /** Runs of each property (default 100). */
  runs?: number;
}

interface Rig {
  limits: Limits;
  time: ManualTime;
  admit(subjects: RateSubject[], tokens?: number, leastTokens?: number): Promise<Lease>;
  refused(
    subjects: RateSubject[],
    tokens?: number,
    leastTokens?: number,
  ): Promise<[string, string, number | undefined]>;
  hold(request: Partial<ReserveRequest> & Pick<ReserveRequest, 'parts'>): Promise<Hold>;
  reserve(request: Partial<ReserveRequest> & Pick<ReserveRequest, 'parts'>): Promise<Reservation>;
}

export function limitsSuite(name: string, options: SuiteOptions): void {
  const runs = options.runs ?? 100;
  const withRig = (body: (rig: Rig) => Promise<void>) => async () => {
    const time = manualTime();
    const limits = await options.open(time);
    try {
      await body(rigFor(limits, time));
    } finally {
      await limits.close();
    }
  };
  describe(`${name}: rates`, { timeout: TIMEOUT_MS }, () => ratesSuite(withRig, runs));
  describe(`${name}: budgets`, { timeout: TIMEOUT_MS }, () => budgetsSuite(withRig));
  describe(`${name}: waiting for a budget`, { timeout: TIMEOUT_MS }, () => waitingSuite(withRig));
  describe(`${name}: budgets under any schedule`, { timeout: TIMEOUT_MS }, () => scheduleSuite(withRig, runs));
}

type WithRig = (body: (rig: Rig) => Promise<void>) => () => Promise<void>;

function rigFor(limits: Limits, time: ManualTime): Rig {
  const reserve: Rig['reserve'] = async (request) => limits.budgets.reserve({ owner: 'p1', ...request });
  return {
    limits,
    time,
    reserve,
    async admit(subjects, tokens = 0, leastTokens) {
      const admission = await limits.rates.admit({ subjects, tokens, leastTokens, owner: 'p1' });
      assert.ok(admission.ok, `refused by ${JSON.stringify(admission)}`);
      return admission.lease;
    },
    async refused(subjects, tokens = 0, leastTokens) {
      const admission = await limits.rates.admit({ subjects, tokens, leastTokens, owner: 'p1' });
      assert.ok(!admission.ok, 'admitted');
      return [admission.limit, admission.subject, admission.retryAfter_ms];
    },
    async hold(request) {
      const result = await reserve(request);
      assert.ok(result.ok, `refused: ${result.ok ? '' : result.reason}`);
      return result.hold;
    },
  };
}

/** A part of budget `b` with amounts as plain numbers. */
function part(budget: string, limit: number, least: number): BudgetPart {
  return { budget, window: 'total', limit: BigInt(limit), least: BigInt(least) };
}

function reasonOf(result: Reservation | undefined): string | undefined {
  if (!result) return undefined;
  return result.ok ? 'held for me' : result.reason;
}

// ---------------------------------------------------------------- rates

function ratesSuite(withRig: WithRig, runs: number): void {
  it(
    'admits rpm calls and says to the millisecond when the next one passes',
    withRig(async ({ admit, refused, time }) => {
      const key = [{ id: 'k', rpm: 2 }];
      await admit(key);
      await time.advance(10_000);
      await admit(key);
      assert.deepEqual(await refused(key), ['rpm', 'k', 50_000]);
      await time.advance(49_999);
      assert.deepEqual(await refused(key), ['rpm', 'k', 1]);
      await time.advance(1);
      await admit(key);
      assert.deepEqual(await refused(key), ['rpm', 'k', 10_000]);
    }),
  );

  it(
    'lets a caller that keeps exactly to its pace go on for ever',
    withRig(async ({ admit, time }) => {
      for (let call = 0; call < 200; call++) {
        await admit([{ id: 'k', rpm: 60 }]);
        await time.advance(1000);
      }
    }),
  );

  it('never lets more than rpm calls into any minute, and keeps its word on when to come again', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.oneof(fc.nat(25_000), fc.nat(150)), { minLength: 1, maxLength: 60 }),
        async (rpm, gaps_ms) => {
          await withRig(async ({ limits, time }) => {
            const admitted_ms: number[] = [];
            const call = async (): Promise<number | undefined> => {
              const admission = await limits.rates.admit({ subjects: [{ id: 'k', rpm }], tokens: 0, owner: 'p1' });
              if (!admission.ok) return admission.retryAfter_ms;
              admitted_ms.push(time.clock.mono());
              return undefined;
            };
            for (const gap_ms of gaps_ms) {
              await time.advance(gap_ms);
              const wait_ms = await call();
              if (wait_ms === undefined) continue;
              await time.advance(wait_ms);
              assert.equal(await call(), undefined);
            }
            for (let index = rpm; index < admitted_ms.length; index++) {
              assert.ok(admitted_ms[index]! - admitted_ms[index - rpm]! >= 60_000);
            }
          })();
        },
      ),
      { numRuns: runs },
    ));

  it(
    'charges all subjects or none',
    withRig(async ({ admit, refused, limits }) => {
      const project = { id: 'project', rpm: 1 };
      await admit([{ id: 'k1', rpm: 1 }, project]);
      for (let call = 0; call < 3; call++) assert.equal((await refused([{ id: 'k2', rpm: 1 }, project]))[1], 'project');
      await admit([{ id: 'k2', rpm: 1, concurrency: 1, tpm: 1 }], 1);
      assert.equal((await limits.stats()).leases, 2);
    }),
  );

  it(
    'names the limit that stands in the way longest',
    withRig(async ({ admit, refused, time }) => {
      const subjects = [
        { id: 'a', rpm: 1, concurrency: 1 },
        { id: 'b', rpm: 9, tpm: 100 },
      ];
      await admit([{ id: 'a', rpm: 1 }]);
      await time.advance(5_000);
      await admit([{ id: 'b', tpm: 100 }], 100);
      assert.deepEqual(await refused(subjects, 10), ['tpm', 'b', 60_000]);
      assert.deepEqual(await refused(subjects, 10, 101), ['tpm', 'b', undefined]);
      await time.advance(58_000);
      assert.deepEqual(await refused(subjects, 10), ['tpm', 'b', 2_000]);
      assert.deepEqual(await refused([subjects[0]!]), ['concurrency', 'a', 1_000]);
    }),
  );

  it(
    'reserves tokens and gives back what was not used',
    withRig(async ({ admit, refused, limits }) => {
      const key = [{ id: 'k', tpm: 100 }];
      const lease = await admit(key, 80);
      assert.equal(lease.tokens, 80);
      assert.deepEqual(await refused(key, 30), ['tpm', 'k', 60_000]);
      await limits.rates.settle(lease, 70);
      await admit(key, 30);
      assert.deepEqual(await refused(key, 1), ['tpm', 'k', 60_000]);
    }),
  );

  it(
    'counts tokens above the reservation when they become known',
    withRig(async ({ admit, refused, limits, time }) => {
      const key = [{ id: 'k', tpm: 100 }];
      const lease = await admit(key, 10);
      await time.advance(30_000);
      await limits.rates.settle(lease, 250);
      assert.deepEqual(await refused(key, 1), ['tpm', 'k', 60_000]);
      await time.advance(60_000);
      await admit(key, 100);
    }),
  );

  it(
    'gives nothing back into a minute that has passed',
    withRig(async ({ admit, refused, limits, time }) => {
      const key = [{ id: 'k', tpm: 100 }];
      const lease = await admit(key, 100);
      await time.advance(60_000);
      await admit(key, 100);
      await limits.rates.settle(lease, 0);
      assert.deepEqual(await refused(key, 1), ['tpm', 'k', 60_000]);
    }),
  );

  it(
    'lets a call whose bound is above the whole limit go alone, and none that is certain to be above it',
    withRig(async ({ admit, refused, limits }) => {
      const key = [{ id: 'k', tpm: 100 }];
      assert.deepEqual(await refused(key, 4_000, 101), ['tpm', 'k', undefined]);
      const lease = await admit(key, 4_000, 20);
      assert.equal((await refused(key, 1))[2], 60_000);
      await limits.rates.settle(lease, 30);
      await admit(key, 70);
      assert.deepEqual(await refused([{ id: 'none', tpm: 0 }], 1), ['tpm', 'none', undefined]);
    }),
  );

  it(
    'gives each slot of concurrency back once, however often it is told',
    withRig(async ({ admit, refused, limits }) => {
      const key = [{ id: 'k', concurrency: 2 }];
      const lease = await admit(key);
      await admit(key);
      assert.deepEqual(await refused(key), ['concurrency', 'k', 1_000]);
      await limits.rates.release(lease);
      await limits.rates.release(lease);
      await limits.rates.settle(lease, 5);
      assert.equal(lease.open, false);
      await admit(key);
      assert.deepEqual(await refused(key), ['concurrency', 'k', 1_000]);
      assert.deepEqual(await refused([{ id: 'none', concurrency: 0 }]), ['concurrency', 'none', undefined]);
    }),
  );

  it(
    'frees what an owner that is gone had open',
    withRig(async ({ admit, limits }) => {
      const subjects = [{ id: 'k', concurrency: 3, tpm: 100 }];
      await admit(subjects, 50);
      await admit(subjects, 50);
      const other = await limits.rates.admit({ subjects, tokens: 0, owner: 'p2' });
      assert.ok(other.ok);
      assert.deepEqual(await limits.releaseOwner('p1'), { leases: 2, holds: 0 });
      assert.deepEqual(await limits.releaseOwner('p1'), { leases: 0, holds: 0 });
      assert.equal(other.lease.open, true);
      await admit(subjects, 100);
    }),
  );

  it(
    'forgets subjects whose minute is empty, by itself and when asked',
    withRig(async ({ admit, limits, time }) => {
      const open = await admit([{ id: 'open', rpm: 5 }]);
      for (let key = 0; key < 100; key++)
        await limits.rates.settle(await admit([{ id: `k${key}`, rpm: 5, tpm: 5 }], 1), 1);
      assert.equal((await limits.stats()).subjects, 101);
      await time.advance(60_000);
      for (let call = 0; call < 60; call++) await limits.rates.release(await admit([{ id: 'new', rpm: 1000 }]));
      assert.equal((await limits.stats()).subjects, 2);
      await time.advance(60_000);
      await limits.rates.release(open);
      await limits.sweep();
      assert.equal((await limits.stats()).subjects, 0);
    }),
  );

  it(
    'refuses requests that contradict themselves',
    withRig(async ({ admit, limits }) => {
      await assert.rejects(() => admit([{ id: 'k' }, { id: 'k' }]), /named twice/);
      await assert.rejects(() => admit([{ id: 'k' }], -1), RangeError);
      await assert.rejects(() => admit([{ id: 'k' }], 1.5), RangeError);
      const lease = await admit([]);
      await assert.rejects(async () => limits.rates.settle(lease, Number.NaN), RangeError);
    }),
  );
}

// ---------------------------------------------------------------- budgets

function budgetsSuite(withRig: WithRig): void {
  it(
    'does not guess what was spent in a window it does not know',
    withRig(async ({ limits, reserve }) => {
      const parts = [part('b', 100, 10)];
      const refusal = await reserve({ parts, wait_ms: 2000 });
      assert.deepEqual(refusal, { ok: false, reason: 'unloaded', budget: 'b', window: 'total', covered: 0n });
      assert.equal(await limits.budgets.standing('b', 'total'), undefined);
      assert.equal(await limits.budgets.available('b', 'total', 5n), undefined);
      assert.equal(await limits.budgets.book('b', 'total', 5n), undefined);
      assert.equal(await limits.budgets.load('b', 'total', 7n), true);
      assert.equal(await limits.budgets.load('b', 'total', 99n), false);
      assert.equal(await limits.budgets.available('b', 'total', 100n), 93n);
    }),
  );

  it(
    'holds exactly, settles exactly and frees the rest, at any size',
    withRig(async ({ limits, hold }) => {
      const { budgets } = limits;
      const huge = 10n ** 24n;
      await budgets.load('b', 'total', 1n);
      const parts = [{ budget: 'b', window: 'total', limit: huge + 1n, least: huge }];
      const open = await hold({ parts });
      assert.deepEqual(open.amounts, [huge]);
      assert.deepEqual(await budgets.standing('b', 'total'), { spent: 1n, held: huge, holds: 1, waiting: 0 });
      assert.equal(await budgets.available('b', 'total', huge + 1n), 0n);
      assert.deepEqual(await budgets.settle(open, [huge - 3n]), [
        { budget: 'b', window: 'total', spentBefore: 1n, spent: huge - 2n, over: 0n },
      ]);
      assert.equal(await budgets.settle(open, [huge]), undefined);
      assert.deepEqual(await budgets.standing('b', 'total'), { spent: huge - 2n, held: 0n, holds: 0, waiting: 0 });
    }),
  );

  it(
    'tells an exhausted budget from one that only holds stand in the way of',
    withRig(async ({ limits, hold, reserve }) => {
      await limits.budgets.load('b', 'total', 40n);
      await hold({ parts: [part('b', 100, 50)] });
      const held = await reserve({ parts: [part('b', 100, 11)] });
      assert.deepEqual(held, {
        ok: false,
        reason: 'held',
        budget: 'b',
        window: 'total',
        covered: 10n,
        retryAfter_ms: 1000,
      });
      const exhausted = await reserve({ parts: [part('b', 100, 61)], wait_ms: 2000 });
      assert.deepEqual(exhausted, { ok: false, reason: 'exhausted', budget: 'b', window: 'total', covered: 10n });
    }),
  );

  it(
    'asks how much to hold at the moment of the hold, and keeps the answer within bounds',
    withRig(async ({ limits, hold }) => {
      await limits.budgets.load('b', 'total', 0n);
      const seen: bigint[] = [];
      const eighth = (available: readonly bigint[]) => {
        seen.push(available[0]!);
        return [available[0]! / 8n];
      };
      const parts = [part('b', 800, 10)];
      const amounts = [];
      for (let call = 0; call < 3; call++) amounts.push((await hold({ parts, amount: eighth })).amounts[0]);
      assert.deepEqual(amounts, [100n, 87n, 76n]);
      assert.deepEqual(seen, [800n, 700n, 613n]);
      assert.deepEqual((await hold({ parts, amount: () => [1n] })).amounts, [10n]);
      assert.deepEqual((await hold({ parts, amount: () => [9999n] })).amounts, [527n]);
    }),
  );

  it(
    'holds in all budgets or in none',
    withRig(async ({ limits, hold, reserve }) => {
      const { budgets } = limits;
      await budgets.load('key', 'total', 0n);
      await budgets.load('org', 'total', 95n);
      const refusal = await reserve({ parts: [part('key', 50, 10), part('org', 100, 10)] });
      assert.equal(refusal.ok || refusal.budget, 'org');
      assert.equal((await budgets.standing('key', 'total'))?.held, 0n);
      const open = await hold({ parts: [part('key', 50, 10), part('org', 200, 7)] });
      assert.deepEqual(open.amounts, [10n, 7n]);
      assert.deepEqual(
        (await budgets.settle(open, [4n, 3n]))?.map((each) => each.spent),
        [4n, 98n],
      );
    }),
  );

  it(
    'books a settlement above its hold and says by how much',
    withRig(async ({ limits, hold, reserve }) => {
      const { budgets } = limits;
      await budgets.load('b', 'total', 0n);
      const open = await hold({ parts: [part('b', 100, 60)] });
      assert.deepEqual(await budgets.settle(open, [130n]), [
        { budget: 'b', window: 'total', spentBefore: 0n, spent: 130n, over: 70n },
      ]);
      assert.equal(await budgets.available('b', 'total', 100n), 0n);
      assert.equal(reasonOf(await reserve({ parts: [part('b', 100, 1)] })), 'exhausted');
    }),
  );

  it(
    'lets a call that costs nothing pass whatever the budget says',
    withRig(async ({ limits, hold, reserve, time }) => {
      await limits.budgets.load('b', 'total', 150n);
      await hold({ parts: [part('b', 100, 0)], amount: () => [5n] });
      await limits.budgets.load('c', 'total', 0n);
      const open = await hold({ parts: [part('c', 10, 10)] });
      const waits = follow(reserve({ parts: [part('c', 10, 1)], wait_ms: 2000 }));
      assert.deepEqual((await hold({ parts: [part('c', 10, 0)] })).amounts, [0n]);
      await limits.budgets.release(open);
      await time.advance(0);
      assert.equal(reasonOf(waits.result), 'held for me');
      assert.deepEqual((await hold({ parts: [] })).amounts, []);
    }),
  );

  it(
    'tops a hold up, all parts or none, and says what is covered where it can not',
    withRig(async ({ limits, hold }) => {
      const { budgets } = limits;
      await budgets.load('a', 'total', 0n);
      await budgets.load('b', 'total', 0n);
      const open = await hold({ parts: [part('a', 100, 10), part('b', 40, 10)] });
      assert.ok((await budgets.grow(open, [20n, 20n])).ok);
      assert.deepEqual(open.amounts, [30n, 30n]);
      const refusal = await budgets.grow(open, [20n, 11n]);
      assert.deepEqual(refusal, {
        ok: false,
        reason: 'held',
        budget: 'b',
        window: 'total',
        covered: 10n,
        retryAfter_ms: 1000,
      });
      assert.deepEqual(open.amounts, [30n, 30n]);
      assert.ok((await budgets.grow(open, [1n, 1n], (available) => available)).ok);
      assert.deepEqual(open.amounts, [100n, 40n]);
      await budgets.settle(open, [100n, 40n]);
      assert.equal((await budgets.standing('a', 'total'))?.held, 0n);
      await assert.rejects(async () => budgets.grow(open, [0n, 0n]), RangeError);
    }),
  );

  it(
    'books without a hold, both ways, and shows before and after for alerts',
    withRig(async ({ limits }) => {
      const { budgets } = limits;
      await budgets.load('b', '2026-11', 10n);
      assert.deepEqual(await budgets.book('b', '2026-11', 5n), {
        budget: 'b',
        window: '2026-11',
        spentBefore: 10n,
        spent: 15n,
        over: 0n,
      });
      assert.equal((await budgets.book('b', '2026-11', -7n))?.spent, 8n);
    }),
  );

  it(
    'keeps windows apart, and forgets only what nobody holds',
    withRig(async ({ limits, hold, time }) => {
      const { budgets } = limits;
      await budgets.load('b', '2026-11-24', 90n);
      await budgets.load('b', '2026-11-25', 0n);
      const open = await hold({ parts: [{ budget: 'b', window: '2026-11-25', limit: 100n, least: 100n }] });
      assert.equal(await budgets.available('b', '2026-11-24', 100n), 10n);
      assert.equal(await budgets.forget('b'), false);
      assert.equal(await budgets.standing('b', '2026-11-24'), undefined);
      await budgets.release(open);
      assert.equal(await budgets.forget('b', '2026-11-25'), true);
      assert.equal(await budgets.forget('b'), true);
      await budgets.load('old', 'total', 5n);
      await budgets.load('held', 'total', 5n);
      const late = await hold({ parts: [part('held', 10, 1)] });
      await time.advance(49 * 3600 * 1000);
      await limits.sweep();
      assert.deepEqual(await limits.stats(), { subjects: 0, leases: 0, windows: 1, holds: 1, waiting: 0 });
      assert.equal((await budgets.settle(late, [2n]))?.[0]?.spent, 7n);
    }),
  );

  it(
    'frees the holds of an owner that is gone, and leaves the others',
    withRig(async ({ limits, hold }) => {
      const { budgets } = limits;
      await budgets.load('b', 'total', 0n);
      const mine = await hold({ parts: [part('b', 100, 30)] });
      const other = await hold({ parts: [part('b', 100, 20)], owner: 'p2' });
      assert.deepEqual(await limits.releaseOwner('p1'), { leases: 0, holds: 1 });
      assert.deepEqual([mine.open, other.open], [false, true]);
      assert.deepEqual(await budgets.standing('b', 'total'), { spent: 0n, held: 20n, holds: 1, waiting: 0 });
      assert.equal(await budgets.settle(mine, [30n]), undefined);
      await budgets.release(mine);
      assert.equal((await budgets.standing('b', 'total'))?.held, 20n);
    }),
  );

  it(
    'refuses requests that contradict themselves',
    withRig(async ({ limits, reserve, hold }) => {
      const { budgets } = limits;
      await budgets.load('b', 'total', 0n);
      await assert.rejects(() => reserve({ parts: [part('b', 9, 1), part('b', 9, 1)] }), /named twice/);
      await assert.rejects(() => reserve({ parts: [part('b', 9, -1)] }), RangeError);
      await assert.rejects(() => reserve({ parts: [part('b', 9, 1)], amount: () => [] }), RangeError);
      await assert.rejects(async () => budgets.load('c', 'total', -1n), RangeError);
      const open = await hold({ parts: [part('b', 9, 1)] });
      await assert.rejects(async () => budgets.settle(open, []), RangeError);
      await assert.rejects(async () => budgets.settle(open, [-1n]), RangeError);
      assert.equal((await budgets.standing('b', 'total'))?.held, 1n);
    }),
  );
}

// ---------------------------------------------------------------- waiting

/** Follows a promise, so that a test can see whether it has ended without waiting for it. */
function follow(promise: Promise<Reservation>): { result?: Reservation; error?: unknown } {
  const seen: { result?: Reservation; error?: unknown } = {};
  promise.then(
    (result) => {
      seen.result = result;
    },
    (error) => {
      seen.error = error;
    },
  );
  return seen;
}

function waitingSuite(withRig: WithRig): void {
  it(
    'serves those who wait in the order they came, and lets nobody past',
    withRig(async ({ limits, hold, reserve, time }) => {
      const { budgets } = limits;
      await budgets.load('b', 'total', 0n);
      const open = await hold({ parts: [part('b', 100, 60)] });
      const big = follow(reserve({ parts: [part('b', 100, 90)], wait_ms: 2000 }));
      const small = follow(reserve({ parts: [part('b', 100, 5)], wait_ms: 2000 }));
      const impatient = await reserve({ parts: [part('b', 100, 5)] });
      await time.advance(0);
      assert.equal(reasonOf(impatient), 'held');
      assert.deepEqual([reasonOf(big.result), reasonOf(small.result)], [undefined, undefined]);
      assert.equal((await budgets.standing('b', 'total'))?.waiting, 2);
      await budgets.release(open);
      await time.advance(0);
      assert.deepEqual([reasonOf(big.result), reasonOf(small.result)], ['held for me', 'held for me']);
      assert.deepEqual(await budgets.standing('b', 'total'), { spent: 0n, held: 95n, holds: 2, waiting: 0 });
    }),
  );

  it(
    'asks for the amount when the turn has come',
    withRig(async ({ limits, hold, reserve, time }) => {
      await limits.budgets.load('b', 'total', 0n);
      const open = await hold({ parts: [part('b', 100, 95)] });
      const half = (available: readonly bigint[]) => [available[0]! / 2n];
      const first = follow(reserve({ parts: [part('b', 100, 10)], amount: half, wait_ms: 2000 }));
      const second = follow(reserve({ parts: [part('b', 100, 10)], amount: half, wait_ms: 2000 }));
      await limits.budgets.settle(open, [20n]);
      await time.advance(0);
      assert.ok(first.result?.ok && second.result?.ok);
      assert.deepEqual([first.result.hold.amounts, second.result.hold.amounts], [[40n], [20n]]);
    }),
  );

  it(
    'gives up only after wait_ms in which no hold was freed',
    withRig(async ({ limits, hold, reserve, time }) => {
      await limits.budgets.load('b', 'total', 0n);
      await limits.budgets.load('other', 'total', 0n);
      const parts = [part('b', 100, 30)];
      const [one, two] = [await hold({ parts }), await hold({ parts })];
      await hold({ parts });
      const elsewhere = await hold({ parts: [part('other', 100, 30)] });
      const waiter = follow(reserve({ parts: [part('b', 100, 100)], wait_ms: 2000 }));
      await time.advance(1500);
      await limits.budgets.release(one);
      await time.advance(1999);
      await limits.budgets.settle(two, [0n]);
      await time.advance(1500);
      await limits.budgets.release(elsewhere);
      await time.advance(499);
      assert.equal(reasonOf(waiter.result), undefined);
      await time.advance(1);
      assert.deepEqual(waiter.result, {
        ok: false,
        reason: 'held',
        budget: 'b',
        window: 'total',
        covered: 70n,
        retryAfter_ms: 2000,
      });
      assert.equal((await limits.stats()).waiting, 0);
    }),
  );

  it(
    'starts the clock anew when another of its budgets is in the way now',
    withRig(async ({ limits, hold, reserve, time }) => {
      for (const budget of ['a', 'c']) await limits.budgets.load(budget, 'total', 0n);
      const first = await hold({ parts: [part('a', 10, 10)] });
      const waiter = follow(reserve({ parts: [part('a', 10, 10), part('c', 10, 10)], wait_ms: 2000 }));
      await hold({ parts: [part('c', 10, 1)] });
      await time.advance(1500);
      await limits.budgets.release(first);
      await time.advance(1999);
      assert.equal(reasonOf(waiter.result), undefined);
      await time.advance(1);
      assert.equal(reasonOf(waiter.result), 'held');
    }),
  );

  it(
    'lets the next one go when the first gives up or goes away',
    withRig(async ({ limits, hold, reserve, time }) => {
      await limits.budgets.load('b', 'total', 0n);
      await hold({ parts: [part('b', 100, 50)] });
      const away = new AbortController();
      const first = follow(reserve({ parts: [part('b', 100, 90)], wait_ms: 9000, signal: away.signal }));
      const second = follow(reserve({ parts: [part('b', 100, 80)], wait_ms: 1000 }));
      const third = follow(reserve({ parts: [part('b', 100, 50)], wait_ms: 9000 }));
      away.abort(new Error('client went away'));
      await time.advance(0);
      assert.match(String(first.error), /client went away/);
      assert.equal(reasonOf(third.result), undefined);
      await time.advance(1000);
      assert.deepEqual([reasonOf(second.result), reasonOf(third.result)], ['held', 'held for me']);
      await assert.rejects(() => reserve({ parts: [part('b', 100, 9)], wait_ms: 9, signal: away.signal }), /went away/);
    }),
  );

  it(
    'refuses those who wait for what has been spent in the meantime',
    withRig(async ({ limits, hold, reserve, time }) => {
      await limits.budgets.load('b', 'total', 0n);
      const open = await hold({ parts: [part('b', 100, 60)] });
      const waiters = [50, 41, 40].map((least) => follow(reserve({ parts: [part('b', 100, least)], wait_ms: 2000 })));
      await limits.budgets.settle(open, [60n]);
      await time.advance(0);
      assert.deepEqual(
        waiters.map((waiter) => reasonOf(waiter.result)),
        ['exhausted', 'exhausted', 'held for me'],
      );
    }),
  );

  it(
    'does not make a budget wait for another one that is in its first caller’s way',
    withRig(async ({ limits, hold, reserve, time }) => {
      const { budgets } = limits;
      for (const budget of ['org', 'a', 'b']) await budgets.load(budget, 'total', 0n);
      const a = (least: number) => [part('org', 100, least), part('a', 10, least)];
      const b = (least: number) => [part('org', 100, least), part('b', 100, least)];
      const first = await hold({ parts: a(10) });
      const waitsForA = follow(reserve({ parts: a(10), wait_ms: 2000 }));
      await hold({ parts: b(80) });
      await hold({ parts: b(10) });
      const waitsForOrg = follow(reserve({ parts: b(1), wait_ms: 2000 }));
      await budgets.release(first);
      await time.advance(0);
      assert.deepEqual([reasonOf(waitsForA.result), reasonOf(waitsForOrg.result)], ['held for me', undefined]);
    }),
  );

  it(
    'keeps the place of a caller that has to go on waiting for another of its budgets',
    withRig(async ({ limits, hold, reserve, time }) => {
      const { budgets } = limits;
      for (const budget of ['org', 'a', 'b']) await budgets.load(budget, 'total', 0n);
      const a = (least: number) => [part('org', 100, least), part('a', 20, least)];
      const b = (least: number) => [part('org', 100, least), part('b', 100, least)];
      const first = await hold({ parts: a(10) });
      const early = follow(reserve({ parts: a(20), wait_ms: 2000 }));
      const filler = await hold({ parts: b(90) });
      const late = follow(reserve({ parts: b(5), wait_ms: 2000 }));
      await budgets.release(first);
      await time.advance(0);
      assert.deepEqual([reasonOf(early.result), reasonOf(late.result)], [undefined, undefined]);
      await budgets.settle(filler, [80n, 80n]);
      await time.advance(0);
      assert.deepEqual([reasonOf(early.result), reasonOf(late.result)], ['held for me', undefined]);
    }),
  );

  it(
    'wakes those who wait when an owner is gone or an amount is credited',
    withRig(async ({ limits, hold, reserve, time }) => {
      await limits.budgets.load('b', 'total', 50n);
      await hold({ parts: [part('b', 100, 30)], owner: 'gone' });
      await hold({ parts: [part('b', 100, 20)] });
      const first = follow(reserve({ parts: [part('b', 100, 30)], wait_ms: 2000 }));
      const second = follow(reserve({ parts: [part('b', 100, 40)], wait_ms: 2000 }));
      await limits.releaseOwner('gone');
      await time.advance(0);
      assert.deepEqual([reasonOf(first.result), reasonOf(second.result)], ['held for me', undefined]);
      await limits.budgets.book('b', 'total', -40n);
      await time.advance(0);
      assert.equal(reasonOf(second.result), 'held for me');
    }),
  );

  it(
    'gives a failing amount to its own caller and serves the next one',
    withRig(async ({ limits, hold, reserve, time }) => {
      await limits.budgets.load('b', 'total', 0n);
      const open = await hold({ parts: [part('b', 100, 100)] });
      const broken = () => {
        throw new Error('no such model');
      };
      const first = follow(reserve({ parts: [part('b', 100, 10)], wait_ms: 2000, amount: broken }));
      const second = follow(reserve({ parts: [part('b', 100, 100)], wait_ms: 2000 }));
      await limits.budgets.release(open);
      await time.advance(0);
      assert.match(String(first.error), /no such model/);
      assert.equal(reasonOf(second.result), 'held for me');
    }),
  );

  it(
    'refuses whoever still waits when it is closed',
    withRig(async ({ limits, hold, reserve, time }) => {
      await limits.budgets.load('b', 'total', 0n);
      await hold({ parts: [part('b', 100, 100)] });
      const waiters = [1, 2].map((least) => follow(reserve({ parts: [part('b', 100, least)], wait_ms: 2000 })));
      await limits.close();
      await time.advance(0);
      assert.deepEqual(
        waiters.map((waiter) => reasonOf(waiter.result)),
        ['held', 'held'],
      );
    }),
  );
}

// ---------------------------------------------------------------- any schedule

interface Call {
  parts: BudgetPart[];
  outcome?: Reservation;
}

function scheduleSuite(withRig: WithRig, runs: number): void {
  it('serves exactly n of N equal calls where the budget covers n, and tells only the rest that it is exhausted', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 9 }),
        fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
        async (covers, calls, rest, picks) => {
          await withRig(async ({ limits, reserve, time }) => {
            await limits.budgets.load('b', 'total', 0n);
            const parts = [part('b', covers * 10 + rest, 10)];
            const followed = Array.from({ length: calls }, () => follow(reserve({ parts, wait_ms: 2000 })));
            const served: Hold[] = [];
            const open: Hold[] = [];
            for (let turn = 0; turn <= calls; turn++) {
              await time.advance(0);
              for (const { result } of followed) {
                if (result?.ok && !served.includes(result.hold)) {
                  served.push(result.hold);
                  open.push(result.hold);
                }
              }
              const [next] = open.splice((picks[turn] ?? 0) % Math.max(1, open.length), 1);
              if (!next) break;
              await limits.budgets.settle(next, [10n]);
            }
            const expected = Math.min(covers, calls);
            assert.equal(served.length, expected);
            assert.equal((await limits.budgets.standing('b', 'total'))?.spent, BigInt(expected * 10));
            const reasons = followed.map(({ result }) => reasonOf(result));
            assert.deepEqual(
              reasons,
              followed.map((_, index) => (index < expected ? 'held for me' : 'exhausted')),
            );
          })();
        },
      ),
      { numRuns: runs },
    ));

  const budgetNames = ['a', 'b', 'org'];
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('reserve' as const),
        of: fc.subarray(budgetNames, { minLength: 1 }),
        least: fc.integer({ min: 0, max: 60 }),
        share: fc.integer({ min: 1, max: 4 }),
        wait_ms: fc.constantFrom(0, 500, 2000),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), pick: fc.nat(), percent: fc.nat(150) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), pick: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('grow' as const), pick: fc.nat(), by: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 400, 1600) }) },
  );

  it('keeps spent + held within the limit, serves in order, wakes whoever fits and leaves nobody waiting', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        await withRig(async (rig) => {
          const { limits, reserve, time } = rig;
          const { budgets } = limits;
          const limitOf: Record<string, number> = { a: 50, b: 70, org: 100 };
          for (const budget of budgetNames) await budgets.load(budget, 'total', 0n);
          const calls: (Call & { seen: ReturnType<typeof follow>; away: AbortController })[] = [];
          const overspent = new Set<string>();
          const openHolds = () =>
            calls.flatMap(({ seen }) => (seen.result?.ok && seen.result.hold.open ? [seen.result.hold] : []));
          const waiting = () => calls.filter(({ seen }) => !seen.result && !seen.error);
          const pick = <T>(list: T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

          const check = async (): Promise<void> => {
            const covered: Record<string, bigint> = {};
            for (const budget of budgetNames) {
              const standing = (await budgets.standing(budget, 'total'))!;
              const held = calls.reduce((sum, { parts, seen }) => {
                const index = parts.findIndex((each) => each.budget === budget);
                return seen.result?.ok && seen.result.hold.open && index >= 0
                  ? sum + seen.result.hold.amounts[index]!
                  : sum;
              }, 0n);
              assert.equal(standing.held, held);
              const limit = BigInt(limitOf[budget]!);
              if (!overspent.has(budget)) assert.ok(standing.spent + standing.held <= limit);
              covered[budget] = limit - standing.spent - standing.held;
            }
            // Each that waits has a reason: a budget that does not cover it, or somebody earlier who waits for one of its own.
            waiting().forEach((call, index, all) => {
              const short = call.parts.some((each) => covered[each.budget]! < each.least);
              const behind = all
                .slice(0, index)
                .some((earlier) => earlier.parts.some((each) => call.parts.some((own) => own.budget === each.budget)));
              assert.ok(short || behind, 'a caller waits although it could go');
            });
          };

          for (const each of steps) {
            const hold = 'pick' in each ? pick(openHolds(), each.pick) : undefined;
            if (each.do === 'reserve') {
              const parts = each.of.map((budget) => part(budget, limitOf[budget]!, each.least));
              const away = new AbortController();
              const amount = (available: readonly bigint[]) => available.map((covers) => covers / BigInt(each.share));
              const seen = follow(reserve({ parts, amount, wait_ms: each.wait_ms, signal: away.signal }));
              calls.push({ parts, seen, away });
            } else if (each.do === 'settle' && hold) {
              const actual = hold.amounts.map((amount) => (amount * BigInt(each.percent)) / 100n);
              for (const { budget, over } of (await budgets.settle(hold, actual))!)
                if (over > 0n) overspent.add(budget);
            } else if (each.do === 'release' && hold) await budgets.release(hold);
            else if (each.do === 'grow' && hold)
              await budgets.grow(
                hold,
                hold.amounts.map(() => BigInt(each.by)),
              );
            else if (each.do === 'abort') pick(waiting(), each.pick)?.away.abort();
            else if (each.do === 'pass') await time.advance(each.ms);
            await time.advance(0);
            await check();
          }

          for (let turn = 0; turn <= calls.length; turn++) {
            const [hold] = openHolds();
            if (hold) await budgets.release(hold);
            await time.advance(0);
            await check();
          }
          assert.deepEqual(waiting(), []);
          assert.equal((await limits.stats()).holds, 0);
        })();
      }),
      { numRuns: runs },
    ));

  it('serves callers of one budget strictly in the order they came', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 30 }),
        fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
        async (leasts, picks) => {
          await withRig(async ({ limits, reserve, time }) => {
            await limits.budgets.load('b', 'total', 0n);
            const served: number[] = [];
            const open: Hold[] = [];
            leasts.forEach((least, index) => {
              void reserve({ parts: [part('b', 100, least)], wait_ms: 2000 }).then((result) => {
                assert.ok(result.ok);
                served.push(index);
                open.push(result.hold);
              });
            });
            for (const at of picks) {
              await time.advance(0);
              const [hold] = open.splice(at % Math.max(1, open.length), 1);
              if (hold) await limits.budgets.release(hold);
            }
            await time.advance(0);
            assert.deepEqual(
              served,
              leasts.map((_, index) => index),
            );
          })();
        },
      ),
      { numRuns: runs },
    ));
}
