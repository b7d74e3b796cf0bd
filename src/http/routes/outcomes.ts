/** What came of calls, and what they returned on what they cost. */
import type { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import { formatDecimal, mulDiv, PICO_PER_UNIT, type Pico, parseDecimal } from '../../base/money.ts';
import type { FxTable } from '../../billing/index.ts';
import {
  CreateOutcome,
  OutcomeQuery,
  OutcomeView,
  pageOf,
  ReturnQuery,
  ReturnReport,
  type ReturnView,
} from '../../contract/control/index.ts';
import type { OutcomeRecord } from '../../contract/records.ts';
import type { UsageGroup } from '../../contract/usage-report.ts';
import { amountsView } from '../../contract/usage-view.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { findOperation, maySee } from './operations.ts';
import { mapPage } from './paging.ts';
import { zoneOf } from './usage.ts';
import { readRange } from './when.ts';
import { addAmount, defined, iso, notFound } from './wire.ts';

const TAG = 'Outcomes';
const DEFAULT_AGE_MS = 30 * 86_400_000;
const PAGE = 500;
/** Outcomes that a report reads one by one. */
const MAX_OUTCOMES = 20_000;
/** A ratio's places after the point. */
const RATIO_STEP: Pico = PICO_PER_UNIT / 1_000_000n;

export function outcomeRoutes(routes: Routes, services: Services): void {
  const { store, clock } = services;

  routes.key(
    {
      method: 'post',
      path: '/v1/outcomes',
      tag: TAG,
      summary: 'Say what came of a call',
      description:
        'The same idempotency_key again answers the first record. The kinds `confirmed` and `corrected` teach the cascade that was called, where it learns.',
      body: CreateOutcome,
      status: 201,
      response: OutcomeView,
      errors: ['not_found', 'conflict'],
    },
    async ({ body, principal }) => {
      const { operation, run } = body;
      if (run !== undefined) throw notFound('run', run);
      const record = await findOperation(services, operation!);
      if (!record || !maySee(record, principal.key)) throw notFound('operation', operation!);
      const given: OutcomeRecord = {
        id: newId('out', clock.now()),
        at_ms: clock.now(),
        project: record.project,
        operation,
        kind: body.kind,
        value_pico: body.value === undefined ? undefined : parseDecimal(body.value),
        currency: body.currency,
        minutesSaved: body.minutes_saved,
        idempotencyKey: body.idempotency_key,
      };
      const kept = await store.outcomes.append(given);
      const isSame = (['operation', 'kind', 'value_pico', 'currency', 'minutesSaved'] as const).every(
        (field) => kept[field] === given[field],
      );
      if (!isSame)
        throw new AppError('conflict', 'This idempotency_key stands for another outcome already.', {
          param: 'idempotency_key',
        });
      const teaches = record.cascade !== undefined && (body.kind === 'confirmed' || body.kind === 'corrected');
      if (!teaches) return outcomeView(kept);
      return { ...outcomeView(kept), example: await exampleOf(services, record.id, body) };
    },
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/outcomes',
      tag: TAG,
      summary: 'List outcomes, newest first',
      query: OutcomeQuery,
      response: pageOf(OutcomeView),
    },
    async ({ query }) => mapPage(await store.outcomes.list(query), outcomeView),
  );

  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/returns',
      tag: TAG,
      summary: 'Value ÷ charge per project, key or agent and kind of outcome',
      query: ReturnQuery,
      response: ReturnReport,
      errors: ['too_large'],
    },
    async ({ query }) => {
      await services.flushUsage();
      const timezone = query.timezone ?? (await zoneOf(services, query));
      const range = readRange(query, timezone, clock.now(), DEFAULT_AGE_MS);
      const groupBy: UsageGroup[] = [query.group_by];
      const [outcomes, usage] = await Promise.all([
        readOutcomes(services, query, range),
        services.usage.report({ project: query.project, ...range, groupBy, timezone }),
      ]);
      const charges = new Map(usage.map((row) => [row.group[query.group_by] ?? '', row.charge]));
      const groups = await sumUp(services, outcomes, query.group_by);
      const { fx } = services.snapshot();
      const data = groups.map((group) =>
        returnView(group, query.group_by, charges.get(group.name) ?? {}, query.currency, fx, clock.now()),
      );
      return { from: iso(range.from_ms), to: iso(range.to_ms), data };
    },
  );
}

async function exampleOf(
  services: Services,
  operation: string,
  { kind, answer }: z.output<typeof CreateOutcome>,
): Promise<OutcomeView['example']> {
  // What was wrong, without what is right, teaches nothing.
  if (kind === 'corrected' && !answer) return { status: 'no_example' };
  return defined(await services.lessons.learn(operation, answer));
}

