import { statfs } from 'node:fs/promises';
import { PARTS, partAt } from '../../base/parts.ts';
import { DoctorReport } from '../../contract/control/index.ts';
import { listModels } from '../../providers/index.ts';
import type { Services } from '../services.ts';
import { cascadeState } from './cascade-state.ts';
import type { Routes } from './define.ts';
import { storeAnswers } from './health.ts';
import { journalBacklog } from './journal-backlog.ts';
import { priceNames } from './models.ts';
import { getterFor } from './providers.ts';

type Check = DoctorReport['checks'][number];

const DAY_MS = 86_400_000;
const MIN_FREE_BYTES = 1024 ** 3;
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;
/** Newest operations further ahead than this mean that the clock was put back. */
const CLOCK_SLACK_MS = 5 * 60_000;
const NAMES_SHOWN = 5;
/** Providers that have no list of models to ask for. */
const UNLISTED = new Set(['azure', 'vertex', 'bedrock']);

export function doctorRoutes(routes: Routes, services: Services): void {
  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/doctor',
      tag: 'Server',
      summary: 'Check the installation',
      description: 'Reads the whole ledger and asks every provider for its models.',
      response: DoctorReport,
    },
    async () => {
      const checks = (await Promise.all(CHECKS.map((check) => guarded(check, services)))).flat();
      return { ok: checks.every((check) => check.ok), version: services.version, checks };
    },
  );
}

type Examine = (services: Services) => Check | Check[] | Promise<Check | Check[]>;

const CHECKS: readonly (readonly [string, Examine])[] = [
  ['store', checkStore],
  ['journal', checkJournal],
  ['ledger', checkLedger],
  ['catalogue', checkCatalogue],
  ['cascades', checkCascades],
  ['prices', checkPrices],
  ['unpriced', checkUnpriced],
  ['unreconciled', checkUnreconciled],
  ['providers', checkProviders],
  ['clock', checkClock],
  ['disk', checkDisk],
  ['optional parts', checkParts],
];

/** A check that fails to check is a finding, not the end of the report. */
async function guarded([name, examine]: (typeof CHECKS)[number], services: Services): Promise<Check[]> {
  try {
    return [await examine(services)].flat();
  } catch (error) {
    services.log('warn', 'a check of the doctor failed', { check: name, error: String(error) });
    return [{ name, ok: false, detail: 'could not be checked; the log has the details' }];
  }
}

function checkParts({ config }: Services): Check {
  const installed = PARTS.flatMap(({ name }) => {
    const { version } = partAt(config.home, name);
    return version === undefined ? [] : [`${name} ${version}`];
  });
  return {
    name: 'optional parts',
    ok: true,
    detail: installed.join(', ') || 'none; `tokenworks add --list` shows them',
  };
}

async function checkStore(services: Services): Promise<Check[]> {
  if (!(await storeAnswers(services))) return [{ name: 'store', ok: false, detail: 'does not answer' }];
  const about = await services.store.describe();
  return [
    { name: 'store', ok: true, detail: `${about.engine} ${about.version}, ${about.migrations} migrations` },
    ...about.notes.map((note) => ({ name: 'store', ok: true, detail: note })),
  ];
}

async function checkJournal(services: Services): Promise<Check> {
  if (!services.journalHealthy())
    return { name: 'journal', ok: false, detail: 'can not be written, so no call is served; see the log and the disk' };
  await services.flushUsage();
  const backlog = await journalBacklog(services);
  return {
    name: 'journal',
    ok: backlog <= MAX_BACKLOG_BYTES,
    detail: backlog === 0 ? 'all of it is in the store' : `${backlog} bytes wait to be loaded`,
  };
}

async function checkLedger(services: Services): Promise<Check> {
  const wrong = await services.store.ledger.imbalances();
  const currencies = [...new Set(wrong.map((row) => row.currency))].join(', ');
  return {
    name: 'ledger',
    ok: wrong.length === 0,
    detail:
      wrong.length === 0
        ? 'adds up to 0 in every currency'
        : `does not add up in ${currencies}: GET /admin/v1/ledger/check says where`,
  };
}

