import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment, Route, Strategy } from './catalogue.ts';
import { Health } from './health.ts';
import { planTargets } from './plan.ts';

const deployment = (id: string): Deployment => ({ id, providerName: id, model: 'm', facts: {} });

function route(strategy: Strategy, weights: Record<string, number>): Route {
  return {
    name: 'alias',
    strategy,
    targets: Object.entries(weights).map(([id, weight]) => ({ deployment: deployment(id), weight })),
    retries: 0,
  };
}

function clock(): { now(): number; mono(): number; at: number } {
  return {
    at: 0,
    now() {
      return this.at;
    },
    mono() {
      return this.at;
    },
  };
}

const plan = (
  value: Route,
  options: { health?: Health; random?: () => number; user?: string; costs?: Record<string, bigint> } = {},
): string[] =>
  planTargets(value, options.user ?? 'user', {
    health: options.health ?? new Health(clock()),
    random: options.random ?? Math.random,
    costOf: (item) => options.costs?.[item.id],
  }).map((item) => item.id);

test('priority keeps the order that was written', () => {
  assert.deepEqual(plan(route('priority', { a: 1, b: 9, c: 1 })), ['a', 'b', 'c']);
});

test('weighted draws in proportion to the weights', () => {
  const firsts: Record<string, number> = { a: 0, b: 0 };
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let index = 0; index < 20_000; index++) firsts[plan(route('weighted', { a: 1, b: 3 }), { random })[0]!]!++;
  assert.ok(Math.abs(firsts.b! / 20_000 - 0.75) < 0.02, JSON.stringify(firsts));
});

test('sticky keeps a caller on one target, in proportion to the weights, and moves only the callers of a target that goes', () => {
  const full = route('sticky', { a: 1, b: 1, c: 2 });
  const less = route('sticky', { a: 1, c: 2 });
  const firsts: Record<string, number> = { a: 0, b: 0, c: 0 };
  for (let index = 0; index < 4000; index++) {
    const user = `user-${index}`;
    const first = plan(full, { user })[0]!;
    assert.equal(plan(full, { user })[0], first);
    firsts[first]!++;
    if (first !== 'b') assert.equal(plan(less, { user })[0], first);
  }
  assert.ok(Math.abs(firsts.c! / 4000 - 0.5) < 0.04, JSON.stringify(firsts));
});

test('cheapest puts what has no price last', () => {
  assert.deepEqual(plan(route('cheapest', { a: 1, b: 1, c: 1 }), { costs: { a: 5n, c: 2n } }), ['c', 'a', 'b']);
});

test('fastest measures what it does not know, then prefers the quickest', () => {
  const health = new Health(clock());
  health.completed('a', 300);
  assert.deepEqual(plan(route('fastest', { a: 1, b: 1 }), { health }), ['b', 'a']);
  health.completed('b', 900);
  assert.deepEqual(plan(route('fastest', { a: 1, b: 1 }), { health }), ['a', 'b']);
});

test('a deployment that keeps failing is passed over, probed once after its pause, and comes back', () => {
  const time = clock();
  const health = new Health(time);
  for (let index = 0; index < 5; index++) health.failed('a');
  assert.deepEqual(plan(route('priority', { a: 1, b: 1 }), { health }), ['b', 'a']);
  time.at = 5001;
  assert.deepEqual(plan(route('priority', { a: 1, b: 1 }), { health }), ['a', 'b']);
  health.sent('a');
  assert.deepEqual(plan(route('priority', { a: 1, b: 1 }), { health }), ['b', 'a'], 'only one call probes');
  health.failed('a');
  time.at = 5001 + 9_999;
  assert.equal(health.usable('a'), false, 'a failed probe doubles the pause');
  time.at = 5001 + 10_001;
  assert.equal(health.usable('a'), true);
  health.sent('a');
  health.completed('a', 10);
  assert.equal(health.usable('a'), true);
  assert.equal(health.list()[0]!.state, 'closed');
});

test('when every circuit is open the call is still tried', () => {
  const health = new Health(clock());
  for (const id of ['a', 'b']) for (let index = 0; index < 5; index++) health.failed(id);
  assert.equal(plan(route('priority', { a: 1, b: 1 }), { health }).length, 2);
});
