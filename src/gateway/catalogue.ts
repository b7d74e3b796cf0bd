import { DEFAULT_PRECISION } from '../base/cascade-fields.ts';
import { AppError, toAppError } from '../base/errors.ts';
import type { AliasConfig } from '../config.ts';
import type { Provider } from '../providers/index.ts';

/** What is known of a model beside its price. */
export interface ModelFacts {
  contextWindow?: number;
  maxOutput?: number;
  embeddings?: boolean;
}

/** A model at a provider: what a call is sent to. `provider` is absent for the built-in model, which runs in process. */
export interface Deployment {
  /** `provider/model`, as callers write it. */
  id: string;
  providerName: string;
  provider?: Provider;
  /** The provider's own id. */
  model: string;
  facts: ModelFacts;
}

export type Strategy = AliasConfig['strategy'];

/** Where a model name leads. */
export interface Route {
  name: string;
  strategy: Strategy;
  targets: readonly { deployment: Deployment; weight: number }[];
  /** Further tries at the same target. */
  retries: number;
  timeout_ms?: number;
  /** Asked before the targets. */
  cascade?: Cascade;
}

/** A Reflex model that answers what it is sure of. */
export interface Cascade {
  /** The name that the caller's project gave it, without `reflex/`: Reflex models are a project's own. */
  reflex: string;
  /** Wanted share of right answers among those that it gives; not used where there is a threshold. */
  precision: number;
  /** Least confidence. */
  threshold?: number;
  /** Absent: nothing is kept to learn from. */
  examplesPerDay?: number;
}

export interface CatalogueSource {
  providers: readonly {
    provider: Provider;
    /** Named in the configuration: only these are served. Absent: whatever the provider has. */
    models?: readonly { id: string; name?: string; facts: ModelFacts }[];
    /** Known from the price book or the provider's own list: shown, and found by their bare id. */
    known: readonly { id: string; facts: ModelFacts }[];
  }[];
  /** Of tokenworks.yaml: a wrong one is an error. */
  aliases: readonly AliasConfig[];
  /** Made through the API: one whose target has gone is left out and named in `problems`. */
  storedAliases?: readonly AliasConfig[];
  /** Names of the built-in model's models. */
  reflex: () => readonly string[];
}

export interface ListedModel {
  id: string;
  owner: string;
  kind: 'model' | 'alias' | 'reflex';
  facts: ModelFacts;
}

/** Something stored that can not be used, and why. */
export interface Problem {
  subject: string;
  error: AppError;
}

/** Which names can be called and what each leads to. Immutable but for the list of Reflex models; made anew when something changes. */
export interface Catalogue {
  /** Throws AppError `model_not_found`, naming near or ambiguous names. */
  resolve(name: string): Route;
  list(): ListedModel[];
  deployments(): readonly Deployment[];
  cascades(): readonly (Route & { cascade: Cascade })[];
  /** Names of the first few models that are not built in. */
  readonly largeModels: readonly string[];
  /** Stored aliases that lead nowhere, and why. */
  readonly problems: readonly Problem[];
}

const REFLEX = 'reflex';
/** What an open-ended provider may be asked for: no control character, no half of a pair, no lone space at an end. */
const OPEN_NAME = /^[^\p{C}\p{Z}](?:[^\p{C}]{0,254}[^\p{C}\p{Z}])?$/u;
/** Names of open-ended providers are remembered up to this many. */
const RESOLVED_KEPT = 5000;

