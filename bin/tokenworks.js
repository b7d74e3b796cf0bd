#!/usr/bin/env node
/**
 * Starts the command line on a Node that can run it. Plain JavaScript: the host's Node may be as old as 20, the program needs 24,
 * which the npm package `node` brings. In a clone the TypeScript source runs as it is; in an installed package, what was built from it.
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED = 24;
const own = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const source = join(own, 'src/cli/main.ts');
const entry = existsSync(source) ? source : join(own, 'dist/cli/main.js');

/** Node 24 of the npm package `node`, or why it is not there. */
function findNode() {
  let folder;
  try {
    folder = dirname(createRequire(join(own, 'package.json')).resolve('node/package.json'));
  } catch {
    return { problem: entry === source ? 'run `npm start` once; it brings it' : 'install again with npm install' };
  }
  const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(binary)) return { binary };
  return {
    problem: 'npm did not run the install script of its package "node"; run `npm rebuild node --ignore-scripts=false`',
  };
}

/**
 * What a server is started with (as `npm start` does): a young generation that is copied in a millisecond or two, and one helper thread,
 * since more of them take turns with the thread that answers.
 */
const SERVE_FLAGS = ['--max-semi-space-size=16', '--v8-pool-size=1'];
const isServer = process.argv[2] === 'serve';

function runOn(binary) {
  const flags = isServer ? SERVE_FLAGS : [];
  const child = spawn(binary, [...flags, entry, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends its signals to both processes; the program takes two that come together for one.
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${binary} can't be run: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of forwarded) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  process.stderr.write(`tokenworks: ${message}\n`);
  process.exit(1);
}

if (!existsSync(entry)) fail(`${entry} is missing; the package is not whole, install it again.`);
const runsHere = Number(process.versions.node.split('.')[0]) >= NEEDED;
if (runsHere && isServer) runOn(process.execPath);
else if (runsHere) {
  // Parsing what did not change since the last call would be most of what a short command does.
  module.enableCompileCache?.();
  process.argv[1] = entry;
  await import(pathToFileURL(entry).href);
} else {
  const { binary, problem } = findNode();
  if (binary) runOn(binary);
  else fail(`Node ${NEEDED} is needed and this is ${process.versions.node}: ${problem}.`);
}
