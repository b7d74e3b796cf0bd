import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigFile } from './config.ts';

const read = (alias: string) => parseConfigFile(`models:\n  - name: fast\n    ${alias}`, 'test.yaml', {}).models[0]!;

test('a cascade is an alias with its own fields', () => {
  const alias = read('cascade: [reflex/orders, mock/large]\n    precision: 0.9\n    distill: { examples_per_day: 3 }');
  assert.deepEqual(alias.cascade, ['reflex/orders', 'mock/large']);
  assert.deepEqual([alias.precision, alias.distill, alias.targets], [0.9, { examples_per_day: 3 }, undefined]);
});

test('what is wrong or contradicts is named with line and field', () => {
  for (const [alias, message] of [
    ['retries: 1', /^test\.yaml:2: models\.0\.targets: .*targets, or a cascade/],
    ['cascade: [reflex/a]', /^test\.yaml:3: models\.0\.cascade/],
    ['cascade: [mock/a, mock/b]', /^test\.yaml:3: models\.0\.cascade\.0: must be a Reflex model/],
    ['cascade: [reflex/other:a, mock/b]', /models\.0\.cascade\.0: must be a Reflex model/],
    ['cascade: [reflex/a, reflex/b]', /models\.0\.cascade: the second must be a large model/],
    ['cascade: [reflex/a, fast]', /models\.0\.cascade: the second is this alias itself/],
    [
      'cascade: [reflex/a, mock/b]\n    targets: [mock/b]',
      /^test\.yaml:4: models\.0\.targets: .*either targets or a cascade/,
    ],
    ['cascade: [reflex/a, mock/b]\n    strategy: weighted', /^test\.yaml:4: models\.0\.strategy: orders targets/],
    [
      'cascade: [reflex/a, mock/b]\n    precision: 0.9\n    threshold: 0.5',
      /^test\.yaml:5: models\.0\.threshold: give either/,
    ],
    ['cascade: [reflex/a, mock/b]\n    precision: 95', /models\.0\.precision/],
    [
      'cascade: [reflex/a, mock/b]\n    distill: { examples_per_day: 1, examples_per_hour: 1 }',
      /unknown field "models\.0\.distill\.examples_per_hour"/,
    ],
    ['targets: [mock/b]\n    precision: 0.9', /^test\.yaml:4: models\.0\.precision: belongs to a cascade/],
    ['targets: [mock/b]\n    distill: { examples_per_day: 1 }', /models\.0\.distill: belongs to a cascade/],
  ] as const)
    assert.throws(() => read(alias), { message });
});
