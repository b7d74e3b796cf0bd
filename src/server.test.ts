import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { scriptPrompt } from '../bench/mock-upstream.ts';
import { formatDecimal, parseDecimal } from './base/money.ts';
import { topUpPosting } from './billing/index.ts';
import type { UsageVector } from './contract/usage.ts';
import { chat, operationOf, startTestServer, type TestServer } from './server-testing.ts';

let tw: TestServer;
let secret: string;

before(async () => {
  tw = await startTestServer({
    config: `
models:
  - { name: both, strategy: priority, targets: [mock/test-model, claude/test-model] }
  - { name: stubborn, strategy: priority, targets: [mock/test-model], retries: 2 }
  - { name: hasty, strategy: priority, targets: [mock/test-model], timeout_ms: 150 }
limits: { hold_wait_ms: 300 }
`,
  });
  secret = (await tw.key()).secret;
});
after(() => tw.close());

const errorOf = async (
  answer: Response,
): Promise<{ code: string; message: string; type: string; param: string | null }> =>
  ((await answer.json()) as { error: { code: string; message: string; type: string; param: string | null } }).error;

test('a call is answered, metered, priced and in the ledger', async () => {
  const answer = await tw.post(
    '/v1/chat/completions',
    chat(scriptPrompt({ input: 1000, cached: 400, output: 50, reasoning: 20 })),
    secret,
    {
      'x-tokenworks-tags': 'team=voc,feature=weekly',
    },
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-tokenworks-model'), 'mock/test-model');
  assert.equal(answer.headers.get('x-tokenworks-attempts'), '1');
  // 600 × 1 + 400 × 0.1 + 50 × 4 a million.
  assert.equal(answer.headers.get('x-tokenworks-cost'), '0.00084 USD');
  const record = await operationOf(tw, answer);
  assert.deepEqual(record.attempts[0]!.usage, { input: 600, cache_read: 400, output: 30, reasoning: 20 });
  assert.equal(record.attempts[0]!.usageSource, 'provider');
  assert.equal(formatDecimal(record.charge_pico!), '0.00084');
  assert.deepEqual(record.tags, { team: 'voc', feature: 'weekly' });
});

test('a stream that did not ask for usage does not show it, and is metered all the same', async () => {
  const prompt = scriptPrompt({ input: 30, output: 12, chunks: 6 });
  const plain = await tw.post('/v1/chat/completions', chat(prompt, { stream: true }), secret);
  const text = await plain.text();
  assert.ok(text.endsWith('data: [DONE]\n\n'));
  assert.ok(!text.includes('"usage"'), text);
  assert.deepEqual((await operationOf(tw, plain)).attempts[0]!.usage, { input: 30, output: 12 });
  const asking = await tw.post(
    '/v1/chat/completions',
    chat(prompt, { stream: true, stream_options: { include_usage: true } }),
    secret,
  );
  assert.match(await asking.text(), /"completion_tokens":12/);
});

test('any surface reaches any protocol with the same figures', async () => {
  for (const provider of ['mock', 'claude', 'gemini', 'ark', 'ollama']) {
    for (const [path, body] of Object.entries(bodies(`${provider}/test-model`))) {
      for (const stream of [false, true]) {
        const answer = await tw.post(path, { ...body, stream }, secret);
        const text = await answer.text();
        assert.equal(answer.status, 200, `${provider} ${path} ${stream} ${text}`);
        const [attempt] = (await operationOf(tw, answer)).attempts;
        assert.deepEqual(
          [used(attempt!.usage), attempt!.usageSource, attempt!.status],
          [{ input: 21, output: 9 }, 'provider', 'completed'],
          `${provider} ${path} ${stream}`,
        );
        assert.match(text, /word/);
      }
    }
  }
});

/** Without the zeros that some providers state. */
function used(usage: UsageVector): UsageVector {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value > 0));
}

function bodies(model: string): Record<string, Record<string, unknown>> {
  const prompt = scriptPrompt({ input: 21, output: 9, chunks: 3 });
  return {
    '/v1/chat/completions': { model, messages: [{ role: 'user', content: prompt }] },
    '/v1/responses': { model, input: prompt },
    '/v1/messages': { model, max_tokens: 100, messages: [{ role: 'user', content: prompt }] },
    '/api/v3/chat/completions': { model, messages: [{ role: 'user', content: prompt }] },
  };
}

