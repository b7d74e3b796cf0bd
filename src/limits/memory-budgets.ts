import type { Clock } from '../base/clock.ts';
import type { Pico } from '../base/money.ts';
import { type Owned, OwnedList } from './owned.ts';
import type { Schedule } from './schedule.ts';
import type {
  AmountOf,
  Awaitable,
  BudgetPart,
  BudgetRefusal,
  Budgets,
  Hold,
  Reservation,
  ReserveRequest,
  SettledPart,
  Standing,
} from './types.ts';

/** A window that nobody touched for so long is dropped; whoever needs it again loads it from the ledger. */
const IDLE_WINDOW_MS = 2 * 24 * 3600 * 1000;
/** Budgets looked at for sweeping with each window that is loaded: more than the one that it can add. */
const SWEEP_STEP = 4;
/** Shortest advice to a caller that gave up waiting. */
const LEAST_RETRY_MS = 1000;

interface WindowState {
  budget: string;
  window: string;
  spent: Pico;
  held: Pico;
  holds: number;
  /** Callers in whose way this window is, in the order they came. */
  queue: Waiter[];
  /** When a hold with a part here was last freed, and when anything touched the window. */
  freed_ms: number;
  touched_ms: number;
}

interface Waiter {
  /** Order of arrival. */
  ticket: number;
  parts: readonly BudgetPart[];
  states: readonly WindowState[];
  request: ReserveRequest;
  /** When it began to wait for what is in its way now. */
  since_ms: number;
  /** Windows that are in its way; it stands in the queue of each. */
  blockers: WindowState[];
  /** End the waiting; both take it out of all queues. */
  finish(result: Reservation): void;
  fail(reason: unknown): void;
}

class MemoryHold implements Hold, Owned {
  readonly owner: string;
  readonly states: readonly WindowState[];
  readonly parts: readonly BudgetPart[];
  amounts: Pico[];
  open = true;
  place = 0;

  constructor(owner: string, parts: readonly BudgetPart[], states: readonly WindowState[], amounts: Pico[]) {
    this.owner = owner;
    this.parts = parts;
    this.states = states;
    this.amounts = amounts;
  }
}

export class MemoryBudgets implements Budgets {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #budgets = new Map<string, Map<string, WindowState>>();
  readonly #holds = new OwnedList<MemoryHold>();
  readonly #waiters = new Set<Waiter>();
  /** Windows whose queue has to be looked at, and whether someone is at it. */
  readonly #stirred = new Set<WindowState>();
  #serving = false;
  #sweeping: Iterator<Map<string, WindowState>> | undefined;
  #tickets = 0;
  #windows = 0;
  #closed = false;

  constructor(clock: Clock, schedule: Schedule) {
    this.#clock = clock;
    this.#schedule = schedule;
  }

