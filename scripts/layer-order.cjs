/** The layers, top first: imports only go down this list. ARCHITECTURE.md says what each is for. */
exports.LAYERS = [
  'cli',
  'server',
  'http',
  'solutions',
  'agent',
  'gateway',
  'providers',
  'reflex',
  'billing',
  'usage',
  'accounts',
  'egress',
  'limits',
  'store',
  'contract',
  'config',
  'base',
];

/** Folders that are only entered by their index.ts. */
exports.DOORS = ['limits', 'store', 'egress', 'accounts', 'reflex', 'usage', 'billing'];

/** Further entrances of a door. */
exports.SIDE_DOORS = { billing: ['journal/index', 'price-body'] };

/** Folders of tests that go through all layers; nothing but tests may import them. */
exports.TEST_FOLDERS = ['conformance', 'torture'];
