import { createHash } from 'node:crypto';
import type { Vault } from '../accounts/index.ts';
import { AppError } from '../base/errors.ts';
import type { Store, StoredReply } from '../store/index.ts';

const KEPT_MS = 24 * 3600 * 1000;
/** A larger reply is not kept; its operation frees the key. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
const MAX_KEY_LENGTH = 255;

export interface KeptReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A call's right to its idempotency key, until it keeps a reply or frees the key. */
export interface Claim {
  /** The reply as the journal keeps it with `settled`; undefined when it is too large. */
  keep(operation: string, reply: KeptReply): StoredReply | undefined;
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
        const stored = await this.#store.replies.get(apiKey, path, key);
        if (!stored || stored.expiresAt_ms <= this.#now()) return this.#claimOf(scope, mine, apiKey, path, key);
        entry = { bodyHash: stored.bodyHash, stored };
        this.#entries.set(scope, entry);
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

  #claimOf(scope: string, entry: Entry, apiKey: string, path: string, key: string): Claim {
    return {
      keep: (operation, reply) => {
        if (Buffer.byteLength(reply.body) > MAX_REPLY_BYTES) {
          this.#entries.delete(scope);
          return undefined;
        }
        entry.stored = {
          key: apiKey,
          path,
          idempotencyKey: key,
          bodyHash: entry.bodyHash,
          operation,
          status: reply.status,
          sealed: this.#vault.seal(JSON.stringify(reply), scope),
          expiresAt_ms: this.#now() + KEPT_MS,
        };
        return entry.stored;
      },
      free: () => {
        if (!entry.stored) this.#entries.delete(scope);
      },
    };
  }
}
