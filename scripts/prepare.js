/**
 * Brings what a command needs and builds what is stale; `npm start`, `npm test` and `npm run bench` run it first.
 *
 *   node scripts/prepare.js start    production packages and the console's build tools, then the console
 *   node scripts/prepare.js test     all packages
 *   node scripts/prepare.js bench    all packages, and the gateways that the bench measures beside ours
 *
 * Plain JavaScript without dependencies: it runs on the host's own Node (20 or later) before anything is installed.
 * What is there is looked at, not remembered: every package that package-lock.json asks for has to be in its place in its version.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const MIN_NODE = 20;
const SERVER_NODE = 24;
const SETS = ['start', 'test', 'bench'];
const LOCK_WAIT_MS = 15 * 60_000;
const TICK_MS = 1000;
/** Where nobody watches a terminal, one line in so many ticks is enough. */
const QUIET_TICKS = 10;

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A failure that is told in one line, without a stack. */
class Problem extends Error {}

/**
 * Packages of a lock file that have to be installed, as `{folder: version}`. Optional ones are left out: which of them belong to this
 * machine is npm's to know.
 */
export function wantedPackages(lock, { dev }) {
  const wanted = {};
  for (const [folder, entry] of Object.entries(lock.packages ?? {})) {
    if (!folder.includes('node_modules/') || entry.link || entry.optional || entry.devOptional) continue;
    if (entry.dev && !dev) continue;
    wanted[folder] = entry.version;
  }
  return wanted;
}

/** Folders of `wanted` under `base` that are missing or hold another version. */
export function missingPackages(base, wanted) {
  // npm writes down what it put where; where that agrees, a look at the file's being there is enough.
  const noted = readJson(join(base, 'node_modules/.package-lock.json'))?.packages ?? {};
  return Object.entries(wanted)
    .filter(([folder, version]) => {
      const file = join(base, folder, 'package.json');
      if (!existsSync(file)) return true;
      return noted[folder]?.version !== version && readJson(file)?.version !== version;
    })
    .map(([folder]) => folder);
}

/** One hash over the names and contents of files. */
export function hashFiles(base, files) {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) {
    hash.update(`${file}\0`);
    hash.update(readFileSync(join(base, file)));
    hash.update('\0');
  }
  return hash.digest('hex');
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

// --- npm

/** How to call npm: the one that called us, else the one in PATH. */
function npmCommand() {
  const own = process.env.npm_execpath;
  if (own && /npm-cli\.[cm]?js$/.test(own) && existsSync(own)) return [process.execPath, [own]];
  const name = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const found = spawnSync(name, ['--version'], { stdio: 'ignore', shell: process.platform === 'win32' });
  if (found.error || found.status !== 0)
    throw new Problem('npm is not in PATH. It comes with Node: https://nodejs.org');
  return [name, []];
}

/** A production setting of the shell must not decide what is left out: the arguments do. */
function npmEnvironment() {
  const drop = new Set([
    'node_env',
    'npm_config_omit',
    'npm_config_include',
    'npm_config_production',
    'npm_config_only',
  ]);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !drop.has(name.toLowerCase())));
}

