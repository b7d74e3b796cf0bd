/**
 * Proves the package: packs it, installs the tarball into an empty folder as anybody would, serves from there, makes a call of the
 * built-in model, asks the command line for it and stops the server. `node scripts/prove-pack.js [--keep]`
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START_MS = 90_000;
const STOP_MS = 45_000;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const work = mkdtempSync(join(tmpdir(), 'tw-pack-'));
const app = join(work, 'app');
const home = join(work, 'home');
let passed = 0;

function check(ok, what, detail = '') {
  if (!ok) throw new Error(`${what}${detail ? `\n${detail}` : ''}`);
  passed++;
  console.log(`ok   ${what}`);
}

/** Like a shell outside the repository: none of npm's own variables, no tools of ours in PATH. */
function outside() {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^TOKENWORKS_|_API_KEY$|^NODE_|^INIT_CWD$/i.test(name)),
  );
  env.PATH = (env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':');
  return {
    ...env,
    TOKENWORKS_HOME: home,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_prefer_offline: 'true',
  };
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, env: outside(), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return {
    status: result.status,
    out: result.stdout ?? '',
    all: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`,
  };
}

async function until(what, limit_ms, test) {
  const end = Date.now() + limit_ms;
  while (Date.now() < end) {
    const answer = await test();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${what} within ${limit_ms / 1000} s`);
}

async function prove() {
  const packed = run('npm', ['pack', '--pack-destination', work], root);
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'));
  check(packed.status === 0 && tarball !== undefined, 'npm pack gives a tarball', packed.all);

  mkdirSync(app);
  const installed = run('npm', ['install', join(work, tarball)], app);
  check(installed.status === 0, 'npm install takes it in an empty folder', installed.all);
  const inside = join(app, 'node_modules/tokenworks');
  check(
    !existsSync(join(inside, 'src')) && existsSync(join(inside, 'dist/cli/main.js')),
    'it holds what was built, no source',
  );
  check(existsSync(join(inside, 'dist/console/index.html')), 'it holds the console');
  const named = run('npx', ['tokenworks', '--version'], app);
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  check(named.status === 0 && named.out.trim() === version, 'npx tokenworks --version names the version', named.all);
  const idle = run('npx', ['tokenworks', 'usage'], app);
  check(
    idle.status === 1 && idle.all.includes('npm start'),
    'without a server a command says so in one line and exits 1',
    idle.all,
  );

  const server = spawn('npx', ['tokenworks', 'serve', '--port', '0'], {
    cwd: app,
    env: outside(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  server.stdout.on('data', (chunk) => {
    said += chunk;
  });
  server.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise((resolve) => server.on('close', (code) => resolve(code)));
  let pid;
  try {
    const found = await until('the server did not start', START_MS, () => {
      if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}:\n${said}`);
      const file = join(home, 'server.json');
      return existsSync(file) && said.includes('curl ') ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    }).catch((error) => {
      throw new Error(`${error.message}\n${said}`);
    });
    pid = found.pid;
    check(true, `npx tokenworks serve listens on ${found.url}`);

    const curl = said.split('\n').find((line) => line.trim().startsWith('curl '));
    const answer = run('bash', ['-c', `${curl} --silent --show-error --fail`], app);
    const reply = answer.status === 0 ? JSON.parse(answer.out) : undefined;
    check(reply?.choices?.[0]?.message?.content?.length > 0, 'the printed curl is answered', answer.all);

    const usage = run('npx', ['tokenworks', 'usage', '--json'], app);
    const rows = usage.status === 0 ? JSON.parse(usage.out).data : [];
    const row = rows.find(({ group }) => group.model === 'reflex/default');
    check(
      row?.requests === 1 &&
        row.usage.input === reply.usage.prompt_tokens &&
        row.usage.output === reply.usage.completion_tokens,
      'npx tokenworks usage --json shows its tokens',
      usage.all,
    );
    const page = await fetch(`${found.url}/console/`);
    check(page.status === 200 && (await page.text()).includes('<html'), 'the console is served');

    process.kill(pid, 'SIGTERM');
    const code = await Promise.race([ended, new Promise((resolve) => setTimeout(() => resolve('too late'), STOP_MS))]);
    check(code === 0, 'SIGTERM ends it with 0', `it ended with ${code}\n${said}`);
    check(!existsSync(join(home, 'server.json')), 'server.json is gone');
  } finally {
    if (pid !== undefined) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    if (server.exitCode === null) server.kill('SIGKILL');
  }
}

try {
  await prove();
  console.log(`prove-pack: ${passed} passed, 0 failed`);
} catch (error) {
  console.error(`FAIL ${error.message}`);
  console.log(`prove-pack: ${passed} passed, 1 failed`);
  process.exitCode = 1;
} finally {
  if (process.argv.includes('--keep')) console.log(`kept: ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
