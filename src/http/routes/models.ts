/** The models that may be called: as OpenAI's and Anthropic's clients list them, and with all that is known of them. */
import { z } from 'zod';
import type { Principal } from '../../accounts/index.ts';
import { AppError } from '../../base/errors.ts';
import type { Price } from '../../billing/index.ts';
import {
  catalogueName,
  IdParams,
  ModelQuery,
  ModelView,
  pageOf,
  REFLEX_BUILTIN,
  reflexOwner,
} from '../../contract/control/index.ts';
import type { Deployment, ListedModel } from '../../gateway/catalogue.ts';
import { renderCountTokens } from '../../providers/protocols/anthropic-messages/index.ts';
import { countTokensOf, openCounter } from '../count-tokens.ts';
import { isAnthropicClient } from '../middleware/errors.ts';
import type { Services } from '../services.ts';
import { cascadeState, isCascade } from './cascade-state.ts';
import { KEY_BODY_BYTES, type Routes } from './define.ts';
import { paged } from './paging.ts';
import { defined } from './wire.ts';

const TAG = 'Models';
const REFLEX_PREFIX = 'reflex/';

const OpenAiModel = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.number(),
    owned_by: z.string(),
    context_window: z.number().optional(),
    max_output: z.number().optional(),
  })
  .meta({ id: 'OpenAIModel' });
const OpenAiModels = z.object({ object: z.literal('list'), data: z.array(OpenAiModel) }).meta({ id: 'OpenAIModels' });

/** Anthropic's paging; OpenAI's clients send none. */
const ListQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a number from 1 to 1000')
    .optional(),
  after_id: z.string().max(300).optional(),
  before_id: z.string().max(300).optional(),
});

export function modelRoutes(routes: Routes, services: Services): void {
  const countApart = openCounter();
  for (const path of ['/v1/models', '/api/v3/models']) {
    routes.key(
      {
        method: 'get',
        path,
        tag: TAG,
        summary: 'List the models that the key may call',
        description: "In OpenAI's shape; in Anthropic's where the request bears `anthropic-version`.",
        query: ListQuery,
        response: OpenAiModels,
      },
      ({ context, principal, query }) => {
        const models = callable(services, principal);
        if (isAnthropicClient(context.req.raw.headers)) return context.json(anthropicList(services, models, query));
        return { object: 'list' as const, data: models.map((model) => openAiModel(services, model)) };
      },
    );
    routes.key(
      {
        method: 'get',
        path: `${path}/{id}`,
        pattern: `${path}/:id{.+}`,
        tag: TAG,
        summary: 'Read a model',
        params: IdParams,
        response: OpenAiModel,
        errors: ['model_not_found'],
      },
      ({ context, params, principal }) => {
        const model =
          callable(services, principal).find(({ id }) => id === params.id) ?? openEnded(services, principal, params.id);
        if (isAnthropicClient(context.req.raw.headers)) return context.json(anthropicModel(services, model));
        return openAiModel(services, model);
      },
    );
  }

  routes.key(
    {
      method: 'post',
      path: '/v1/messages/count_tokens',
      tag: TAG,
      summary: 'Estimate the input tokens of a message (Anthropic)',
      description: 'Counted here; the header x-tokenworks-estimated names the tokenizer.',
      body: z.record(z.string(), z.unknown()),
      isRaw: true,
      maxBodyBytes: Math.floor(services.config.server.max_body_mb * 1024 * 1024),
      response: z.object({ input_tokens: z.number() }),
      errors: ['model_not_found', 'not_allowed'],
    },
    async ({ context, raw, principal }) => {
      const counted = await (raw.length <= KEY_BODY_BYTES ? countTokensOf(raw) : countApart(raw));
      if (!principal.allows(counted.model))
        throw new AppError('not_allowed', 'This API key may not call that model.', { param: 'model' });
      const name = catalogueName(principal.key.project, counted.model);
      if (name === undefined) throw unknownModel(counted.model);
      services.snapshot().catalogue.resolve(name);
      context.header('x-tokenworks-estimated', counted.tokenizer);
      return context.json(renderCountTokens(counted.tokens));
    },
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/models',
      tag: TAG,
      summary: 'List all models with what is known of them',
      query: ModelQuery,
      response: pageOf(ModelView),
    },
    ({ query }) => {
      const wanted = query.q?.toLowerCase();
      const rows = services
        .snapshot()
        .catalogue.list()
        .filter((model) => query.kind === undefined || model.kind === query.kind)
        .filter((model) => query.provider === undefined || model.owner === query.provider)
        .filter((model) => wanted === undefined || model.id.toLowerCase().includes(wanted));
      const page = paged(rows, query, (model) => model.id);
      const facts = factsFor(services);
      return { ...page, data: page.data.map(facts) };
    },
  );
}

// ---------------------------------------------------------------- what a key may call

/** The models of the catalogue that the key may call, by a name that it may use. */
function callable(services: Services, principal: Principal): ListedModel[] {
  const models: ListedModel[] = [];
  for (const model of services.snapshot().catalogue.list()) {
    const shown = model.kind === 'reflex' ? ownReflex(model, principal) : model;
    const name = shown && nameFor(shown, principal);
    if (shown && name !== undefined) models.push({ ...shown, id: name });
  }
  return models;
}

/** A project's own Reflex models, under the names that it gave them. */
function ownReflex(model: ListedModel, principal: Principal): ListedModel | undefined {
  const registryName = model.id.slice(REFLEX_PREFIX.length);
  if (registryName === REFLEX_BUILTIN) return model;
  const { project, name } = reflexOwner(registryName);
  return project === principal.key.project ? { ...model, id: `${REFLEX_PREFIX}${name}` } : undefined;
}

