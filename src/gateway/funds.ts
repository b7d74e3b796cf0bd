/**
 * What stands above a call and pays for it: hard budgets and wallets hold money before the call and settle after it, soft budgets only
 * count, and the caller's own `x-tokenworks-max-cost` caps a single attempt. All amounts go from the price's currency to that of each
 * budget by the rate pinned at admission; holds are rounded up.
 */
import { AppError } from '../base/errors.ts';
import { formatDecimal, type Money, type Pico } from '../base/money.ts';
import {
  boundGap,
  type CallBound,
  costBound,
  type FxView,
  outputAffordable,
  type Price,
  windowKey,
} from '../billing/index.ts';
import type { OperationHold } from '../contract/operation.ts';
import type { Budget, Wallet } from '../contract/records.ts';
import type { BudgetPart, BudgetRefusal, Hold, Limits, SettledPart } from '../limits/index.ts';

/** Under this many tokens of output a call is of no use and is refused. */
const LEAST_OUTPUT = 16;
/** What a stream without a limit of its own holds first, and each time it needs more. */
const STREAM_STEP = 1024;
/** A call without stream and limit may take this part of what is left, but at least this many tokens. */
const SHARE_OF_REST = 8n;
const LEAST_SHARE_TOKENS = 256;
/** No call writes more. */
const MOST_TOKENS = 1_000_000_000;

/** What the call asks for, in the terms that bound its cost. */
export interface Need {
  inputTokens: number;
  imageTokens?: number;
  audioTokens?: number;
  /** The call's own output limit, all choices and unseen reasoning included; absent when it set none. */
  outputTokens?: number;
  stream: boolean;
  /** Most tokens a call without a limit could write. */
  mostOutput: number;
  /** Choices: an imposed limit is shared among them. */
  n: number;
  /** The tier the caller asked for, at its dearest. */
  tier?: string;
}

interface Fund {
  id: string;
  kind: 'budget' | 'wallet';
  window: string;
  currency: string;
  limit: Pico;
  budget?: Budget;
}

export interface FundsAbove {
  hard: readonly Fund[];
  soft: readonly Fund[];
  maxCost?: Money;
}

export interface FundsDependencies {
  limits: Limits;
  owner: string;
  holdWait_ms: number;
  /** What was spent in a budget's window, as the ledger has it. */
  spent(budget: string, window: string): Pico;
  /** All that was ever paid into a wallet. */
  credited(wallet: string): Pico;
}

/** What a settlement did to one budget or wallet. */
export interface Booked {
  fund: { id: string; kind: 'budget' | 'wallet'; currency: string; limit: Pico; budget?: Budget };
  part: SettledPart;
}

export function fundsAbove(input: {
  budgets: readonly Budget[];
  wallets: readonly Wallet[];
  maxCost?: Money;
  timezone: string;
  at_ms: number;
  credited(wallet: string): Pico;
}): FundsAbove {
  const hard: Fund[] = [];
  const soft: Fund[] = [];
  for (const budget of input.budgets) {
    const fund: Fund = {
      id: budget.id,
      kind: 'budget',
      window: windowKey(budget.window, input.timezone, input.at_ms),
      currency: budget.currency,
      limit: budget.amount_pico,
      budget,
    };
    (budget.hard ? hard : soft).push(fund);
  }
  const wallet = payingWallet(input.wallets);
  if (wallet)
    hard.push({
      id: wallet.id,
      kind: 'wallet',
      window: 'total',
      currency: wallet.currency,
      limit: input.credited(wallet.id),
    });
  return { hard, soft, maxCost: input.maxCost };
}

/** One wallet pays a call: the project's own before the organisation's. */
function payingWallet(wallets: readonly Wallet[]): Wallet | undefined {
  return wallets.find((wallet) => wallet.scope === 'project') ?? wallets[0];
}

/** Whether money stands above the call, so that it must be priced and held for. */
export function isBounded(funds: FundsAbove): boolean {
  return funds.hard.length > 0 || funds.maxCost !== undefined;
}