  get counts(): { windows: number; holds: number; waiting: number } {
    return { windows: this.#windows, holds: this.#holds.size, waiting: this.#waiters.size };
  }

  load(budget: string, window: string, spent: Pico): boolean {
    if (spent < 0n) throw new RangeError(`spent of budget ${budget} must be 0 or more`);
    const now_ms = this.#clock.mono();
    this.#sweepSome(now_ms);
    const windows = this.#budgets.get(budget) ?? new Map<string, WindowState>();
    if (windows.has(window)) return false;
    this.#budgets.set(budget, windows);
    windows.set(window, { budget, window, spent, held: 0n, holds: 0, queue: [], freed_ms: now_ms, touched_ms: now_ms });
    this.#windows++;
    return true;
  }

  reserve(request: ReserveRequest): Awaitable<Reservation> {
    const { parts } = request;
    checkParts(parts);
    request.signal?.throwIfAborted();
    const states = this.#statesOf(parts);
    if (!Array.isArray(states)) return states;
    const blockers = blockersOf(parts, states, Number.POSITIVE_INFINITY);
    if (blockers.length === 0) return { ok: true, hold: this.#hold(request, states) };
    const lost = exhausted(parts, states);
    if (lost) return lost;
    const wait_ms = request.wait_ms ?? 0;
    if (wait_ms <= 0 || this.#closed) return heldRefusal(parts, states, blockers[0]!, wait_ms);
    return this.#wait(request, states, blockers, wait_ms);
  }

  grow(hold: Hold, least: readonly Pico[], amount?: AmountOf): Reservation {
    const mine = hold as MemoryHold;
    if (!mine.open) throw new RangeError('a hold that was settled or released can not grow');
    checkAmounts(least, mine.states.length);
    const parts = mine.parts.map((part, index) => ({ ...part, least: least[index]! }));
    const available = parts.map((part, index) => uncommitted(part, mine.states[index]!));
    const short = parts.findIndex((part, index) => available[index]! < part.least);
    if (short >= 0) return exhausted(parts, mine.states) ?? heldRefusal(parts, mine.states, mine.states[short]!, 0);
    const more = chooseAmounts(parts, available, amount);
    this.#add(mine, more);
    mine.amounts = mine.amounts.map((held, index) => held + more[index]!);
    return { ok: true, hold };
  }

  settle(hold: Hold, actual: readonly Pico[]): SettledPart[] | undefined {
    const mine = hold as MemoryHold;
    checkAmounts(actual, mine.states.length);
    if (!mine.open) return undefined;
    const settled = mine.states.map((state, index) => {
      const spentBefore = state.spent;
      state.spent += actual[index]!;
      const over = actual[index]! - mine.amounts[index]!;
      return {
        budget: state.budget,
        window: state.window,
        spentBefore,
        spent: state.spent,
        over: larger(0n, over),
      };
    });
    this.#free(mine);
    return settled;
  }

  release(hold: Hold): void {
    const mine = hold as MemoryHold;
    if (mine.open) this.#free(mine);
  }

  book(budget: string, window: string, amount: Pico): SettledPart | undefined {
    const state = this.#budgets.get(budget)?.get(window);
    if (!state) return undefined;
    const spentBefore = state.spent;
    state.spent += amount;
    state.touched_ms = this.#clock.mono();
    this.#stir([state]);
    return { budget, window, spentBefore, spent: state.spent, over: 0n };
  }

  standing(budget: string, window: string): Standing | undefined {
    const state = this.#budgets.get(budget)?.get(window);
    return state && { spent: state.spent, held: state.held, holds: state.holds, waiting: state.queue.length };
  }

  available(budget: string, window: string, limit: Pico): Pico | undefined {
    const state = this.#budgets.get(budget)?.get(window);
    if (!state) return undefined;
    return larger(0n, limit - state.spent - state.held);
  }

  forget(budget: string, window?: string): boolean {
    const windows = this.#budgets.get(budget);
    if (!windows) return true;
    let all = true;
    for (const state of window === undefined ? [...windows.values()] : [windows.get(window)]) {
      if (!state) continue;
      if (state.holds > 0 || state.queue.length > 0) all = false;
      else this.#drop(windows, state);
    }
    return all;
  }

  releaseOwner(owner: string): number {
    const owned = [...this.#holds.of(owner)];
    for (const hold of owned) this.release(hold);
    this.#holds.forget(owner);
    return owned.length;
  }

  sweep(): void {
    const now_ms = this.#clock.mono();
    for (const windows of this.#budgets.values()) this.#dropIdle(windows, now_ms);
  }

  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) waiter.finish(refusalOf(waiter, 0));
  }

  #statesOf(parts: readonly BudgetPart[]): WindowState[] | BudgetRefusal {
    const states: WindowState[] = [];
    for (const { budget, window } of parts) {
      const state = this.#budgets.get(budget)?.get(window);
      if (!state) return { ok: false, reason: 'unloaded', budget, window, covered: 0n };
      states.push(state);
    }
    return states;
  }

  #hold(request: ReserveRequest, states: readonly WindowState[]): MemoryHold {
    const { parts, owner } = request;
    const available = parts.map((part, index) => uncommitted(part, states[index]!));
    const amounts = chooseAmounts(parts, available, request.amount);
    const hold = new MemoryHold(owner, parts, states, amounts);
    for (const state of states) state.holds++;
    this.#add(hold, amounts);
    this.#holds.add(hold);
    return hold;
  }

  #add(hold: MemoryHold, amounts: readonly Pico[]): void {
    const now_ms = this.#clock.mono();
    hold.states.forEach((state, index) => {
      state.held += amounts[index]!;
      state.touched_ms = now_ms;
    });
  }

