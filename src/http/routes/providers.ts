/** Providers and aliases. What tokenworks.yaml or the environment owns is shown here and changed there. */
import type { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { type AliasConfig, aliasConfigSchema, providerConfigSchema } from '../../config.ts';
import {
  AliasName,
  AliasView,
  CreateAlias,
  CreateProvider,
  NameParams,
  PageQuery,
  ProviderTest,
  ProviderView,
  PutAlias,
  PutProvider,
  pageOf,
  Removed,
} from '../../contract/control/index.ts';
import type { AliasRecord, ProviderRecord } from '../../contract/records.ts';
import type { ConnectedProvider } from '../../gateway/snapshot.ts';
import { connectProvider, type HttpGet, listModels } from '../../providers/index.ts';
import type { Audit } from '../../store/index.ts';
import { parseWith } from '../middleware/body.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { paged } from './paging.ts';
import { defined, notFound } from './wire.ts';

const TAG = 'Providers';
const TEST_TIMEOUT_MS = 10_000;
const TEST_BYTES = 8 * 1024 * 1024;
/** First parts of model names that are not providers'. */
const RESERVED = ['reflex', 'agent'];
/** Fields that may hold a credential: sealed, never answered. */
const SECRET_FIELDS = [
  'api_key',
  'service_account',
  'access_key_id',
  'secret_access_key',
  'session_token',
  'headers',
] as const;

export function providerRoutes(routes: Routes, services: Services): void {
  const { store } = services;
  const path = '/admin/v1/providers';

  routes.admin(
    { method: 'get', path, tag: TAG, summary: 'List providers', query: PageQuery, response: pageOf(ProviderView) },
    ({ query }) => {
      const page = paged(services.snapshot().connected, query, (row) => row.config.name);
      return { ...page, data: page.data.map(providerView) };
    },
  );

  routes.admin(
    {
      method: 'get',
      path: `${path}/{name}`,
      tag: TAG,
      summary: 'Read a provider',
      params: NameParams,
      response: ProviderView,
    },
    ({ params }) => providerView(connected(services, params.name)),
  );

  routes.admin(
    {
      method: 'post',
      path,
      tag: TAG,
      summary: 'Add a provider',
      body: CreateProvider,
      status: 201,
      response: ProviderView,
      errors: ['conflict', 'managed_by_file'],
    },
    async ({ body, audit }) => {
      const { name, ...entry } = body;
      const known = services.snapshot().connected.find((row) => row.config.name === name);
      if (known?.origin === 'api')
        throw new AppError('conflict', `There is a provider "${name}" already; PUT changes it.`, { param: 'name' });
      await putProvider(services, name, entry, undefined, audit('provider.create', name, auditDetail(entry)));
      return providerView(connected(services, name));
    },
  );

  routes.admin(
    {
      method: 'put',
      path: `${path}/{name}`,
      tag: TAG,
      summary: 'Replace a provider',
      description: 'Secrets that are left out stay as they are stored.',
      params: NameParams,
      body: PutProvider,
      response: ProviderView,
      errors: ['managed_by_file', 'conflict'],
    },
    async ({ params, body, audit }) => {
      const { name } = parseWith(CreateProvider.pick({ name: true }), { name: params.name });
      const before = (await store.providers.list()).find((row) => row.name === name);
      await putProvider(services, name, body, before, audit('provider.update', name, auditDetail(body)));
      return providerView(connected(services, name));
    },
  );

  routes.admin(
    {
      method: 'delete',
      path: `${path}/{name}`,
      tag: TAG,
      summary: 'Remove a provider',
      params: NameParams,
      response: Removed,
      errors: ['managed_by_file', 'conflict'],
    },
    async ({ params, audit }) => {
      const { name } = params;
      const row = (await store.providers.list()).find((stored) => stored.name === name);
      if (!row) refuseOwned(services, name);
      if (!row) throw notFound('provider', name);
      const alias = await aliasOf(services, name);
      if (alias !== undefined)
        throw new AppError('conflict', `The alias "${alias}" leads to this provider; change it first.`);
      await store.providers.remove(name, audit('provider.delete', name));
      await refreshOr(services, () => store.providers.put(row, undoing(audit('provider.create', name))));
      return { id: name, deleted: true as const };
    },
  );

  routes.admin(
    {
      method: 'post',
      path: `${path}/{name}/test`,
      tag: TAG,
      summary: 'Ask a provider for its models',
      description: 'Shows whether address and key work. No tokens are used.',
      params: NameParams,
      response: ProviderTest,
    },
    async ({ params }) => {
      const { provider } = connected(services, params.name);
      const began = services.clock.mono();
      const { models, problem } = await listModels(provider, getterFor(services));
      return defined({
        ok: problem === undefined,
        ms: Math.round(services.clock.mono() - began),
        models: models.map((model) =>
          defined({
            id: model.id,
            title: model.title,
            context_window: model.contextWindow,
            max_output: model.maxOutput,
            kind: model.kind,
          }),
        ),
        problem,
      });
    },
  );

  aliasRoutes(routes, services);
}

/** GET through the guard's connections to providers. */
export function getterFor(services: Pick<Services, 'egress'>): HttpGet {
  return async (url, headers) => {
    const dispatcher = services.egress.dispatcherFor(url);
    const signal = AbortSignal.timeout(TEST_TIMEOUT_MS);
    const answer = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers,
      signal,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer.body) {
      size += (chunk as Buffer).length;
      if (size > TEST_BYTES) throw new AppError('too_large', 'The list of models is too large.');
      chunks.push(chunk as Buffer);
    }
    return { status: answer.statusCode, body: Buffer.concat(chunks).toString('utf8') };
  };
}