/** A key may be limited to bare ids (`gpt-x`), which the catalogue lists as `provider/gpt-x`. */
function nameFor(model: ListedModel, principal: Principal): string | undefined {
  if (principal.allows(model.id)) return model.id;
  if (model.kind !== 'model') return undefined;
  const bare = model.id.slice(model.owner.length + 1);
  return principal.allows(bare) ? bare : undefined;
}

function unknownModel(id: string): AppError {
  return new AppError(
    'model_not_found',
    `There is no model ${id.replace(/[^\p{L}\p{N}._:/@-]/gu, '?').slice(0, 100)}.`,
    {
      param: 'model',
    },
  );
}

/** Models that a provider may have though nobody listed them. Throws AppError `model_not_found`. */
function openEnded(services: Services, principal: Principal, id: string): ListedModel {
  if (!principal.allows(id) || id.startsWith(REFLEX_PREFIX)) throw unknownModel(id);
  const { deployment } = services.snapshot().catalogue.resolve(id).targets[0]!;
  return { id, owner: deployment.providerName, kind: 'model', facts: deployment.facts };
}

function openAiModel(services: Services, model: ListedModel): z.input<typeof OpenAiModel> {
  return defined({
    id: model.id,
    object: 'model' as const,
    created: Math.floor(services.startedAt_ms / 1000),
    owned_by: model.owner,
    context_window: model.facts.contextWindow,
    max_output: model.facts.maxOutput,
  });
}

function anthropicModel(services: Services, model: ListedModel): Record<string, unknown> {
  return {
    type: 'model',
    id: model.id,
    display_name: model.id,
    created_at: new Date(Math.floor(services.startedAt_ms / 1000) * 1000).toISOString(),
    max_input_tokens: model.facts.contextWindow ?? null,
    max_tokens: model.facts.maxOutput ?? null,
    capabilities: null,
    lifecycle: 'active',
    deprecated_at: null,
    line: null,
  };
}

function anthropicList(
  services: Services,
  models: readonly ListedModel[],
  query: z.output<typeof ListQuery>,
): Record<string, unknown> {
  const limit = Math.min(1000, Math.max(1, Number(query.limit ?? 20)));
  const place = (id: string): number => {
    const at = models.findIndex((model) => model.id === id);
    if (at < 0)
      throw new AppError('invalid_request', 'after_id and before_id must be ids of the list.', { param: 'after_id' });
    return at;
  };
  const end = query.before_id === undefined ? models.length : place(query.before_id);
  // Before an id, the page is the one that ends there.
  const start =
    query.after_id !== undefined
      ? place(query.after_id) + 1
      : query.before_id !== undefined
        ? Math.max(0, end - limit)
        : 0;
  const data = models.slice(start, Math.min(end, start + limit));
  const backwards = query.before_id !== undefined && query.after_id === undefined;
  return {
    data: data.map((model) => anthropicModel(services, model)),
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: backwards ? start > 0 : start + data.length < end,
  };
}

// ---------------------------------------------------------------- what is known of a model

function factsFor(services: Services): (model: ListedModel) => ModelView {
  const { catalogue, book } = services.snapshot();
  const now_ms = services.clock.now();
  const health = new Map(services.health.list().map((row) => [row.deployment, row]));
  const deployments = new Map(catalogue.deployments().map((deployment) => [deployment.id, deployment]));
  return (model) => {
    const route = model.kind === 'alias' ? catalogue.resolve(model.id) : undefined;
    const deployment = deployments.get(model.id);
    const prices = deployment ? pricesOf(deployment) : undefined;
    const known = health.get(model.id);
    return defined({
      id: model.id,
      kind: model.kind,
      owner: model.owner,
      context_window: model.facts.contextWindow,
      max_output: model.facts.maxOutput,
      embeddings: model.facts.embeddings,
      targets: route?.targets.map((target) => ({ model: target.deployment.id, weight: target.weight })),
      strategy: route?.strategy,
      cascade: isCascade(route) ? defined(cascadeState(services, route)) : undefined,
      priced:
        model.kind === 'reflex' ||
        (route ? route.targets.every((target) => isPriced(target.deployment)) : prices?.cost != null),
      cost: prices?.cost ?? null,
      sell: prices?.sell ?? null,
      health: known
        ? defined({
            state: known.state,
            latency_ms: known.latency_ms,
            completed: known.completed,
            failed: known.failed,
          })
        : null,
    });
  };

  function pricesOf(deployment: Deployment): Pick<ModelView, 'cost' | 'sell'> {
    const names = priceNames(deployment);
    return {
      cost: priceView(book.find('cost', names, deployment.model, now_ms)),
      sell: priceView(book.find('sell', names, deployment.model, now_ms)),
    };
  }

  function isPriced(deployment: Deployment): boolean {
    return !deployment.provider || book.find('cost', priceNames(deployment), deployment.model, now_ms) !== undefined;
  }
}

/** The names under which a deployment's prices are looked up. */
export function priceNames(deployment: Deployment): string[] {
  const names = [deployment.providerName];
  if (deployment.provider?.priceProvider !== undefined) names.push(deployment.provider.priceProvider);
  return names;
}

function priceView(price: Price | undefined): ModelView['cost'] {
  return price ? { id: price.id, currency: price.currency, managed_by: price.managedBy, body: price.body } : null;
}
