import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { within } from '../base/within.ts';
import type { ApiKey, Budget, CapturePolicy, Organisation, Project, Wallet } from '../contract/records.ts';
import type { Store } from '../store/index.ts';
import type { Vault } from './vault.ts';

/** Who calls, and what stands above the call: all that admission needs, put together once and not per call. */
export interface Principal {
  key: ApiKey;
  project: Project;
  organisation: Organisation;
  capture: CapturePolicy;
  /** Budgets of the key, its project and its organisation. */
  budgets: readonly Budget[];
  wallets: readonly Wallet[];
  /** Whether the key may call a model of this name; memoised. */
  allows(model: string): boolean;
}

export interface Directory {
  /** The principal of a secret; a miss reads through to the store before it is refused. Throws AppError `invalid_key`. */
  authenticate(secret: string | undefined): Principal | Promise<Principal>;
  principalOf(keyId: string): Principal | undefined;
  organisations(): readonly Organisation[];
  organisation(id: string): Organisation | undefined;
  project(id: string): Project | undefined;
  budgets(): readonly Budget[];
  wallets(): readonly Wallet[];
  /** Budgets of agents by agent name. */
  agentBudgets(agent: string): readonly Budget[];
  /** Reads everything anew. */
  refresh(): Promise<void>;
}

const STORE_WAIT_MS = 5000;
const STORE_SILENT = 'This API key can not be checked just now, since the database does not answer; try again.';
const MISSES_KEPT = 10_000;
/** Secrets whose fingerprint is remembered; longer ones are no key of ours. */
const FINGERPRINTS_KEPT = 10_000;
const FINGERPRINTED_CHARS = 256;
/** How long an unknown key is refused without asking the store again. */
const MISS_MS = 2000;

interface Snapshot {
  organisations: Map<string, Organisation>;
  projects: Map<string, Project>;
  byHash: Map<string, Principal>;
  byId: Map<string, Principal>;
  budgets: Budget[];
  wallets: Wallet[];
}

/** The admin key, which is in no table. */
export interface AdminKey {
  fingerprint: string;
  principal(directory: Directory): Principal;
}

export async function openDirectory(store: Store, vault: Vault, clock: Clock, adminKey?: AdminKey): Promise<Directory> {
  let snapshot = await read();
  const misses = new Map<string, number>();
  const fingerprints = new Map<string, string>();

  async function read(): Promise<Snapshot> {
    const [organisations, projects, keys, budgets, wallets] = await Promise.all([
      store.organisations.list(),
      store.projects.list(),
      store.keys.active(clock.now()),
      store.budgets.list(),
      store.wallets.list(),
    ]);
    const next: Snapshot = {
      organisations: new Map(organisations.map((row) => [row.id, row])),
      projects: new Map(projects.map((row) => [row.id, row])),
      byHash: new Map(),
      byId: new Map(),
      budgets,
      wallets,
    };
    for (const key of keys) {
      const principal = principalFor(key, next);
      if (!principal) continue;
      next.byHash.set(key.hash, principal);
      next.byId.set(key.id, principal);
    }
    return next;
  }

  function usable(principal: Principal): Principal {
    if (principal.key.expiresAt_ms !== undefined && principal.key.expiresAt_ms <= clock.now()) {
      throw new AppError('invalid_key', 'This API key has expired; ask for a new one.');
    }
    return principal;
  }

  async function readThrough(hash: string): Promise<Principal> {
    const key = await within(STORE_WAIT_MS, store.keys.byHash(hash), STORE_SILENT);
    if (!key || key.revokedAt_ms !== undefined) {
      if (misses.size >= MISSES_KEPT) misses.clear();
      misses.set(hash, clock.now() + MISS_MS);
      throw invalidKey();
    }
    snapshot = await read();
    const principal = snapshot.byHash.get(hash);
    if (!principal) throw new AppError('invalid_key', 'This API key has expired; ask for a new one.');
    return usable(principal);
  }

  /** Kept for those who call again: two hashes a call are three microseconds. */
  function fingerprint(secret: string): string {
    let known = fingerprints.get(secret);
    if (known === undefined) {
      known = vault.fingerprint(secret);
      if (secret.length > FINGERPRINTED_CHARS) return known;
      if (fingerprints.size >= FINGERPRINTS_KEPT) fingerprints.clear();
      fingerprints.set(secret, known);
    }
    return known;
  }

  const directory: Directory = {
    authenticate(secret) {
      if (!secret)
        throw new AppError(
          'invalid_key',
          'No API key was sent: use "Authorization: Bearer tw-…" or "x-api-key: tw-…".',
        );
      const hash = fingerprint(secret);
      if (hash === adminKey?.fingerprint) return adminKey.principal(directory);
      const principal = snapshot.byHash.get(hash);
      if (principal) return usable(principal);
      const refusedUntil = misses.get(hash);
      if (refusedUntil !== undefined && refusedUntil > clock.now()) throw invalidKey();
      return readThrough(hash);
    },
    principalOf: (keyId) => snapshot.byId.get(keyId),
    organisations: () => [...snapshot.organisations.values()],
    organisation: (id) => snapshot.organisations.get(id),
    project: (id) => snapshot.projects.get(id),
    budgets: () => snapshot.budgets,
    wallets: () => snapshot.wallets,
    agentBudgets: (agent) => snapshot.budgets.filter((budget) => budget.scope === 'agent' && budget.scopeId === agent),
    async refresh() {
      snapshot = await read();
      misses.clear();
    },
  };
  return directory;
}

function invalidKey(): AppError {
  return new AppError('invalid_key', 'This API key is not known here; it may have been revoked or mistyped.');
}

function principalFor(key: ApiKey, snapshot: Snapshot): Principal | undefined {
  const project = snapshot.projects.get(key.project);
  const organisation = snapshot.organisations.get(key.organisation);
  if (!project || !organisation) return undefined;
  const above = (scope: string, id: string) =>
    (scope === 'key' && id === key.id) ||
    (scope === 'project' && id === project.id) ||
    (scope === 'organisation' && id === organisation.id);
  const allowed = new Map<string, boolean>();
  return {
    key,
    project,
    organisation,
    capture: key.capture ?? project.capture ?? organisation.capture,
    budgets: snapshot.budgets.filter((budget) => above(budget.scope, budget.scopeId)),
    wallets: snapshot.wallets.filter((wallet) => above(wallet.scope, wallet.scopeId)),
    allows(model) {
      if (!key.models) return true;
      let answer = allowed.get(model);
      if (answer === undefined) {
        answer = key.models.some((pattern) => matches(pattern, model));
        if (allowed.size > 1000) allowed.clear();
        allowed.set(model, answer);
      }
      return answer;
    },
  };
}

/** `*` stands for any run of characters. */
function matches(pattern: string, model: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === model;
  if (!model.startsWith(parts[0]!) || !model.endsWith(parts.at(-1)!)) return false;
  let at = parts[0]!.length;
  for (const part of parts.slice(1, -1)) {
    const found = model.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= model.length - parts.at(-1)!.length;
}
