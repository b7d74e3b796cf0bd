/** What a store has to do, whatever engine is behind the door. `store.test.ts` runs it on PGlite and, where there is one, on a PostgreSQL server. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Clock } from '../base/clock.ts';
import { AppError, type ErrorCode } from '../base/errors.ts';
import { PICO_PER_UNIT } from '../base/money.ts';
import type { AttemptRecord, CascadeRecord, OperationRecord } from '../contract/operation.ts';
import type { ApiKey, Budget, Posting, PriceRecord } from '../contract/records.ts';
import { addUsage, type UsageVector } from '../contract/usage.ts';
import type { CascadeSums, UsageFilter, UsageRow } from '../contract/usage-report.ts';
import type { TestStore } from './testing.ts';
import type { Audit, Store, UsageBatch } from './types.ts';

export type OpenTestStore = (options?: { clock?: Clock }) => Promise<TestStore>;

/** 2026-11-24 09:00 UTC. */
const NOW = Date.UTC(2026, 10, 24, 9);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const AUDIT: Audit = { actor: 'admin', action: 'test.write', target: 'x' };

let serial = 0;
/** A name that no other test has. */
function fresh(prefix: string): string {
  serial += 1;
  return `${prefix}${serial}`;
}

interface Tenant {
  organisation: string;
  project: string;
  key: string;
}

export function makeKey(tenant: Omit<Tenant, 'key'>, change: Partial<ApiKey> = {}): ApiKey {
  const id = fresh('key');
  return {
    id,
    project: tenant.project,
    organisation: tenant.organisation,
    name: id,
    hash: `hash-${id}`,
    hint: 'tw-a…z',
    actAsUser: false,
    approve: false,
    unpriced: true,
    createdAt_ms: NOW,
    ...change,
  };
}

async function makeTenant(store: Store, tagKeys: string[] = []): Promise<Tenant> {
  const organisation = fresh('org');
  const project = fresh('project');
  await store.organisations.create(
    { id: organisation, name: organisation, timezone: 'UTC', capture: 'metadata', tagKeys, createdAt_ms: NOW },
    AUDIT,
  );
  await store.projects.create({ id: project, organisation, name: project, createdAt_ms: NOW }, AUDIT);
  const key = makeKey({ organisation, project });
  await store.keys.create(key, AUDIT);
  return { organisation, project, key: key.id };
}

function attempt(change: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    index: 0,
    deployment: 'mock/a',
    provider: 'mock',
    model: 'a',
    status: 'completed',
    at_ms: NOW,
    total_ms: 10.25,
    usage: { input: 10, output: 5 },
    usageSource: 'provider',
    cost_pico: 7n,
    currency: 'USD',
    ...change,
  };
}

function operation(tenant: Tenant, change: Partial<OperationRecord> = {}): OperationRecord {
  return {
    id: fresh('op'),
    at_ms: NOW,
    ...tenant,
    tags: {},
    surface: 'chat',
    model: 'mock/a',
    deployment: 'mock/a',
    stream: false,
    status: 'completed',
    total_ms: 12.5,
    attempts: [attempt()],
    holds: [],
    ...change,
  };
}

function batchOf(operations: OperationRecord[], change: Partial<UsageBatch> = {}): UsageBatch {
  return { segment: randomUUID(), from: 0, to: 100, operations, postings: [], ...change };
}

function makeBudget(change: Partial<Budget> = {}): Budget {
  return {
    id: fresh('budget'),
    scope: 'project',
    scopeId: 'p',
    amount_pico: 5n * PICO_PER_UNIT,
    currency: 'USD',
    window: 'total',
    hard: true,
    alertPercents: [50, 80, 100],
    createdAt_ms: NOW,
    ...change,
  };
}

function posting(
  entries: [account: string, amount: bigint, currency?: string][],
  change: Partial<Posting> = {},
): Posting {
  return {
    id: fresh('posting'),
    at_ms: NOW,
    kind: 'settle',
    reference: 'r',
    entries: entries.map(([account, amount_pico, currency = 'USD']) => ({ account, amount_pico, currency })),
    ...change,
  };
}

async function refuses(action: Promise<unknown>, code: ErrorCode, message?: RegExp): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof AppError, `${error} is no AppError`);
    assert.equal(error.code, code, error.message);
    if (message) assert.match(error.message, message);
    return true;
  });
}

function filter(tenant: Tenant, groupBy: UsageFilter['groupBy'], change: Partial<UsageFilter> = {}): UsageFilter {
  return {
    organisation: tenant.organisation,
    from_ms: NOW - 400 * DAY_MS,
    to_ms: NOW + 400 * DAY_MS,
    groupBy,
    timezone: 'UTC',
    ...change,
  };
}

function noCascade(): CascadeSums {
  return { reflex: 0, passed: 0, saved: { tokens: 0, cost: {}, ms: 0 } };
}

function sumsOf({ decision, saved }: CascadeRecord): CascadeSums {
  return {
    reflex: decision === 'reflex' ? 1 : 0,
    passed: decision === 'passed' ? 1 : 0,
    saved: {
      tokens: saved?.tokens ?? 0,
      ms: saved?.ms ?? 0,
      cost: saved?.cost_pico === undefined ? {} : { [saved.currency!]: saved.cost_pico },
    },
  };
}

function addCascade(into: CascadeSums, one: CascadeSums): void {
  into.reflex += one.reflex;
  into.passed += one.passed;
  into.saved.tokens += one.saved.tokens;
  into.saved.ms += one.saved.ms;
  for (const [currency, pico] of Object.entries(one.saved.cost))
    into.saved.cost[currency] = (into.saved.cost[currency] ?? 0n) + pico;
}

/** A report leaves out amounts of 0. */
function withoutZeros(sums: CascadeSums): CascadeSums {
  const cost = Object.fromEntries(Object.entries(sums.saved.cost).filter(([, pico]) => pico !== 0n));
  return { ...sums, saved: { ...sums.saved, cost } };
}

function only(rows: UsageRow[]): UsageRow {
  assert.equal(rows.length, 1);
  return rows[0]!;
}

async function allPages<T>(read: (cursor: string | undefined) => Promise<{ data: T[]; next?: string }>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    all.push(...page.data);
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}

/** Operations of several keys and days, with a balanced posting. */
export function makeBatch(segment: string): UsageBatch {
  const operations = Array.from({ length: 40 }, (_, index) =>
    operation({ organisation: 'o', project: 'p', key: `key ${index % 7}` }, { at_ms: NOW - (index % 5) * DAY_MS }),
  );
  const postings = [
    posting([
      ['cost', 280n],
      ['payable', -280n],
    ]),
  ];
  return { segment, from: 0, to: 1, operations, postings };
}

/** Some of everything that is awkward to dump. */
export async function fillStore(store: Store): Promise<void> {
  const tenant = await makeTenant(store, ['team']);
  await store.captures.put([
    {
      operation: 'op',
      at_ms: NOW,
      project: 'p',
      request: 'line\u2028separator\n\r\u0085"\\',
      reply: '{"table":"keys","row":{}}',
      expiresAt_ms: NOW,
    },
  ]);
  await store.usage.append(
    batchOf([operation(tenant, { tags: { team: '茶\n"' } })], {
      postings: [
        posting([
          ['big', 10n ** 30n],
          ['gib', -(10n ** 30n)],
        ]),
      ],
    }),
  );
}

