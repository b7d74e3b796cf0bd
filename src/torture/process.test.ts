/** The program as it is started: its lock, its signals, and what it writes where. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type MockUpstream, scriptPrompt, startMockUpstream } from '../../bench/mock-upstream.ts';
import { makeTestHome } from '../store/testing.ts';
import { type ServerProcess, serve, startProcess } from './server-process.ts';

const PROVIDER_KEY = 'sk-provider-q8Zk3vT1pLx0Rr7sWm2Y';
const OTHER_KEY = '0123456789abcdef0123456789abcdef';
const ADMIN_KEY = 'tw-admin-Yb5Nc8Zk3vT1pLx0Rr7sWm';
const CARD = '4111 1111 1111 1111';
const PROMPT = 'the-words-of-the-caller';

let mock: MockUpstream;
let home: string;
let server: ServerProcess;

before(async () => {
  mock = await startMockUpstream();
  home = await makeTestHome();
  writeFileSync(
    join(home, 'tokenworks.yaml'),
    `providers:
  - { name: mock, protocol: openai, base_url: "${mock.url}/v1", api_key: ${PROVIDER_KEY}, models: [{ id: test-model, price: { currency: USD, input: "1", output: "4" } }] }
  - { name: other, protocol: gemini, base_url: "${mock.url}/v1beta", api_key: ${OTHER_KEY}, models: [{ id: test-model }] }
  - { name: nowhere, protocol: openai, base_url: "http://127.0.0.1:1/v1", api_key: ${PROVIDER_KEY}, models: [{ id: test-model }] }
organisation: { capture: full }
`,
  );
  server = await serve({ home, adminKey: ADMIN_KEY });
});
after(async () => {
  await server.stop('SIGKILL');
  await mock.close();
  await rm(home, { recursive: true, force: true });
});

const post = (body: unknown, path = '/v1/chat/completions', key = ADMIN_KEY): Promise<Response> =>
  fetch(server.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const say = (content: string, more: Record<string, unknown> = {}) => ({
  model: 'mock/test-model',
  messages: [{ role: 'user', content }],
  ...more,
});

test('a second process on the same home ends with one line that says why', async () => {
  const second = startProcess({ home, adminKey: ADMIN_KEY });
  assert.equal(await second.ended, 1);
  const lines = second
    .errors()
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('tokenworks: opening'));
  assert.equal(lines.length, 1, second.errors());
  assert.match(lines[0]!, /in use|running|another|already/i);
});

test('no secret and no word of a caller is in a log, a journal line or an error', async () => {
  const bodies = [
    say(`${PROMPT} ${CARD} ${PROVIDER_KEY}`),
    say(scriptPrompt({ status: 500 }, PROMPT)),
    say(scriptPrompt({ status: 401 }, PROMPT)),
    say(scriptPrompt({ fault: 'reset_mid' }, PROMPT), { stream: true }),
    say(scriptPrompt({ fault: 'malformed' }, PROMPT), { stream: true }),
    say(PROMPT, { model: 'nowhere/test-model' }),
    say(PROMPT, { model: 'other/test-model' }),
    say(scriptPrompt({ status: 500 }, PROMPT), { model: 'other/test-model' }),
    say(PROMPT, { model: 'none/none' }),
    say(PROMPT, { tools: 7 }),
    `{"broken": "${PROMPT}`,
    say(PROMPT, { tools: [{ type: 'function', function: { name: 'f', parameters: 'DEEP' } }] }),
  ];
  const errors: string[] = [];
  for (const body of bodies) {
    for (const path of ['/v1/chat/completions', '/v1/messages', '/nothing', '/admin/v1/keys']) {
      for (const key of [ADMIN_KEY, 'tw-unknown-q8Zk3vT1pLx0Rr7sWm2Y']) {
        const answer = await post(body, path, key);
        const text = await answer.text();
        if (answer.status >= 400) errors.push(text);
      }
    }
  }
  assert.equal(
    (
      await fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, host: 'evil.example' },
      })
    ).status < 500,
    true,
  );
  const written = {
    log: server.output() + server.errors(),
    journal: textOf(join(home, 'journal')),
    errors: errors.join('\n'),
  };
  for (const [where, text] of Object.entries(written)) {
    for (const secret of [PROVIDER_KEY, OTHER_KEY, ADMIN_KEY, 'tw-unknown-q8Zk3', CARD, PROMPT]) {
      assert.ok(!text.includes(secret), `${secret} is in the ${where}: ${around(text, secret)}`);
    }
  }
  // Files of secrets are readable by their owner alone, like everything that may hold some.
  for (const name of ['secret.key', 'journal', 'db']) assert.equal(statSync(join(home, name)).mode & 0o077, 0, name);
});

test('SIGTERM lets an open stream end, refuses new calls, and ends with the books settled', async () => {
  const open = await post(say(scriptPrompt({ output: 30, chunks: 30, chunk_delay_ms: 40 }), { stream: true }));
  const id = open.headers.get('x-tokenworks-operation')!;
  const reader = open.body!.getReader();
  await reader.read();
  server.process.kill('SIGTERM');
  let text = '';
  for (let step = await reader.read(); !step.done; step = await reader.read())
    text += Buffer.from(step.value).toString('utf8');
  assert.ok(text.endsWith('data: [DONE]\n\n'));
  assert.equal(await server.ended, 0);
  await assert.rejects(post(say('late')));
  server = await serve({ home, adminKey: ADMIN_KEY });
  const record = (await (
    await fetch(`${server.url}/v1/operations/${id}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  ).json()) as { status?: string; attempts?: unknown[] };
  assert.deepEqual([record.status, record.attempts?.length], ['completed', 1]);
});

test('kill -9 in mid-stream leaves one broken operation that nobody pays for', async () => {
  const open = await post(say(scriptPrompt({ output: 200, chunks: 200, chunk_delay_ms: 20 }), { stream: true }));
  const id = open.headers.get('x-tokenworks-operation')!;
  await open.body!.getReader().read();
  await server.stop('SIGKILL');
  server = await serve({ home, adminKey: ADMIN_KEY });
  const record = (await (
    await fetch(`${server.url}/v1/operations/${id}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  ).json()) as { status?: string; charge?: unknown; usage_source?: string };
  assert.deepEqual([record.status, record.usage_source], ['broken', 'estimated']);
  assert.equal(
    Number.parseFloat(String((record.charge as { amount?: string } | undefined)?.amount ?? record.charge ?? '0')),
    0,
  );
});

/** All text below a folder. */
function textOf(dir: string): string {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

function around(text: string, secret: string): string {
  const at = text.indexOf(secret);
  return text.slice(Math.max(0, at - 150), at + 50);
}
