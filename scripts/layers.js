/**
 * Checks the layers of the source: `npm run layers`. Rules are in .dependency-cruiser.cjs, the list of layers in layer-order.cjs.
 * A checker that sees nothing finds nothing, so it has to prove itself: it must see every source file, and each rule must catch
 * the breach of it that is written here, in a folder of its own, before the source is looked at.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { DOORS, LAYERS, TEST_FOLDERS } = require('./layer-order.cjs');
const { forbidden } = require('../.dependency-cruiser.cjs');

/** Files that may read the environment: the one reader, and tests' own switches. */
const MAY_READ_ENVIRONMENT = new RegExp(
  `^src/config\\.ts$|^src/(?:${TEST_FOLDERS.join('|')})/|\\.test\\.ts$|(?:^|[/-])(?:suite|testing)\\.ts$|\\.child\\.ts$`,
);
const ENVIRONMENT = /\bprocess\s*(?:\.\s*env\b|\[\s*['"]env['"]\s*\])|\benv\b[^;\n]*\bfrom\s*['"](?:node:)?process['"]/;

function cruise(cwd, folders) {
  const result = spawnSync(
    join(root, 'node_modules/.bin/node'),
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      join(root, '.dependency-cruiser.cjs'),
      '--output-type',
      'json',
      ...folders,
    ],
    { cwd, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  try {
    return JSON.parse(result.stdout);
  } catch {
    throw new Error(`dependency-cruiser gave no answer: ${result.stderr || result.stdout || result.error?.message}`);
  }
}

/** One breach of every rule: `{file: text}`. */
function breaches() {
  const files = {};
  const isFile = (layer) => layer === 'server' || layer === 'config';
  const path = (layer) => (isFile(layer) ? `src/${layer}.ts` : `src/${layer}/index.ts`);
  for (const layer of LAYERS) files[path(layer)] = 'export const here = 1;\n';
  LAYERS.slice(1).forEach((layer, index) => {
    const above = LAYERS[index];
    const to = isFile(above) ? `${above}.ts` : `${above}/index.ts`;
    // A type-only import is a breach as well.
    const text = `import type { here } from '${isFile(layer) ? './' : '../'}${to}';\nexport type There = typeof here;\n`;
    if (isFile(layer)) files[`src/${layer}.ts`] += text;
    else files[`src/${layer}/upward.ts`] = text;
  });
  for (const door of DOORS) {
    files[`src/${door}/inner.ts`] = 'export const inner = 1;\n';
    files[`src/cli/past-${door}.ts`] = `import { inner } from '../${door}/inner.ts';\nexport const seen = inner;\n`;
  }
  files['src/store/testing.ts'] = 'export const help = 1;\n';
  files['src/http/uses-help.ts'] = "import { help } from '../store/testing.ts';\nexport const used = help;\n";
  files['src/gateway/query.ts'] = "import { sql } from 'drizzle-orm';\nexport const query = sql;\n";
  files['console/src/page.ts'] = "import { here } from '../../src/gateway/index.ts';\nexport const page = here;\n";
  files['src/agent/round.ts'] = "import { trip } from './trip.ts';\nexport const round = () => trip;\n";
  files['src/agent/trip.ts'] = "import { round } from './round.ts';\nexport const trip = () => round;\n";
  files['src/agent/lost.ts'] = "import { nothing } from './not-there.ts';\nexport const lost = nothing;\n";
  return files;
}

/** Names of rules that do not catch their breach. */
function blindRules() {
  const folder = mkdtempSync(join(tmpdir(), 'tw-layers-'));
  try {
    for (const [file, text] of Object.entries(breaches())) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module","dependencies":{"drizzle-orm":"*"}}');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
    const caught = new Set(cruise(folder, ['src', 'console']).summary.violations.map(({ rule }) => rule.name));
    return forbidden.map(({ name }) => name).filter((name) => !caught.has(name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function environmentReaders(files) {
  return files.filter(
    (file) =>
      file.startsWith('src/') &&
      !MAY_READ_ENVIRONMENT.test(file) &&
      ENVIRONMENT.test(withoutComments(readFileSync(join(root, file), 'utf8'))),
  );
}

function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, '');
}

const problems = [];
for (const name of blindRules()) problems.push(`the rule ${name} does not catch a breach of it; the check is blind`);
if (!ENVIRONMENT.test('const key = process.env.KEY;') || !ENVIRONMENT.test("import { env } from 'node:process';"))
  problems.push('the check for process.env is blind');

const skipped = /(?:^|\/)(?:node_modules|dist|fixtures)\//;
const files = globSync(['src/**/*.ts', 'console/**/*.{ts,tsx}', 'bench/**/*.ts'], {
  cwd: root,
  exclude: (path) => skipped.test(`${path}/`),
})
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !path.endsWith('.d.ts'));
const result = cruise(root, ['src', 'console', 'bench']);
const seen = new Set(result.modules.map(({ source }) => source));
const unseen = files.filter((file) => !seen.has(file));
if (unseen.length > 0)
  problems.push(`${unseen.length} of ${files.length} files are not seen (${unseen.slice(0, 3).join(', ')} …)`);

const homeless = new Set(
  files
    .map((file) => /^src\/([^/]+?)(?:\.ts$|\/)/.exec(file)?.[1])
    .filter(
      (name) => name !== undefined && !/-testing$|\.test$/.test(name) && ![...LAYERS, ...TEST_FOLDERS].includes(name),
    ),
);
for (const name of homeless) problems.push(`src/${name} has no place in the list of layers (scripts/layer-order.cjs)`);

for (const { rule, from, to, cycle } of result.summary.violations) {
  const comment = forbidden.find(({ name }) => name === rule.name)?.comment ?? '';
  const way = cycle ? cycle.map((step) => step.name ?? step).join(' → ') : to;
  problems.push(`${from} → ${way}\n    ${rule.name}: ${comment}`);
}
for (const file of environmentReaders(files)) problems.push(`${file} reads process.env; only src/config.ts may`);

if (problems.length > 0) {
  for (const problem of problems) console.error(`✗ ${problem}`);
  console.error(`\nlayers: ${problems.length} ${problems.length === 1 ? 'fault' : 'faults'} in ${files.length} files`);
  process.exitCode = 1;
} else {
  console.log(
    `layers: ${files.length} files keep ${forbidden.length} rules; each rule was seen to catch a breach of it`,
  );
}
