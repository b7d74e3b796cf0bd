import type { Pico } from '../base/money.ts';

/**
 * A value at once or a promise of it. The engine in this process answers at once wherever it can, because every call of the
 * data plane passes here; an engine behind a network can't. A caller that wants to skip the microtask asks `instanceof Promise`.
 */
export type Awaitable<T> = T | Promise<T>;

// ---------------------------------------------------------------- rates

export type RateLimitName = 'rpm' | 'tpm' | 'concurrency';

/** Something whose calls are counted: a key, a project. A limit that is absent does not exist. */
export interface RateSubject {
  /** Unique among all subjects (`key:…`, `project:…`). */
  id: string;
  /** Calls in any 60 s. */
  rpm?: number;
  /** Tokens in any 60 s. */
  tpm?: number;
  /** Calls open at the same time. */
  concurrency?: number;
}

export interface AdmitRequest {
  /** All must have room, or none is charged. No id twice. */
  subjects: readonly RateSubject[];
  /** Tokens to reserve until `settle` says how many they were. A subject whose whole `tpm` is less reserves its whole `tpm`. */
  tokens: number;
  /** Tokens that the call uses for certain (default 0): where they are more than a subject's `tpm`, the call can never go. */
  leastTokens?: number;
  /** The process (or what else can vanish) that the lease belongs to. */
  owner: string;
}

/** A call that was admitted: one slot of concurrency and its reserved tokens, of every subject. Opaque but for these fields. */
export interface Lease {
  readonly owner: string;
  /** Tokens reserved at admission. */
  readonly tokens: number;
  /** False once settled or released. */
  readonly open: boolean;
}

export interface RateRefusal {
  ok: false;
  limit: RateLimitName;
  /** Id of the subject whose limit it is. */
  subject: string;
  /**
   * After how many milliseconds every limit that stands in the way has room, if nobody else takes it and no open call gives
   * tokens back earlier. Undefined: never, the call is larger than the limit. For `concurrency`, whose end nobody knows, a second.
   */
  retryAfter_ms: number | undefined;
}

export type Admission = { ok: true; lease: Lease } | RateRefusal;

export interface RateLimits {
  /** Takes a slot in every subject, or in none. A refused call counts nowhere. */
  admit(request: AdmitRequest): Awaitable<Admission>;
  /**
   * Ends the call: frees its slots and corrects its tokens to `tokens`. Fewer than reserved come back to the minute of the
   * admission, more are counted now. Nothing happens the second time.
   */
  settle(lease: Lease, tokens: number): Awaitable<void>;
  /** Ends a call that used no tokens. It still counts as a call. Nothing happens the second time. */
  release(lease: Lease): Awaitable<void>;
}

// ---------------------------------------------------------------- budgets

/** One window of one budget (`total`, `2026-11`, `2026-11-24`), and the amount that may be spent in it. */
export interface BudgetPart {
  budget: string;
  window: string;
  /** In the budget's own currency, like every amount of this part. */
  limit: Pico;
  /** The least that is of any use to the call, ≥ 0; with less it is refused or waits. A call with a limit of its own: all it may cost. */
  least: Pico;
}

/**
 * How much to hold, given what each part still covers at the moment of its turn; both lists are in the order of the parts.
 * What it answers is kept between `least` and what is covered. It may be called more than once; the last answer is the one that counts.
 */
export type AmountOf = (available: readonly Pico[]) => readonly Pico[];

