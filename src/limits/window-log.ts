/** Entries closer together than this share one, with the later one's time: an entry counts up to this much too long, never too short. */
const GRAIN_MS = 100;
/** Room for dead entries before they are cut off. */
const SLACK = 64;

/**
 * Amounts of the last `span_ms`, exact at every instant: no more than the limit passes in any span, where counters per calendar
 * minute let twice the limit through around the boundary, and a token bucket lets it through after a pause.
 * At most span / grain entries.
 */
export class WindowLog {
  readonly #span_ms: number;
  #times: number[] = [];
  #amounts: number[] = [];
  /** Index of the oldest living entry. */
  #head = 0;
  /** Entries cut off so far; ticket = cut off + index. */
  #cut = 0;
  #grain = -1;
  #sum = 0;

  constructor(span_ms: number) {
    this.#span_ms = span_ms;
  }

  /** What is in the span that ends now. */
  sum(now_ms: number): number {
    this.#expire(now_ms);
    return this.#sum;
  }

  /** Counts an amount now; the ticket corrects it later. */
  add(now_ms: number, amount: number): number {
    const grain = Math.floor(now_ms / GRAIN_MS);
    const last = this.#times.length - 1;
    this.#sum += amount;
    if (grain === this.#grain && last >= this.#head) {
      this.#times[last] = now_ms;
      this.#amounts[last]! += amount;
      return this.#cut + last;
    }
    this.#grain = grain;
    this.#times.push(now_ms);
    this.#amounts.push(amount);
    return this.#cut + last + 1;
  }

  /** Takes back a part of what was counted under a ticket; nothing when that is no longer in the span. */
  giveBack(now_ms: number, ticket: number, amount: number): void {
    this.#expire(now_ms);
    const index = ticket - this.#cut;
    if (index < this.#head) return;
    this.#amounts[index]! -= amount;
    this.#sum -= amount;
  }

  /** Milliseconds until `amount` fits under `limit`; 0 when it does now, undefined when it never will. */
  wait(now_ms: number, amount: number, limit: number): number | undefined {
    if (amount > limit) return undefined;
    let excess = this.sum(now_ms) + amount - limit;
    if (excess <= 0) return 0;
    for (let index = this.#head; index < this.#times.length; index++) {
      excess -= this.#amounts[index]!;
      if (excess <= 0) return this.#times[index]! + this.#span_ms - now_ms;
    }
    return undefined;
  }

  #expire(now_ms: number): void {
    const { length } = this.#times;
    while (this.#head < length && this.#times[this.#head]! + this.#span_ms <= now_ms) {
      this.#sum -= this.#amounts[this.#head]!;
      this.#head++;
    }
    const dead = this.#head;
    if (dead === 0 || (dead < length && (dead < SLACK || dead * 2 < length))) return;
    this.#times.splice(0, dead);
    this.#amounts.splice(0, dead);
    this.#cut += dead;
    this.#head = 0;
  }
}