  #free(hold: MemoryHold): void {
    const now_ms = this.#clock.mono();
    hold.open = false;
    this.#holds.remove(hold);
    hold.states.forEach((state, index) => {
      state.held -= hold.amounts[index]!;
      state.holds--;
      state.freed_ms = now_ms;
      state.touched_ms = now_ms;
    });
    this.#stir(hold.states);
  }

  #wait(
    request: ReserveRequest,
    states: readonly WindowState[],
    blockers: WindowState[],
    wait_ms: number,
  ): Promise<Reservation> {
    const { parts, signal } = request;
    const { promise, resolve, reject } = Promise.withResolvers<Reservation>();
    let cancel = () => {};
    const leave = (): void => {
      cancel();
      signal?.removeEventListener('abort', abort);
      this.#waiters.delete(waiter);
      this.#park(waiter, []);
    };
    const waiter: Waiter = {
      ticket: ++this.#tickets,
      parts,
      states,
      request,
      since_ms: this.#clock.mono(),
      blockers: [],
      finish(result) {
        leave();
        resolve(result);
      },
      fail(reason) {
        leave();
        reject(reason);
      },
    };
    const abort = (): void => waiter.fail(signal!.reason);
    const watch = (): void => {
      const from_ms = waiter.blockers.reduce((latest, state) => Math.max(latest, state.freed_ms), waiter.since_ms);
      const left_ms = from_ms + wait_ms - this.#clock.mono();
      if (left_ms > 0) cancel = this.#schedule(watch, Math.ceil(left_ms));
      else waiter.finish(refusalOf(waiter, wait_ms));
    };
    this.#waiters.add(waiter);
    this.#park(waiter, blockers);
    signal?.addEventListener('abort', abort, { once: true });
    watch();
    return promise;
  }

  /** Puts a waiter into the queues of exactly these windows. Whoever is first where it left is looked at. */
  #park(waiter: Waiter, blockers: WindowState[]): void {
    const left = waiter.blockers.filter((state) => !blockers.includes(state));
    const joined = blockers.filter((state) => !waiter.blockers.includes(state));
    for (const state of left) state.queue.splice(placeOf(state.queue, waiter.ticket), 1);
    for (const state of joined) state.queue.splice(placeOf(state.queue, waiter.ticket), 0, waiter);
    if (joined.length > 0) waiter.since_ms = this.#clock.mono();
    waiter.blockers = blockers;
    this.#stir(left);
  }

  /**
   * Serves whoever is first at these windows, until nobody more can be. Serving one changes other queues, which are then looked at
   * too; it ends, because only a waiter that leaves for good makes room for the next.
   */
  #stir(states: readonly WindowState[]): void {
    for (const state of states) if (state.queue.length > 0) this.#stirred.add(state);
    if (this.#serving) return;
    this.#serving = true;
    try {
      for (let next = this.#earliest(); next; next = this.#earliest()) {
        this.#stirred.delete(next.state);
        this.#serve(next.waiter);
      }
    } finally {
      this.#serving = false;
    }
  }

  /** Of those who are first at a stirred window, the one that came first. */
  #earliest(): { state: WindowState; waiter: Waiter } | undefined {
    let best: { state: WindowState; waiter: Waiter } | undefined;
    for (const state of this.#stirred) {
      const waiter = state.queue[0];
      if (!waiter) this.#stirred.delete(state);
      else if (!best || waiter.ticket < best.waiter.ticket) best = { state, waiter };
    }
    return best;
  }

  #serve(waiter: Waiter): void {
    const { parts, states, ticket, request } = waiter;
    const lost = exhausted(parts, states);
    const blockers = lost ? [] : blockersOf(parts, states, ticket);
    if (lost) waiter.finish(lost);
    else if (blockers.length > 0) this.#park(waiter, blockers);
    else {
      try {
        waiter.finish({ ok: true, hold: this.#hold(request, states) });
      } catch (error) {
        // The caller's own `amount` failed: that is for the caller, not for whoever freed the hold.
        waiter.fail(error);
      }
    }
  }

  #sweepSome(now_ms: number): void {
    this.#sweeping ??= this.#budgets.values();
    for (let step = 0; step < SWEEP_STEP; step++) {
      const next = this.#sweeping.next();
      if (next.done) {
        this.#sweeping = undefined;
        return;
      }
      this.#dropIdle(next.value, now_ms);
    }
  }

  #dropIdle(windows: Map<string, WindowState>, now_ms: number): void {
    for (const state of windows.values()) {
      const idle = state.holds === 0 && state.queue.length === 0;
      if (idle && now_ms - state.touched_ms > IDLE_WINDOW_MS) this.#drop(windows, state);
    }
  }

  #drop(windows: Map<string, WindowState>, state: WindowState): void {
    windows.delete(state.window);
    this.#windows--;
    if (windows.size === 0) this.#budgets.delete(state.budget);
  }
}