test('embeddings pass through and are metered', async () => {
  const answer = await tw.post(
    '/v1/embeddings',
    { model: 'mock/test-model', input: [scriptPrompt({ input: 77 })] },
    secret,
  );
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.deepEqual((await operationOf(tw, answer)).attempts[0]!.usage, { input: 77 });
});

test('errors have the shape of the surface that was called', async () => {
  const prompt = scriptPrompt({ status: 429, retry_after: 7 });
  const openai = await tw.post('/v1/chat/completions', chat(prompt), secret);
  assert.equal(openai.status, 429);
  assert.equal(openai.headers.get('retry-after'), '7');
  assert.equal((await errorOf(openai)).code, 'rate_limited');
  const anthropic = await tw.post(
    '/v1/messages',
    { model: 'mock/test-model', max_tokens: 5, messages: [{ role: 'user', content: prompt }] },
    secret,
  );
  const body = (await anthropic.json()) as { type: string; error: { type: string } };
  assert.deepEqual([anthropic.status, body.type, body.error.type], [429, 'error', 'rate_limit_error']);
  const ark = await tw.post('/api/v3/chat/completions', chat(prompt), secret);
  assert.equal((await errorOf(ark)).type, 'TooManyRequests');
  assert.equal((await operationOf(tw, openai)).status, 'failed');
});

test('a failing target is left for the next, and both attempts are on record', async () => {
  const answer = await tw.post(
    '/v1/chat/completions',
    chat(scriptPrompt({ case: 'fallback', tries: [{ status: 500 }, { input: 5, output: 6 }] }), { model: 'both' }),
    secret,
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-tokenworks-model'), 'claude/test-model');
  assert.equal(answer.headers.get('x-tokenworks-attempts'), '2');
  const record = await operationOf(tw, answer);
  assert.deepEqual(
    record.attempts.map((attempt) => [attempt.deployment, attempt.status]),
    [
      ['mock/test-model', 'failed'],
      ['claude/test-model', 'completed'],
    ],
  );
  assert.equal(formatDecimal(record.charge_pico!), '0.000029');
});

test('retries stay on their target and end', async () => {
  const answer = await tw.post(
    '/v1/chat/completions',
    chat(scriptPrompt({ status: 503 }), { model: 'stubborn' }),
    secret,
  );
  assert.equal(answer.status, 503);
  assert.equal((await operationOf(tw, answer)).attempts.length, 3);
});

test('a target that does not begin to answer in time is a timeout', async () => {
  const answer = await tw.post(
    '/v1/chat/completions',
    chat(scriptPrompt({ fault: 'slow_first', delay_ms: 3000 }), { model: 'hasty' }),
    secret,
  );
  assert.equal(answer.status, 504);
  assert.equal((await errorOf(answer)).code, 'upstream_timeout');
});

test('a stream that breaks ends in the error event of its surface and charges nothing', async () => {
  for (const fault of ['reset_mid', 'truncate', 'malformed'] as const) {
    const answer = await tw.post(
      '/v1/chat/completions',
      chat(scriptPrompt({ fault, output: 40, chunks: 20 }), { stream: true }),
      secret,
    );
    const text = await answer.text();
    assert.match(text, /"code":"upstream_error"/, fault);
    assert.ok(!text.includes('[DONE]'), fault);
    const record = await operationOf(tw, answer);
    assert.deepEqual(
      [record.status, record.charge_pico, record.attempts[0]!.usageSource],
      ['broken', 0n, 'estimated'],
      fault,
    );
    assert.ok(record.attempts[0]!.cost_pico! > 0n);
  }
});

test('usage that never comes is counted here and marked so', async () => {
  const answer = await tw.post(
    '/v1/chat/completions',
    chat(scriptPrompt({ fault: 'no_usage', output: 8 }), { stream: true }),
    secret,
  );
  await answer.text();
  const [attempt] = (await operationOf(tw, answer)).attempts;
  assert.equal(attempt!.usageSource, 'estimated');
  assert.equal(attempt!.tokenizer, 'o200k_base');
  assert.equal(attempt!.usage.output, 8);
});

test('a client that goes away cancels the upstream and pays for what it got', async () => {
  const id = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(
      `${tw.url}/v1/chat/completions`,
      { method: 'POST', headers: { authorization: `Bearer ${secret}` } },
      (answer) => {
        answer.once('data', () => {
          request.destroy();
          resolve(String(answer.headers['x-tokenworks-operation']));
        });
      },
    );
    request.on('error', reject);
    request.end(JSON.stringify(chat(scriptPrompt({ output: 400, chunks: 200, chunk_delay_ms: 20 }), { stream: true })));
  });
  await tw.mock.idle();
  const record = await operationOf(tw, new Response('', { headers: { 'x-tokenworks-operation': id } }));
  assert.equal(record.status, 'aborted');
  assert.equal(record.attempts[0]!.usageSource, 'estimated');
  assert.ok(record.attempts[0]!.usage.output! < 100);
  assert.equal(record.charge_pico, record.attempts[0]!.cost_pico);
});

