/** The composition root: puts the parts together, in the order in which they may be used. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import pino from 'pino';
import {
  type Directory,
  OneTimeTokens,
  openDirectory,
  openVault,
  type Principal,
  readOrMakeSecretFile,
  sameSecret,
} from './accounts/index.ts';
import { systemClock } from './base/clock.ts';
import { AppError } from './base/errors.ts';
import { newSecret } from './base/ids.ts';
import { partAt } from './base/parts.ts';
import { redact, redactDeep } from './base/text.ts';
import { builtinPrices, PriceBook, priceFromConfig, priceUsage, settlementPostings } from './billing/index.ts';
import { JournalLoader, openJournal, openLoaderThread, startJournalLoad } from './billing/journal/index.ts';
import type { Config, ProviderConfig } from './config.ts';
import { reflexOwner } from './contract/control/index.ts';
import type { Organisation, PriceRecord, Project } from './contract/records.ts';
import { createEgress } from './egress/index.ts';
import { createAlerts } from './gateway/alerts.ts';
import { createCaptures } from './gateway/captures.ts';
import { warmCascades } from './gateway/cascade.ts';
import { createGateway } from './gateway/gateway.ts';
import { Health } from './gateway/health.ts';
import { createLessons } from './gateway/lessons.ts';
import { Live } from './gateway/live.ts';
import { type Loaded, loadSnapshot, refuseNewProblems } from './gateway/snapshot.ts';
import { createApp } from './http/app.ts';
import { refuseBrokenRequest } from './http/client-error.ts';
import { createDataPlane } from './http/data-plane.ts';
import { createGuard } from './http/guard.ts';
import type { Services } from './http/services.ts';
import { createLimits } from './limits/index.ts';
import { discoverOllama, stopCounting } from './providers/index.ts';
import { createReflex, takeOverSettings } from './reflex/index.ts';
import { openStore, type Store } from './store/index.ts';
import { createUsageQuery, createUsageSink, openReportThread } from './usage/index.ts';

const DRAIN_MS = 30_000;
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_MS = 65_000;
const MAX_HEADER_BYTES = 32 * 1024;
const REVISION_POLL_MS = 2000;
const SWEEP_MS = 3_600_000;
const LOOPBACK_PROBE_MS = 300;

export interface RunningServer {
  url: string;
  services: Services;
  adminKeyFile?: string;
  adminKey: string;
  /** What the journals of earlier processes held. */
  recovered: { loaded: number; broken: number; damaged: number };
  /** Refuses new calls, lets open ones end (30 s at most), settles the journal and closes everything. */
  close(): Promise<void>;
}

export interface StartOptions {
  version: string;
  consoleDir?: string;
  onProgress?: (message: string) => void;
}

