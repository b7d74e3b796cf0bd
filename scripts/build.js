/**
 * Builds the package: `npm run build`. Node strips no types under node_modules, so what is published is JavaScript:
 *   dist/           the program, one .js per .ts, with the files that it reads (migrations, prices)
 *   dist/console/   the console
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildConsole } from './prepare.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
/** Sources, and what only tests read. */
const LEFT_OUT = /\.tsx?$|\.md$|(?:^|\/)fixtures\/|^store\/migrations\/meta\/|^(?:conformance|torture)\//;

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

function compile() {
  const result = spawnSync(
    join(root, 'node_modules/.bin/node'),
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json'), '--noEmitOnError'],
    { cwd: root, stdio: 'inherit' },
  );
  if (result.status !== 0) fail('the sources do not compile');
}

/** Everything beside the sources that is no source itself: the program finds it by its own address. */
function copyAssets() {
  const assets = globSync('**/*', { cwd: join(root, 'src'), withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, 'src').length + 1))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !LEFT_OUT.test(path));
  for (const path of assets) {
    mkdirSync(dirname(join(dist, path)), { recursive: true });
    cpSync(join(root, 'src', path), join(dist, path));
  }
  return assets.length;
}

/** Every relative import of what was built leads to a file that was built. */
function checkImports() {
  const lost = [];
  for (const file of globSync('**/*.js', { cwd: dist, exclude: (path) => path === 'console' })) {
    const text = readFileSync(join(dist, file), 'utf8');
    for (const [, target] of text.matchAll(/^\s*(?:import|export)\b[^'"\n]*['"](\.[^'"]+)['"]/gm)) {
      if (!existsSync(join(dist, dirname(file), target))) lost.push(`${file} → ${target}`);
    }
  }
  if (lost.length > 0) fail(`imports that lead nowhere:\n  ${lost.join('\n  ')}`);
}

rmSync(dist, { recursive: true, force: true });
compile();
const assets = copyAssets();
checkImports();
if (!existsSync(join(dist, 'cli/main.js'))) fail('dist/cli/main.js was not made');
await buildConsole({ must: true }).catch((error) => fail(error.message));
const built = join(root, 'console/dist');
if (existsSync(built)) cpSync(built, join(dist, 'console'), { recursive: true });
else console.error('build: there is no console to pack');
console.log(`build: ${globSync('**/*.js', { cwd: dist }).length} modules and ${assets} other files in dist/`);
