import { createHash } from 'node:crypto';
import type { Vault } from '../accounts/index.ts';
import { AppError } from '../base/errors.ts';
import { within } from '../base/within.ts';
import type { Store, StoredReply } from '../store/index.ts';

const KEPT_MS = 24 * 3600 * 1000;
/** A larger reply is not kept; its operation frees the key. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
const MAX_KEY_LENGTH = 255;
const STORE_WAIT_MS = 5000;
const STORE_SILENT =
  'Whether this idempotency-key was used before can not be told just now, since the database does not answer; try again.';
/** Replies in memory; past it those that the store has are left to it. */
const MAX_HELD_CHARACTERS = 64 * 1024 * 1024;

export interface KeptReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A call's right to its idempotency key, until it keeps a reply or frees the key. */
export interface Claim {
  /** The reply as the journal keeps it with `settled`; undefined when it is too large. */
  seal(operation: string, reply: KeptReply): StoredReply | undefined;
  /** Gives the reply to whoever asks again; only once the journal has it, or it would be acknowledged and may be lost. */
  keep(reply: StoredReply): void;
  free(): void;
}

interface Entry {
  bodyHash: string;
  /** Undefined while the call is in flight. */
  stored?: StoredReply;
}

/** Idempotency keys, scoped to API key and path. Replies are sealed and live 24 h. */
export class Idempotency {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  /** Characters of sealed replies in memory, counted anew at each trim. */
  #size = 0;
  #trimming = false;

  constructor(store: Store, vault: Vault, now: () => number) {
    this.#store = store;
    this.#vault = vault;
    this.#now = now;
  }

  /** A stored reply, or the right to make one. Throws AppError `conflict` while another call has it, or for another body. */
  async claim(apiKey: string, path: string, key: string, body: Uint8Array): Promise<KeptReply | Claim> {
    if (key.length > MAX_KEY_LENGTH)
      throw new AppError('invalid_request', `idempotency-key may have ${MAX_KEY_LENGTH} characters at most.`);
    const scope = `${apiKey}\n${path}\n${key}`;
    const bodyHash = createHash('sha256').update(body).digest('hex');
    let entry = this.#entries.get(scope);
    if (!entry) {
      // Taken before the look-up, so that a second call can't slip in while it runs.
      const mine: Entry = { bodyHash };
      this.#entries.set(scope, mine);
      try {
        const stored = await within(STORE_WAIT_MS, this.#store.replies.get(apiKey, path, key), STORE_SILENT);
        if (!stored || stored.expiresAt_ms <= this.#now()) return this.#claimOf(scope, mine, apiKey, path, key);
        entry = { bodyHash: stored.bodyHash, stored };
        this.#entries.set(scope, entry);
        this.#size += stored.sealed.length;
      } catch (error) {
        this.#entries.delete(scope);
        throw error;
      }
    }
    if (entry.bodyHash !== bodyHash)
      throw new AppError('conflict', 'This idempotency-key was used with another body; use a new key for a new call.');
    if (!entry.stored)
      throw new AppError('conflict', 'A call with this idempotency-key is in flight; wait for it to end.', {
        retryAfter_s: 1,
      });
    if (entry.stored.expiresAt_ms <= this.#now()) {
      const mine: Entry = { bodyHash };
      this.#entries.set(scope, mine);
      return this.#claimOf(scope, mine, apiKey, path, key);
    }
    return JSON.parse(this.#vault.open(entry.stored.sealed, scope)) as KeptReply;
  }

  /** Forgets replies that have expired. */
  sweep(): void {
    for (const [scope, entry] of this.#entries)
      if (entry.stored && entry.stored.expiresAt_ms <= this.#now()) this.#entries.delete(scope);
  }

  /** Lets go of the oldest replies that the store has by now; the others are nowhere else but in the journal. */
  async #trim(): Promise<void> {
    if (this.#trimming) return;
    this.#trimming = true;
    try {
      let size = 0;
      for (const { stored } of this.#entries.values()) size += stored?.sealed.length ?? 0;
      for (const [scope, { stored }] of this.#entries) {
        if (size <= MAX_HELD_CHARACTERS / 2) break;
        if (!stored || !(await this.#store.replies.get(stored.key, stored.path, stored.idempotencyKey))) continue;
        if (this.#entries.get(scope)?.stored !== stored) continue;
        this.#entries.delete(scope);
        size -= stored.sealed.length;
      }
      this.#size = size;
    } catch {
      // The store does not answer just now: the next reply that is kept tries again.
    } finally {
      this.#trimming = false;
    }
  }

  #claimOf(scope: string, entry: Entry, apiKey: string, path: string, key: string): Claim {
    return {
      seal: (operation, reply) => {
        if (Buffer.byteLength(reply.body) > MAX_REPLY_BYTES) return undefined;
        return {
          key: apiKey,
          path,
          idempotencyKey: key,
          bodyHash: entry.bodyHash,
          operation,
          status: reply.status,
          sealed: this.#vault.seal(JSON.stringify(reply), scope),
          expiresAt_ms: this.#now() + KEPT_MS,
        };
      },
      keep: (reply) => {
        entry.stored = reply;
        this.#size += reply.sealed.length;
        if (this.#size > MAX_HELD_CHARACTERS) void this.#trim();
      },
      free: () => {
        if (!entry.stored) this.#entries.delete(scope);
      },
    };
  }
}