/** Runs npm and shows how far it is. Answers its exit code and what it said. */
function runNpm(args, { cwd, done, total }) {
  const [command, lead] = npmCommand();
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...lead, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      env: npmEnvironment(),
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const started = Date.now();
    let ticks = 0;
    const timer = setInterval(() => {
      const line = `  … ${Math.min(done(), total)} of ${total} packages, ${Math.round((Date.now() - started) / 1000)} s`;
      if (process.stderr.isTTY) process.stderr.write(`\r${line}`);
      else if (++ticks % QUIET_TICKS === 0) say(line);
    }, TICK_MS);
    const finish = () => {
      clearInterval(timer);
      if (process.stderr.isTTY && Date.now() - started > TICK_MS) process.stderr.write('\r\u001b[K');
    };
    child.on('error', (error) => {
      finish();
      reject(new Problem(`npm could not be run: ${error.message}`));
    });
    child.on('close', (code) => {
      finish();
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Installs what is missing in `base`. `dev`: with what only developers need. */
async function install(base, { dev, label }) {
  const lock = readJson(join(base, 'package-lock.json'));
  if (!lock)
    throw new Problem(`${join(base, 'package-lock.json')} is missing or no JSON; take it from the repository.`);
  const wanted = wantedPackages(lock, { dev });
  const missing = missingPackages(base, wanted);
  if (missing.length === 0) return false;

  const total = Object.keys(wanted).length;
  const omit = dev ? [] : ['--omit=dev'];
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const done = () => Object.keys(wanted).filter((folder) => existsSync(join(base, folder, 'package.json'))).length;
  say(`Installing ${label}: ${missing.length} of ${total} packages are missing or old …`);
  const started = Date.now();
  // `npm ci` empties node_modules first, which would pull the ground from under a server that runs; so only where there is nothing yet.
  const fresh = !existsSync(join(base, 'node_modules/.package-lock.json'));
  let result = fresh ? await runNpm(['ci', ...omit, ...quiet], { cwd: base, done, total }) : undefined;
  if (result?.code !== 0) {
    // `npm ci` refuses a lock that lacks another platform's optional packages; `npm install` takes what the lock says and finds the rest.
    if (result) say('  npm ci did not take the lock file; trying npm install …');
    result = await runNpm(['install', '--no-save', ...omit, ...quiet], { cwd: base, done, total });
  }
  const left = missingPackages(base, wanted);
  if (result.code !== 0 || left.length > 0) {
    say(result.output.trimEnd());
    const what = left.length > 0 ? `, ${left.length} packages are missing (${left.slice(0, 3).join(', ')} …)` : '';
    throw new Problem(`Installing ${label} failed${what}. Look at npm's words above; then try again.`);
  }
  say(`  done in ${Math.round((Date.now() - started) / 1000)} s`);
  return true;
}

/** The package `node` brings the binary by an install script; where scripts were switched off, it is fetched now. */
async function ensureNode() {
  const binary = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const works = () => {
    const answer = spawnSync(binary, ['--version'], { encoding: 'utf8' });
    return answer.status === 0 && Number(/^v(\d+)/.exec(answer.stdout)?.[1]) >= SERVER_NODE;
  };
  const stamp = join(root, 'node_modules/.cache/tokenworks/node');
  const mark = existsSync(binary) ? `${statSync(binary).size} ${statSync(binary).mtimeMs}` : '';
  if (mark && existsSync(stamp) && readFileSync(stamp, 'utf8') === mark) return;
  if (!works()) {
    say(`Fetching Node ${SERVER_NODE} …`);
    const { output } = await runNpm(['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error'], {
      cwd: root,
      done: () => 0,
      total: 1,
    });
    if (!works()) {
      say(output.trimEnd());
      throw new Problem(
        `Node ${SERVER_NODE} could not be fetched by its npm package "node". Allow its install script (npm rebuild node), or remove node_modules and try again.`,
      );
    }
  }
  mkdirSync(dirname(stamp), { recursive: true });
  const { size, mtimeMs } = statSync(binary);
  writeFileSync(stamp, `${size} ${mtimeMs}`);
}

// --- console

const NOT_SOURCES = new Set(['node_modules', 'dist', 'dev', 'test', '.vite']);

/** Files under `folder`, relative to `base`, without what is no source. */
function sources(base, folder) {
  const at = join(base, folder);
  if (!existsSync(at)) return [];
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_SOURCES.has(entry.name) || /\.test\.tsx?$/.test(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(base, path) : entry.isFile() ? [path] : [];
  });
}

/** Builds the console where its sources are newer than what was built. A console that can't be built does not keep the gateway from serving. */
export async function buildConsole({ must }) {
  if (!existsSync(join(root, 'console/index.html'))) return;
  const hash = hashFiles(root, [...sources(root, 'console'), ...sources(root, 'src/contract'), 'package-lock.json']);
  const stamp = join(root, 'node_modules/.cache/tokenworks/console');
  if (existsSync(join(root, 'console/dist/index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash)
    return;
  say('Building the console …');
  const started = Date.now();
  const result = await runBuild();
  if (result.code !== 0) {
    say(result.output.trimEnd());
    if (must) throw new Problem('The console could not be built; the words above say why.');
    say('The console could not be built; the gateway starts without a new one.');
    return;
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
  say(`  done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function runBuild() {
  // Vite runs on our own Node, not on the host's.
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(process.platform === 'win32' ? ';' : ':');
  const [command, lead] = npmCommand();
  const args = [...lead, 'run', 'build', '--workspace', 'console', '--silent'];
  const answer = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    env: { ...process.env, PATH: path, NODE_ENV: 'production' },
  });
  return {
    code: answer.status ?? 1,
    output: `${answer.stdout ?? ''}${answer.stderr ?? ''}${answer.error?.message ?? ''}`,
  };
}

// --- one at a time

function processLives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while no other process of this folder does; a lock whose process is gone is taken over. */
async function alone(work) {
  const file = join(root, '.cache/prepare.lock');
  mkdirSync(dirname(file), { recursive: true });
  const end = Date.now() + LOCK_WAIT_MS;
  let told = false;
  while (true) {
    try {
      const handle = openSync(file, 'wx');
      writeFileSync(handle, String(process.pid));
      closeSync(handle);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw new Problem(`${relative(root, file)} can't be written: ${error.message}`);
    }
    const holder = readLock(file);
    if (holder === 'gone') continue;
    if (holder === 'dead') {
      discardLock(file);
      continue;
    }
    if (!told) say(`Another process (${holder}) prepares this folder; waiting for it …`);
    told = true;
    if (Date.now() > end)
      throw new Problem(
        `Process ${holder} has been preparing this folder for too long. Stop it, or remove ${relative(root, file)}.`,
      );
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const free = () => rmSync(file, { force: true });
  const stop = (signal) => {
    free();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await work();
  } finally {
    free();
  }
}

/** Takes a dead process's lock away; one that somebody took in between is put back. */
function discardLock(file) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (typeof readLock(aside) === 'number') linkSync(aside, file);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST')
      throw new Problem(`${relative(root, file)} can't be removed: ${error.message}`);
  }
  rmSync(aside, { force: true });
}

/** The pid in a lock; 'dead' when it lives no more, 'gone' when the lock went away while we looked. */
function readLock(file) {
  let text;
  let age_ms;
  try {
    text = readFileSync(file, 'utf8');
    age_ms = Date.now() - statSync(file).mtimeMs;
  } catch {
    return 'gone';
  }
  const pid = Number(text);
  // Made and not yet written, for a moment.
  if (!text && age_ms < 5000) return 'another';
  return Number.isInteger(pid) && pid > 0 && processLives(pid) ? pid : 'dead';
}

// --- what to do

function isReady(set) {
  const lock = readJson(join(root, 'package-lock.json'));
  if (!lock || missingPackages(root, wantedPackages(lock, { dev: set !== 'start' })).length > 0) return false;
  if (set !== 'bench') return true;
  const bench = readJson(join(root, 'bench/package-lock.json'));
  return bench !== undefined && missingPackages(join(root, 'bench'), wantedPackages(bench, { dev: true })).length === 0;
}

export async function prepare(set) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < MIN_NODE) {
    throw new Problem(
      `Node ${process.versions.node} is too old: install Node ${MIN_NODE} or later (https://nodejs.org). Tokenworks then brings the Node ${SERVER_NODE} it runs on.`,
    );
  }
  await alone(async () => {
    if (!isReady(set)) {
      await install(root, { dev: set !== 'start', label: set === 'start' ? 'what the server needs' : 'all packages' });
      if (set === 'bench') await install(join(root, 'bench'), { dev: true, label: 'the gateways to compare with' });
    }
    await ensureNode();
    if (set === 'start') await buildConsole({ must: false });
  });
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  const set = process.argv[2];
  if (!SETS.includes(set)) {
    say(`usage: node scripts/prepare.js ${SETS.join('|')}`);
    process.exitCode = 2;
  } else {
    prepare(set).catch((error) => {
      say(error instanceof Problem ? `prepare: ${error.message}` : `prepare: ${error.stack}`);
      process.exitCode = 1;
    });
  }
}
