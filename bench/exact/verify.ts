/**
 * Compares what the upstream knows, what the clients got, and what the ledger says: token for token, pico for pico.
 * Pure: the same input gives the same differences.
 */
import { USAGE_FIELDS, type UsageVector } from '../../src/contract/usage.ts';
import type { TruthEntry } from '../mock-upstream.ts';
import type { Case } from './cases.ts';
import type { Answer } from './client.ts';
import { costOf, providerOfPath } from './world.ts';

export interface LedgerAttempt {
  /** `provider/model` */
  deployment: string;
  status: string;
  httpStatus?: number;
  usage: UsageVector;
  usageSource?: string;
  tokenizer?: string;
  /** Pico-USD; absent when nothing was counted or no price is known. */
  cost_pico?: bigint;
}

export interface LedgerOperation {
  id: string;
  case?: string;
  status: string;
  attempts: LedgerAttempt[];
  charge_pico?: bigint;
}

/** A row of the usage report by model. */
export interface LedgerSum {
  requests: number;
  attempts: number;
  usage: UsageVector;
  cost_pico: bigint;
  charge_pico: bigint;
}

export interface Evidence {
  cases: Case[];
  answers: Answer[];
  truth: TruthEntry[];
  operations: LedgerOperation[];
  /** The sum over the usage report's rows. */
  report: LedgerSum;
  /** Currencies and postings that do not add up to 0. */
  imbalances: unknown[];
  /** The server was killed on the way, so that any operation may have been cut off. */
  killed: boolean;
}

/** What can't succeed, or whose client does not wait for it. Everything else must be answered whole by a server that lives. */
const MAY_FAIL = new Set([
  'abort_stream',
  'abort_late',
  'abort_whole',
  'lost',
  'reset_before',
  'reset_mid',
  'truncate',
  'malformed',
  'no_done',
]);

export interface Verdict {
  differences: string[];
  /** What was compared. */
  counts: {
    cases: number;
    acknowledged: number;
    attempts: number;
    exact: number;
    exactTokens: number;
    exactCost_pico: bigint;
    estimated: number;
    withoutUsage: number;
    byKind: Record<string, number>;
  };
}

export function verify(evidence: Evidence): Verdict {
  const checker = new Checker(evidence);
  for (const item of evidence.cases) checker.checkCase(item);
  checker.checkStrangers();
  checker.checkReport();
  return checker.verdict;
}

class Checker {
  readonly #evidence: Evidence;
  readonly #answers: Map<string, Answer>;
  readonly #truth: Map<string, TruthEntry[]>;
  readonly #operations: Map<string, LedgerOperation[]>;
  readonly verdict: Verdict = {
    differences: [],
    counts: {
      cases: 0,
      acknowledged: 0,
      attempts: 0,
      exact: 0,
      exactTokens: 0,
      exactCost_pico: 0n,
      estimated: 0,
      withoutUsage: 0,
      byKind: {},
    },
  };

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#answers = new Map(evidence.answers.map((answer) => [answer.case, answer]));
    this.#truth = grouped(evidence.truth, (entry) => entry.case ?? '');
    for (const entries of this.#truth.values()) entries.sort((a, b) => a.arrival - b.arrival);
    this.#operations = grouped(evidence.operations, (operation) => operation.case ?? '');
  }

  checkCase(item: Case): void {
    const { counts } = this.verdict;
    const answer = this.#answers.get(item.name);
    const truth = this.#truth.get(item.name) ?? [];
    const operations = this.#operations.get(item.name) ?? [];
    const differ = (what: string): void => this.#differ(item, answer, what);
    counts.cases++;
    counts.byKind[item.kind] = (counts.byKind[item.kind] ?? 0) + 1;
    if (answer?.acknowledged) counts.acknowledged++;
    if (!answer?.acknowledged && !this.#evidence.killed && !MAY_FAIL.has(item.kind)) {
      differ(`was not answered whole: ${answer?.problem ?? 'no reason is known'}`);
    }
    if (operations.length > 1) {
      differ(`is ${operations.length} times in the ledger`);
      return;
    }
    const operation = operations[0];
    if (!operation) {
      if (answer?.acknowledged) differ('was answered to its last byte and is not in the ledger');
      else if (truth.length > 0) differ(`reached the upstream ${truth.length} times and is not in the ledger`);
      return;
    }
    if (answer?.operation && answer.operation !== operation.id)
      differ(`was called ${answer.operation} and is ${operation.id} in the ledger`);
    if (answer?.acknowledged && operation.status !== 'completed')
      differ(`was answered whole and is "${operation.status}" in the ledger`);
    if (answer?.cost && operation.charge_pico !== undefined && costText(operation.charge_pico) !== answer.cost) {
      differ(`was told to cost ${answer.cost} and is charged ${costText(operation.charge_pico)}`);
    }
    this.#checkAttempts(operation, truth, differ);
    this.#checkCharge(operation, differ);
  }