function connected(services: Services, name: string): ConnectedProvider {
  const found = services.snapshot().connected.find((row) => row.config.name === name);
  if (!found) throw notFound('provider', name);
  return found;
}

/** Throws AppError `managed_by_file` for what is owned elsewhere. */
function refuseOwned(services: Services, name: string): void {
  const origin = services.snapshot().connected.find((row) => row.config.name === name)?.origin;
  if (origin === undefined || origin === 'api') return;
  const where = {
    file: 'stands in tokenworks.yaml',
    environment: 'comes from an environment variable',
    loopback: 'was found on this machine',
  }[origin];
  throw new AppError('managed_by_file', `The provider "${name}" ${where}; change it there.`, { param: 'name' });
}

async function putProvider(
  services: Services,
  name: string,
  given: Omit<z.output<typeof CreateProvider>, 'name'>,
  before: ProviderRecord | undefined,
  audit: Audit,
): Promise<void> {
  if (RESERVED.includes(name))
    throw new AppError('invalid_request', `"${name}" is a name of Tokenworks' own; choose another.`, { param: 'name' });
  refuseOwned(services, name);
  const secrets: Record<string, unknown> = before?.sealed
    ? JSON.parse(services.vault.open(before.sealed, contextOf(name)))
    : {};
  const config: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(defined(given))) {
    if ((SECRET_FIELDS as readonly string[]).includes(field)) secrets[field] = value;
    else config[field] = value;
  }
  if (typeof secrets.service_account === 'string' && !secrets.service_account.trimStart().startsWith('{')) {
    // A path would make the server read a file of the caller's choosing.
    throw new AppError('invalid_request', 'service_account must be the JSON key itself, not a path.', {
      param: 'service_account',
    });
  }
  // A row that can't be connected would be met again at the next start.
  const entry = parseWith(providerConfigSchema, { ...config, ...secrets, name });
  connectProvider(entry as Parameters<typeof connectProvider>[0], { clock: services.clock });
  const sealed =
    Object.keys(secrets).length > 0 ? services.vault.seal(JSON.stringify(secrets), contextOf(name)) : undefined;
  await services.store.providers.put(
    { name, config, sealed, createdAt_ms: before?.createdAt_ms ?? services.clock.now() },
    audit,
  );
  await refreshOr(services, async () => {
    if (before) await services.store.providers.put(before, undoing(audit));
    else await services.store.providers.remove(name, undoing(audit));
  });
}

function contextOf(name: string): string {
  return `provider:${name}`;
}

/** Takes the write over; where that fails, the write is taken back, since the next start would fail on it too. */
async function refreshOr(services: Services, undo: () => Promise<unknown>): Promise<void> {
  try {
    await services.refresh();
  } catch (error) {
    await undo();
    await services.refresh();
    throw error;
  }
}

function undoing(audit: Audit): Audit {
  return { ...audit, action: `${audit.action}.undo` };
}

/** What the audit log keeps of a write: everything but secrets. */
function auditDetail(entry: Record<string, unknown>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(defined(entry)))
    shown[field] = (SECRET_FIELDS as readonly string[]).includes(field) ? '***' : value;
  return shown;
}

function providerView({ provider, config, origin }: ConnectedProvider): ProviderView {
  return defined({
    name: provider.name,
    title: provider.title,
    protocol: provider.protocol,
    base_url: provider.baseUrl.href,
    managed_by: origin,
    api_version: config.api_version,
    region: config.region,
    project: config.project,
    location: config.location,
    headers: config.headers && Object.keys(config.headers),
    secrets: SECRET_FIELDS.filter((field) => field !== 'headers' && config[field] !== undefined),
    quirks: config.quirks,
    apis: [...provider.apis],
    models: config.models?.map((model) => defined({ id: model.id, name: model.name })),
    price_provider: provider.priceProvider,
  });
}

// ---------------------------------------------------------------- aliases

