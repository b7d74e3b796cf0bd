import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startMockUpstream, type TruthEntry } from '../mock-upstream.ts';
import { makeCases } from './cases.ts';
import { picoOf } from './ledger.ts';
import { type Evidence, type LedgerOperation, type LedgerSum, verify } from './verify.ts';
import { costOf, decimalOf, WORLD } from './world.ts';

const USAGE = { input: 100, cache_read: 20, output: 40, reasoning: 5 };
const COST = 100n * 2_000_000n + 20n * 200_000n + 40n * 8_000_000n + 5n * 9_000_000n;

/** A case that went well, told alike by all three sides. */
function good(): Evidence {
  const [item] = makeCases(1, 1);
  const named = { ...item!, name: '1', kind: 'plain', stream: false };
  const truth: TruthEntry = {
    id: 'mock_1',
    case: '1',
    arrival: 0,
    protocol: 'openai-chat',
    path: '/p/openai/v1/chat/completions',
    model: 'm',
    stream: false,
    fault: 'none',
    status: 200,
    usage: { ...USAGE },
    usageSent: true,
    framesSent: 0,
    frames: 0,
    outcome: 'whole',
    start_ms: 0,
    end_ms: 1,
  };
  const operation: LedgerOperation = {
    id: 'op_1',
    case: '1',
    status: 'completed',
    charge_pico: COST,
    attempts: [
      {
        deployment: 'openai/m',
        status: 'completed',
        httpStatus: 200,
        usage: { ...USAGE },
        usageSource: 'provider',
        cost_pico: COST,
      },
    ],
  };
  return {
    cases: [named],
    answers: [
      { case: '1', status: 200, operation: 'op_1', cost: `${decimalOf(COST)} USD`, acknowledged: true, aborted: false },
    ],
    truth: [truth],
    operations: [operation],
    report: { requests: 1, attempts: 1, usage: { ...USAGE }, cost_pico: COST, charge_pico: COST },
    imbalances: [],
    killed: false,
  };
}

function changed(change: (evidence: Evidence) => void): string[] {
  const evidence = structuredClone(good());
  change(evidence);
  return verify(evidence).differences;
}

/** The report that the operations of a changed ledger would give. */
function reported(evidence: Evidence): void {
  const sum: LedgerSum = { requests: 0, attempts: 0, usage: {}, cost_pico: 0n, charge_pico: 0n };
  for (const operation of evidence.operations) {
    sum.requests++;
    sum.charge_pico += operation.charge_pico ?? 0n;
    for (const attempt of operation.attempts) {
      sum.attempts++;
      sum.cost_pico += attempt.cost_pico ?? 0n;
      for (const [field, count] of Object.entries(attempt.usage)) {
        sum.usage[field as 'input'] = (sum.usage[field as 'input'] ?? 0) + count;
      }
    }
  }
  evidence.report = sum;
}