test('a hard budget is never overspent and refuses with 402', async () => {
  const { id, secret: poor } = await tw.key();
  // Each call costs 12 in + 8 out = 44 millionths; the input bound is the body's bytes.
  const budget = await tw.budget(id, '0.0010');
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => tw.post('/v1/chat/completions', chat('hello', { max_tokens: 8 }), poor)),
  );
  const served = answers.filter((answer) => answer.status === 200).length;
  assert.ok(served >= 20 && served <= 22, String(served));
  for (const answer of answers) if (answer.status !== 200) assert.equal(answer.status, 402);
  await tw.server.services.flushUsage();
  const [spend] = await tw.store.budgets.spends({ budget: budget.id });
  assert.equal(spend!.spent_pico, BigInt(served) * parseDecimal('0.000044'));
  assert.ok(spend!.spent_pico <= budget.amount_pico);
  const last = await tw.post('/v1/chat/completions', chat('hello', { max_tokens: 8 }), poor);
  assert.equal(last.status, 402);
  assert.equal(last.headers.get('retry-after'), null);
  assert.match((await errorOf(last)).message, /left of 0.001/);
});

test('a call without a limit of its own gets one from its budget, and the answer says so', async () => {
  const { id, secret: poor } = await tw.key();
  await tw.budget(id, '0.0050');
  const answer = await tw.post('/v1/chat/completions', chat(scriptPrompt({ output: 5000 })), poor);
  assert.equal(answer.headers.get('x-tokenworks-limited'), 'budget');
  const body = (await answer.json()) as { choices: { finish_reason: string }[] };
  assert.equal(body.choices[0]!.finish_reason, 'length');
});

test('a stream that runs into its budget is cut cleanly', async () => {
  const { id, secret: poor } = await tw.key();
  const budget = await tw.budget(id, '0.0030');
  const answer = await tw.post(
    '/v1/chat/completions',
    chat(scriptPrompt({ output: 3000, chunks: 1000 }), { stream: true }),
    poor,
  );
  const text = await answer.text();
  assert.ok(text.includes('"finish_reason":"length"'), text.slice(-600));
  assert.ok(text.endsWith('data: [DONE]\n\n'));
  const record = await operationOf(tw, answer);
  assert.equal(record.status, 'cut');
  assert.ok(record.charge_pico! <= budget.amount_pico && record.charge_pico! > 0n);
});

test('x-tokenworks-max-cost caps a call', async () => {
  const dear = await tw.post('/v1/chat/completions', chat('hello', { max_tokens: 1000 }), secret, {
    'x-tokenworks-max-cost': '0.001 USD',
  });
  assert.equal(dear.status, 402);
  const cheap = await tw.post('/v1/chat/completions', chat('hello', { max_tokens: 100 }), secret, {
    'x-tokenworks-max-cost': '0.001 USD',
  });
  assert.equal(cheap.status, 200);
  const wrong = await tw.post('/v1/chat/completions', chat('hello'), secret, { 'x-tokenworks-max-cost': 'much' });
  assert.deepEqual([wrong.status, (await errorOf(wrong)).param], [400, 'x-tokenworks-max-cost']);
});

test('what has no price is not served under a hard budget, nor to a key that refuses it, and is shown as unpriced elsewhere', async () => {
  const free = await tw.post('/v1/chat/completions', chat('hello', { model: 'mock/unpriced-model' }), secret);
  assert.equal(free.status, 200);
  assert.equal(free.headers.get('x-tokenworks-cost'), null);
  assert.equal((await operationOf(tw, free)).charge_pico, undefined);
  const { id, secret: poor } = await tw.key();
  await tw.budget(id, '1');
  assert.equal(
    (await tw.post('/v1/chat/completions', chat('hello', { model: 'mock/unpriced-model' }), poor)).status,
    403,
  );
  const strict = await tw.key({ unpriced: false });
  assert.equal(
    (await tw.post('/v1/chat/completions', chat('hello', { model: 'mock/unpriced-model' }), strict.secret)).status,
    403,
  );
});