export async function startServer(config: Config, options: StartOptions): Promise<RunningServer> {
  const clock = systemClock;
  const logger = pino({ level: config.logLevel, base: undefined }, pino.destination({ fd: 2, sync: false }));
  const log: Services['log'] = (level, message, detail) => logger[level](redactDetail(detail), redact(message));
  const progress = options.onProgress ?? (() => {});

  const vault = openVault(config.home);
  progress('opening the store');
  const store = await openStore({
    home: config.home,
    databaseUrl: config.databaseUrl,
    log: (message) => progress(message),
  });
  const cleanups: (() => unknown)[] = [() => store.close()];
  try {
    const { organisation, project } = await firstRows(store, config, clock.now());
    await store.prices.insert([...builtinPrices(), ...filePrices(config, clock.now())], {
      actor: 'system',
      action: 'prices.load',
      target: 'builtin',
    });

    const journalDir = join(config.home, 'journal');
    const startBook = new PriceBook(await store.prices.list());
    const recovery = new JournalLoader({
      dir: journalDir,
      sink: createUsageSink(store),
      postings: (operations, reference) => settlementPostings(operations, reference, clock.now()),
      keepReplies: (replies) => store.replies.put(replies),
      price: (sent, usage) => {
        const price = sent.priceId === undefined ? undefined : startBook.byId(sent.priceId);
        const answer = price && priceUsage(price, usage, { at_ms: sent.at });
        return answer?.priced ? { cost_pico: answer.cost_pico, currency: answer.currency } : undefined;
      },
    });
    progress('loading the journal');
    const recovered = await recovery.recover();
    const loading = openLoaderThread({ dir: journalDir, ticket: store.ticket });
    const journal = openJournal({
      dir: journalDir,
      now: () => clock.now(),
      onSegment: (segment) => loading.begin(segment),
      onError: (error) => log('error', 'the journal can not be written', { error: String(error) }),
    });
    const load = startJournalLoad(journal, loading, (error) =>
      log('warn', 'the journal could not be loaded into the store', { error: String(error) }),
    );
    cleanups.unshift(
      () => load.close(),
      () => journal.close(),
    );

    const reflex = createReflex({
      clock,
      storage: store.reflex,
      projectOf: (name) => reflexOwner(name).project ?? '',
      vectorsFolder: () => {
        const vectors = partAt(config.home, 'vectors');
        return vectors.version === undefined ? undefined : vectors.folder;
      },
      onError: (model, error) => log('error', 'a Reflex model could not be trained', { model, error: String(error) }),
    });
    cleanups.unshift(() => reflex.close());
    const loopback = await probeLoopback();
    const source = { config, store, vault, clock, loopback, reflexModels: () => reflex.models() };
    // Read before what it is the revision of: what another process changes in between is seen at the first poll.
    const revision = await store.revision();
    let snapshot: Loaded = await loadSnapshot(source);
    const adminKeyFile = config.adminKey ? undefined : join(config.home, 'admin-key');
    const adminKey = config.adminKey ?? readOrMakeSecretFile(adminKeyFile!, () => newSecret('tw-admin'));
    const adminPrincipal = (known: Directory): Principal => principalOfAdmin(organisation, project, known);
    const directory = await openDirectory(store, vault, clock, {
      fingerprint: vault.fingerprint(adminKey),
      principal: adminPrincipal,
    });
    const admin = (secret: string): Principal | undefined =>
      sameSecret(secret, adminKey) ? adminPrincipal(directory) : undefined;
    const egress = createEgress({ allowHosts: config.egress.allow, providerHosts: providerHosts(snapshot) });
    const limits = createLimits({ clock });
    cleanups.unshift(
      () => egress.close(),
      () => limits.close(),
    );

    const health = new Health(clock);
    const live = new Live();
    const alerts = createAlerts({ store, egress, clock, log });
    const captures = createCaptures(store, config.capture, log);
    const lessons = createLessons({ clock, store, reflex });
    cleanups.unshift(
      () => alerts.settled(),
      () => captures.flush(),
    );
    const gateway = createGateway({
      clock,
      directory,
      limits,
      journal,
      store,
      vault,
      egress,
      reflex,
      health,
      live,
      alerts,
      captures,
      lessons,
      snapshot: () => snapshot,
      holdWait_ms: config.limits.hold_wait_ms,
      cascadeWait_ms: config.limits.cascade_wait_ms,
      defaultMaxOutput: config.limits.default_max_output,
      maxOpen: config.server.max_streams,
      log,
    });

    // The spending that a snapshot carries is what the ledger has, so the ledger has to have it first.
    const reload = async (): Promise<Loaded> => {
      await load.flush();
      const [next] = await Promise.all([loadSnapshot(source), directory.refresh()]);
      return next;
    };
    const use = (next: Loaded): void => {
      snapshot = next;
      egress.replaceHosts({ allowHosts: config.egress.allow, providerHosts: providerHosts(next) });
    };
    const reports = openReportThread(store.ticket);
    cleanups.unshift(() => reports.close());
    let ready = false;
    const services: Services = {
      config,
      clock,
      store,
      usage: createUsageQuery(store),
      reports,
      directory,
      vault,
      limits,
      gateway,
      live,
      health,
      alerts,
      lessons,
      egress,
      reflex,
      snapshot: () => snapshot,
      async refresh() {
        const next = await reload();
        refuseNewProblems(next, snapshot);
        use(next);
      },
      async adopt() {
        use(await reload());
      },
      flushUsage: () => load.flush(),
      admin,
      consoleTokens: new OneTimeTokens(clock),
      journalHealthy: () => journal.healthy,
      ready: () => ready,
      startedAt_ms: clock.now(),
      version: options.version,
      consoleDir: options.consoleDir,
      log,
    };

    const guard = createGuard({
      host: config.host,
      allowedHosts: config.server.allowed_hosts,
      allowedOrigins: config.server.allowed_origins,
    });
    const dataPlane = createDataPlane(gateway, guard, Math.floor(config.server.max_body_mb * 1024 * 1024), (secret) =>
      directory.authenticate(secret),
    );
    // Models of the last run are known before the first call asks for one; their bytes are read when it does.
    await reflex.restore();
    await takeOverSettings(reflex, store.settings).catch((error: unknown) =>
      log('error', 'Reflex models of an older release could not be taken over', { error: String(error) }),
    );
    reflex.warm();
    warmCascades({ reflex }, snapshot.catalogue.cascades()).catch((error: unknown) =>
      log('warn', 'the cascades could not be warmed up', { error: String(error) }),
    );
    const app = createApp(services, guard);
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: 5000,
      },
      (request, response) => {
        if (!dataPlane.handle(request, response)) void app(request, response);
      },
    );
    server.on('clientError', refuseBrokenRequest);
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await listen(server, config.port, config.host);
    ready = true;

    const stopWatching = watch(services, store, revision);
    let closing: Promise<void> | undefined;
    return {
      url: urlOf(server, config.host),
      services,
      adminKeyFile,
      adminKey,
      recovered,
      close() {
        closing ??= (async () => {
          ready = false;
          stopWatching();
          gateway.drain();
          server.close();
          server.closeIdleConnections();
          const end = clock.mono() + DRAIN_MS;
          while (gateway.open > 0 && clock.mono() < end) await new Promise((resolve) => setTimeout(resolve, 20));
          for (const socket of sockets) socket.destroy();
          for (const cleanup of cleanups) await cleanup();
          await stopCounting();
        })();
        return closing;
      },
    };
  } catch (error) {
    for (const cleanup of cleanups) await cleanup();
    throw error;
  }
}