export interface ReserveRequest {
  /** All must cover the call, or nothing is held. No (budget, window) twice; may be empty. */
  parts: readonly BudgetPart[];
  /** Absent: `least` of each part. */
  amount?: AmountOf;
  owner: string;
  /**
   * Where only open holds stand in the way: wait in order, and give up after this many milliseconds in which no hold of the
   * budgets waited for was freed (each freed hold starts the clock anew). Default 0: answer at once.
   */
  wait_ms?: number;
  /** Ends the waiting: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Money set aside for an attempt. Opaque but for these fields. */
export interface Hold {
  readonly owner: string;
  /** Held now, in the order of the parts. */
  readonly amounts: readonly Pico[];
  /** False once settled or released. */
  readonly open: boolean;
}

export interface BudgetRefusal {
  ok: false;
  /**
   * `exhausted`: would not fit either if no hold stood in the way (402 without `retry-after`).
   * `held`: only open holds stand in the way (402 with `retry-after`).
   * `unloaded`: the engine does not know what was spent in this window: `load` it from the ledger and ask again.
   */
  reason: 'exhausted' | 'held' | 'unloaded';
  budget: string;
  window: string;
  /** What it still covers now, 0 at least: limit − spent − held. 0 when unloaded. */
  covered: Pico;
  /** With `held`: when it is sensible to try again. */
  retryAfter_ms?: number;
}

export type Reservation = { ok: true; hold: Hold } | BudgetRefusal;

export interface SettledPart {
  budget: string;
  window: string;
  /** Spent in the window before and after, so that a caller can see which alert shares were passed. */
  spentBefore: Pico;
  spent: Pico;
  /** By how much the real amount was above the hold (0n when it was not): booked all the same, and to be alerted. */
  over: Pico;
}

export interface Standing {
  spent: Pico;
  held: Pico;
  /** Open holds with a part in this window. */
  holds: number;
  /** Callers that wait for it. */
  waiting: number;
}

/**
 * Spent and held amounts per budget and window.
 *
 * Invariant: spent + held ≤ limit at every admission, so the sum stays within the limit unless a settlement was above its hold.
 * Order: a call that does not fit waits at those of its budgets that are in its way, behind whoever came earlier; nobody who comes
 * later gets past it there. A budget that does cover it is not blocked for others meanwhile.
 *
 * This engine counts exactly. An engine on Redis counts integer micro-units (its numbers are doubles): there a hold is rounded up
 * and spending is rounded up once per settlement, so that it refuses up to a micro-unit per call too early, never too late.
 */
export interface Budgets {
  /** Tells what was spent in a window by now. True if it was unknown before; a window that is known is left as it is. */
  load(budget: string, window: string, spent: Pico): Awaitable<boolean>;
  /** Sets `least` or more aside in every part, or in none. Throws RangeError for a request that breaks its own rules. */
  reserve(request: ReserveRequest): Awaitable<Reservation>;
  /**
   * Adds to an open hold, all parts or none, at once and ahead of those who wait: a call that runs is better ended than cut.
   * `least` and `amount` are of the addition, in the order of the hold's parts. A closed hold throws.
   */
  grow(hold: Hold, least: readonly Pico[], amount?: AmountOf): Awaitable<Reservation>;
  /**
   * Books the real amounts (in the order of the parts, ≥ 0), which may be above the hold, and frees the rest.
   * Undefined when the hold was closed already: then nothing was booked.
   */
  settle(hold: Hold, actual: readonly Pico[]): Awaitable<SettledPart[] | undefined>;
  /** Frees a hold of which nothing was spent. Nothing happens the second time. */
  release(hold: Hold): Awaitable<void>;
  /**
   * Books an amount without a hold: soft budgets, corrections, credits (negative).
   * Undefined, and nothing booked, when the window is not loaded: the ledger has it when it is.
   */
  book(budget: string, window: string, amount: Pico): Awaitable<SettledPart | undefined>;
  /** Undefined when the window is not loaded. */
  standing(budget: string, window: string): Awaitable<Standing | undefined>;
  /** limit − spent − held, 0 at least; undefined when the window is not loaded. */
  available(budget: string, window: string, limit: Pico): Awaitable<Pico | undefined>;
  /**
   * Drops what is known of a budget's window, or of all its windows (a run that has ended, a budget that was deleted or whose
   * spending has to be read anew). A window with open holds or waiting callers stays; false when one did.
   */
  forget(budget: string, window?: string): Awaitable<boolean>;
}

// ---------------------------------------------------------------- the door

export interface LimitsStats {
  subjects: number;
  leases: number;
  windows: number;
  holds: number;
  waiting: number;
}

export interface Limits {
  readonly rates: RateLimits;
  readonly budgets: Budgets;
  /** Releases every lease and hold of an owner that is gone. The owner's journal must be loaded first, or what it spent is free again. */
  releaseOwner(owner: string): Awaitable<{ leases: number; holds: number }>;
  /**
   * Drops subjects with nothing in their minute, and windows that nobody has touched for two days (they are `unloaded` again).
   * The engine also does it bit by bit by itself.
   */
  sweep(): Awaitable<void>;
  stats(): Awaitable<LimitsStats>;
  /** Refuses whoever still waits (`held`), stops timers and connections. */
  close(): Awaitable<void>;
}