export function createCatalogue(source: CatalogueSource): Catalogue {
  const byId = new Map<string, Deployment>();
  const byBareId = new Map<string, Deployment[]>();
  const openProviders = new Map<string, Provider>();
  const routes = new Map<string, Route>();
  const resolved = new Map<string, Route>();

  for (const { provider, models, known } of source.providers) {
    if (!models) openProviders.set(provider.name, provider);
    for (const model of (models ?? known) as { id: string; name?: string; facts: ModelFacts }[]) {
      const name = model.name ?? model.id;
      add(
        { id: `${provider.name}/${name}`, providerName: provider.name, provider, model: model.id, facts: model.facts },
        name,
      );
    }
  }
  const problems: Problem[] = [];
  // A cascade may lead to an alias, wherever that stands.
  const inOrder = (aliases: readonly AliasConfig[]) => [
    ...aliases.filter((alias) => !alias.cascade),
    ...aliases.filter((alias) => alias.cascade),
  ];
  for (const alias of inOrder(source.aliases)) addAlias(alias);
  for (const alias of inOrder(source.storedAliases ?? [])) {
    try {
      addAlias(alias);
    } catch (error) {
      problems.push({ subject: `alias ${alias.name}`, error: toAppError(error) });
    }
  }

  function addAlias(alias: AliasConfig): void {
    if (routes.has(alias.name)) {
      throw new AppError('invalid_request', `The model name "${alias.name}" is defined twice.`, { param: 'models' });
    }
    const { retries, timeout_ms } = alias;
    routes.set(
      alias.name,
      alias.cascade
        ? cascadeRoute(alias, alias.cascade)
        : { name: alias.name, retries, timeout_ms, ...targetsOf(alias) },
    );
  }

  function targetsOf(alias: AliasConfig): Pick<Route, 'strategy' | 'targets'> {
    return {
      strategy: alias.strategy,
      targets: (alias.targets ?? []).map((target) => {
        const model = typeof target === 'string' ? target : target.model;
        return { deployment: find(model), weight: typeof target === 'string' ? 1 : target.weight };
      }),
    };
  }

  /** The large model's own alias decides how it is called, unless the cascade says more. */
  function cascadeRoute(alias: AliasConfig, [reflex, large]: readonly [string, string]): Route {
    const known = routes.get(large);
    if (known?.cascade) {
      throw new AppError(
        'invalid_request',
        `The cascade "${alias.name}" leads to "${large}", which is a cascade itself; name the large model.`,
        { param: 'cascade' },
      );
    }
    return {
      name: alias.name,
      strategy: known?.strategy ?? 'priority',
      targets: known?.targets ?? [{ deployment: find(large), weight: 1 }],
      retries: Math.max(alias.retries, known?.retries ?? 0),
      timeout_ms: alias.timeout_ms ?? known?.timeout_ms,
      cascade: {
        reflex: reflex.slice(REFLEX.length + 1),
        precision: alias.precision ?? DEFAULT_PRECISION,
        threshold: alias.threshold,
        examplesPerDay: alias.distill?.examples_per_day,
      },
    };
  }

  function add(deployment: Deployment, bareId: string): void {
    byId.set(deployment.id, deployment);
    const same = byBareId.get(bareId);
    if (same) same.push(deployment);
    else byBareId.set(bareId, [deployment]);
  }

  function find(name: string): Deployment {
    const known = byId.get(name);
    if (known) return known;
    const slash = name.indexOf('/');
    if (slash > 0) {
      const providerName = name.slice(0, slash);
      const model = name.slice(slash + 1);
      if (providerName === REFLEX && source.reflex().includes(model))
        return { id: name, providerName: REFLEX, model, facts: {} };
      const provider = openProviders.get(providerName);
      if (provider && OPEN_NAME.test(model)) return { id: name, providerName, provider, model, facts: {} };
    }
    const bare = byBareId.get(name) ?? [];
    if (bare.length === 1) return bare[0]!;
    if (bare.length > 1) {
      throw new AppError(
        'model_not_found',
        `The model "${name}" is served by several providers: ask for ${bare.map((item) => item.id).join(' or ')}.`,
        { param: 'model' },
      );
    }
    throw new AppError(
      'model_not_found',
      `The model "${shown(name)}" is not served here; GET /v1/models lists what is.`,
      { param: 'model' },
    );
  }

  return {
    resolve(name) {
      const alias = routes.get(name) ?? resolved.get(name);
      if (alias) return alias;
      const deployment = find(name);
      const route: Route = { name, strategy: 'priority', targets: [{ deployment, weight: 1 }], retries: 0 };
      // Reflex models come and go, so their names are not remembered.
      if (deployment.provider) {
        if (resolved.size >= RESOLVED_KEPT) resolved.clear();
        resolved.set(name, route);
      }
      return route;
    },
    list() {
      return [
        ...source
          .reflex()
          .map((name): ListedModel => ({ id: `${REFLEX}/${name}`, owner: 'tokenworks', kind: 'reflex', facts: {} })),
        ...[...routes.values()].map(
          (route): ListedModel => ({
            id: route.name,
            owner: 'tokenworks',
            kind: 'alias',
            facts: route.targets[0]!.deployment.facts,
          }),
        ),
        ...[...byId.values()].map(
          (deployment): ListedModel => ({
            id: deployment.id,
            owner: deployment.providerName,
            kind: 'model',
            facts: deployment.facts,
          }),
        ),
      ];
    },
    deployments: () => [...byId.values()],
    cascades: () =>
      [...routes.values()].filter((route) => route.cascade !== undefined) as (Route & { cascade: Cascade })[],
    problems,
    largeModels: [...routes.keys(), ...byId.keys()].slice(0, 3),
  };
}

/** A name from outside, safe to repeat in a message. */
function shown(name: string): string {
  return name.replace(/[^\p{L}\p{N}._:/@-]/gu, '?').slice(0, 100);
}