test('a budget in another currency needs an exchange rate', async () => {
  const { id, secret: poor } = await tw.key();
  const budget = await tw.budget(id, '1', { currency: 'CNY' });
  const refused = await tw.post('/v1/chat/completions', chat('hello'), poor);
  assert.deepEqual([refused.status, (await errorOf(refused)).code], [402, 'no_exchange_rate']);
  await tw.store.fxRates.insert(
    { id: 'fx1', base: 'USD', quote: 'CNY', rate_pico: parseDecimal('7.25'), effectiveFrom_ms: 0, createdAt_ms: 0 },
    { actor: 't', action: 't', target: 't' },
  );
  await tw.server.services.refresh();
  const answer = await tw.post('/v1/chat/completions', chat('hello'), poor);
  assert.equal(answer.status, 200);
  await operationOf(tw, answer);
  const [spend] = await tw.store.budgets.spends({ budget: budget.id });
  assert.equal(formatDecimal(spend!.spent_pico), formatDecimal(parseDecimal('0.000319')));
});

test('rate limits refuse with retry-after, and concurrency frees its slot', async () => {
  const { secret: slow } = await tw.key({ rpm: 3 });
  const statuses = [];
  for (let index = 0; index < 4; index++)
    statuses.push((await tw.post('/v1/chat/completions', chat('hello'), slow)).status);
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  const { secret: single } = await tw.key({ concurrency: 1 });
  const long = tw.post('/v1/chat/completions', chat(scriptPrompt({ delay_ms: 200, fault: 'slow_first' })), single);
  await sleep(80);
  const refused = await tw.post('/v1/chat/completions', chat('hello'), single);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal((await long).status, 200);
  assert.equal((await tw.post('/v1/chat/completions', chat('hello'), single)).status, 200);
});

test('an idempotency key gives one call, one charge and the same answer, also after a restart', async () => {
  const headers = { 'idempotency-key': 'order-1' };
  const body = chat(scriptPrompt({ delay_ms: 150, fault: 'slow_first' }));
  const first = tw.post('/v1/chat/completions', body, secret, headers);
  await sleep(60);
  assert.equal((await tw.post('/v1/chat/completions', body, secret, headers)).status, 409);
  const text = await (await first).text();
  const again = await tw.post('/v1/chat/completions', body, secret, headers);
  assert.equal(await again.text(), text);
  assert.equal(again.headers.get('x-tokenworks-operation'), (await first).headers.get('x-tokenworks-operation'));
  assert.equal((await tw.post('/v1/chat/completions', chat('other'), secret, headers)).status, 409);
  const streamHeaders = { 'idempotency-key': 'order-2' };
  const stream = await (
    await tw.post('/v1/chat/completions', chat('hi', { stream: true }), secret, streamHeaders)
  ).text();
  await tw.restart();
  assert.equal(await (await tw.post('/v1/chat/completions', body, secret, headers)).text(), text);
  assert.equal(
    await (await tw.post('/v1/chat/completions', chat('hi', { stream: true }), secret, streamHeaders)).text(),
    stream,
  );
  // A failed call frees its key.
  const failing = chat(scriptPrompt({ case: 'idem', tries: [{ status: 500 }, {}] }));
  assert.equal((await tw.post('/v1/chat/completions', failing, secret, { 'idempotency-key': 'order-3' })).status, 502);
  assert.equal((await tw.post('/v1/chat/completions', failing, secret, { 'idempotency-key': 'order-3' })).status, 200);
});

