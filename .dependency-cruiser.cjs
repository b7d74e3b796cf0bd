const { DOORS, LAYERS, SIDE_DOORS, TEST_FOLDERS } = require('./scripts/layer-order.cjs');

/** A layer is a folder of src, or (server, config) a file. */
const at = (layers) => `^src/(?:${layers.join('|')})(?:/|\\.ts$)`;

const HELPERS = '(?:^|[/-])(?:suite|testing)\\.ts$';
const TEST = `^src/(?:${TEST_FOLDERS.join('|')})/|\\.test\\.ts$|${HELPERS}|\\.child\\.ts$`;
const DRIVERS = ['drizzle-orm', 'postgres', '@electric-sql'].flatMap((name) => [
  `^${name}(?:/|$)`,
  `node_modules/${name}/`,
]);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    // Nothing is above the first.
    ...LAYERS.slice(1).map((layer, index) => ({
      name: `up-from-${layer}`,
      comment: `${layer} stands below ${LAYERS.slice(0, index + 1).join(', ')}; imports only go down.`,
      severity: 'error',
      from: { path: at([layer]) },
      to: { path: at(LAYERS.slice(0, index + 1)) },
    })),
    ...DOORS.map((door) => ({
      name: `door-${door}`,
      comment: `src/${door} is only entered by its index.ts${SIDE_DOORS[door] ? ` (and ${SIDE_DOORS[door].join(', ')})` : ''}.`,
      severity: 'error',
      from: { path: '^(?:src|console|bench)/', pathNot: `^src/${door}/` },
      to: {
        path: `^src/${door}/`,
        pathNot: `^src/${door}/(?:index|${['testing', 'suite', ...(SIDE_DOORS[door] ?? [])].join('|')})\\.ts$`,
      },
    })),
    {
      name: 'test-helpers-in-tests-only',
      comment: `suite.ts, testing.ts and ${TEST_FOLDERS.join(', ')} are for tests.`,
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: { path: `^src/(?:${TEST_FOLDERS.join('|')})/|^src/.*[/-](?:suite|testing)\\.ts$` },
    },
    {
      name: 'drivers-in-store-only',
      comment: 'No SQL and no driver type leaves src/store.',
      severity: 'error',
      from: { path: '^(?:src|console|bench)/', pathNot: '^src/store/' },
      to: { path: DRIVERS },
    },
    {
      name: 'console-imports-contract-only',
      comment: 'The console knows the server by its wire alone.',
      severity: 'error',
      from: { path: '^console/', pathNot: '\\.test\\.tsx?$' },
      to: { path: '^src/', pathNot: '^src/contract/' },
    },
    {
      name: 'no-circle',
      comment: 'Two files that need each other are one file, or need a third. (Types alone may point back.)',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-missing-file',
      comment: 'A relative import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, path: '^\\.' },
    },
  ],
  options: {
    // Type imports count: a layer that knows another's types leans on it.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?:console/)?dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.json'],
    },
  },
};