export function storeSuite(name: string, open: OpenTestStore): void {
  describe(`store on ${name}`, () => {
    let opened: TestStore;
    let store: Store;
    before(async () => {
      opened = await open({ clock: { now: () => NOW, mono: () => 0 } });
      store = opened.store;
    });
    after(() => opened.close());

    describe('accounts', () => {
      it('keeps organisations, projects and keys as they were given', async () => {
        const organisation = {
          id: fresh('org'),
          name: '茶馆 O\'Hara "x" 😀',
          timezone: 'Asia/Shanghai',
          capture: 'none' as const,
          tagKeys: ['team', '部门'],
          createdAt_ms: NOW,
        };
        const project = {
          id: fresh('project'),
          organisation: organisation.id,
          name: 'P',
          capture: 'full' as const,
          createdAt_ms: NOW,
        };
        const full = makeKey(
          { organisation: organisation.id, project: project.id },
          {
            rpm: 1,
            tpm: 2_000_000_000_000,
            concurrency: 3,
            models: ['openai/*'],
            actAsUser: true,
            approve: true,
            unpriced: false,
            capture: 'none',
            expiresAt_ms: NOW + 1,
          },
        );
        const bare = makeKey({ organisation: organisation.id, project: project.id });
        await store.organisations.create(organisation, AUDIT);
        await store.projects.create(project, AUDIT);
        await store.keys.create(full, AUDIT);
        await store.keys.create(bare, AUDIT);
        assert.deepEqual(await store.organisations.get(organisation.id), organisation);
        assert.deepEqual(await store.projects.list({ organisation: organisation.id }), [project]);
        assert.deepEqual(await store.keys.get(full.id), full);
        assert.deepEqual(await store.keys.byHash(bare.hash), bare);
        assert.equal(await store.keys.get('nobody'), undefined);
        assert.equal(await store.organisations.get('nobody'), undefined);
        assert.equal(await store.projects.get('nobody'), undefined);
      });

      it('changes what is given, clears what is null and leaves the rest', async () => {
        const tenant = await makeTenant(store);
        await store.keys.update(tenant.key, { rpm: 5, tpm: 6, expiresAt_ms: NOW + 1 }, AUDIT);
        const changed = await store.keys.update(tenant.key, { rpm: null, tpm: undefined, name: 'new' }, AUDIT);
        assert.equal(changed?.rpm, undefined);
        assert.equal(changed?.tpm, 6);
        assert.equal(changed?.name, 'new');
        assert.deepEqual(await store.keys.update(tenant.key, {}, AUDIT), changed);
        assert.equal(await store.keys.update('nobody', { name: 'x' }, AUDIT), undefined);
        assert.equal(
          (await store.organisations.update(tenant.organisation, { tagKeys: ['a'] }, AUDIT))?.tagKeys[0],
          'a',
        );
        assert.equal((await store.projects.update(tenant.project, { capture: 'full' }, AUDIT))?.capture, 'full');
      });

      it('gives the snapshot neither revoked nor expired keys', async () => {
        const tenant = await makeTenant(store);
        const expired = makeKey(tenant, { expiresAt_ms: NOW });
        const later = makeKey(tenant, { expiresAt_ms: NOW + 1 });
        const revoked = makeKey(tenant);
        for (const key of [expired, later, revoked]) await store.keys.create(key, AUDIT);
        await store.keys.update(revoked.id, { revokedAt_ms: NOW }, AUDIT);
        const active = (await store.keys.active(NOW))
          .filter((key) => key.project === tenant.project)
          .map((key) => key.id);
        assert.deepEqual(active.sort(), [tenant.key, later.id].sort());
        const listed = async (revoked: boolean) =>
          (await store.keys.list({ project: tenant.project, revoked })).data.length;
        assert.equal(await listed(false), 3);
        assert.equal(await listed(true), 4);
      });

      it('pages without missing or repeating one, whatever is added meanwhile', async () => {
        const tenant = await makeTenant(store);
        // Same time for all, so that the id has to decide.
        for (let index = 0; index < 6; index++) await store.keys.create(makeKey(tenant), AUDIT);
        const first = await store.keys.list({ project: tenant.project, limit: 3 });
        assert.equal(first.data.length, 3);
        await store.keys.create(makeKey(tenant, { createdAt_ms: NOW + 1 }), AUDIT);
        const rest = await allPages((cursor) =>
          store.keys.list({ project: tenant.project, limit: 3, cursor: cursor ?? first.next }),
        );
        const ids = [...first.data, ...rest].map((key) => key.id);
        assert.equal(ids.length, 8);
        assert.equal(new Set(ids).size, 8);
      });

      it('refuses bad paging, unknown parents, doubles and text that no database holds', async () => {
        const tenant = await makeTenant(store);
        await refuses(store.keys.list({ limit: 0 }), 'invalid_request', /limit/);
        await refuses(store.keys.list({ limit: 501 }), 'invalid_request', /limit/);
        await refuses(store.keys.list({ cursor: 'nonsense' }), 'invalid_request', /cursor/);
        await refuses(store.keys.create(makeKey({ ...tenant, project: 'nobody' }), AUDIT), 'invalid_request');
        const key = makeKey(tenant);
        await store.keys.create(key, AUDIT);
        await refuses(store.keys.create(makeKey(tenant, { hash: key.hash }), AUDIT), 'conflict', /^(?!.*hash-)/);
        await refuses(store.keys.create(makeKey(tenant, { name: 'a\0b' }), AUDIT), 'invalid_request', /NUL/);
      });
    });

    describe('audit and revision', () => {
      it("writes the audit row in the change's own transaction", async () => {
        const tenant = await makeTenant(store);
        const actor = fresh('actor');
        const seen = async () => (await store.audit.list({ actor })).data.map((entry) => entry.target);
        await refuses(
          store.keys.create(makeKey({ ...tenant, project: 'nobody' }), { ...AUDIT, actor, target: 'failed' }),
          'invalid_request',
        );
        assert.deepEqual(await seen(), []);
        await store.keys.update('nobody', { name: 'x' }, { ...AUDIT, actor, target: 'nothing changed' });
        assert.deepEqual(await seen(), []);
        const detail = { name: { from: 'a', to: 'b' } };
        await store.keys.update(
          tenant.key,
          { name: 'b' },
          { ...AUDIT, actor, target: tenant.key, organisation: tenant.organisation, detail },
        );
        const [entry] = (
          await store.audit.list({
            organisation: tenant.organisation,
            actor,
            action: 'test.write',
            from_ms: NOW,
            to_ms: NOW + 1,
          })
        ).data;
        assert.deepEqual(
          { ...entry, id: undefined },
          {
            id: undefined,
            at_ms: NOW,
            actor,
            action: 'test.write',
            target: tenant.key,
            organisation: tenant.organisation,
            detail,
          },
        );
        assert.deepEqual((await store.audit.list({ actor, from_ms: NOW + 1 })).data, []);
      });

      it('pages the newest first', async () => {
        const actor = fresh('actor');
        for (let index = 0; index < 5; index++) await store.audit.append({ ...AUDIT, actor, target: String(index) });
        const all = await allPages((cursor) => store.audit.list({ actor, limit: 2, cursor }));
        assert.deepEqual(all.map((entry) => entry.target).sort(), ['0', '1', '2', '3', '4']);
      });

      it('moves the revision with every change of what gateways keep, and with nothing else', async () => {
        const tenant = await makeTenant(store);
        const moves = async (change: () => Promise<unknown>): Promise<boolean> => {
          const before = await store.revision();
          await change();
          return (await store.revision()) > before;
        };
        const budget = makeBudget();
        assert.equal(await moves(() => store.keys.update(tenant.key, { rpm: 1 }, AUDIT)), true);
        assert.equal(await moves(() => store.budgets.create(budget, undefined, AUDIT)), true);
        assert.equal(await moves(() => store.budgets.remove(budget.id, AUDIT)), true);
        assert.equal(
          await moves(() => store.providers.put({ name: fresh('p'), config: {}, createdAt_ms: NOW }, AUDIT)),
          true,
        );
        assert.equal(
          await moves(() => store.aliases.put({ name: fresh('a'), config: {}, createdAt_ms: NOW }, AUDIT)),
          true,
        );
        assert.equal(await moves(() => store.budgets.remove(budget.id, AUDIT)), false);
        assert.equal(await moves(() => store.audit.append(AUDIT)), false);
        assert.equal(await moves(() => store.usage.append(batchOf([operation(tenant)]))), false);
      });
    });

    describe('reflex models', () => {
      const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
      const version = (number: number) => ({
        version: number,
        hash: `${number}`.padStart(64, '0'),
        createdAt_ms: NOW + number,
        facts: { examples: number, intents: ['预订', 'book'] },
      });
      const put = async (model: string, number: number, keep = 10, changes: number[] = []) => {
        assert.equal(await store.reflex.reserve(model, 'default'), number);
        await store.reflex.putBlock(model, number, 'model', 0, bytes(70_000, number));
        await store.reflex.putBlock(model, number, 'model', 1, bytes(3, 255));
        await store.reflex.commit(model, version(number), { blocks: 2, changes, keep });
      };

      it('keeps versions with their bytes, the newest of them, and goes back to one', async () => {
        const model = fresh('model');
        for (const number of [1, 2, 3]) await put(model, number, 2);
        assert.deepEqual(await store.reflex.versions(model), [version(3), version(2)]);
        const found = (await store.reflex.list()).find((one) => one.model === model)!;
        assert.deepEqual([found.project, found.active], ['default', version(3)]);
        assert.deepEqual(new Uint8Array((await store.reflex.block(model, 3, 'model', 0))!), bytes(70_000, 3));
        assert.deepEqual(new Uint8Array((await store.reflex.block(model, 3, 'model', 1))!), bytes(3, 255));
        assert.equal(await store.reflex.block(model, 3, 'model', 2), undefined);
        assert.equal(await store.reflex.block(model, 1, 'model', 0), undefined);
        assert.equal(await store.reflex.activate(model, 2), true);
        assert.equal(await store.reflex.activate(model, 1), false);
        assert.equal((await store.reflex.list()).find((one) => one.model === model)!.active!.version, 2);
      });

      it('keeps a version that was gone back to, however many follow it', async () => {
        const model = fresh('model');
        for (const number of [1, 2]) await put(model, number, 2);
        assert.equal(await store.reflex.activate(model, 1), true);
        for (const number of [3, 4, 5]) await put(model, number, 2);
        assert.deepEqual(
          (await store.reflex.versions(model)).map((one) => one.version),
          [5, 4, 1],
        );
        assert.deepEqual(new Uint8Array((await store.reflex.block(model, 1, 'model', 0))!), bytes(70_000, 1));
        assert.equal(await store.reflex.activate(model, 1), true);
      });

      it('commits nothing over a version that no longer answers', async () => {
        const model = fresh('model');
        await put(model, 1);
        const reserved = await store.reflex.reserve(model, 'default');
        const id = await store.reflex.append(model, 'default', [{ add: { text: 'x', intent: 'a' } }]);
        await put(model, 3);
        const late = { blocks: 0, changes: [id], keep: 10, over: 1 };
        await refuses(store.reflex.commit(model, version(reserved), late), 'conflict');
        assert.equal((await store.reflex.list()).find((one) => one.model === model)!.active!.version, 3);
        assert.equal((await store.reflex.changes({ model })).length, 1);
        const gone = { ...late, over: 3, changes: [id, id + 1] };
        await refuses(store.reflex.commit(model, version(reserved), gone), 'conflict');
        assert.equal((await store.reflex.changes({ model })).length, 1);
        await store.reflex.commit(model, version(reserved), { ...late, over: 3 });
        assert.equal((await store.reflex.changes({ model })).length, 0);
      });

      it('commits only what is whole, and drops what a killed training has left', async () => {
        const model = fresh('model');
        assert.equal(await store.reflex.reserve(model, 'p'), 1);
        await store.reflex.putBlock(model, 1, 'model', 0, bytes(10, 1));
        await refuses(store.reflex.commit(model, version(1), { blocks: 2, changes: [], keep: 10 }), 'conflict');
        assert.equal((await store.reflex.list()).find((one) => one.model === model)!.active, undefined);
        await put(model, 2);
        assert.equal(await store.reflex.block(model, 1, 'model', 0), undefined);
        await refuses(
          store.reflex.commit(fresh('model'), version(1), { blocks: 0, changes: [], keep: 10 }),
          'conflict',
        );
      });

      it('keeps changes in their order until a training has learnt them', async () => {
        const model = fresh('model');
        const change = (text: string) => ({ add: { text, intent: 'a' } });
        const revision = await store.reflex.revision();
        const second = await store.reflex.append(model, 'default', [change('one'), change('nul \0 and \ud800')]);
        assert.ok((await store.reflex.revision()) > revision);
        assert.equal(await store.reflex.append(model, 'default', [change('three')]), second + 1);
        const texts = async () =>
          (await store.reflex.changes({ model })).map(({ id, change: one }) => [
            id,
            (one as ReturnType<typeof change>).add.text,
          ]);
        assert.deepEqual(await texts(), [
          [second - 1, 'one'],
          [second, 'nul \ufffd and \ufffd'],
          [second + 1, 'three'],
        ]);
        await put(model, 1, 10, [second - 1, second + 1]);
        assert.deepEqual(await texts(), [[second, 'nul \ufffd and \ufffd']]);
        assert.deepEqual(await store.reflex.changes({ model, after: second }), []);
        assert.ok((await store.reflex.changes()).some((one) => one.model === model));
        assert.equal(await store.reflex.append(model, 'default', [change('four')]), second + 2);
      });

      it('gives many trainings numbers of their own', async () => {
        const model = fresh('model');
        const numbers = await Promise.all(Array.from({ length: 8 }, () => store.reflex.reserve(model, 'default')));
        assert.deepEqual([...numbers].sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
      });

      it('removes a model with all it has', async () => {
        const model = fresh('model');
        await put(model, 1);
        await store.reflex.append(model, 'default', [{ add: { text: 'x', intent: 'y' } }]);
        assert.equal(await store.reflex.remove(model), true);
        assert.equal(await store.reflex.remove(model), false);
        assert.deepEqual(await store.reflex.changes({ model }), []);
        assert.equal(await store.reflex.block(model, 1, 'model', 0), undefined);
        assert.equal(
          (await store.reflex.list()).some((one) => one.model === model),
          false,
        );
      });
    });

    describe('prices, rates, providers, aliases, settings', () => {
      const price = (change: Partial<PriceRecord> = {}): PriceRecord => ({
        id: fresh('price'),
        book: 'cost',
        provider: 'mock',
        model: fresh('m'),
        currency: 'USD',
        body: { z: '1.00', a: [{ deep: null }] },
        effectiveFrom_ms: NOW,
        managedBy: 'api',
        createdAt_ms: NOW,
        ...change,
      });

      it('inserts a price once and never rewrites it', async () => {
        const row = price();
        assert.equal(await store.prices.insert([row, price()], AUDIT), 2);
        assert.equal(await store.prices.insert([{ ...row, currency: 'CNY' }, price()], AUDIT), 1);
        assert.equal(await store.prices.insert([], AUDIT), 0);
        const [kept] = await store.prices.list({ book: 'cost', provider: 'mock', model: row.model });
        assert.deepEqual(kept, row);
        assert.deepEqual(Object.keys(kept!.body as object), ['z', 'a']);
        assert.deepEqual(await store.prices.list({ book: 'sell' }), []);
      });

      it('ends a price now or later, never in the past', async () => {
        const row = price();
        await store.prices.insert([row], AUDIT);
        await refuses(store.prices.end(row.id, NOW - 1, AUDIT), 'invalid_request');
        assert.equal(await store.prices.end(row.id, NOW + HOUR_MS, AUDIT), true);
        assert.equal(await store.prices.end(row.id, NOW, AUDIT), true);
        assert.equal(
          await store.prices.end(row.id, NOW + 2 * HOUR_MS, AUDIT),
          false,
          'it ended at NOW; calls since then were priced otherwise',
        );
        assert.equal(await store.prices.end('nobody', NOW, AUDIT), false);
        assert.equal((await store.prices.list({ model: row.model }))[0]?.effectiveTo_ms, NOW);
      });

      it('takes a whole book at once', async () => {
        const book = Array.from({ length: 2_500 }, () => price({ provider: 'big' }));
        assert.equal(await store.prices.insert(book, AUDIT), 2_500);
        assert.equal((await store.prices.list({ provider: 'big' })).length, 2_500);
      });

      it('keeps rates exact', async () => {
        const rate = {
          id: fresh('fx'),
          base: 'USD',
          quote: 'CNY',
          rate_pico: 7_123_456_789_012n,
          effectiveFrom_ms: NOW,
          source: 'ecb',
          createdAt_ms: NOW,
        };
        await store.fxRates.insert(rate, AUDIT);
        assert.deepEqual(
          (await store.fxRates.list()).find((row) => row.id === rate.id),
          rate,
        );
      });

      it('puts, replaces and removes providers and aliases', async () => {
        const provider = {
          name: fresh('p'),
          config: { base_url: 'https://x', models: [1] },
          sealed: 'sealed',
          createdAt_ms: NOW,
        };
        await store.providers.put(provider, AUDIT);
        await store.providers.put({ name: provider.name, config: {}, createdAt_ms: NOW + 5 }, AUDIT);
        assert.deepEqual(
          (await store.providers.list()).find(({ name }) => name === provider.name),
          { name: provider.name, config: {}, createdAt_ms: NOW },
        );
        assert.equal(await store.providers.remove(provider.name, AUDIT), true);
        assert.equal(await store.providers.remove(provider.name, AUDIT), false);
        const alias = { name: fresh('a'), config: { strategy: 'priority' }, createdAt_ms: NOW };
        await store.aliases.put(alias, AUDIT);
        assert.deepEqual(
          (await store.aliases.list()).find(({ name }) => name === alias.name),
          alias,
        );
        assert.equal(await store.aliases.remove(alias.name, AUDIT), true);
      });

      it('keeps any JSON as a setting', async () => {
        for (const value of [null, false, 0, '', 'x', [1, { a: null }], { b: { c: '😀' } }]) {
          await store.settings.put('s', value, AUDIT);
          assert.deepEqual(await store.settings.get('s'), value);
        }
        assert.equal(await store.settings.get('never put'), undefined);
      });
    });

    describe('alerts, outcomes, invoices, replies, captures', () => {
      it('takes an alert once and knows which were not delivered', async () => {
        const organisation = fresh('org');
        const alert = {
          id: fresh('alert'),
          at_ms: NOW,
          organisation,
          kind: 'budget_share',
          subject: 'b',
          detail: { percent: 80 },
        };
        assert.equal(await store.alerts.append(alert), true);
        assert.equal(await store.alerts.append({ ...alert, kind: 'other' }), false);
        assert.ok((await store.alerts.undelivered()).some(({ id }) => id === alert.id));
        await store.alerts.delivered(alert.id, NOW + 1);
        assert.ok(!(await store.alerts.undelivered()).some(({ id }) => id === alert.id));
        assert.deepEqual((await store.alerts.list({ organisation })).data, [{ ...alert, deliveredAt_ms: NOW + 1 }]);
      });

      it("answers an outcome's first record for the same idempotency key", async () => {
        const project = fresh('project');
        const first = {
          id: fresh('outcome'),
          at_ms: NOW,
          project,
          kind: 'booking',
          value_pico: 12_500_000_000_000n,
          currency: 'CNY',
          minutesSaved: 2.5,
          idempotencyKey: 'k',
        };
        assert.deepEqual(await store.outcomes.append(first), first);
        assert.deepEqual(await store.outcomes.append({ ...first, id: fresh('outcome'), kind: 'other' }), first);
        const other = { id: fresh('outcome'), at_ms: NOW + 1, project, kind: 'lead' };
        assert.deepEqual(await store.outcomes.append(other), other);
        assert.deepEqual(
          await store.outcomes.append({ ...other, id: fresh('outcome') }).then(({ kind }) => kind),
          'lead',
        );
        assert.equal((await store.outcomes.list({ project })).data.length, 3);
        assert.deepEqual((await store.outcomes.list({ project, kind: 'booking' })).data, [first]);
      });

      it('keeps an invoice of 10 billion units exact, with its posting', async () => {
        const total = 10_000_000_000n * PICO_PER_UNIT + 1n;
        const organisation = fresh('org');
        const invoice = {
          id: fresh('invoice'),
          organisation,
          period: '2026-11',
          currency: 'USD',
          lines: [
            { description: '模型 a', operations: 9_007_199_254_740_991, amount_pico: total },
            { description: 'nothing', operations: 0, amount_pico: 0n },
          ],
          subtotal_pico: total,
          tax_pico: 0n,
          total_pico: total,
          createdAt_ms: NOW,
        };
        const account = fresh('tax:');
        await store.invoices.create(
          invoice,
          posting(
            [
              [account, total],
              ['due', -total],
            ],
            { kind: 'invoice_tax' },
          ),
          AUDIT,
        );
        assert.deepEqual(await store.invoices.get(invoice.id), invoice);
        assert.deepEqual(await store.invoices.list({ organisation }), [invoice]);
        assert.equal(await store.invoices.get('nobody'), undefined);
        assert.deepEqual(await store.ledger.balances({ prefix: account }), [
          { account, currency: 'USD', amount_pico: total },
        ]);
      });

      it('keeps replies until they expire', async () => {
        const key = fresh('key');
        const reply = {
          key,
          path: '/v1/x',
          idempotencyKey: 'i',
          bodyHash: 'h',
          operation: 'op',
          status: 200,
          sealed: 's'.repeat(300_000),
          expiresAt_ms: NOW + 10,
        };
        await store.replies.put([]);
        await store.replies.put([{ ...reply, status: 500 }, reply]);
        assert.deepEqual(await store.replies.get(key, '/v1/x', 'i'), reply);
        assert.equal(await store.replies.get(key, '/v1/y', 'i'), undefined);
        assert.equal((await store.replies.live(NOW)).filter((row) => row.key === key).length, 1);
        assert.equal((await store.replies.live(NOW + 10)).length, 0);
        assert.equal(await store.replies.sweep(NOW + 9), 0);
        assert.equal(await store.replies.sweep(NOW + 10), 1);
        assert.equal(await store.replies.get(key, '/v1/x', 'i'), undefined);
      });

      it('keeps captured calls until they expire or their user is purged', async () => {
        const project = fresh('project');
        const call = (user: string | undefined, expiresAt_ms: number) => ({
          operation: fresh('op'),
          at_ms: NOW,
          project,
          user,
          request: 'a\0b',
          reply: '{}',
          expiresAt_ms,
        });
        const calls = [call('u', NOW + 1), call('u', NOW + 2), call('v', NOW + 1), call(undefined, NOW + 9)];
        await store.captures.put(calls);
        assert.equal((await store.captures.get(calls[0]!.operation))?.request, 'a\uFFFDb');
        assert.equal(await store.captures.purgeUser(project, 'u', AUDIT), 2);
        assert.equal(await store.captures.purgeUser(project, 'u', AUDIT), 0);
        assert.equal(await store.captures.sweep(NOW + 1), 1);
        assert.equal((await store.captures.get(calls[3]!.operation))?.user, undefined);
        assert.equal(await store.captures.get(calls[0]!.operation), undefined);
      });
    });

    describe('budgets and wallets', () => {
      it('books what operations settled per budget and window, soft ones included', async () => {
        const tenant = await makeTenant(store);
        const total = makeBudget({ scopeId: tenant.project });
        const daily = makeBudget({ scopeId: tenant.project, window: 'day', hard: false, webhook: 'https://x' });
        await store.budgets.create(total, { budget: total.id, window: 'total', spent_pico: 3n }, AUDIT);
        await store.budgets.create(daily, undefined, AUDIT);
        const hold = (budget: string, window: string, settled_pico: bigint) => ({
          budget,
          window,
          kind: 'budget' as const,
          currency: 'USD',
          held_pico: 0n,
          settled_pico,
        });
        await store.usage.append(
          batchOf([
            operation(tenant, { holds: [hold(total.id, 'total', 10n), hold(daily.id, '2026-11-24', 10n)] }),
            operation(tenant, { holds: [hold(total.id, 'total', 20n), hold(daily.id, '2026-11-25', 20n)] }),
            operation(tenant, { holds: [{ ...hold(fresh('wallet'), 'total', 99n), kind: 'wallet' }] }),
          ]),
        );
        assert.deepEqual(await store.budgets.list({ scope: 'project', scopeId: tenant.project }), [total, daily]);
        assert.deepEqual(await store.budgets.spends({ budget: total.id }), [
          { budget: total.id, window: 'total', spent_pico: 33n },
        ]);
        assert.deepEqual(await store.budgets.spends({ budget: daily.id }), [
          { budget: daily.id, window: '2026-11-24', spent_pico: 10n },
          { budget: daily.id, window: '2026-11-25', spent_pico: 20n },
        ]);
        const all = await store.budgets.spends();
        assert.equal(all.filter(({ budget }) => budget === total.id || budget === daily.id).length, 3);
        assert.equal(
          (await store.budgets.update(total.id, { amount_pico: 1n, webhook: null }, AUDIT))?.amount_pico,
          1n,
        );
        assert.equal(await store.budgets.remove(total.id, AUDIT), true);
        assert.deepEqual(await store.budgets.spends({ budget: total.id }), []);
      });

      it('sums a wallet from its entries', async () => {
        const wallet = {
          id: fresh('wallet'),
          scope: 'project' as const,
          scopeId: 'p',
          currency: 'CNY',
          createdAt_ms: NOW,
        };
        await store.wallets.create(wallet, AUDIT);
        const account = `wallet:${wallet.id}`;
        const balance = async () => (await store.wallets.balances()).find((row) => row.wallet === wallet.id);
        assert.deepEqual(await balance(), { wallet: wallet.id, credited_pico: 0n, spent_pico: 0n });
        const topUp = posting(
          [
            [account, -100n, 'CNY'],
            ['cash', 100n, 'CNY'],
          ],
          { kind: 'top_up' },
        );
        assert.equal(await store.wallets.post(topUp, AUDIT), true);
        assert.equal(await store.wallets.post(topUp, AUDIT), false, 'the same posting again');
        await store.wallets.post(
          posting(
            [
              [account, 10n, 'CNY'],
              ['expired', -10n, 'CNY'],
            ],
            { kind: 'expire' },
          ),
          AUDIT,
        );
        await store.usage.append(
          batchOf([], {
            postings: [
              posting([
                [account, 30n, 'CNY'],
                ['revenue', -30n, 'CNY'],
              ]),
              posting(
                [
                  [account, 55n, 'CNY'],
                  ['held', -55n, 'CNY'],
                ],
                { kind: 'hold' },
              ),
              posting(
                [
                  [account, -25n, 'CNY'],
                  ['held', 25n, 'CNY'],
                ],
                { kind: 'release' },
              ),
            ],
          }),
        );
        assert.deepEqual(await balance(), { wallet: wallet.id, credited_pico: 90n, spent_pico: 30n });
        assert.deepEqual(await store.wallets.get(wallet.id), wallet);
        assert.deepEqual(await store.wallets.list({ scope: 'project', scopeId: 'p' }), [wallet]);
        await refuses(
          store.wallets.post(
            posting(
              [
                [account, -1n],
                ['cash', 1n],
              ],
              { kind: 'top_up' },
            ),
            AUDIT,
          ),
          'invalid_request',
          /CNY/,
        );
        await refuses(
          store.wallets.post(
            posting([
              ['wallet:nobody', -1n],
              ['cash', 1n],
            ]),
            AUDIT,
          ),
          'not_found',
        );
      });
    });

    describe('usage.append', () => {
      it('applies a batch once, in its order', async () => {
        const tenant = await makeTenant(store);
        const batch = batchOf([operation(tenant), operation(tenant)]);
        assert.equal(await store.usage.position(batch.segment), 0);
        await refuses(store.usage.append({ ...batch, from: 50, to: 60 }), 'conflict', /loaded only to 0/);
        assert.equal(await store.usage.append(batch), true);
        assert.equal(await store.usage.append(batch), false);
        assert.equal(await store.usage.append({ ...batch, to: 200 }), false);
        assert.equal(await store.usage.position(batch.segment), 100);
        assert.equal(await store.usage.append({ ...batch, from: 100, to: 150, operations: [] }), true);
        assert.equal(await store.usage.position(batch.segment), 150);
        assert.equal(only(await store.usage.query(filter(tenant, ['key']))).requests, 2);
        await refuses(store.usage.append(batchOf([], { to: 0 })), 'invalid_request');
        await refuses(store.usage.append(batchOf([], { from: -1 })), 'invalid_request');
      });

      it('keeps an operation as it was given', async () => {
        const tenant = await makeTenant(store);
        const full = operation(tenant, {
          user: 'u',
          tags: { team: 'voc' },
          stream: true,
          status: 'broken',
          errorCode: 'upstream_error',
          ttft_ms: 0.125,
          attempts: [
            attempt({
              status: 'failed',
              errorCode: 'rate_limited',
              httpStatus: 429,
              usage: {},
              usageSource: undefined,
              cost_pico: undefined,
              currency: undefined,
            }),
            attempt({
              index: 1,
              rawUsage: { prompt_tokens: 10, nested: [1.5, null, '\u4e2d'] },
              servedTier: 'flex',
              tokenizer: 'o200k',
              usageSource: 'estimated',
              ttft_ms: 3,
              priceId: 'p1',
              cost_pico: 10n ** 23n,
            }),
          ],
          charge_pico: 10n ** 22n + 1n,
          chargeCurrency: 'CNY',
          sellPriceId: 's1',
          holds: [
            { budget: 'b', window: 'total', kind: 'budget', currency: 'USD', held_pico: 10n ** 22n, settled_pico: 0n },
          ],
          agent: 'cockpit',
          run: 'run_1',
          cascade: {
            decision: 'reflex',
            confidence: 0.97,
            threshold: 0.9,
            saved: { tokens: 120, cost_pico: 10n ** 24n + 1n, currency: 'CNY', ms: -3 },
          },
        });
        const bare = operation(tenant, { attempts: [] });
        await store.usage.append(batchOf([full, bare]));
        const withoutUndefined = (record: OperationRecord) => ({
          ...record,
          attempts: record.attempts.map((one) =>
            Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)),
          ),
        });
        assert.deepEqual(await store.operations.get(full.id), withoutUndefined(full));
        assert.deepEqual(await store.operations.get(bare.id), bare);
        assert.equal(await store.operations.get('nobody'), undefined);
      });

      it('leaves nothing of a batch that fails', async () => {
        const tenant = await makeTenant(store);
        const account = fresh('a');
        const good = posting([
          [account, 1n],
          ['b', -1n],
        ]);
        const twice = operation(tenant);
        await refuses(store.usage.append(batchOf([twice, twice], { postings: [good] })), 'conflict');
        assert.equal(await store.operations.get(twice.id), undefined);
        assert.deepEqual(await store.usage.query(filter(tenant, ['key'])), []);
        assert.deepEqual(await store.ledger.balances({ prefix: account }), []);
        await refuses(
          store.usage.append(batchOf([operation(tenant)], { postings: [posting([['a', 1n]])] })),
          'invalid_request',
          /does not balance/,
        );
        await refuses(
          store.usage.append(
            batchOf([], {
              postings: [
                posting([
                  ['a', 1n],
                  ['b', -1n, 'CNY'],
                ]),
              ],
            }),
          ),
          'invalid_request',
          /does not balance/,
        );
      });

      it('is not stopped by what callers send', async () => {
        const tenant = await makeTenant(store, ['team']);
        const wild = operation(tenant, {
          user: 'half \ud800 pair',
          model: `nul \0 ${'中'.repeat(100_000)}`,
          deployment: '',
          status: 'failed',
          tags: { team: '\0'.repeat(3_000), __proto__: 'x', 'back\\u0000slash': '\\ud800' },
          total_ms: 0.1 + 0.2,
          at_ms: NOW + 0.75,
          attempts: [
            attempt({
              usage: { input: 1.4, output: -5, reasoning: Number.NaN, seconds: Number.POSITIVE_INFINITY },
              rawUsage: { text: 'a\0\udc00' },
            }),
          ],
        });
        const early = operation(tenant, { at_ms: -1 });
        const late = operation(tenant, { at_ms: Date.UTC(2300, 0, 1) });
        assert.equal(await store.usage.append(batchOf([wild, early, late])), true);
        const kept = await store.operations.get(wild.id);
        assert.equal(kept?.user, 'half \uFFFD pair');
        assert.equal(kept?.at_ms, NOW);
        assert.equal(kept?.total_ms, 0.1 + 0.2);
        assert.equal(kept?.tags['back\\u0000slash'], '\\ud800');
        assert.equal((await store.operations.get(late.id))?.at_ms, late.at_ms);
        const row = only(await store.usage.query(filter(tenant, ['tag:team'])));
        assert.deepEqual(row.usage, { input: 1 });
        assert.equal(row.errors, 1);
      });

      it('takes 5,000 operations with thousands of rollup rows at once', async () => {
        const tenant = await makeTenant(store);
        const operations = Array.from({ length: 5_000 }, (_, index) =>
          operation(tenant, { at_ms: NOW + index * MINUTE_MS, attempts: [attempt({ usage: { input: index } })] }),
        );
        assert.equal(await store.usage.append(batchOf(operations)), true);
        const rows = await store.usage.query(filter(tenant, ['day']));
        assert.equal(rows.length, 4);
        assert.equal(
          rows.reduce((sum, row) => sum + row.usage.input!, 0),
          (4_999 * 5_000) / 2,
        );
      });

      it('adds batches up that come at the same time', async () => {
        const tenant = await makeTenant(store);
        const account = fresh('a');
        const batches = Array.from({ length: 12 }, () =>
          batchOf(
            Array.from({ length: 20 }, (_, index) =>
              operation(tenant, { key: `k${index % 5}`, at_ms: NOW + (index % 3) * HOUR_MS }),
            ),
            {
              postings: [
                posting([
                  [account, 5n],
                  ['other', -5n],
                ]),
              ],
            },
          ),
        );
        // Each twice, as after a lost answer.
        const applied = await Promise.all([...batches, ...batches].map((batch) => store.usage.append(batch)));
        assert.equal(applied.filter(Boolean).length, 12);
        const row = only(await store.usage.query(filter(tenant, ['organisation'])));
        assert.equal(row.requests, 240);
        assert.deepEqual(row.cost, { USD: 240n * 7n });
        assert.deepEqual(await store.ledger.balances({ prefix: account }), [
          { account, currency: 'USD', amount_pico: 60n },
        ]);
        assert.deepEqual(await store.usage.totals({ organisation: tenant.organisation }), {
          tokens: 240 * 15,
          requests: 240,
          errors: 0,
        });
      });

      it('keeps the books balanced', async () => {
        assert.deepEqual(await store.ledger.imbalances(), []);
        const reference = fresh('ref');
        const account = fresh('a');
        const postings = Array.from({ length: 5 }, (_, index) =>
          posting(
            [
              [account, BigInt(index)],
              ['b', 1n],
              ['b', BigInt(-index - 1)],
            ],
            { reference },
          ),
        );
        await store.usage.append(batchOf([], { postings }));
        const read = await allPages((cursor) => store.ledger.postings({ reference, limit: 2, cursor }));
        assert.deepEqual(
          read.sort((a, b) => (a.id < b.id ? -1 : 1)),
          postings.sort((a, b) => (a.id < b.id ? -1 : 1)),
        );
        assert.equal((await store.ledger.postings({ account })).data.length, 5);
        assert.deepEqual(await store.ledger.imbalances(), []);
      });
    });

    describe('usage.query', () => {
      it('counts a request once and gives each attempt to its own deployment', async () => {
        const tenant = await makeTenant(store);
        const operations = [
          operation(tenant, {
            model: 'smart',
            deployment: 'other/b',
            charge_pico: 50n,
            chargeCurrency: 'CNY',
            attempts: [
              attempt({ status: 'broken', usage: { input: 10, output: 1 }, usageSource: 'estimated' }),
              attempt({
                index: 1,
                deployment: 'other/b',
                provider: 'other',
                model: 'b',
                usage: { input: 10, output: 9, cache_read: 4 },
                cost_pico: 30n,
                currency: 'CNY',
              }),
            ],
          }),
          operation(tenant, {
            model: 'smart',
            status: 'failed',
            attempts: [
              attempt({
                status: 'failed',
                usage: {},
                usageSource: undefined,
                cost_pico: undefined,
                currency: undefined,
              }),
            ],
          }),
          operation(tenant, {
            model: 'smart',
            status: 'aborted',
            attempts: [
              attempt({
                status: 'aborted',
                usageSource: 'unreconciled',
                usage: {},
                cost_pico: undefined,
                currency: undefined,
              }),
            ],
          }),
        ];
        await store.usage.append(batchOf(operations));
        const base = { errors: 0, estimated: 0, unreconciled: 0, unpriced: 0 };
        assert.deepEqual(await store.usage.query(filter(tenant, ['model'])), [
          {
            ...base,
            group: { model: 'mock/a' },
            requests: 2,
            attempts: 3,
            errors: 1,
            unreconciled: 1,
            unpriced: 1,
            usage: { input: 10, output: 1 },
            cost: { USD: 7n },
            charge: {},
          },
          {
            ...base,
            group: { model: 'other/b' },
            requests: 1,
            attempts: 1,
            estimated: 1,
            usage: { input: 10, output: 9, cache_read: 4 },
            cost: { CNY: 30n },
            charge: { CNY: 50n },
          },
        ]);
        const whole = {
          ...base,
          requests: 3,
          attempts: 4,
          errors: 1,
          estimated: 1,
          unreconciled: 1,
          unpriced: 1,
          usage: { input: 20, output: 10, cache_read: 4 },
          cost: { CNY: 30n, USD: 7n },
          charge: { CNY: 50n },
        };
        assert.deepEqual(await store.usage.query(filter(tenant, [])), [{ ...whole, group: {} }]);
        assert.deepEqual(await store.usage.query(filter(tenant, ['requested_model' as 'model'])), [
          { ...whole, group: { requested_model: 'smart' } },
        ]);
        assert.deepEqual(
          (await store.usage.query(filter(tenant, ['provider']))).map((row) => [
            row.group.provider,
            row.requests,
            row.attempts,
          ]),
          [
            ['mock', 2, 3],
            ['other', 1, 1],
          ],
        );
        assert.deepEqual(
          (await store.usage.query(filter(tenant, ['currency']))).map((row) => [
            row.group.currency,
            row.cost,
            row.charge,
          ]),
          [
            ['', {}, {}],
            ['CNY', { CNY: 30n }, { CNY: 50n }],
            ['USD', { USD: 7n }, {}],
          ],
        );
        assert.equal(only(await store.usage.query(filter(tenant, [], { model: 'smart' }))).requests, 3);
        assert.equal(only(await store.usage.query(filter(tenant, [], { model: 'other/b' }))).requests, 1);
      });

      it('keeps 10 billion units exact, summed', async () => {
        const tenant = await makeTenant(store);
        const amount = 10_000_000_000n * PICO_PER_UNIT + 1n;
        await store.usage.append(
          batchOf(
            [1, 2, 3].map(() =>
              operation(tenant, {
                charge_pico: amount,
                chargeCurrency: 'USD',
                attempts: [attempt({ cost_pico: amount })],
              }),
            ),
          ),
        );
        const row = only(await store.usage.query(filter(tenant, ['key'])));
        assert.deepEqual(row.cost, { USD: 3n * amount });
        assert.deepEqual(row.charge, { USD: 3n * amount });
      });

      it('groups days and hours in the time zone asked for', async () => {
        const tenant = await makeTenant(store);
        // Clocks in New York went back on 1 November 2026 at 06:00 UTC: 01:30 came twice.
        const times = [
          Date.UTC(2026, 10, 1, 5, 30),
          Date.UTC(2026, 10, 1, 6, 30),
          Date.UTC(2026, 10, 1, 18, 20),
          Date.UTC(2026, 10, 1, 18, 59, 59, 999),
        ];
        await store.usage.append(batchOf(times.map((at_ms) => operation(tenant, { at_ms }))));
        const groups = async (group: 'day' | 'hour', timezone: string) =>
          (await store.usage.query(filter(tenant, [group], { timezone }))).map((row) => [
            row.group[group],
            row.requests,
          ]);
        assert.deepEqual(await groups('day', 'UTC'), [['2026-11-01', 4]]);
        assert.deepEqual(await groups('day', 'Asia/Kathmandu'), [
          ['2026-11-01', 2],
          ['2026-11-02', 2],
        ]);
        assert.deepEqual((await groups('hour', 'America/New_York')).sort(), [
          ['2026-11-01T01:00-04:00', 1],
          ['2026-11-01T01:00-05:00', 1],
          ['2026-11-01T13:00-05:00', 2],
        ]);
        assert.deepEqual(await groups('hour', 'Asia/Kathmandu'), [
          ['2026-11-01T11:00+05:45', 1],
          ['2026-11-01T12:00+05:45', 1],
          ['2026-11-02T00:00+05:45', 2],
        ]);
        const day = { from_ms: times[0]!, to_ms: times[3]! + 1 };
        const buckets = await store.usage.timeline({
          organisation: tenant.organisation,
          ...day,
          step: 'day',
          timezone: 'Asia/Kathmandu',
        });
        assert.deepEqual(buckets, [
          { at_ms: Date.UTC(2026, 9, 31, 18, 15), tokens: 30, requests: 2 },
          { at_ms: Date.UTC(2026, 10, 1, 18, 15), tokens: 30, requests: 2 },
        ]);
        const hours = await store.usage.timeline({
          organisation: tenant.organisation,
          ...day,
          step: 'hour',
          timezone: 'America/New_York',
        });
        assert.deepEqual(
          hours.map(({ at_ms }) => at_ms),
          [Date.UTC(2026, 10, 1, 5), Date.UTC(2026, 10, 1, 6), Date.UTC(2026, 10, 1, 18)],
        );
        const quarters = await store.usage.timeline({
          organisation: tenant.organisation,
          ...day,
          step: 'quarter',
          timezone: 'UTC',
        });
        assert.equal(quarters.length, 4);
      });

      it('takes the quarter-hours that the range touches', async () => {
        const tenant = await makeTenant(store);
        await store.usage.append(
          batchOf([0, 15, 30].map((minute) => operation(tenant, { at_ms: NOW + minute * MINUTE_MS }))),
        );
        const requests = async (from_ms: number, to_ms: number) =>
          (await store.usage.query(filter(tenant, [], { from_ms, to_ms })))[0]?.requests ?? 0;
        assert.equal(await requests(NOW, NOW + 15 * MINUTE_MS), 1);
        assert.equal(await requests(NOW + 14 * MINUTE_MS, NOW + 16 * MINUTE_MS), 2);
        assert.equal(await requests(NOW + 31 * MINUTE_MS, NOW + 45 * MINUTE_MS), 1);
        assert.equal(await requests(NOW + 45 * MINUTE_MS, NOW + DAY_MS), 0);
      });

      it('sums declared tags once per operation, and several together', async () => {
        const tenant = await makeTenant(store, ['team', 'feature']);
        const tagged = (tags: Record<string, string>) => operation(tenant, { tags });
        await store.usage.append(
          batchOf([
            tagged({ team: 'voc', feature: 'weekly' }),
            tagged({ team: 'voc', feature: 'daily', undeclared: 'x' }),
            tagged({ team: 'ops' }),
            tagged({}),
          ]),
        );
        const rows = async (groupBy: UsageFilter['groupBy']) =>
          (await store.usage.query(filter(tenant, groupBy))).map((row) => [...Object.values(row.group), row.requests]);
        assert.deepEqual(await rows(['tag:team']), [
          ['', 1],
          ['ops', 1],
          ['voc', 2],
        ]);
        assert.deepEqual(await rows(['tag:team', 'tag:feature']), [
          ['', '', 1],
          ['ops', '', 1],
          ['voc', 'daily', 1],
          ['voc', 'weekly', 1],
        ]);
        assert.deepEqual(await rows(['tag:undeclared']), [['', 4]]);
        assert.deepEqual(await rows(['key']), [[tenant.key, 4]]);
      });

      it('refuses what it can not answer', async () => {
        const tenant = await makeTenant(store);
        await refuses(store.usage.query(filter(tenant, ['nonsense' as 'model'])), 'invalid_request', /nonsense/);
        await refuses(store.usage.query(filter(tenant, ['__proto__' as 'model'])), 'invalid_request');
        await refuses(store.usage.query(filter(tenant, ['model', 'model'])), 'invalid_request', /twice/);
        await refuses(
          store.usage.query(filter(tenant, ['day'], { timezone: 'Mars/Olympus' })),
          'invalid_request',
          /Mars/,
        );
        await refuses(store.usage.query(filter(tenant, [], { from_ms: Number.NaN })), 'invalid_request');
      });

      it('answers every grouping with the sums of the operations themselves', async () => {
        const tenant = await makeTenant(store, ['team']);
        const names = fc.constantFrom('a', 'b', 'c');
        const currency = fc.constantFrom('USD', 'CNY');
        const count = fc.integer({ min: 0, max: 1_000_000_000 });
        const vector: fc.Arbitrary<UsageVector> = fc.record({
          input: count,
          cache_read: count,
          output: count,
          images: count,
        });
        const anyAttempt = fc
          .record({
            name: names,
            usage: vector,
            cost: fc.option(fc.bigInt({ min: 0n, max: 10n ** 24n }), { nil: undefined }),
            currency,
          })
          .map(({ name, usage, cost, currency }) =>
            attempt({
              deployment: `p/${name}`,
              provider: 'p',
              model: name,
              usage,
              cost_pico: cost,
              currency: cost === undefined ? undefined : currency,
            }),
          );
        const anyCascade: fc.Arbitrary<CascadeRecord | undefined> = fc.option(
          fc.oneof(
            fc.constant<CascadeRecord>({ decision: 'passed', reason: 'unsure' }),
            fc
              .record({
                tokens: count,
                cost: fc.option(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 24n }), { nil: undefined }),
                currency: fc.constantFrom('USD', 'CNY', 'EUR'),
                ms: fc.option(fc.integer({ min: -1_000, max: 100_000 }), { nil: undefined }),
              })
              .map(
                ({ tokens, cost, currency, ms }): CascadeRecord => ({
                  decision: 'reflex',
                  saved: { tokens, ms, ...(cost !== undefined && { cost_pico: cost, currency }) },
                }),
              ),
          ),
          { nil: undefined },
        );
        const anyOperation = fc
          .record({
            model: names,
            minute: fc.integer({ min: 0, max: 3_000 }),
            team: names,
            attempts: fc.array(anyAttempt, { maxLength: 3 }),
            charge: fc.bigInt({ min: 0n, max: 10n ** 24n }),
            currency,
            cascade: anyCascade,
          })
          .map(({ model, minute, team, attempts, charge, currency, cascade }) =>
            operation(tenant, {
              model,
              deployment: attempts.at(-1)?.deployment ?? '',
              at_ms: NOW + minute * MINUTE_MS,
              tags: { team },
              attempts,
              charge_pico: charge,
              chargeCurrency: currency,
              ...(cascade && { cascade }),
            }),
          );
        const operations: OperationRecord[] = [];
        await fc.assert(
          fc.asyncProperty(fc.array(anyOperation, { minLength: 1, maxLength: 30 }), async (batch) => {
            // fast-check may hand the same operation out twice while it shrinks.
            const added = batch.map((one) => ({ ...one, id: fresh('op') }));
            await store.usage.append(batchOf(added));
            operations.push(...added);
            const usage: UsageVector = {};
            const cost: Record<string, bigint> = {};
            const charge: Record<string, bigint> = {};
            const cascade = noCascade();
            for (const one of operations) {
              if (one.cascade) addCascade(cascade, sumsOf(one.cascade));
              if (one.charge_pico) charge[one.chargeCurrency!] = (charge[one.chargeCurrency!] ?? 0n) + one.charge_pico;
              for (const each of one.attempts) {
                addUsage(usage, each.usage);
                if (each.cost_pico) cost[each.currency!] = (cost[each.currency!] ?? 0n) + each.cost_pico;
              }
            }
            for (const groupBy of [
              [],
              ['model'],
              ['requested_model'],
              ['day', 'currency'],
              ['tag:team'],
              ['hour', 'tag:team', 'key'],
            ] as UsageFilter['groupBy'][]) {
              const rows = await store.usage.query(filter(tenant, groupBy, { timezone: 'Asia/Kolkata' }));
              const sum = {
                requests: 0,
                attempts: 0,
                usage: {} as UsageVector,
                cost: {} as Record<string, bigint>,
                charge: {} as Record<string, bigint>,
                cascade: noCascade(),
              };
              for (const row of rows) {
                if (row.cascade) addCascade(sum.cascade, row.cascade);
                sum.requests += row.requests;
                sum.attempts += row.attempts;
                addUsage(sum.usage, row.usage);
                for (const [name, amount] of Object.entries(row.cost)) sum.cost[name] = (sum.cost[name] ?? 0n) + amount;
                for (const [name, amount] of Object.entries(row.charge))
                  sum.charge[name] = (sum.charge[name] ?? 0n) + amount;
              }
              assert.deepEqual(
                { ...sum, cascade: withoutZeros(sum.cascade) },
                {
                  requests: operations.length,
                  attempts: operations.flatMap((one) => one.attempts).length,
                  usage,
                  cost,
                  charge,
                  cascade: withoutZeros(cascade),
                },
                groupBy.join(),
              );
            }
          }),
          { numRuns: 8 },
        );
      });
    });

    describe('operations', () => {
      it('lists the newest first, by filter and page', async () => {
        const tenant = await makeTenant(store);
        const operations = Array.from({ length: 7 }, (_, index) =>
          operation(tenant, {
            at_ms: NOW - Math.floor(index / 2) * DAY_MS,
            status: index === 3 ? 'failed' : 'completed',
          }),
        );
        await store.usage.append(batchOf(operations));
        const all = await allPages((cursor) => store.operations.list({ project: tenant.project, limit: 2, cursor }));
        assert.equal(all.length, 7);
        assert.equal(new Set(all.map(({ id }) => id)).size, 7);
        assert.deepEqual(
          all.map(({ at_ms }) => at_ms),
          all.map(({ at_ms }) => at_ms).sort((a, b) => b - a),
        );
        assert.deepEqual((await store.operations.list({ key: tenant.key, status: 'failed' })).data, [operations[3]]);
        const range = { organisation: tenant.organisation, model: 'mock/a', from_ms: NOW - DAY_MS, to_ms: NOW };
        assert.equal((await store.operations.list(range)).data.length, 2);
      });

      it('sweeps old rows and keeps their sums', async () => {
        const tenant = await makeTenant(store);
        const old = Date.UTC(2021, 4, 5, 23, 59);
        const operations = [old, old + 1, old + 2 * MINUTE_MS].map((at_ms) => operation(tenant, { at_ms }));
        await store.usage.append(batchOf(operations));
        assert.equal(await store.operations.sweep(old), 1, 'the row of 1969, from the test of what callers send');
        assert.equal(await store.operations.sweep(old + 3 * MINUTE_MS), 3);
        assert.equal(await store.operations.get(operations[0]!.id), undefined);
        assert.equal(only(await store.usage.query(filter(tenant, [], { from_ms: 0 }))).requests, 3);
        // The day can be used again.
        await store.usage.append(batchOf([operation(tenant, { at_ms: old })]));
        assert.equal((await store.operations.list({ key: tenant.key })).data.length, 1);
      });
    });

    it('answers what it is', async () => {
      await store.ping();
      const about = await store.describe();
      assert.equal(about.engine, store.engine);
      assert.match(about.version, /^\d+/);
      assert.ok(about.migrations >= 1);
    });

    it('remembers totals and milestones, and still does when it is opened again', async () => {
      const tenant = await makeTenant(store);
      await store.usage.append(
        batchOf([operation(tenant, { attempts: [attempt({ usage: { input: 1_500, images: 9_999 } })] })]),
      );
      await store.usage.append(
        batchOf([
          operation(tenant, { at_ms: NOW + 5, attempts: [attempt({ usage: { output: 4_000 } })], status: 'broken' }),
        ]),
      );
      store = await opened.reopen();
      assert.deepEqual(await store.usage.totals({ organisation: tenant.organisation }), {
        tokens: 5_500,
        requests: 2,
        errors: 1,
      });
      assert.deepEqual(await store.usage.totals({ organisation: 'nobody' }), { tokens: 0, requests: 0, errors: 0 });
      assert.deepEqual(await store.usage.milestones({ organisation: tenant.organisation }), [
        { tokens: 1_000, at_ms: NOW },
        { tokens: 2_000, at_ms: NOW + 5 },
        { tokens: 5_000, at_ms: NOW + 5 },
      ]);
      assert.ok((await store.usage.totals({})).tokens >= 5_500);
    });

    describe('backup and restore', () => {
      let file: string;
      before(async () => {
        file = join(opened.home, 'dump.gz');
        await fillStore(store);
        await store.settings.put('before backup', { a: 1 });
        await store.reflex.reserve('kept', 'default');
        await store.reflex.putBlock('kept', 1, 'model', 0, new Uint8Array([0, 1, 254, 255]));
        await store.reflex.append('kept', 'default', [{ add: { text: '预订', intent: 'book' } }]);
      });

      it('brings everything back, exactly', async () => {
        const written = await store.backup(file);
        assert.ok(written.rows > 5_000 && written.bytes > 10_000);
        const other = await open();
        try {
          assert.deepEqual(await other.store.restore(file), { rows: written.rows });
          const again = join(opened.home, 'again.gz');
          await other.store.backup(again);
          assert.deepEqual(await dumpLines(again), await dumpLines(file));
          assert.equal(await other.store.revision(), await store.revision());
          assert.deepEqual(await other.store.ledger.imbalances(), []);
          assert.deepEqual(await other.store.settings.get('before backup'), { a: 1 });
          assert.deepEqual([...(await other.store.reflex.block('kept', 1, 'model', 0))!], [0, 1, 254, 255]);
          assert.equal((await other.store.reflex.changes({ model: 'kept' })).length, 1);
          assert.deepEqual(await other.store.captures.get('op'), await store.captures.get('op'));
          const copy = async (from: Store) => (await from.operations.list({ limit: 500 })).data;
          assert.deepEqual(await copy(other.store), await copy(store));
          await refuses(other.store.restore(file), 'conflict', /empty/);
        } finally {
          await other.close();
        }
      });

      it('refuses a dump that is cut off, changed or none, and leaves the store empty', async () => {
        const source = await open();
        const small = join(opened.home, 'small.gz');
        const tenant = await makeTenant(source.store);
        await source.store.usage.append(
          batchOf([operation(tenant)], {
            postings: [
              posting([
                ['a', 1n],
                ['b', -1n],
              ]),
            ],
          }),
        );
        await source.store.backup(small);
        await source.close();
        const whole = await readFile(small);
        const text = gunzipSync(whole).toString('utf8');
        const lines = text.trimEnd().split('\n');
        const damaged: [name: string, content: Buffer, message: RegExp][] = [
          ['cut', whole.subarray(0, whole.length - 20), /cut off/],
          ['cut early', whole.subarray(0, Math.floor(whole.length / 2)), /cut off/],
          ['no trailer', gzipSync(`${lines.slice(0, -1).join('\n')}\n`), /cut off/],
          ['a row less', gzipSync(`${lines.filter((_, index) => index !== 1).join('\n')}\n`), /checksum/],
          ['a digit changed', gzipSync(text.replace('"amount_pico":1', '"amount_pico":2')), /checksum/],
          ['more after the end', gzipSync(`${text}{"table":"keys","row":{}}\n`), /follows its end/],
          ['an unknown table', gzipSync(`${lines[0]}\n{"table":"pg_class","row":{}}\n`), /no table of ours/],
          ['a row that is none', gzipSync(`${lines[0]}\n{"table":"keys","row":[]}\n`), /line 2/],
          ['no gzip', Buffer.from(text), /no gzip/],
          ['another file', gzipSync('{"hello":1}\n'), /does not begin/],
          ['nothing', Buffer.alloc(0), /does not begin|cut off/],
          ['a later form', gzipSync(text.replace('"version":1', '"version":9')), /later/],
        ];
        const other = await open();
        try {
          for (const [name, content, message] of damaged) {
            const bad = join(opened.home, 'bad.gz');
            await writeFile(bad, content);
            await refuses(other.store.restore(bad), 'invalid_request', message);
            assert.deepEqual(await other.store.organisations.list(), [], name);
          }
          await refuses(other.store.restore(join(opened.home, 'missing.gz')), 'invalid_request', /missing\.gz/);
          assert.ok((await other.store.restore(small)).rows > 0, 'the whole dump still fits');
        } finally {
          await other.close();
        }
      });

      it('leaves no half file where it can not write', async () => {
        await refuses(store.backup(join(opened.home, 'no', 'such', 'folder.gz')), 'invalid_request', /folder\.gz/);
      });
    });
  });
}

/** Rows of a dump, in an order that does not depend on where they lay in the table. */
export async function dumpLines(file: string): Promise<string[]> {
  const lines = gunzipSync(await readFile(file))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  return lines.slice(1, -1).sort();
}
