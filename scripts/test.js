/**
 * Runs the tests: `npm test`, or `npm test -- billing/price --test-name-pattern=bands`.
 * Words without a dash choose the files whose path holds them; the rest goes to `node --test`.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PATTERNS = ['src/**/*.test.ts', 'bench/**/*.test.ts', 'console/**/*.test.ts', 'scripts/**/*.test.{js,ts}'];
/** Two at a time: a test file may open an embedded database, which takes half a gigabyte. */
const CONCURRENCY = 2;
/** A test or a file fails after this long. No --test-force-exit: it ends a file before all of its results have reached us, a hundred in a run. */
const TIMEOUT_MS = 300_000;
/** Variables of the shell that would reach a provider, a database or a running server. */
const HANDED_ON_NEVER =
  /^(?:(?:[A-Z0-9]+_)+API_KEY|(?:[A-Z0-9]+_)*BASE_URL|TOKENWORKS_(?!TEST_|PG_).*|DATABASE_URL|REDIS_URL|AWS_.*|GOOGLE_.*|AZURE_.*|OLLAMA_.*)$/;

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('-'));

const all = globSync(PATTERNS, { cwd: root, exclude: (path) => path.includes('node_modules') })
  .map((path) => path.replaceAll('\\', '/'))
  .sort();
const browser = all.filter((path) => /\.browser\.test\.ts$/.test(path));
const files = all.filter(
  (path) => !browser.includes(path) && (words.length === 0 || words.some((word) => path.includes(word))),
);

if (files.length === 0) {
  process.stderr.write(
    words.length > 0
      ? `No test file's path holds ${words.map((word) => `"${word}"`).join(' or ')}.\n`
      : 'There are no test files.\n',
  );
  process.exit(1);
}

const leftOut = [];
if (!process.env.TOKENWORKS_TEST_DATABASE_URL) {
  leftOut.push(
    'the store suite on a PostgreSQL server: needs one (scripts/with-postgres.sh starts one: sh scripts/with-postgres.sh npm test -- src/store)',
  );
}
if (browser.length > 0)
  leftOut.push(`${browser.length} browser tests: need Chromium (npm run test:browser --workspace console)`);
if (words.length > 0)
  leftOut.push(
    `${all.length - browser.length - files.length} files that do not hold ${words.join(' or ')} in their path`,
  );

process.stdout.write(`Running ${files.length} test files, ${CONCURRENCY} at a time.\n`);
for (const what of leftOut) process.stdout.write(`Left out: ${what}\n`);

const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !HANDED_ON_NEVER.test(name)));
const node = join(root, 'node_modules/.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
if (!existsSync(node)) {
  process.stderr.write('Node 24 is not installed here; run: node scripts/prepare.js test\n');
  process.exit(1);
}
const child = spawn(
  node,
  ['--test', `--test-concurrency=${CONCURRENCY}`, `--test-timeout=${TIMEOUT_MS}`, ...flags, ...files],
  {
    cwd: root,
    stdio: 'inherit',
    env,
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`The tests could not be started: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code) => process.exit(code ?? 1));