/** The organisation and project that everything belongs to until others are made. */
async function firstRows(
  store: Store,
  config: Config,
  now_ms: number,
): Promise<{ organisation: Organisation; project: Project }> {
  const wish = config.organisation;
  let organisation = await store.organisations.get('default');
  if (!organisation) {
    organisation = {
      id: 'default',
      name: wish.name ?? 'default',
      timezone: wish.timezone ?? 'UTC',
      capture: wish.capture ?? 'metadata',
      tagKeys: wish.tag_keys ?? ['team', 'feature'],
      createdAt_ms: now_ms,
    };
    await store.organisations.create(organisation, {
      actor: 'system',
      action: 'organisation.create',
      target: 'default',
    });
  } else {
    const change = { name: wish.name, timezone: wish.timezone, capture: wish.capture, tagKeys: wish.tag_keys };
    const differs = Object.entries(change).some(
      ([field, value]) =>
        value !== undefined && JSON.stringify(value) !== JSON.stringify(organisation![field as 'name']),
    );
    if (differs) {
      const wanted = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      organisation = (await store.organisations.update('default', wanted, {
        actor: 'file',
        action: 'organisation.update',
        target: 'default',
        detail: wanted,
      }))!;
    }
  }
  let project = await store.projects.get('default');
  if (!project) {
    project = { id: 'default', organisation: 'default', name: 'default', createdAt_ms: now_ms };
    await store.projects.create(project, { actor: 'system', action: 'project.create', target: 'default' });
  }
  return { organisation, project };
}

/** Prices that tokenworks.yaml states beside its models. */
function filePrices(config: Config, now_ms: number): PriceRecord[] {
  return config.providers.flatMap((provider) =>
    (provider.models ?? []).flatMap((model) =>
      model.price ? [priceFromConfig(provider.name, model.id, model.price, now_ms)] : [],
    ),
  );
}

async function probeLoopback(): Promise<ProviderConfig[]> {
  const found = await discoverOllama(async (url, headers) => {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(LOOPBACK_PROBE_MS) });
    return { status: answer.status, body: await answer.text() };
  });
  return found as ProviderConfig[];
}

function providerHosts(snapshot: Loaded): string[] {
  return snapshot.connected.map(({ provider }) => provider.baseUrl.origin);
}

/** The admin key on the data plane: the default project's, without limits of its own. */
function principalOfAdmin(organisation: Organisation, project: Project, directory: Directory): Principal {
  const own = directory.organisation(organisation.id) ?? organisation;
  return {
    key: {
      id: 'admin',
      project: project.id,
      organisation: own.id,
      name: 'admin',
      hash: '',
      hint: '',
      actAsUser: true,
      approve: true,
      unpriced: true,
      createdAt_ms: project.createdAt_ms,
    },
    project: directory.project(project.id) ?? project,
    organisation: own,
    capture: own.capture,
    budgets: directory.budgets().filter((budget) => budget.scopeId === project.id || budget.scopeId === own.id),
    wallets: directory.wallets().filter((wallet) => wallet.scopeId === project.id || wallet.scopeId === own.id),
    allows: () => true,
  };
}

/** Sees what other processes change from `revision` on, and sweeps what has expired. */
function watch(services: Services, store: Store, revision: number): () => void {
  let seen = revision;
  const poll = setInterval(async () => {
    try {
      const current = await store.revision();
      if (current !== seen) await services.adopt();
      seen = current;
      await services.reflex.sync();
    } catch (error) {
      services.log('warn', 'the store did not answer', { error: String(error) });
    }
  }, REVISION_POLL_MS);
  const sweep = setInterval(() => {
    const now_ms = services.clock.now();
    Promise.all([store.replies.sweep(now_ms), store.captures.sweep(now_ms)]).catch((error: unknown) =>
      services.log('warn', 'a sweep failed', { error: String(error) }),
    );
  }, SWEEP_MS);
  poll.unref();
  sweep.unref();
  return () => {
    clearInterval(poll);
    clearInterval(sweep);
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(new AppError('conflict', `Port ${port} is in use: stop what uses it, or choose another with --port.`));
      else if (error.code === 'EACCES')
        reject(
          new AppError(
            'not_allowed',
            `Port ${port} may not be opened by this user; choose one above 1023 with --port.`,
          ),
        );
      else reject(error);
    });
    server.listen(port, host, () => resolve());
  });
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

function redactDetail(detail: Record<string, unknown> | undefined): Record<string, unknown> {
  return (detail ? redactDeep(detail) : {}) as Record<string, unknown>;
}