test('bad input is refused in the shape of its surface', async () => {
  const cases: [string, string, number, string][] = [
    ['/v1/chat/completions', '{"model": ', 400, 'invalid_request'],
    ['/v1/chat/completions', '', 400, 'invalid_request'],
    ['/v1/chat/completions', '[]', 400, 'invalid_request'],
    ['/v1/chat/completions', '{"model":7,"messages":[]}', 400, 'invalid_request'],
    ['/v1/chat/completions', '{"model":"mock/test-model","messages":"hi"}', 400, 'invalid_request'],
    [
      '/v1/chat/completions',
      '{"model":"mock/none","messages":[{"role":"user","content":"x"}]}',
      404,
      'model_not_found',
    ],
    ['/v1/responses', '{"model":"mock/test-model"}', 400, 'invalid_request'],
    ['/v1/embeddings', '{"model":"mock/test-model"}', 400, 'invalid_request'],
    ['/v1/messages', '{"model":"mock/test-model","messages":[]}', 400, 'invalid_request'],
  ];
  for (const [path, body, status, code] of cases) {
    const answer = await tw.post(path, body, secret);
    const text = await answer.text();
    assert.ok(
      answer.status === status && text.includes(`"code":"${code}"`),
      `${path} ${body} ${answer.status} ${text}`,
    );
  }
  const keyless = await fetch(`${tw.url}/v1/messages`, { method: 'POST', body: '{}' });
  assert.deepEqual([keyless.status, (await errorOf(keyless)).type], [401, 'authentication_error']);
  const large = await tw.post('/v1/chat/completions', `{"model":"${'x'.repeat(20_000_000)}"}`, secret);
  assert.deepEqual([large.status, (await errorOf(large)).code], [413, 'too_large']);
});

test('media at private addresses is refused before anything is sent', async () => {
  const before = tw.mock.counts();
  for (const url of [
    'http://127.0.0.1/x.png',
    'http://[::1]/x',
    'http://10.1.2.3/x',
    'http://169.254.169.254/latest/meta-data',
    'http://localhost/x',
    'http://2130706433/x',
  ]) {
    const body = {
      model: 'mock/test-model',
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
    };
    const answer = await tw.post('/v1/chat/completions', body, secret);
    assert.deepEqual([answer.status, (await errorOf(answer)).code], [403, 'not_allowed'], url);
  }
  assert.deepEqual(tw.mock.counts(), before);
});

test('a revoked key stops at once, an unknown one is refused, a new one works without a restart', async () => {
  const { id, secret: doomed } = await tw.key();
  assert.equal((await tw.post('/v1/chat/completions', chat('hi'), doomed)).status, 200);
  await tw.store.keys.update(id, { revokedAt_ms: Date.now() }, { actor: 't', action: 't', target: id });
  await tw.server.services.refresh();
  assert.equal((await tw.post('/v1/chat/completions', chat('hi'), doomed)).status, 401);
  const { secret: limited } = await tw.key({ models: ['claude/*'] });
  assert.equal((await tw.post('/v1/chat/completions', chat('hi'), limited)).status, 403);
});

test('a prepaid wallet pays until it is empty, and its balance is the sum of its entries', async () => {
  const audit = { actor: 't', action: 't', target: 't' };
  await tw.store.projects.create({ id: 'prepaid', organisation: 'default', name: 'prepaid', createdAt_ms: 0 }, audit);
  await tw.store.wallets.create(
    { id: 'wal_1', scope: 'project', scopeId: 'prepaid', currency: 'USD', createdAt_ms: 0 },
    audit,
  );
  await tw.store.wallets.post(
    topUpPosting({
      reference: 'top_1',
      wallet: 'wal_1',
      organisation: 'default',
      currency: 'USD',
      amount_pico: parseDecimal('0.00024'),
      at_ms: Date.now(),
    }),
    audit,
  );
  const { secret: prepaid } = await tw.key({ project: 'prepaid' });
  const statuses: number[] = [];
  for (let index = 0; index < 6; index++) {
    const answer = await tw.post('/v1/chat/completions', chat('hi', { max_tokens: 8 }), prepaid);
    statuses.push(answer.status);
  }
  // Each costs 44 millionths and is held for with about 118: three fit into 240.
  assert.deepEqual(statuses, [200, 200, 200, 402, 402, 402]);
  await tw.server.services.flushUsage();
  const balance = (await tw.store.wallets.balances()).find((row) => row.wallet === 'wal_1')!;
  assert.equal(formatDecimal(balance.spent_pico), '0.000132');
  assert.equal(formatDecimal(balance.credited_pico), '0.00024');
});