function outcomeView(row: OutcomeRecord): OutcomeView {
  return defined({
    id: row.id,
    at: iso(row.at_ms),
    project: row.project,
    operation: row.operation,
    run: row.run,
    kind: row.kind,
    value: row.value_pico === undefined ? undefined : formatDecimal(row.value_pico),
    currency: row.currency,
    minutes_saved: row.minutesSaved,
    idempotency_key: row.idempotencyKey,
  });
}

/** Throws AppError `too_large` where there are more than a report can read. */
async function readOutcomes(
  services: Services,
  query: { project?: string; kind?: string },
  range: { from_ms: number; to_ms: number },
): Promise<OutcomeRecord[]> {
  const found: OutcomeRecord[] = [];
  let cursor: string | undefined;
  let seen = 0;
  do {
    const page = await services.store.outcomes.list({ project: query.project, kind: query.kind, limit: PAGE, cursor });
    seen += page.data.length;
    for (const row of page.data) if (row.at_ms >= range.from_ms && row.at_ms < range.to_ms) found.push(row);
    const oldest_ms = page.data.at(-1)?.at_ms ?? 0;
    cursor = oldest_ms < range.from_ms ? undefined : page.next;
    if (cursor !== undefined && seen >= MAX_OUTCOMES) {
      throw new AppError(
        'too_large',
        `There are more than ${MAX_OUTCOMES} outcomes in that time; ask for a project, a kind or less time.`,
        { param: 'from' },
      );
    }
  } while (cursor !== undefined);
  return found;
}

interface Group {
  name: string;
  kind: string;
  outcomes: number;
  minutes: number;
  value: Record<string, Pico>;
}

async function sumUp(
  services: Services,
  outcomes: readonly OutcomeRecord[],
  by: 'project' | 'key' | 'agent',
): Promise<Group[]> {
  const groups = new Map<string, Group>();
  const owners = new Map<string, string>();
  for (const outcome of outcomes) {
    const name = by === 'project' ? outcome.project : await ownerOf(services, outcome, by, owners);
    const key = JSON.stringify([name, outcome.kind]);
    const group = groups.get(key) ?? { name, kind: outcome.kind, outcomes: 0, minutes: 0, value: {} };
    groups.set(key, group);
    group.outcomes++;
    group.minutes += outcome.minutesSaved ?? 0;
    if (outcome.value_pico !== undefined && outcome.currency !== undefined)
      addAmount(group.value, outcome.currency, outcome.value_pico);
  }
  return [...groups.values()].sort((a, b) =>
    a.name === b.name ? (a.kind < b.kind ? -1 : 1) : a.name < b.name ? -1 : 1,
  );
}

async function ownerOf(
  services: Services,
  outcome: OutcomeRecord,
  by: 'key' | 'agent',
  known: Map<string, string>,
): Promise<string> {
  const { operation } = outcome;
  if (operation === undefined) return '';
  let owner = known.get(operation);
  if (owner === undefined) {
    owner = (await services.store.operations.get(operation))?.[by] ?? '';
    known.set(operation, owner);
  }
  return owner;
}

function returnView(
  group: Group,
  by: string,
  charge: Readonly<Record<string, Pico>>,
  wanted: string | undefined,
  fx: FxTable,
  now_ms: number,
): ReturnView {
  const value = wanted === undefined ? group.value : convertAll(group.value, wanted, fx, now_ms);
  const charged = wanted === undefined ? charge : convertAll(charge, wanted, fx, now_ms);
  return {
    group: { [by]: group.name },
    kind: group.kind,
    outcomes: group.outcomes,
    minutes_saved: group.minutes,
    value: amountsView(value),
    charge: amountsView(charged),
    return: ratioOf(value, charged),
  };
}

/** In one currency as far as there are rates; what has none stays in its own. */
function convertAll(
  amounts: Readonly<Record<string, Pico>>,
  to: string,
  fx: FxTable,
  at_ms: number,
): Record<string, Pico> {
  const sum: Record<string, Pico> = {};
  for (const [currency, pico] of Object.entries(amounts)) {
    const converted = fx.convert(pico, currency, to, at_ms, 'half_even');
    if (converted) addAmount(sum, to, converted.pico);
    else addAmount(sum, currency, pico);
  }
  return sum;
}

/** Currencies are never mixed: a ratio needs all of both sides in the same one. */
function ratioOf(value: Readonly<Record<string, Pico>>, charge: Readonly<Record<string, Pico>>): ReturnView['return'] {
  const [currency, ...others] = new Set([...Object.keys(value), ...Object.keys(charge)]);
  if (currency === undefined || others.length > 0) return null;
  const worth = value[currency] ?? 0n;
  const cost = charge[currency] ?? 0n;
  if (cost <= 0n) return null;
  const ratio = mulDiv(worth, PICO_PER_UNIT / RATIO_STEP, cost, 'half_even') * RATIO_STEP;
  return { ratio: formatDecimal(ratio), value: formatDecimal(worth), charge: formatDecimal(cost), currency };
}
