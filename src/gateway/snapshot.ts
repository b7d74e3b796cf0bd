import type { Vault } from '../accounts/index.ts';
import type { Clock } from '../base/clock.ts';
import { AppError, toAppError } from '../base/errors.ts';
import { FxTable, type Price, PriceBook } from '../billing/index.ts';
import type { AliasConfig, Config, ProviderConfig } from '../config.ts';
import { connectProvider, discoverFromEnvironment, type Provider } from '../providers/index.ts';
import type { Store } from '../store/index.ts';
import { type CatalogueSource, createCatalogue, type ModelFacts, type Problem } from './catalogue.ts';
import type { Snapshot } from './dependencies.ts';

export interface ConnectedProvider {
  provider: Provider;
  config: ProviderConfig;
  /** Where it comes from: tokenworks.yaml, an environment variable, loopback, or the API. */
  origin: 'file' | 'environment' | 'loopback' | 'api';
}

export interface SnapshotSource {
  config: Config;
  store: Store;
  vault: Vault;
  clock: Clock;
  /** Providers that answered on loopback at start. */
  loopback: readonly ProviderConfig[];
  reflexModels: () => readonly string[];
}

export interface Loaded extends Snapshot {
  connected: readonly ConnectedProvider[];
  /** Stored providers and aliases that can not be used, and why; the others are served. */
  problems: readonly Problem[];
}

/** Reads prices, rates, providers, aliases, spending and credit, and puts together what the gateway looks up on every call. */
export async function loadSnapshot(source: SnapshotSource): Promise<Loaded> {
  const { store, config } = source;
  const [prices, rates, spends, balances, stored, aliases] = await Promise.all([
    store.prices.list(),
    store.fxRates.list(),
    store.budgets.spends(),
    store.wallets.balances(),
    store.providers.list(),
    store.aliases.list(),
  ]);
  const book = new PriceBook(prices);
  const problems: Problem[] = [];
  const connected = connectAll(source, stored, problems);
  const now_ms = source.clock.now();
  const spentIn = new Map(spends.map((row) => [`${row.budget}\n${row.window}`, row.spent_pico]));
  const wallets = new Map(balances.map((row) => [row.wallet, row]));
  const catalogue = createCatalogue({
    providers: connected.map(({ provider, config: entry }) => modelsOf(provider, entry, book, now_ms)),
    aliases: config.models,
    storedAliases: aliases.map((row) => row.config as unknown as AliasConfig),
    reflex: source.reflexModels,
  });
  problems.push(...catalogue.problems);
  return {
    book,
    fx: new FxTable(rates),
    catalogue,
    connected,
    problems,
    spent: (budget, window) => spentIn.get(`${budget}\n${window}`) ?? wallets.get(budget)?.spent_pico ?? 0n,
    credited: (wallet) => wallets.get(wallet)?.credited_pico ?? 0n,
  };
}

/** What was already wrong stays wrong; a change that makes something wrong is refused. */
export function refuseNewProblems(next: Loaded, before: Loaded): void {
  const fresh = next.problems.find((problem) => !before.problems.some((known) => known.subject === problem.subject));
  if (fresh) throw fresh.error;
}

function connectAll(
  source: SnapshotSource,
  stored: Awaited<ReturnType<Store['providers']['list']>>,
  problems: Problem[],
): ConnectedProvider[] {
  const { config, vault, clock } = source;
  const connected = new Map<string, ConnectedProvider>();
  const add = (entry: ProviderConfig, origin: ConnectedProvider['origin']): void => {
    if (connected.has(entry.name)) {
      if (origin === 'file')
        throw new AppError('invalid_request', `The provider "${entry.name}" is defined twice.`, { param: 'providers' });
      return;
    }
    connected.set(entry.name, {
      provider: connectProvider(entry as Parameters<typeof connectProvider>[0], { clock }),
      config: entry,
      origin,
    });
  };
  for (const entry of config.providers) add(entry, 'file');
  for (const row of stored) {
    // One that can't be opened any more (another key file, an older form) must not keep the others from being served.
    try {
      const secrets = row.sealed
        ? (JSON.parse(vault.open(row.sealed, `provider:${row.name}`)) as Record<string, unknown>)
        : {};
      add({ ...row.config, ...secrets, name: row.name } as ProviderConfig, 'api');
    } catch (error) {
      problems.push({ subject: `provider ${row.name}`, error: toAppError(error) });
    }
  }
  for (const entry of discoverFromEnvironment(config.env)) add(entry as ProviderConfig, 'environment');
  for (const entry of source.loopback) add(entry, 'loopback');
  return [...connected.values()];
}

function modelsOf(
  provider: Provider,
  entry: ProviderConfig,
  book: PriceBook,
  now_ms: number,
): CatalogueSource['providers'][number] {
  const priced = new Map<string, Price>();
  for (const price of book.all()) {
    const own = price.provider === provider.name || price.provider === provider.priceProvider;
    if (own && price.book === 'cost' && price.model !== '*' && inForce(price, now_ms)) priced.set(price.model, price);
  }
  const factsOf = (id: string): ModelFacts => {
    const body = priced.get(id)?.body;
    return body
      ? {
          contextWindow: body.context_window,
          maxOutput: body.max_output,
          embeddings: body.mode === 'embedding' || undefined,
        }
      : {};
  };
  return {
    provider,
    models: entry.models?.map((model) => ({
      id: model.id,
      name: model.name,
      facts: {
        ...factsOf(model.id),
        ...defined({ contextWindow: model.context_window, maxOutput: model.max_output, embeddings: model.embeddings }),
      },
    })),
    known: [...priced.values()]
      .filter((price) => price.body.mode === 'chat' || price.body.mode === 'embedding')
      .map((price) => ({ id: price.model, facts: factsOf(price.model) })),
  };
}

function inForce(price: Price, now_ms: number): boolean {
  return price.effectiveFrom_ms <= now_ms && (price.effectiveTo_ms === undefined || now_ms < price.effectiveTo_ms);
}

function defined(facts: ModelFacts): ModelFacts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
