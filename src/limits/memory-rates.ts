import type { Clock } from '../base/clock.ts';
import { type Owned, OwnedList } from './owned.ts';
import type { Admission, AdmitRequest, Lease, RateLimitName, RateLimits, RateRefusal, RateSubject } from './types.ts';
import { WindowLog } from './window-log.ts';

const MINUTE_MS = 60_000;
/** Nobody knows when a call that is open will end. */
const CONCURRENCY_RETRY_MS = 1000;
/** Subjects looked at for sweeping on each admission: more than the one or two that it can add. */
const SWEEP_STEP = 4;

interface SubjectState {
  id: string;
  calls: WindowLog | undefined;
  tokens: WindowLog | undefined;
  open: number;
}

interface LeasePart {
  state: SubjectState;
  /** Tokens reserved here, under which ticket; no ticket when the subject has no `tpm`. */
  reserved: number;
  ticket: number | undefined;
}

class MemoryLease implements Lease, Owned {
  readonly owner: string;
  readonly tokens: number;
  readonly parts: LeasePart[];
  open = true;
  place = 0;

  constructor(owner: string, tokens: number, parts: LeasePart[]) {
    this.owner = owner;
    this.tokens = tokens;
    this.parts = parts;
  }
}

export class MemoryRates implements RateLimits {
  readonly #clock: Clock;
  readonly #subjects = new Map<string, SubjectState>();
  readonly #leases = new OwnedList<MemoryLease>();
  #sweeping: Iterator<SubjectState> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get subjects(): number {
    return this.#subjects.size;
  }

  get leases(): number {
    return this.#leases.size;
  }

  admit(request: AdmitRequest): Admission {
    checkRequest(request);
    const now_ms = this.#clock.mono();
    this.#sweepSome(now_ms);
    const refusal = this.#refusal(request, now_ms);
    if (refusal) return refusal;
    const parts = request.subjects.map((subject) => this.#take(subject, request.tokens, now_ms));
    const lease = new MemoryLease(request.owner, request.tokens, parts);
    this.#leases.add(lease);
    return { ok: true, lease };
  }

  settle(lease: Lease, tokens: number): void {
    checkTokens(tokens);
    const mine = lease as MemoryLease;
    if (!this.#close(mine)) return;
    const now_ms = this.#clock.mono();
    for (const part of mine.parts) {
      if (part.ticket === undefined) continue;
      const log = part.state.tokens!;
      if (tokens < part.reserved) log.giveBack(now_ms, part.ticket, part.reserved - tokens);
      else if (tokens > part.reserved) log.add(now_ms, tokens - part.reserved);
    }
  }

  release(lease: Lease): void {
    this.settle(lease, 0);
  }

  releaseOwner(owner: string): number {
    const owned = [...this.#leases.of(owner)];
    for (const lease of owned) this.release(lease);
    this.#leases.forget(owner);
    return owned.length;
  }

  sweep(): void {
    const now_ms = this.#clock.mono();
    for (const state of this.#subjects.values()) this.#dropIdle(state, now_ms);
  }

  /** The refusal that lasts longest, so that its `retryAfter_ms` holds for all. */
  #refusal(request: AdmitRequest, now_ms: number): RateRefusal | undefined {
    let worst: RateRefusal | undefined;
    const consider = (limit: RateLimitName, subject: string, wait_ms: number | undefined): void => {
      if (wait_ms === 0) return;
      const longer =
        !worst || (worst.retryAfter_ms !== undefined && (wait_ms === undefined || wait_ms > worst.retryAfter_ms));
      if (longer) worst = { ok: false, limit, subject, retryAfter_ms: wait_ms };
    };
    for (const subject of request.subjects) {
      const state = this.#subjects.get(subject.id);
      const { id, rpm, tpm, concurrency } = subject;
      if (rpm !== undefined) consider('rpm', id, waitFor(state?.calls, now_ms, 1, rpm));
      if (tpm !== undefined) {
        const least = request.leastTokens ?? 0;
        const wait_ms =
          least > tpm || tpm < 1 ? undefined : waitFor(state?.tokens, now_ms, Math.min(request.tokens, tpm), tpm);
        consider('tpm', id, wait_ms);
      }
      if (concurrency !== undefined && (state?.open ?? 0) >= concurrency) {
        consider('concurrency', id, concurrency < 1 ? undefined : CONCURRENCY_RETRY_MS);
      }
    }
    return worst;
  }

  #take(subject: RateSubject, tokens: number, now_ms: number): LeasePart {
    let state = this.#subjects.get(subject.id);
    if (!state) {
      state = { id: subject.id, calls: undefined, tokens: undefined, open: 0 };
      this.#subjects.set(subject.id, state);
    }
    state.open++;
    if (subject.rpm !== undefined) {
      state.calls ??= new WindowLog(MINUTE_MS);
      state.calls.add(now_ms, 1);
    }
    if (subject.tpm === undefined) return { state, reserved: 0, ticket: undefined };
    state.tokens ??= new WindowLog(MINUTE_MS);
    const reserved = Math.min(tokens, subject.tpm);
    return { state, reserved, ticket: state.tokens.add(now_ms, reserved) };
  }

  #close(lease: MemoryLease): boolean {
    if (!lease.open) return false;
    lease.open = false;
    for (const part of lease.parts) part.state.open--;
    this.#leases.remove(lease);
    return true;
  }

  #sweepSome(now_ms: number): void {
    this.#sweeping ??= this.#subjects.values();
    for (let step = 0; step < SWEEP_STEP; step++) {
      const next = this.#sweeping.next();
      if (next.done) {
        this.#sweeping = undefined;
        return;
      }
      this.#dropIdle(next.value, now_ms);
    }
  }

  #dropIdle(state: SubjectState, now_ms: number): void {
    if (state.open > 0) return;
    if (isEmpty(state.calls, now_ms) && isEmpty(state.tokens, now_ms)) this.#subjects.delete(state.id);
  }
}

function waitFor(log: WindowLog | undefined, now_ms: number, amount: number, limit: number): number | undefined {
  if (log) return log.wait(now_ms, amount, limit);
  return amount > limit ? undefined : 0;
}

function isEmpty(log: WindowLog | undefined, now_ms: number): boolean {
  return log === undefined || log.sum(now_ms) === 0;
}

function checkRequest({ subjects, tokens }: AdmitRequest): void {
  checkTokens(tokens);
  for (let index = 1; index < subjects.length; index++) {
    for (let earlier = 0; earlier < index; earlier++) {
      if (subjects[index]!.id === subjects[earlier]!.id)
        throw new RangeError(`subject ${subjects[index]!.id} is named twice`);
    }
  }
}

function checkTokens(tokens: number): void {
  if (!Number.isSafeInteger(tokens) || tokens < 0)
    throw new RangeError(`tokens must be a whole number of 0 or more, not ${tokens}`);
}