/** limit − spent − held; negative where a limit was lowered or a settlement was above its hold. */
function uncommitted(part: BudgetPart, state: WindowState): Pico {
  return part.limit - state.spent - state.held;
}

/** Windows in the way of a caller (never of a call that costs nothing): they don't cover it, or somebody who came before `ticket` waits there. */
function blockersOf(parts: readonly BudgetPart[], states: readonly WindowState[], ticket: number): WindowState[] {
  const blockers: WindowState[] = [];
  for (let index = 0; index < parts.length; index++) {
    const state = states[index]!;
    const part = parts[index]!;
    const first = state.queue[0];
    if (part.least === 0n) continue;
    if (uncommitted(part, state) < part.least || (first && first.ticket < ticket)) blockers.push(state);
  }
  return blockers;
}

/** The refusal of a call that would not fit either if no hold stood in the way. */
function exhausted(parts: readonly BudgetPart[], states: readonly WindowState[]): BudgetRefusal | undefined {
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    if (part.least > 0n && part.limit - states[index]!.spent < part.least)
      return refusal('exhausted', part, states[index]!);
  }
  return undefined;
}

/** Why a waiter that gives up was not served. */
function refusalOf({ parts, states, blockers }: Waiter, wait_ms: number): BudgetRefusal {
  return exhausted(parts, states) ?? heldRefusal(parts, states, blockers[0]!, wait_ms);
}

function heldRefusal(
  parts: readonly BudgetPart[],
  states: readonly WindowState[],
  blocker: WindowState,
  wait_ms: number,
): BudgetRefusal {
  const part = parts[states.indexOf(blocker)]!;
  return { ...refusal('held', part, blocker), retryAfter_ms: Math.max(LEAST_RETRY_MS, wait_ms) };
}

function refusal(reason: BudgetRefusal['reason'], part: BudgetPart, state: WindowState): BudgetRefusal {
  return { ok: false, reason, budget: part.budget, window: part.window, covered: larger(0n, uncommitted(part, state)) };
}

function chooseAmounts(parts: readonly BudgetPart[], available: readonly Pico[], amount: AmountOf | undefined): Pico[] {
  if (!amount) return parts.map((part) => part.least);
  const wanted = amount(available);
  checkAmounts(wanted, parts.length);
  return parts.map((part, index) => larger(part.least, smaller(wanted[index]!, available[index]!)));
}

/** Math.min and Math.max don't take a bigint. */
function smaller(one: Pico, other: Pico): Pico {
  if (one < other) return one;
  return other;
}

function larger(one: Pico, other: Pico): Pico {
  if (one > other) return one;
  return other;
}

/** Where a ticket is, or belongs, in a queue. */
function placeOf(queue: readonly Waiter[], ticket: number): number {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (queue[middle]!.ticket < ticket) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkParts(parts: readonly BudgetPart[]): void {
  for (let index = 0; index < parts.length; index++) {
    const { budget, window, least } = parts[index]!;
    if (least < 0n) throw new RangeError(`least of budget ${budget} must be 0 or more`);
    for (let earlier = 0; earlier < index; earlier++) {
      if (parts[earlier]!.budget === budget && parts[earlier]!.window === window) {
        throw new RangeError(`budget ${budget} ${window} is named twice`);
      }
    }
  }
}

function checkAmounts(amounts: readonly Pico[], count: number): void {
  if (amounts.length !== count)
    throw new RangeError(`${count} amounts are needed, one for each budget, not ${amounts.length}`);
  for (const amount of amounts) if (amount < 0n) throw new RangeError('amounts must be 0 or more');
}