  #checkAttempts(operation: LedgerOperation, truth: TruthEntry[], differ: (what: string) => void): void {
    const { attempts } = operation;
    if (truth.length > attempts.length)
      differ(`reached the upstream ${truth.length} times and has ${attempts.length} attempts`);
    for (const [index, attempt] of attempts.entries()) {
      this.verdict.counts.attempts++;
      const entry = truth[index];
      const say = (what: string): void => differ(`attempt ${index}: ${what}`);
      if (entry) this.#checkAttempt(attempt, entry, say);
      // Written down as sent, then cut off before the upstream had read it.
      else if (attempt.status === 'completed') say('is completed, and the upstream never saw it');
      else if (attempt.usageSource === 'provider') say('has usage from a provider that never saw it');
    }
  }

  #checkAttempt(attempt: LedgerAttempt, entry: TruthEntry, differ: (what: string) => void): void {
    const provider = providerOfPath(entry.path);
    if (attempt.deployment.split('/')[0] !== provider)
      differ(`is ${attempt.deployment} in the ledger and went to ${provider}`);
    const told = entry.usageSent && entry.outcome !== 'broken';
    if (attempt.status === 'completed') this.#checkCompleted(attempt, entry, told, differ);
    else if (attempt.usageSource === 'provider') {
      if (told) this.#exact(attempt, entry, differ);
      else differ(`is ${attempt.status} with usage from the provider, which never told it`);
    } else if (entry.outcome === 'refused') this.#checkRefused(attempt, entry, differ);
    else this.#marked(attempt, differ);
  }

  #checkCompleted(attempt: LedgerAttempt, entry: TruthEntry, told: boolean, differ: (what: string) => void): void {
    if (entry.outcome === 'broken' || entry.outcome === 'refused') {
      differ(`is completed, and the upstream's answer was ${entry.outcome}`);
      return;
    }
    if (told) {
      if (attempt.usageSource !== 'provider') {
        differ(`is ${attempt.usageSource}, and the upstream told its usage`);
        return;
      }
      this.#exact(attempt, entry, differ);
      return;
    }
    if (entry.outcome === 'client_gone') {
      differ('is completed, and the upstream was left before it had told its usage');
      return;
    }
    if (attempt.usageSource !== 'estimated' || !attempt.tokenizer)
      differ(`has usage from ${attempt.usageSource}, and the upstream told none`);
    this.#marked(attempt, differ);
  }

  #checkRefused(attempt: LedgerAttempt, entry: TruthEntry, differ: (what: string) => void): void {
    if (attempt.httpStatus !== undefined && attempt.httpStatus !== entry.status)
      differ(`has status ${attempt.httpStatus}, and the upstream answered ${entry.status}`);
    // A server that was killed before it read the refusal can only say that it had sent the call.
    if (attempt.usageSource !== undefined && attempt.status !== 'broken')
      differ('has usage, and the upstream refused it');
    this.#marked(attempt, differ);
  }

  /** Usage and cost as the upstream told them, to the last token and pico. */
  #exact(attempt: LedgerAttempt, entry: TruthEntry, differ: (what: string) => void): void {
    const { counts } = this.verdict;
    if (!sameVector(attempt.usage, entry.usage)) {
      differ(`has ${vectorText(attempt.usage)}, and the upstream told ${vectorText(entry.usage)}`);
      return;
    }
    const expected = costOf(providerOfPath(entry.path) ?? '', entry.usage);
    if (attempt.cost_pico !== expected) {
      differ(`costs ${attempt.cost_pico} pico, and it should be ${expected}`);
      return;
    }
    counts.exact++;
    for (const count of Object.values(entry.usage)) counts.exactTokens += count ?? 0;
    counts.exactCost_pico += expected ?? 0n;
  }

  /** Not exact, and honest about it. */
  #marked(attempt: LedgerAttempt, differ: (what: string) => void): void {
    if (attempt.usageSource === undefined) {
      this.verdict.counts.withoutUsage++;
      if (Object.values(attempt.usage).some(Boolean)) differ('has usage and does not say from where');
      if (attempt.cost_pico) differ('has a cost without usage');
    } else if (attempt.usageSource === 'estimated') {
      this.verdict.counts.estimated++;
      if (!attempt.tokenizer) differ('is estimated and names no tokenizer');
      const expected = costOf(attempt.deployment.split('/')[0]!, attempt.usage);
      if (attempt.cost_pico !== undefined && attempt.cost_pico !== expected)
        differ(`is estimated at ${attempt.cost_pico} pico, and its own usage makes ${expected}`);
    } else differ(`is ${attempt.usageSource}, and the upstream's figures never contradict each other`);
  }

  /** Without a sell book the charge is the last attempt's cost; what the provider or we broke is not charged. */
  #checkCharge(operation: LedgerOperation, differ: (what: string) => void): void {
    const pays = ['completed', 'aborted', 'cut'].includes(operation.status);
    const due = pays ? (operation.attempts.at(-1)?.cost_pico ?? 0n) : 0n;
    if ((operation.charge_pico ?? 0n) !== due)
      differ(`is charged ${operation.charge_pico ?? 0n} pico, and ${due} is due`);
  }

  /** Operations that belong to no case of this run. */
  checkStrangers(): void {
    const known = new Set(this.#evidence.cases.map((item) => item.name));
    for (const name of this.#operations.keys())
      if (!known.has(name))
        this.verdict.differences.push(`the ledger has operations of case "${name}", which nobody sent`);
    const ids = this.#evidence.operations.map((operation) => operation.id);
    if (new Set(ids).size < ids.length) this.verdict.differences.push('an operation is listed twice');
  }

  /** The report's sums are those of the operations, and the books balance. */
  checkReport(): void {
    const { operations, report, imbalances } = this.#evidence;
    const sum: LedgerSum = { requests: 0, attempts: 0, usage: {}, cost_pico: 0n, charge_pico: 0n };
    for (const operation of operations) {
      sum.requests++;
      sum.charge_pico += operation.charge_pico ?? 0n;
      for (const attempt of operation.attempts) {
        sum.attempts++;
        sum.cost_pico += attempt.cost_pico ?? 0n;
        for (const field of USAGE_FIELDS) sum.usage[field] = (sum.usage[field] ?? 0) + (attempt.usage[field] ?? 0);
      }
    }
    const differ = (what: string, told: unknown, found: unknown): void => {
      this.verdict.differences.push(`usage report: ${what} is ${told}, and the operations make ${found}`);
    };
    for (const field of ['requests', 'attempts', 'cost_pico', 'charge_pico'] as const) {
      if (report[field] !== sum[field]) differ(field, report[field], sum[field]);
    }
    if (!sameVector(report.usage, sum.usage)) differ('usage', vectorText(report.usage), vectorText(sum.usage));
    for (const imbalance of imbalances)
      this.verdict.differences.push(`the books do not balance: ${JSON.stringify(imbalance)}`);
  }

  #differ(item: Case, answer: Answer | undefined, what: string): void {
    const met = answer
      ? `answered ${answer.status ?? 'nothing'}${answer.acknowledged ? ', whole' : ''}${answer.aborted ? ', left' : ''}`
      : 'never sent';
    this.verdict.differences.push(
      `case ${item.name} (${item.kind}, ${item.surface}, ${item.body.model}${item.stream ? ', stream' : ''}; ${met}): ${what}`,
    );
  }
}

function grouped<T>(list: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

function sameVector(a: UsageVector, b: UsageVector): boolean {
  return USAGE_FIELDS.every((field) => (a[field] ?? 0) === (b[field] ?? 0));
}

function vectorText(vector: UsageVector): string {
  return JSON.stringify(Object.fromEntries(Object.entries(vector).filter(([, count]) => count)));
}

/** A charge as `x-tokenworks-cost` writes it. */
function costText(pico: bigint): string {
  const digits = pico.toString().padStart(13, '0');
  const fraction = digits.slice(-12).replace(/0+$/, '');
  return `${digits.slice(0, -12)}${fraction ? `.${fraction}` : ''} USD`;
}
