import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { AppError } from '../base/errors.ts';
import type { AttemptRecord, OperationHold, OperationRecord } from '../contract/operation.ts';
import type { Posting } from '../contract/records.ts';
import {
  creditPosting,
  expiryPosting,
  imbalance,
  invoiceTaxPosting,
  reversalPosting,
  settlementPostings,
  topUpPosting,
} from './entries.ts';

function attempt(change: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    index: 0,
    deployment: 'openai/m',
    provider: 'openai',
    model: 'm',
    status: 'completed',
    at_ms: 0,
    total_ms: 1,
    usage: {},
    ...change,
  };
}

function operation(change: Partial<OperationRecord> = {}): OperationRecord {
  return {
    id: 'op',
    at_ms: 0,
    organisation: 'org',
    project: 'proj',
    key: 'key',
    tags: {},
    surface: 'chat',
    model: 'm',
    deployment: 'openai/m',
    stream: false,
    status: 'completed',
    total_ms: 1,
    attempts: [],
    holds: [],
    ...change,
  };
}

function hold(change: Partial<OperationHold> = {}): OperationHold {
  return { budget: 'b', window: 'total', kind: 'budget', currency: 'USD', held_pico: 0n, settled_pico: 0n, ...change };
}

/** `account currency` → amount. */
function sheet(posting: Posting | undefined): Record<string, bigint> {
  return Object.fromEntries(
    (posting?.entries ?? []).map((entry) => [`${entry.account} ${entry.currency}`, entry.amount_pico]),
  );
}

function settled(...operations: OperationRecord[]): Record<string, Record<string, bigint>> {
  return Object.fromEntries(settlementPostings(operations, 'seg:0-9', 7).map((one) => [one.kind, sheet(one)]));
}

test('nothing to book makes no posting', () => {
  assert.deepEqual(settlementPostings([], 'r', 0), []);
  assert.deepEqual(settlementPostings([operation({ attempts: [attempt()] })], 'r', 0), []);
  const free = operation({
    attempts: [attempt({ cost_pico: 0n, currency: 'CNY' })],
    charge_pico: 0n,
    chargeCurrency: 'CNY',
  });
  assert.deepEqual(settlementPostings([free], 'r', 0), []);
});

test('cost and charge, added up per account over the batch', () => {
  const one = operation({
    attempts: [
      attempt({ provider: 'ark', cost_pico: 3n, currency: 'CNY', status: 'failed' }),
      attempt({ cost_pico: 5n, currency: 'USD' }),
    ],
    charge_pico: 5n,
    chargeCurrency: 'USD',
  });
  const two = operation({ ...one, attempts: [attempt({ cost_pico: 2n, currency: 'USD' })], charge_pico: 4n });
  const broken = operation({
    attempts: [attempt({ cost_pico: 1n, currency: 'USD', status: 'broken' })],
    status: 'broken',
  });
  assert.deepEqual(settled(one, two, broken), {
    settle: {
      'cost:ark CNY': 3n,
      'payable:ark CNY': -3n,
      'cost:openai USD': 8n,
      'payable:openai USD': -8n,
      'receivable:proj USD': 9n,
      'revenue:org USD': -9n,
    },
  });
});

test('postings name what they belong to, the same each time', () => {
  const one = operation({ charge_pico: 1n, chargeCurrency: 'USD', holds: [hold({ held_pico: 2n })] });
  const postings = settlementPostings([one], 'seg:0-9', 7);
  assert.deepEqual(
    postings.map(({ id, kind, reference, at_ms }) => [id, kind, reference, at_ms]),
    ['settle', 'hold', 'release'].map((kind) => [`${kind}:seg:0-9`, kind, 'seg:0-9', 7]),
  );
  assert.deepEqual(settlementPostings([one], 'seg:0-9', 7), postings);
});

test('holds and their release are real amounts in balanced pairs', () => {
  const holds = [hold({ held_pico: 10n, settled_pico: 4n }), hold({ budget: 'soft', settled_pico: 4n })];
  assert.deepEqual(settled(operation({ holds })), {
    hold: { 'hold:b USD': 10n, 'held:org USD': -10n },
    release: { 'hold:b USD': -10n, 'held:org USD': 10n },
  });
});

test('a wallet pays, the project owes nothing', () => {
  const holds = [hold({ kind: 'wallet', budget: 'w', settled_pico: 5n })];
  assert.deepEqual(settled(operation({ charge_pico: 5n, chargeCurrency: 'USD', holds })).settle, {
    'wallet:w USD': 5n,
    'revenue:org USD': -5n,
  });
});

test('a wallet that paid a part leaves the rest to the project', () => {
  const holds = [hold({ kind: 'wallet', budget: 'w', settled_pico: 3n })];
  assert.deepEqual(settled(operation({ charge_pico: 5n, chargeCurrency: 'USD', holds })).settle, {
    'wallet:w USD': 3n,
    'receivable:proj USD': 2n,
    'revenue:org USD': -5n,
  });
});

test('a wallet in another currency goes through the exchange account', () => {
  const holds = [hold({ kind: 'wallet', budget: 'w', currency: 'CNY', settled_pico: 36n })];
  assert.deepEqual(settled(operation({ charge_pico: 5n, chargeCurrency: 'USD', holds })).settle, {
    'wallet:w CNY': 36n,
    'exchange:org CNY': -36n,
    'exchange:org USD': 5n,
    'revenue:org USD': -5n,
  });
});