/** Money set aside for one attempt. */
export class Grant {
  readonly #deps: FundsDependencies;
  readonly #funds: FundsAbove;
  readonly #fx: FxView;
  readonly #price: Price | undefined;
  readonly #need: Need;
  readonly #at_ms: number;
  #hold: Hold | undefined;
  /** Output tokens that are covered; infinite where nothing is held, and where the call's own limit is held for. */
  covered: number;
  /** The limit to send to the provider because a budget asks for one. */
  readonly imposedLimit: number | undefined;

  private constructor(
    deps: FundsDependencies,
    funds: FundsAbove,
    fx: FxView,
    price: Price | undefined,
    need: Need,
    at_ms: number,
    hold: Hold | undefined,
    covered: number,
    imposedLimit: number | undefined,
  ) {
    this.#deps = deps;
    this.#funds = funds;
    this.#fx = fx;
    this.#price = price;
    this.#need = need;
    this.#at_ms = at_ms;
    this.#hold = hold;
    this.covered = covered;
    this.imposedLimit = imposedLimit;
  }

  /**
   * Sets money aside in every hard budget and wallet, waiting in order where only other calls' holds stand in the way.
   * Throws AppError `budget_exceeded`, `no_exchange_rate`, or `not_allowed` for a model without a price.
   */
  static async take(
    deps: FundsDependencies,
    funds: FundsAbove,
    fx: FxView,
    price: Price | undefined,
    need: Need,
    at_ms: number,
    signal: () => AbortSignal,
  ): Promise<Grant> {
    if (!isBounded(funds))
      return new Grant(deps, funds, fx, price, need, at_ms, undefined, Number.POSITIVE_INFINITY, undefined);
    if (!price) {
      throw new AppError(
        'not_allowed',
        'This model has no price, so it can not be called under a hard budget, a wallet or a cost limit: add one with POST /admin/v1/prices.',
      );
    }
    const sizing = new Sizing(funds, fx, price, need, at_ms);
    const first = sizing.least();
    // A call with a limit of its own needs just what it may cost; one without takes what there is at its turn.
    let tokens = need.outputTokens ?? 0;
    const amount = (available: readonly Pico[]): Pico[] => {
      tokens = sizing.tokensFor(available);
      return sizing.amounts(tokens);
    };
    const request = {
      parts: funds.hard.map(
        (fund, index): BudgetPart => ({
          budget: fund.id,
          window: fund.window,
          limit: fund.limit,
          least: first[index]!,
        }),
      ),
      amount: need.outputTokens === undefined ? amount : undefined,
      owner: deps.owner,
    };
    let answer = deps.limits.budgets.reserve(request);
    if (answer instanceof Promise) answer = await answer;
    // A window's first call finds it unknown; what was spent in it so far is in the ledger.
    while (!answer.ok && answer.reason === 'unloaded') {
      await deps.limits.budgets.load(answer.budget, answer.window, deps.spent(answer.budget, answer.window));
      answer = await deps.limits.budgets.reserve(request);
    }
    if (!answer.ok && answer.reason === 'held') {
      answer = await deps.limits.budgets.reserve({ ...request, wait_ms: deps.holdWait_ms, signal: signal() });
    }
    if (!answer.ok) throw refusal(answer, funds);
    return new Grant(
      deps,
      funds,
      fx,
      price,
      need,
      at_ms,
      answer.hold,
      // The provider keeps to a limit of the call's own; bytes would only be a poor guess at it.
      need.outputTokens === undefined ? tokens : Number.POSITIVE_INFINITY,
      sizing.imposed(tokens),
    );
  }

  /** Covers more output of a stream, as much as there is; false when there is none. */
  grow(): boolean {
    if (!this.#hold || !this.#price) return this.covered === Number.POSITIVE_INFINITY;
    const sizing = new Sizing(this.#funds, this.#fx, this.#price, this.#need, this.#at_ms);
    const held = this.#hold.amounts;
    let tokens = this.covered;
    const least = sizing.amounts(this.covered + LEAST_OUTPUT).map((amount, index) => positive(amount - held[index]!));
    if (sizing.maxTokens() < this.covered + LEAST_OUTPUT) return false;
    const answer = this.#deps.limits.budgets.grow(this.#hold, least, (available) => {
      const total = available.map((free, index) => free + held[index]!);
      tokens = Math.min(this.covered + STREAM_STEP, sizing.affordable(total), sizing.maxTokens());
      return sizing.amounts(tokens).map((amount, index) => positive(amount - held[index]!));
    });
    if (answer instanceof Promise || !answer.ok) return false;
    this.covered = tokens;
    return true;
  }

