import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';

const LIFE_MS = 10 * 60_000;
const MAX_OPEN = 100;

/** Tokens of links that sign in once, within ten minutes. Kept in memory only: a restart ends them all. */
export class OneTimeTokens {
  readonly #clock: Clock;
  readonly #ends_ms = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  make(): string {
    const now_ms = this.#clock.now();
    for (const [token, end_ms] of this.#ends_ms)
      if (end_ms <= now_ms || this.#ends_ms.size >= MAX_OPEN) this.#ends_ms.delete(token);
    const token = randomBytes(24).toString('base64url');
    this.#ends_ms.set(token, now_ms + LIFE_MS);
    return token;
  }

  /** True once for each token. */
  take(token: string): boolean {
    const end_ms = this.#ends_ms.get(token);
    this.#ends_ms.delete(token);
    return end_ms !== undefined && end_ms > this.#clock.now();
  }
}
