import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageRowView } from '../contract/control/index.ts';
import { usageTable } from './usage-table.ts';

const row = (model: string, over: Partial<UsageRowView> = {}): UsageRowView => ({
  group: { model },
  requests: 1,
  attempts: 1,
  errors: 0,
  usage: { input: 10, output: 5 },
  estimated: 0,
  unreconciled: 0,
  unpriced: 0,
  cost: { USD: '0.1' },
  charge: { USD: '0.1' },
  ...over,
});

test('sums are exact and stand below; charge shows only where it is not the cost', () => {
  const lines = usageTable(
    ['model'],
    [row('a', { cost: { USD: '0.1' } }), row('b', { cost: { USD: '0.2' }, charge: { USD: '0.2' } })],
  ).split('\n');
  assert.deepEqual(lines[0]!.split(/ {2,}/), ['model', 'requests', 'input', 'output', 'cost']);
  assert.deepEqual(lines.at(-1)!.split(/ {2,}/), ['total', '2', '20', '10', '0.3 USD']);
  const charged = usageTable(['model'], [row('a', { charge: { USD: '0.15' } })]).split('\n');
  assert.deepEqual(charged[0]!.split(/ {2,}/).slice(-2), ['cost', 'charge']);
  assert.equal(charged.length, 2);
});

test('a cascade’s savings stand beside the cost, exact and called an estimate; without one there is no such column', () => {
  const saved = (tokens: number, cost: string) => ({
    reflex: 3,
    passed: 1,
    saved: { tokens, cost: { USD: cost }, ms: 9 },
  });
  const lines = usageTable(
    ['model'],
    [row('a', { cascade: saved(100, '0.1') }), row('b', { cascade: saved(2_000, '0.2') }), row('c')],
  ).split('\n');
  const titles = ['cost', 'by Reflex', 'passed on', 'tokens saved', 'saved'];
  assert.deepEqual(lines[0]!.split(/ {2,}/).slice(-5), titles);
  assert.deepEqual(
    lines
      .find((line) => line.startsWith('total'))!
      .split(/ {2,}/)
      .slice(-4),
    ['6', '2', '2,100', '0.3 USD'],
  );
  assert.match(lines.at(-1)!, /estimate/);
  assert.ok(!usageTable(['model'], [row('a')]).includes('Reflex'));
});

test('an unknown price is not 0, and a price of 0 is', () => {
  const lines = usageTable(
    ['model'],
    [row('free', { cost: {}, charge: {} }), row('unknown', { cost: {}, charge: {}, unpriced: 1 })],
  ).split('\n');
  assert.match(lines[1]!, / 0$/);
  assert.match(lines[2]!, / -$/);
  assert.ok(lines.at(-1)!.includes('without a known price'));
});