function aliasRoutes(routes: Routes, services: Services): void {
  const { store, config, clock } = services;
  const path = '/admin/v1/aliases';

  routes.admin(
    { method: 'get', path, tag: TAG, summary: 'List aliases', query: PageQuery, response: pageOf(AliasView) },
    async ({ query }) => {
      const rows = [
        ...config.models.map((entry) => aliasView(entry, 'file')),
        ...(await store.aliases.list()).map((row) => aliasView(configOf(row), 'api')),
      ];
      return paged(rows, query, (row) => row.name);
    },
  );

  routes.admin(
    {
      method: 'post',
      path,
      tag: TAG,
      summary: 'Add an alias',
      body: CreateAlias,
      status: 201,
      response: AliasView,
      errors: ['conflict', 'managed_by_file', 'model_not_found'],
    },
    async ({ body, audit }) => {
      if ((await store.aliases.list()).some((row) => row.name === body.name)) {
        throw new AppError('conflict', `There is an alias "${body.name}" already; PUT changes it.`, { param: 'name' });
      }
      return put(body.name, body, audit('alias.create', body.name, { ...body }));
    },
  );

  routes.admin(
    {
      method: 'put',
      path: `${path}/{name}`,
      tag: TAG,
      summary: 'Replace an alias',
      params: NameParams,
      body: PutAlias,
      response: AliasView,
      errors: ['managed_by_file', 'model_not_found'],
    },
    async ({ params, body, audit }) => {
      const { name } = parseWith(AliasName, { name: params.name });
      return put(name, body, audit('alias.update', name, { ...body }));
    },
  );

  routes.admin(
    {
      method: 'delete',
      path: `${path}/{name}`,
      tag: TAG,
      summary: 'Remove an alias',
      params: NameParams,
      response: Removed,
      errors: ['managed_by_file'],
    },
    async ({ params, audit }) => {
      refuseFileAlias(services, params.name);
      if (!(await store.aliases.remove(params.name, audit('alias.delete', params.name))))
        throw notFound('alias', params.name);
      await services.refresh();
      return { id: params.name, deleted: true as const };
    },
  );

  async function put(
    name: string,
    given: Omit<z.output<typeof CreateAlias>, 'name'>,
    audit: Audit,
  ): Promise<AliasView> {
    refuseFileAlias(services, name);
    const entry = parseWith(aliasConfigSchema, { ...defined(given), name });
    checkTargets(services, entry);
    const before = (await store.aliases.list()).find((row) => row.name === name);
    await store.aliases.put({ name, config: { ...entry }, createdAt_ms: before?.createdAt_ms ?? clock.now() }, audit);
    await refreshOr(services, async () => {
      if (before) await store.aliases.put(before, undoing(audit));
      else await store.aliases.remove(name, undoing(audit));
    });
    return aliasView(entry, 'api');
  }
}

function refuseFileAlias(services: Services, name: string): void {
  if (!services.config.models.some((entry) => entry.name === name)) return;
  throw new AppError('managed_by_file', `The alias "${name}" stands in tokenworks.yaml; change it there.`, {
    param: 'name',
  });
}

/** An alias leads to models, not to other aliases. Throws AppError `model_not_found` or `invalid_request`. */
function checkTargets(services: Services, entry: AliasConfig): void {
  const { catalogue } = services.snapshot();
  const aliases = new Set(catalogue.list().flatMap((model) => (model.kind === 'alias' ? [model.id] : [])));
  if (entry.cascade) checkCascade(services, entry.cascade[1]);
  for (const [index, model] of (entry.targets ?? []).map(modelOf).entries()) {
    const param = `targets[${index}]`;
    if (aliases.has(model) || model === entry.name) {
      throw new AppError('invalid_request', `${param} is an alias; name the models themselves.`, { param });
    }
    try {
      catalogue.resolve(model);
    } catch (error) {
      if (error instanceof AppError) throw new AppError(error.code, error.message, { param });
      throw error;
    }
  }
}

/** The large model may be an alias; the Reflex model may come later. */
function checkCascade(services: Services, large: string): void {
  const param = 'cascade[1]';
  try {
    if (!services.snapshot().catalogue.resolve(large).cascade) return;
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, error.message, { param });
    throw error;
  }
  throw new AppError('invalid_request', `${param} is a cascade itself; name the large model.`, { param });
}

/** The name of an alias that leads to the provider, if any does. */
async function aliasOf(services: Services, provider: string): Promise<string | undefined> {
  const { catalogue } = services.snapshot();
  const entries = [...services.config.models, ...(await services.store.aliases.list()).map(configOf)];
  return entries.find((entry) =>
    catalogue.resolve(entry.name).targets.some((target) => target.deployment.providerName === provider),
  )?.name;
}

function modelOf(target: NonNullable<AliasConfig['targets']>[number]): string {
  return typeof target === 'string' ? target : target.model;
}

function configOf(row: AliasRecord): AliasConfig {
  return { ...(row.config as unknown as AliasConfig), name: row.name };
}

function aliasView(entry: AliasConfig, managed_by: 'file' | 'api'): AliasView {
  return defined({
    name: entry.name,
    strategy: entry.strategy,
    targets: entry.targets?.map((target) => ({
      model: modelOf(target),
      weight: typeof target === 'string' ? 1 : target.weight,
    })),
    cascade: entry.cascade && [...entry.cascade],
    precision: entry.precision,
    threshold: entry.threshold,
    distill: entry.distill,
    retries: entry.retries,
    timeout_ms: entry.timeout_ms,
    managed_by,
  });
}
