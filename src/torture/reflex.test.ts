/** Reflex through the door: what no caller should send, and kill -9 right after an answer. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { startTestServer, type TestServer } from '../server-testing.ts';
import { createTestDatabase, makeTestHome } from '../store/testing.ts';
import { type ServerProcess, serve } from './server-process.ts';

const PATH = '/v1/reflex/models';
const ADMIN_KEY = 'tw-admin-Yb5Nc8Zk3vT1pLx0Rr7sWm';
const ROUNDS = Number(process.env.TOKENWORKS_TORTURE_ROUNDS ?? 2);
const databaseUrl = process.env.TOKENWORKS_TEST_DATABASE_URL;

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes are looked into
  body: any;
}

async function ask(url: string, method: string, path: string, body?: unknown, key = ADMIN_KEY): Promise<Answer> {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body !== undefined && {
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

const colours = (more: object[] = []): object[] => [
  ...['red', 'scarlet red', 'a red rose', 'dark red'].map((text) => ({ text, intent: 'warm' })),
  ...['blue', 'navy blue', 'a blue lake', 'dark blue'].map((text) => ({ text, intent: 'cold' })),
  ...more,
];

describe('what no caller should send', () => {
  let tw: TestServer;
  before(async () => {
    tw = await startTestServer();
    const made = await ask(tw.url, 'POST', PATH, { name: 'colours', examples: colours() }, tw.adminKey);
    assert.ok(made.status === 201 || made.status === 202, JSON.stringify(made.body));
    await tw.server.services.reflex.settled();
  });
  after(() => tw.close());

  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    ask(tw.url, method, PATH + path, body, tw.adminKey);
  const predict = (texts: unknown): Promise<Answer> => call('POST', '/colours/predict', { texts });

  it('reads any text', async () => {
    const odd = [
      '',
      ' ',
      '\u0000\u0001\u001b[31m',
      '😀👩‍👩‍👧‍👦🏳️‍🌈',
      '\ud800 and \udfff',
      '‮red‬',
      'é'.repeat(5_000),
      'a'.repeat(150_000),
    ];
    const { status, body } = await predict(odd);
    assert.equal(status, 200);
    assert.equal(body.length, odd.length);
    for (const one of body) assert.ok(one.confidence >= 0 && one.confidence <= 1, JSON.stringify(one));
    const long = await predict(['word '.repeat(200_000)]);
    assert.deepEqual([long.status, long.body.error.code], [400, 'invalid_request']);
  });

  it('refuses bodies that it can not read, and goes on', async () => {
    const deep = `{"texts": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const keys = `{${Array.from({ length: 30_000 }, (_, at) => `"k${at}":1`).join(',')}}`;
    for (const body of ['', '[]', 'null', '{', '{"texts": 7}', '{"texts": [7]}', '{"texts": []}', deep, keys]) {
      for (const path of ['/colours/predict', '/colours/examples', '']) {
        const answer = await call('POST', path, body);
        assert.ok([400, 413].includes(answer.status), `${path} ${body.slice(0, 40)}: ${answer.status}`);
        assert.match(answer.body.error.code, /^(?:invalid_request|too_large)$/);
      }
    }
    assert.equal((await predict(['red'])).body[0].intent, 'warm');
  });

  it('bounds what one call adds, and says what to do instead', async () => {
    const many = (count: number, text: string) => ({
      examples: Array.from({ length: count }, (_, at) => ({ text: `${text} ${at}`, intent: 'many' })),
    });
    for (const body of [many(2_001, 'x'), many(100, 'y'.repeat(5_000))]) {
      const { status, body: answer } = await call('POST', '/many/examples', body);
      assert.deepEqual([status, answer.error.code, answer.error.param], [413, 'too_large', 'examples']);
      assert.match(answer.error.message, /train the model/);
    }
    assert.equal((await call('GET', '/many')).status, 404);
    const slots = Array.from({ length: 600 }, (_, at) => ({ name: `slot ${at}`, value: 'x' }));
    const named = await call('POST', '', { name: 'many', examples: [{ text: 'x', intent: 'a', slots }] });
    assert.deepEqual([named.status, named.body.error.code], [400, 'invalid_request']);
    const intents = Array.from({ length: 2_001 }, (_, at) => ({ text: `t${at}`, intent: `i${at}` }));
    assert.equal((await call('POST', '', { name: 'many', examples: intents })).status, 400);
  });

  it('learns from labels that contradict each other and from single examples, without being sure of anything', async () => {
    const both = ['open it', 'open it', 'close it'].map((text, at) => ({ text, intent: at === 1 ? 'b' : 'a' }));
    const single = ['alpha', 'beta', 'gamma'].map((text) => ({ text, intent: text }));
    for (const [name, examples] of [
      ['both', both],
      ['single', single],
      ['lonely', [{ text: 'open the window', intent: 'only' }]],
    ] as const) {
      const made = await call('POST', '', { name, examples });
      assert.ok([201, 202].includes(made.status), JSON.stringify(made.body));
      await tw.server.services.reflex.settled();
      const answer = await call('POST', `/${name}/predict`, { texts: ['open it', 'the window of what', 'gamma ray'] });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      for (const one of answer.body)
        assert.ok(one.confidence < (name === 'lonely' ? 0.95 : 1), `${name}: ${JSON.stringify(one)}`);
    }
  });

  it('answers several commands of one text, each in its place', async () => {
    const text = 'paint it red and then paint it blue';
    await call('POST', '', {
      name: 'paint',
      examples: [
        ...['paint it red', 'red please', 'make it red', 'give it a red coat'].map((one) => ({
          text: one,
          intent: 'red',
        })),
        ...['paint it blue', 'blue please', 'make it blue', 'give it a blue coat'].map((one) => ({
          text: one,
          intent: 'blue',
        })),
      ],
    });
    await tw.server.services.reflex.settled();
    await call('POST', '/paint/examples', {
      examples: [
        { text: 'open it', intent: 'open' },
        { text: 'close it', intent: 'close' },
      ],
    });
    const { body } = await call('POST', '/paint/predict', { texts: ['open it and then close it', 'open it', text] });
    assert.deepEqual(
      body[0].parts.map((part: { intent: string; text: string; start: number; end: number }) => [
        part.intent,
        part.text,
        part.start,
        part.end,
      ]),
      [
        ['open', 'open it', 0, 7],
        ['close', 'close it', 17, 25],
      ],
    );
    assert.equal('parts' in body[1], false);
    await tw.server.services.reflex.settled();
  });

  it('keeps models of a project from all others', async () => {
    const audit = { actor: 'test', action: 'test', target: 'test' };
    await tw.store.projects.create(
      { id: 'other', organisation: 'default', name: 'other', createdAt_ms: Date.now() },
      audit,
    );
    const { secret } = await tw.key({ project: 'other' });
    for (const [method, path, body] of [
      ['GET', '/colours', undefined],
      ['POST', '/colours/predict', { texts: ['red'] }],
      ['GET', '/colours/versions', undefined],
      ['GET', '/colours/export', undefined],
      ['POST', '/colours/versions/1/activate', undefined],
      ['DELETE', '/colours', undefined],
    ] as const)
      assert.equal((await ask(tw.url, method, PATH + path, body, secret)).status, 404, path);
    assert.equal((await predict(['red'])).status, 200);
  });
});

interface Export {
  texts: string[];
}

async function exported(url: string, name: string): Promise<Export> {
  const answer = await fetch(`${url}${PATH}/${name}/export`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  if (answer.status === 404) return { texts: [] };
  const bytes = Buffer.from(await answer.arrayBuffer());
  const end = 8 + bytes.readUInt32LE(4);
  const header = JSON.parse(bytes.toString('utf8', 8, end)) as {
    packedBytes: number;
    changes: { add?: { text: string } }[];
  };
  const packed = bytes.subarray(end, end + header.packedBytes);
  const trained = packed.length > 0 ? (JSON.parse(gunzipSync(packed).toString()) as { text: string }[]) : [];
  return { texts: [...trained, ...header.changes.flatMap(({ add }) => (add ? [add] : []))].map(({ text }) => text) };
}

describe('kill -9 right after an answer', () => {
  it('loses nothing that was acknowledged and leaves nothing half', { timeout: 600_000 }, async () => {
    const home = await makeTestHome();
    writeFileSync(join(home, 'tokenworks.yaml'), 'providers: []\n');
    let server: ServerProcess | undefined;
    const acknowledged: string[] = [];
    let gone = '';
    let activated = 0;
    let trainings = 0;
    try {
      for (let round = 0; round < ROUNDS + 1; round++) {
        server = await serve({ home, adminKey: ADMIN_KEY });
        const { url } = server;
        if (round > 0) {
          const { texts } = await exported(url, 'added');
          for (const text of acknowledged) assert.ok(texts.includes(text), `round ${round}: "${text}" is lost`);
          assert.equal((await ask(url, 'GET', `${PATH}/${gone}`)).status, 404);
          const { body } = await ask(url, 'GET', `${PATH}/trained/versions`);
          assert.ok(body.data.length >= Math.min(10, trainings), `${body.data.length} versions of ${trainings}`);
          if (activated > 0) assert.equal(body.data.find((one: { active: boolean }) => one.active).version, activated);
          const predicted = await ask(url, 'POST', `${PATH}/trained/predict`, { texts: ['red'] });
          assert.deepEqual([predicted.status, predicted.body[0].intent], [200, 'warm']);
          const all = (await ask(url, 'GET', PATH)).body.data as { name: string; status: string }[];
          assert.deepEqual(
            all.filter((one) => one.status !== 'ready' && one.name !== 'default'),
            [],
          );
        }
        if (round === ROUNDS) break;
        const stream = await fetch(`${url}${PATH}?stream=true`, {
          method: 'POST',
          headers: { authorization: `Bearer ${ADMIN_KEY}` },
          body: JSON.stringify({
            name: 'trained',
            examples: colours([{ text: `round ${round} red`, intent: 'warm' }]),
          }),
        });
        assert.match(await stream.text(), /event: model/);
        trainings++;
        activated = 0;
        gone = `gone-${round}`;
        await ask(url, 'POST', `${PATH}/${gone}/examples`, { examples: [{ text: 'x', intent: 'a' }] });
        // What the server is told last is what the kill follows: each round another.
        const last = [
          async () => {
            for (let at = 0; at < 5; at++) {
              const text = `round ${round} example ${at}`;
              const added = await ask(url, 'POST', `${PATH}/added/examples`, {
                examples: [{ text, intent: `i${at % 2}` }],
              });
              assert.equal(added.status, 200, JSON.stringify(added.body));
              acknowledged.push(text);
            }
          },
          async () => {
            assert.equal((await ask(url, 'DELETE', `${PATH}/${gone}`)).status, 200);
          },
          async () => {
            const { body } = await ask(url, 'GET', `${PATH}/trained/versions`);
            const oldest = body.data.at(-1).version as number;
            assert.equal((await ask(url, 'POST', `${PATH}/trained/versions/${oldest}/activate`)).status, 200);
            activated = oldest;
          },
        ];
        for (let at = 0; at < last.length; at++) await last[(at + round) % last.length]!();
        await server.stop('SIGKILL');
      }
    } finally {
      await server?.stop('SIGKILL');
      await rm(home, { recursive: true, force: true });
    }
  });
});

describe('two processes on one PostgreSQL', {
  skip: databaseUrl ? false : 'TOKENWORKS_TEST_DATABASE_URL is not set',
}, () => {
  it('see what the other trains, adds and removes', { timeout: 300_000 }, async () => {
    const database = await createTestDatabase(databaseUrl!);
    const homes = [await makeTestHome(), await makeTestHome()];
    const servers: ServerProcess[] = [];
    const seen = async (what: string, check: () => Promise<boolean>): Promise<void> => {
      const began = performance.now();
      while (!(await check())) {
        assert.ok(performance.now() - began < 20_000, `${what} was not seen within 20 s`);
        await sleep(50);
      }
      console.log(`${what}: seen after ${(performance.now() - began).toFixed(0)} ms`);
    };
    try {
      for (const home of homes) {
        writeFileSync(join(home, 'tokenworks.yaml'), 'providers: []\n');
        servers.push(await serve({ home, adminKey: ADMIN_KEY, env: { DATABASE_URL: database.url } }));
      }
      const [one, two] = servers.map(({ url }) => url) as [string, string];
      const intent = async (url: string, text: string): Promise<string | undefined> =>
        (await ask(url, 'POST', `${PATH}/m/predict`, { texts: [text] })).body?.[0]?.intent;
      await ask(one, 'POST', PATH, { name: 'm', examples: colours() });
      await seen('a new model', async () => (await intent(two, 'red')) === 'warm');
      await ask(two, 'POST', `${PATH}/m/examples`, { examples: [{ text: 'green grass', intent: 'fresh' }] });
      await seen('an example', async () => (await intent(one, 'green grass')) === 'fresh');
      await seen('its training', async () => {
        const versions = await Promise.all([one, two].map((url) => ask(url, 'GET', `${PATH}/m`)));
        return versions.every(
          ({ body }) => body.pending === 0 && body.version === versions[0]!.body.version && body.version >= 2,
        );
      });
      // Both add at once, and train at once: nothing is lost whoever is first.
      const texts = Array.from({ length: 12 }, (_, at) => `word ${at}`);
      const added = await Promise.all(
        texts.map((text, at) =>
          ask(at % 2 ? one : two, 'POST', `${PATH}/m/examples`, { examples: [{ text, intent: 'words' }] }),
        ),
      );
      assert.deepEqual([...new Set(added.map(({ status }) => status))], [200]);
      await seen('the training of both', async () => {
        const states = await Promise.all([one, two].map((url) => ask(url, 'GET', `${PATH}/m`)));
        return states.every(({ body }) => body.pending === 0 && body.examples === colours().length + 1 + texts.length);
      });
      for (const url of [one, two]) {
        const kept = (await exported(url, 'm')).texts;
        for (const text of texts) assert.ok(kept.includes(text), `${text} is lost`);
      }
      assert.equal((await ask(one, 'DELETE', `${PATH}/m`)).status, 200);
      await seen('a removal', async () => (await ask(two, 'GET', `${PATH}/m`)).status === 404);
    } finally {
      await Promise.all(servers.map((server) => server.stop('SIGKILL')));
      await Promise.all(homes.map((home) => rm(home, { recursive: true, force: true })));
      await database.drop();
    }
  });
});