test('a soft budget counts and alerts once at each share, and refuses nothing', async () => {
  const received: { percent: number }[] = [];
  const hook = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    request.on('end', () => {
      received.push(JSON.parse(text) as { percent: number });
      response.end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  // Taken over with the next change, which making the key is.
  tw.server.services.config.egress.allow.push(`127.0.0.1:${port}`);
  const { id, secret: soft } = await tw.key();
  const budget = await tw.budget(id, '0.0001', {
    hard: false,
    alertPercents: [50, 100],
    webhook: `http://127.0.0.1:${port}/alert`,
  });
  for (let index = 0; index < 4; index++)
    assert.equal((await tw.post('/v1/chat/completions', chat('hi'), soft)).status, 200);
  await tw.server.services.flushUsage();
  await tw.server.services.alerts.settled();
  hook.close();
  assert.deepEqual(
    received.map((alert) => alert.percent),
    [50, 100],
  );
  const [spend] = await tw.store.budgets.spends({ budget: budget.id });
  assert.equal(formatDecimal(spend!.spent_pico), '0.000176');
  const alerts = (await tw.store.alerts.list({ limit: 500 })).data.filter((alert) => alert.subject === budget.id);
  assert.deepEqual(
    alerts.map((alert) => alert.deliveredAt_ms !== undefined),
    [true, true],
  );
});

test('a sell price is what the client is charged, the cost stays what the provider charges', async () => {
  await tw.store.prices.insert(
    [
      {
        id: 'sell_1',
        book: 'sell',
        provider: 'gemini',
        model: 'test-model',
        currency: 'USD',
        body: { bands: [{ input: '2', output: '8' }] },
        effectiveFrom_ms: 0,
        managedBy: 'api',
        createdAt_ms: 0,
      },
    ],
    { actor: 't', action: 't', target: 't' },
  );
  await tw.server.services.refresh();
  const record = await operationOf(
    tw,
    await tw.post('/v1/chat/completions', chat('hi', { model: 'gemini/test-model' }), secret),
  );
  assert.equal(formatDecimal(record.attempts[0]!.cost_pico!), '0.000044');
  assert.equal(formatDecimal(record.charge_pico!), '0.000088');
  assert.equal(record.sellPriceId, 'sell_1');
});

test('prompts are kept only where the policy says so, and without secrets', async () => {
  const kept = await tw.key({ capture: 'full' });
  const prompt = 'my key is sk-abcdefghijklmnopqrstuvwx';
  const answer = await tw.post('/v1/chat/completions', chat(prompt), kept.secret);
  const record = await operationOf(tw, answer);
  await sleep(700);
  const captured = await tw.store.captures.get(record.id);
  assert.match(captured!.request, /my key is \*\*\*/);
  assert.match(captured!.reply, /word/);
  const quiet = await operationOf(tw, await tw.post('/v1/chat/completions', chat(prompt), secret));
  await sleep(700);
  assert.equal(await tw.store.captures.get(quiet.id), undefined);
});

test('figures that contradict each other are not charged, and a hard budget books what was held', async () => {
  const { id, secret: poor } = await tw.key();
  const budget = await tw.budget(id, '1');
  const answer = await tw.post(
    '/v1/chat/completions',
    chat(scriptPrompt({ input: 10, cached: 99 }), { max_tokens: 8 }),
    poor,
  );
  assert.equal(answer.status, 200);
  const record = await operationOf(tw, answer);
  assert.deepEqual([record.attempts[0]!.usageSource, record.charge_pico], ['unreconciled', undefined]);
  assert.ok(record.holds[0]!.held_pico > 0n);
  const [spend] = await tw.store.budgets.spends({ budget: budget.id });
  assert.equal(spend!.spent_pico, record.holds[0]!.held_pico);
  await tw.server.services.alerts.settled();
  const alerts = (await tw.store.alerts.list({ limit: 500 })).data;
  assert.ok(alerts.some((alert) => alert.kind === 'unreconciled' && alert.detail.operation === record.id));
});

test('a usage report is made in a thread of its own, with its errors and as CSV', async () => {
  const ask = (query: string): Promise<Response> =>
    fetch(`${tw.url}/admin/v1/usage?${query}`, { headers: { authorization: `Bearer ${tw.adminKey}` } });
  const report = (await (await ask('group_by=model')).json()) as { data: { group: { model: string } }[] };
  assert.ok(report.data.some((row) => row.group.model === 'mock/test-model'));
  const wrong = await ask('group_by=colour');
  assert.equal(wrong.status, 400);
  assert.equal((await errorOf(wrong)).param, 'group_by');
  assert.match(await (await ask('group_by=model&format=csv')).text(), /^model,requests,/);
});

test('the books balance after all this', async () => {
  await tw.server.services.flushUsage();
  assert.deepEqual(await tw.store.ledger.imbalances(), []);
});
