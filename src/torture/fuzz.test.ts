/** Valid bodies with one or two parts replaced by what nobody would send: the answer is one of the surface's own, never a fault of ours. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { startTestServer, type TestServer } from '../server-testing.ts';
import { VALID_BODIES } from './valid-bodies.ts';

const MODELS = ['mock', 'claude', 'gemini', 'ollama', 'ark']
  .map((name) => `${name}/test-model`)
  .concat('reflex/default');
const RUNS = 400;
/** Calls at a time: what one breaks must not reach another. */
const AT_ONCE = 20;

let tw: TestServer;
let secret: string;

before(async () => {
  tw = await startTestServer();
  secret = (await tw.key()).secret;
});
after(() => tw.close());

type Path = (string | number)[];

function pathsOf(value: unknown, at: Path = []): Path[] {
  const own = at.length > 0 ? [at] : [];
  if (typeof value !== 'object' || value === null) return own;
  return own.concat(...Object.entries(value).map(([key, item]) => pathsOf(item, [...at, key])));
}

/** A stand-in for JSON that is too deep to be written by `JSON.stringify`. */
const DEEP = '\u2603deep\u2603';

const anything = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -1,
      0.5,
      1e308,
      Number.MAX_SAFE_INTEGER,
      '',
      ' ',
      'constructor',
      '\u0000\ud800',
      [],
      {},
      [[]],
      [null],
      [{}],
      DEEP,
    ),
  },
  { weight: 1, arbitrary: fc.constant<unknown>('é'.repeat(20_000)) },
  {
    weight: 1,
    arbitrary: fc.constant<unknown>(
      JSON.parse('{"__proto__":{"x":1},"constructor":1,"type":"object","properties":{"__proto__":null}}'),
    ),
  },
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown> },
);

interface Mutation {
  pick: number;
  /** Undefined takes the part away. */
  value: unknown;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  pick: fc.nat(),
  value: fc.option(anything, { nil: undefined, freq: 8 }),
});

function mutate(body: Record<string, unknown>, { pick, value }: Mutation): void {
  const paths = pathsOf(body).filter((path) => path[0] !== 'model' && !path.includes('__proto__'));
  const path = paths[pick % paths.length]!;
  let holder = body as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) holder = holder[step] as typeof holder;
  const last = path.at(-1)!;
  if (value !== undefined) holder[last] = structuredClone(value);
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
}

const call = fc.record({
  path: fc.constantFrom(...Object.keys(VALID_BODIES)),
  model: fc.constantFrom(...MODELS),
  stream: fc.boolean(),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 2 }),
});

async function check({
  path,
  model,
  stream,
  mutations,
}: typeof call extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const body: Record<string, unknown> = { ...structuredClone(VALID_BODIES[path]!), model };
  if (stream && path !== '/v1/embeddings') body.stream = true;
  for (const one of mutations) mutate(body, one);
  const text = JSON.stringify(body).replaceAll(JSON.stringify(DEEP), `${'['.repeat(20_000)}${']'.repeat(20_000)}`);
  const answer = await tw.post(path, text, secret, { connection: 'keep-alive' });
  const reply = await answer.text();
  const seen = `${answer.status} ${reply.slice(0, 300)}`;
  assert.ok(answer.status === 200 || (answer.status >= 400 && answer.status < 500), seen);
  assert.ok(!reply.includes('"code":"internal_error"'), seen);
  if (answer.status === 200) return;
  const refusal = JSON.parse(reply) as { type?: string; error: { code: string; message: string; type: string } };
  assert.ok(refusal.error.code && refusal.error.message && refusal.error.type, seen);
  assert.equal(refusal.type, path === '/v1/messages' ? 'error' : undefined, seen);
  assert.ok(refusal.error.message.length < 2000, seen);
}

test('whatever a body holds, the answer is a reply or a refusal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (calls) => {
      await Promise.all(calls.map(check));
    }),
    { numRuns: RUNS / AT_ONCE, endOnFailure: true },
  );
});

test('the valid bodies are valid, or what they lack is named', async () => {
  for (const [path, body] of Object.entries(VALID_BODIES)) {
    const answer = await tw.post(
      path,
      { ...body, model: path === '/v1/messages' ? 'claude/test-model' : 'mock/test-model' },
      secret,
    );
    assert.equal(answer.status, 200, `${path} ${await answer.text()}`);
  }
});

test('nothing is held, and the books balance', async () => {
  const stats = await tw.server.services.limits.stats();
  assert.deepEqual([stats.leases, stats.holds, tw.server.services.live.open], [0, 0, 0]);
  await tw.server.services.flushUsage();
  assert.deepEqual(await tw.store.ledger.imbalances(), []);
});