/** Providers and aliases made through the API that can no longer be used. */
function checkCatalogue(services: Services): Check {
  const { problems } = services.snapshot();
  return {
    name: 'catalogue',
    ok: problems.length === 0,
    detail:
      problems.length === 0
        ? 'every provider and alias can be used'
        : problems
            .slice(0, NAMES_SHOWN)
            .map(({ subject, error }) => `${subject}: ${error.message}`)
            .join('; '),
  };
}

/** A cascade whose Reflex model no project has taught, or that never was right often enough, costs what its large model costs. */
function checkCascades(services: Services): Check[] {
  return services
    .snapshot()
    .catalogue.cascades()
    .map((route) => {
      const { threshold, answers, problem } = cascadeState(services, route);
      const about = answers === undefined ? '' : `, ${Math.round(answers * 100)} % of held-out texts`;
      return {
        name: `cascade ${route.name}`,
        ok: problem === undefined,
        detail: problem ?? `reflex/${route.cascade.reflex} answers from a confidence of ${threshold} on${about}`,
      };
    });
}

function checkPrices(services: Services): Check {
  const { problems } = services.snapshot().book;
  const shown = problems
    .slice(0, NAMES_SHOWN)
    .map((problem) => `${problem.provider}/${problem.model}: ${problem.message}`);
  return {
    name: 'prices',
    ok: problems.length === 0,
    detail:
      problems.length === 0 ? 'every row can be read' : `${problems.length} rows can not be read: ${shown.join('; ')}`,
  };
}

/** Not a fault, but a model without a price is refused under a hard budget, and its cost is unknown elsewhere. */
function checkUnpriced(services: Services): Check {
  const { book, catalogue } = services.snapshot();
  const now_ms = services.clock.now();
  const unpriced = catalogue
    .deployments()
    .filter((deployment) => !book.find('cost', priceNames(deployment), deployment.model, now_ms));
  const detail =
    unpriced.length === 0
      ? 'every listed model has a price'
      : `${unpriced.length} models have no price: ${listed(unpriced.map(({ id }) => id))}`;
  return { name: 'unpriced', ok: true, detail };
}

async function checkUnreconciled(services: Services): Promise<Check> {
  const to_ms = services.clock.now() + 1;
  const [row] = await services.usage.report({ from_ms: to_ms - 30 * DAY_MS, to_ms, groupBy: [], timezone: 'UTC' });
  const count = row?.unreconciled ?? 0;
  return {
    name: 'unreconciled',
    ok: count === 0,
    detail:
      count === 0
        ? 'none in 30 days'
        : `${count} calls of 30 days have usage that contradicts itself; GET /admin/v1/alerts names them`,
  };
}

async function checkProviders(services: Services): Promise<Check[]> {
  const { connected } = services.snapshot();
  if (connected.length === 0)
    return [{ name: 'providers', ok: true, detail: 'none; the built-in reflex/default answers' }];
  const get = getterFor(services);
  return Promise.all(
    connected.map(async ({ provider }) => {
      const name = `provider ${provider.name}`;
      if (UNLISTED.has(provider.protocol))
        return { name, ok: true, detail: 'has no list of models to ask for; not checked' };
      const { models, problem } = await listModels(provider, get);
      return { name, ok: problem === undefined, detail: problem ?? `answers, with ${models.length} models` };
    }),
  );
}

async function checkClock(services: Services): Promise<Check> {
  const { data } = await services.store.operations.list({ limit: 1 });
  const ahead_ms = (data[0]?.at_ms ?? 0) - services.clock.now();
  const ok = ahead_ms <= CLOCK_SLACK_MS;
  return {
    name: 'clock',
    ok,
    detail: ok
      ? new Date(services.clock.now()).toISOString()
      : `is ${Math.round(ahead_ms / 1000)} s behind the newest call`,
  };
}

async function checkDisk(services: Services): Promise<Check> {
  const { bavail, bsize } = await statfs(services.config.home);
  const free = bavail * bsize;
  return {
    name: 'disk',
    ok: free >= MIN_FREE_BYTES,
    detail: `${(free / 1024 ** 3).toFixed(1)} GiB free under ${services.config.home}`,
  };
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