const movement = { wallet: 'w', organisation: 'org', currency: 'USD', amount_pico: 9n, reference: 'pay_1', at_ms: 3 };

test('wallet movements', () => {
  assert.deepEqual(sheet(topUpPosting(movement)), { 'payments:org USD': 9n, 'wallet:w USD': -9n });
  assert.deepEqual(sheet(creditPosting(movement)), { 'credit:org USD': 9n, 'wallet:w USD': -9n });
  assert.deepEqual(sheet(expiryPosting(movement)), { 'wallet:w USD': 9n, 'expired:org USD': -9n });
  assert.deepEqual(
    [topUpPosting(movement), creditPosting(movement), expiryPosting(movement)].map(({ id }) => id),
    ['top_up:pay_1', 'credit:pay_1', 'expire:pay_1'],
  );
  for (const amount_pico of [0n, -1n]) {
    assert.throws(() => topUpPosting({ ...movement, amount_pico }), AppError);
    assert.throws(() => creditPosting({ ...movement, amount_pico }), AppError);
    assert.throws(() => expiryPosting({ ...movement, amount_pico }), AppError);
  }
});

test('the tax of an invoice', () => {
  const invoice = { id: 'inv_1', organisation: 'org', currency: 'CNY', tax_pico: 6n, createdAt_ms: 1 };
  assert.deepEqual(sheet(invoiceTaxPosting(invoice)), { 'receivable:org CNY': 6n, 'tax:org CNY': -6n });
  assert.deepEqual(sheet(invoiceTaxPosting({ ...invoice, project: 'p' })), {
    'receivable:p CNY': 6n,
    'tax:org CNY': -6n,
  });
  assert.equal(invoiceTaxPosting({ ...invoice, tax_pico: 0n }), undefined);
});

test('a reversal undoes a posting', () => {
  const posting = topUpPosting(movement);
  const reversal = reversalPosting(posting, 9);
  assert.deepEqual(sheet(reversal), { 'payments:org USD': -9n, 'wallet:w USD': 9n });
  assert.equal(reversal.id, 'reverse:top_up:pay_1');
});

test('imbalance names the currency that is off', () => {
  assert.deepEqual(
    imbalance([
      { account: 'a', currency: 'USD', amount_pico: 2n },
      { account: 'b', currency: 'USD', amount_pico: -1n },
      { account: 'a', currency: 'CNY', amount_pico: 1n },
      { account: 'b', currency: 'CNY', amount_pico: -1n },
    ]),
    { USD: 1n },
  );
});

const amount = fc.bigInt({ min: 0n, max: 10n ** 24n });
const currency = fc.constantFrom('USD', 'CNY', 'EUR');
const name = fc.constantFrom('a', 'b');
const randomOperation: fc.Arbitrary<OperationRecord> = fc
  .record({
    organisation: name,
    project: name,
    charge_pico: fc.option(amount, { nil: undefined }),
    chargeCurrency: fc.option(currency, { nil: undefined }),
    attempts: fc.array(
      fc
        .record({
          provider: name,
          cost_pico: fc.option(amount, { nil: undefined }),
          currency: fc.option(currency, { nil: undefined }),
        })
        .map(attempt),
      { maxLength: 3 },
    ),
    holds: fc.array(
      fc
        .record({
          budget: name,
          kind: fc.constantFrom('budget' as const, 'wallet' as const),
          currency,
          held_pico: amount,
          settled_pico: amount,
        })
        .map(hold),
      { maxLength: 3 },
    ),
  })
  .map(operation);

test('property: every posting adds up to 0 in each currency, and every wallet is debited what was settled on it', () => {
  fc.assert(
    fc.property(fc.array(randomOperation, { maxLength: 8 }), (operations) => {
      const postings = settlementPostings(operations, 'r', 0);
      const booked: Record<string, bigint> = {};
      for (const { entries } of postings) {
        assert.deepEqual(imbalance(entries), {});
        for (const entry of entries) {
          assert.notEqual(entry.amount_pico, 0n);
          const key = `${entry.account} ${entry.currency}`;
          booked[key] = (booked[key] ?? 0n) + entry.amount_pico;
        }
      }
      const expected: Record<string, bigint> = {};
      const expect = (key: string, value: bigint) => {
        expected[key] = (expected[key] ?? 0n) + value;
      };
      for (const one of operations) {
        for (const { provider, currency: of, cost_pico } of one.attempts) {
          if (of && cost_pico) expect(`cost:${provider} ${of}`, cost_pico);
        }
        if (one.chargeCurrency && one.charge_pico) {
          expect(`revenue:${one.organisation} ${one.chargeCurrency}`, -one.charge_pico);
        }
        for (const { kind, budget, currency: of, settled_pico } of one.holds) {
          if (kind === 'wallet') expect(`wallet:${budget} ${of}`, settled_pico);
        }
      }
      for (const [key, value] of Object.entries(expected)) assert.equal(booked[key] ?? 0n, value, key);
      for (const key of Object.keys(booked).filter((one) => /^(hold|held):/.test(one))) assert.equal(booked[key], 0n);
    }),
    { numRuns: 300 },
  );
});
