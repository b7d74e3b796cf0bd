import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';

export const SESSION_COOKIE = 'tw_session';
export const SESSION_MS = 12 * 3600 * 1000;
/** Sessions kept; past this many the oldest end. */
const MAX_SESSIONS = 1000;

/** Sign-ins of the console. They live in this process's memory: a restart ends them. */
export class Sessions {
  readonly #clock: Clock;
  /** Hash of the cookie → when it ends, so that a look at the memory shows no cookie. */
  readonly #ends = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new session's id, to be sent as a cookie. */
  open(): { id: string; expiresAt_ms: number } {
    const now_ms = this.#clock.now();
    for (const [key, end_ms] of this.#ends) if (end_ms <= now_ms) this.#ends.delete(key);
    if (this.#ends.size >= MAX_SESSIONS) this.#ends.delete(this.#ends.keys().next().value!);
    const id = randomBytes(32).toString('base64url');
    const expiresAt_ms = now_ms + SESSION_MS;
    this.#ends.set(hashOf(id), expiresAt_ms);
    return { id, expiresAt_ms };
  }

  /** When the session ends; undefined when there is none. */
  expiry(id: string | undefined): number | undefined {
    if (!id) return undefined;
    const key = hashOf(id);
    const end_ms = this.#ends.get(key);
    if (end_ms === undefined) return undefined;
    if (end_ms > this.#clock.now()) return end_ms;
    this.#ends.delete(key);
    return undefined;
  }

  close(id: string | undefined): void {
    if (id) this.#ends.delete(hashOf(id));
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}