  /** What is held, for the journal. */
  holds(): OperationHold[] {
    const held = this.#hold?.amounts;
    return [
      ...this.#funds.hard.map((fund, index) => holdOf(fund, held?.[index] ?? 0n, 0n)),
      ...this.#funds.soft.map((fund) => holdOf(fund, 0n, 0n)),
    ];
  }

  /**
   * Books the charge everywhere above the call and frees the rest of the hold. Without a charge (a provider's figures contradict each
   * other, or what it served has no price) a hard budget books all that was held, since that much may have been spent; a wallet pays nothing.
   */
  settle(charge_pico: Pico | undefined, currency: string | undefined): { holds: OperationHold[]; booked: Booked[] } {
    const { hard, soft } = this.#funds;
    const holds: OperationHold[] = [];
    const booked: Booked[] = [];
    const inCurrencyOf = (fund: Fund): Pico =>
      !charge_pico || currency === undefined
        ? 0n
        : (this.#fx.convert(charge_pico, currency, fund.currency, 'half_even')?.pico ?? 0n);
    if (this.#hold) {
      const held = this.#hold.amounts;
      const actual = hard.map((fund, index) =>
        charge_pico === undefined && fund.kind === 'budget' ? held[index]! : inCurrencyOf(fund),
      );
      const parts = this.#deps.limits.budgets.settle(this.#hold, actual);
      if (!(parts instanceof Promise))
        for (const [index, part] of (parts ?? []).entries()) booked.push({ fund: hard[index]!, part });
      for (const [index, fund] of hard.entries()) holds.push(holdOf(fund, held[index]!, actual[index]!));
    }
    for (const fund of soft) {
      const amount = inCurrencyOf(fund);
      const part = this.#bookSoft(fund, amount);
      if (part) booked.push({ fund, part });
      holds.push(holdOf(fund, 0n, amount));
    }
    this.#hold = undefined;
    return { holds, booked };
  }

  /** Frees the hold of an attempt that failed. */
  release(): void {
    if (this.#hold) void this.#deps.limits.budgets.release(this.#hold);
    this.#hold = undefined;
  }

  #bookSoft(fund: Fund, amount: Pico): SettledPart | undefined {
    const { budgets } = this.#deps.limits;
    let part = budgets.book(fund.id, fund.window, amount);
    if (part === undefined) {
      void budgets.load(fund.id, fund.window, this.#deps.spent(fund.id, fund.window));
      part = budgets.book(fund.id, fund.window, amount);
    }
    return part instanceof Promise ? undefined : part;
  }
}

/** The arithmetic of one attempt's hold: tokens to amounts in each fund's currency and back. */
class Sizing {
  readonly #funds: FundsAbove;
  readonly #fx: FxView;
  readonly #price: Price;
  readonly #need: Need;
  readonly #at_ms: number;
  readonly #cap: Pico | undefined;

  constructor(funds: FundsAbove, fx: FxView, price: Price, need: Need, at_ms: number) {
    this.#funds = funds;
    this.#fx = fx;
    this.#price = price;
    this.#need = need;
    this.#at_ms = at_ms;
    this.#cap = funds.maxCost && this.#toPrice(funds.maxCost.amount, funds.maxCost.currency);
  }

  /** The least each fund must cover for the call to be of any use. */
  least(): Pico[] {
    const tokens = this.#need.outputTokens ?? LEAST_OUTPUT * this.#need.n;
    if (this.maxTokens() < tokens) {
      throw new AppError(
        'budget_exceeded',
        `The call could cost more than x-tokenworks-max-cost allows (${formatDecimal(this.#funds.maxCost!.amount)} ${this.#funds.maxCost!.currency}): raise it, or lower the call's output limit.`,
      );
    }
    return this.amounts(tokens);
  }

  /** What to hold for, given what each fund covers now. */
  tokensFor(available: readonly Pico[]): number {
    const { stream, mostOutput, n } = this.#need;
    const covered = Math.min(this.affordable(available), this.maxTokens());
    if (stream) return Math.min(STREAM_STEP * n, covered);
    const share = this.affordable(available.map((amount) => amount / SHARE_OF_REST));
    return Math.min(mostOutput * n, Math.max(share, LEAST_SHARE_TOKENS * n), covered);
  }

  /** The limit a call without stream gets because of its budget, per choice. */
  imposed(tokens: number): number | undefined {
    const { outputTokens, stream, n } = this.#need;
    return outputTokens === undefined && !stream ? Math.max(1, Math.floor(tokens / n)) : undefined;
  }

  amounts(tokens: number): Pico[] {
    const bound = this.#bound(tokens);
    return this.#funds.hard.map((fund) => this.#fromPrice(bound, fund.currency));
  }

  /** Output tokens that every fund covers. */
  affordable(available: readonly Pico[]): number {
    let tokens = MOST_TOKENS;
    for (const [index, fund] of this.#funds.hard.entries()) {
      let budget = this.#toPrice(available[index]!, fund.currency);
      let fits = this.#affordableIn(budget);
      // Both conversions round against us; step back until the amount that will be held fits.
      while (fits > 0 && this.#fromPrice(this.#bound(fits), fund.currency) > available[index]!) {
        budget -= budget / 1_000_000n + 1n;
        fits = Math.min(fits - 1, this.#affordableIn(budget));
      }
      tokens = Math.min(tokens, Math.max(0, fits));
    }
    return tokens;
  }

  /** Output tokens that the caller's own cost limit covers. */
  maxTokens(): number {
    return this.#cap === undefined ? MOST_TOKENS : this.#affordableIn(this.#cap);
  }

  #affordableIn(amount: Pico): number {
    return outputAffordable(this.#price, this.#call(0), amount, MOST_TOKENS) ?? -1;
  }

  #bound(outputTokens: number): Pico {
    const bound = costBound(this.#price, this.#call(outputTokens));
    if (bound === undefined) {
      throw new AppError(
        'not_allowed',
        `A part of this call has no price (${boundGap(this.#price, this.#call(outputTokens))}), so it can not be made under a hard budget, a wallet or a cost limit.`,
      );
    }
    return bound;
  }

  #call(outputTokens: number): CallBound {
    const { inputTokens, imageTokens, audioTokens, tier } = this.#need;
    return { inputTokens, imageTokens, audioTokens, outputTokens, at_ms: this.#at_ms, tier };
  }

  #toPrice(amount: Pico, currency: string): Pico {
    return this.#converted(amount, currency, this.#price.currency, 'down');
  }

  #fromPrice(amount: Pico, currency: string): Pico {
    return this.#converted(amount, this.#price.currency, currency, 'up');
  }

  #converted(amount: Pico, from: string, to: string, rounding: 'up' | 'down'): Pico {
    if (from === to) return amount;
    const converted = this.#fx.convert(amount, from, to, rounding);
    if (!converted) {
      throw new AppError(
        'no_exchange_rate',
        `The model is priced in ${from === this.#price.currency ? from : to} and the budget is in ${from === this.#price.currency ? to : from}, and no exchange rate between them is known: add one with POST /admin/v1/fx-rates.`,
      );
    }
    return converted.pico;
  }
}

function holdOf(fund: Fund, held_pico: Pico, settled_pico: Pico): OperationHold {
  return { budget: fund.id, window: fund.window, kind: fund.kind, currency: fund.currency, held_pico, settled_pico };
}

function refusal(answer: BudgetRefusal, funds: FundsAbove): AppError {
  const fund = funds.hard.find((item) => item.id === answer.budget);
  const what = fund?.kind === 'wallet' ? 'The prepaid wallet' : `The ${fund?.budget?.scope ?? ''} budget`;
  const left = fund ? ` (${formatDecimal(answer.covered)} ${fund.currency} left of ${formatDecimal(fund.limit)})` : '';
  if (answer.reason === 'held') {
    return new AppError('budget_exceeded', `${what} is held by other calls just now${left}; try again.`, {
      retryAfter_s: Math.max(1, Math.ceil((answer.retryAfter_ms ?? 1000) / 1000)),
    });
  }
  return new AppError('budget_exceeded', `${what} does not cover this call${left}.`);
}

function positive(amount: Pico): Pico {
  return amount > 0n ? amount : 0n;
}