describe('verify', () => {
  test('finds nothing where all agree', () => {
    const { differences, counts } = verify(good());
    assert.deepEqual(differences, []);
    assert.deepEqual([counts.exact, counts.exactTokens, counts.exactCost_pico], [1, 165, COST]);
  });

  const damages: [string, (evidence: Evidence) => void, RegExp][] = [
    ['a token too many', (e) => e.operations[0]!.attempts[0]!.usage.output!++, /the upstream told/],
    ['a pico too many', (e) => (e.operations[0]!.attempts[0]!.cost_pico! += 1n), /costs .* pico/],
    ['a wrong charge', (e) => (e.operations[0]!.charge_pico! += 1n), /is charged/],
    ['a lost operation', (e) => (e.operations = []), /not in the ledger/],
    ['an operation twice', (e) => e.operations.push({ ...e.operations[0]!, id: 'op_2' }), /is 2 times/],
    ['an id listed twice', (e) => e.operations.push({ ...e.operations[0]!, case: '2' }), /listed twice/],
    ['a stranger', (e) => e.operations.push({ ...e.operations[0]!, id: 'op_2', case: '2' }), /nobody sent/],
    ['a lost attempt', (e) => e.truth.push({ ...e.truth[0]!, arrival: 1 }), /reached the upstream 2 times/],
    ['an invented attempt', (e) => e.operations[0]!.attempts.push(e.operations[0]!.attempts[0]!), /never saw it/],
    ['the wrong provider', (e) => (e.truth[0]!.path = '/p/ark/api/v3/chat/completions'), /went to ark/],
    ['another operation id', (e) => (e.answers[0]!.operation = 'op_9'), /was called op_9/],
    ['another cost in the header', (e) => (e.answers[0]!.cost = '0.1 USD'), /was told to cost/],
    ['an acknowledged call that is not completed', (e) => (e.operations[0]!.status = 'broken'), /was answered whole/],
    [
      'an estimate where the provider told',
      (e) => (e.operations[0]!.attempts[0]!.usageSource = 'estimated'),
      /told its usage/,
    ],
    ['a call that was not answered', (e) => (e.answers[0]!.acknowledged = false), /not answered whole/],
    ['a completed call that broke upstream', (e) => (e.truth[0]!.outcome = 'broken'), /answer was broken/],
    ['usage that was never told', (e) => (e.truth[0]!.usageSent = false), /told none/],
    ['a report that differs', (e) => e.report.requests++, /usage report/],
    ['books that do not balance', (e) => e.imbalances.push({ currency: 'USD' }), /do not balance/],
  ];
  for (const [name, damage, expected] of damages) {
    test(`sees ${name}`, () => {
      assert.match(changed(damage).join('\n'), expected);
    });
  }

  test('takes a broken answer that is marked, and only then', () => {
    const broken = (source: string | undefined) =>
      changed((evidence) => {
        evidence.cases[0]!.kind = 'reset_mid';
        evidence.truth[0]!.outcome = 'broken';
        evidence.truth[0]!.usageSent = false;
        evidence.answers[0] = { case: '1', status: 200, acknowledged: false, aborted: false };
        const operation = evidence.operations[0]!;
        Object.assign(operation, { status: 'broken', charge_pico: 0n });
        Object.assign(operation.attempts[0]!, { status: 'broken', usageSource: source, tokenizer: source && 'o200k' });
        reported(evidence);
      });
    assert.deepEqual(broken('estimated'), []);
    assert.match(broken('provider').join(), /never told it/);
    assert.match(broken(undefined).join(), /does not say from where/);
  });

  test('takes a killed call that was sent and not seen, and one that was never sent', () => {
    const differences = changed((evidence) => {
      evidence.killed = true;
      evidence.truth = [];
      evidence.answers[0] = { case: '1', acknowledged: false, aborted: false };
      const operation = evidence.operations[0]!;
      Object.assign(operation, { status: 'broken', charge_pico: 0n });
      Object.assign(operation.attempts[0]!, { status: 'broken', usageSource: 'estimated', tokenizer: 'bytes/4' });
      reported(evidence);
    });
    assert.deepEqual(differences, []);
    assert.deepEqual(
      changed((evidence) => {
        evidence.killed = true;
        evidence.truth = [];
        evidence.operations = [];
        evidence.answers[0] = { case: '1', acknowledged: false, aborted: false };
        reported(evidence);
      }),
      [],
    );
  });
});

describe('cases', () => {
  test('the same seed gives the same cases, and every kind is there', () => {
    assert.deepEqual(makeCases(300, 7), makeCases(300, 7));
    assert.notDeepEqual(makeCases(300, 7), makeCases(300, 8));
    const kinds = new Set(makeCases(110, 7).map((item) => item.kind));
    assert.equal(kinds.size, 23);
    const pairs = new Set(makeCases(2_000, 7).map((item) => `${item.surface} ${item.body.model} ${item.stream}`));
    for (const surface of ['chat', 'responses', 'messages', 'ark-chat', 'ark-responses']) {
      for (const provider of Object.keys(WORLD).filter((name) => name !== 'storm')) {
        for (const stream of [true, false])
          assert.ok(pairs.has(`${surface} ${provider}/m ${stream}`), `${surface} ${provider}`);
      }
    }
  });

  test('each case is understood by the mock and follows its script', async () => {
    const mock = await startMockUpstream();
    const item = makeCases(200, 3).find((each) => each.kind === 'plain' && each.surface === 'chat')!;
    await fetch(`${mock.url}/p/openai/v1/chat/completions`, { method: 'POST', body: JSON.stringify(item.body) }).then(
      (r) => r.text(),
    );
    await mock.idle();
    assert.equal(mock.truth().entries[0]?.case, item.name);
    await mock.close();
  });
});

describe('prices of the world', () => {
  test('decimals and pico-units are each other, exactly', () => {
    for (const pico of [0n, 1n, 13_000n, 2_000_000n, 1_000_000_000_000n, 10n ** 22n + 7n])
      assert.equal(picoOf(decimalOf(pico)), pico);
    assert.equal(picoOf('0.0205 USD'), 20_500_000_000n);
    assert.throws(() => picoOf('1e-6'));
  });

  test('reasoning without a price of its own takes output’s; an unpriced part has no cost', () => {
    assert.equal(costOf('gemini', { input: 2, reasoning: 1 }), 2n * 1_250_000n + 10_000_000n);
    assert.equal(costOf('openai', USAGE), COST);
    assert.equal(costOf('ollama', { audio_in: 1 }), undefined);
  });
});
