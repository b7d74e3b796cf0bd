import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LoadTarget } from './http/connection.ts';
import { startLeanUpstream } from './lean-upstream.ts';
import { hold, runClosed, runOpen } from './load.ts';
import { scriptPrompt, startMockUpstream } from './mock-upstream.ts';
import { startPlainProxy } from './plain-proxy.ts';

let lean: Awaited<ReturnType<typeof startLeanUpstream>>;
let mock: Awaited<ReturnType<typeof startMockUpstream>>;
before(async () => {
  lean = await startLeanUpstream();
  mock = await startMockUpstream();
});
after(() => Promise.all([lean.close(), mock.close()]));

function chat(url: string, rest: object = {}, prompt = 'hello'): LoadTarget {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: prompt }], ...rest });
  return { url, path: '/v1/chat/completions', headers: { authorization: 'Bearer none' }, body };
}

describe('load', () => {
  test('closed loop counts what the upstream counted', async () => {
    const before = lean.requests();
    const result = await runClosed({
      mode: 'closed',
      target: chat(lean.url),
      connections: 4,
      duration_ms: 100,
      warmup_ms: 0,
    });
    assert.ok(result.ok > 0);
    assert.equal(result.latency.count, result.ok);
    assert.deepEqual([result.broken, result.refused], [0, {}]);
    assert.ok(lean.requests() - before >= result.ok);
  });

  test('open loop sends what the rate says', async () => {
    const result = await runOpen({ mode: 'open', target: chat(mock.url), rate: 200, duration_ms: 200, warmup_ms: 0 });
    assert.equal(result.ok, 40);
    assert.equal(result.unsent + result.broken, 0);
  });

  test('an open loop says what it could not send', async () => {
    const target = chat(mock.url, {}, scriptPrompt({ delay_ms: 1_000 }));
    const plan = { mode: 'open' as const, target, rate: 400, duration_ms: 100, warmup_ms: 0, maxConnections: 17 };
    const result = await runOpen(plan);
    assert.equal(result.ok, 17);
    assert.equal(result.unsent, 23);
  });

  test('frames of streams are counted, through the plain proxy as well', async () => {
    const proxy = await startPlainProxy({ upstream: mock.url });
    const prompt = scriptPrompt({ output: 10, chunks: 10 });
    const target = chat(proxy.url, { stream: true, stream_options: { include_usage: true } }, prompt);
    const result = await runClosed({ mode: 'closed', target, connections: 2, duration_ms: 100, warmup_ms: 0 });
    // role, ten of text, finish, usage, [DONE]
    assert.equal(result.frames, result.ok * 14);
    assert.ok(result.ok > 0);
    await proxy.close();
  });

  test('statuses other than 200 and broken connections are told apart', async () => {
    const refused = await runOpen({
      mode: 'open',
      target: chat(mock.url, {}, scriptPrompt({ status: 429 })),
      rate: 100,
      duration_ms: 50,
      warmup_ms: 0,
    });
    assert.deepEqual([refused.ok, refused.refused, refused.broken], [0, { 429: 5 }, 0]);
    const broken = await runOpen({
      mode: 'open',
      target: chat(mock.url, {}, scriptPrompt({ fault: 'reset_mid' })),
      rate: 100,
      duration_ms: 50,
      warmup_ms: 0,
    });
    assert.deepEqual([broken.ok, broken.broken], [0, 5]);
  });

  test('streams are held open', async () => {
    const prompt = scriptPrompt({ output: 1000, chunks: 1000, chunk_delay_ms: 50 });
    mock.reset();
    const held = await hold({ mode: 'hold', target: chat(mock.url, { stream: true }, prompt), streams: 30 });
    assert.deepEqual([held.held, held.failed], [30, 0]);
    assert.equal(mock.counts().inflight, 30);
    held.close();
    await mock.idle();
    assert.equal(mock.counts().client_gone, 30);
  });
});

describe('plain proxy', () => {
  test('passes statuses, headers and bodies on, and a client that leaves', async () => {
    const proxy = await startPlainProxy({ upstream: mock.url });
    mock.reset();
    const ask = (prompt: string, signal?: AbortSignal, stream = false) =>
      fetch(`${proxy.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: prompt }] }),
        signal,
      });
    const refused = await ask(scriptPrompt({ status: 429, retry_after: 3 }));
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '3']);
    const abort = new AbortController();
    const reply = await ask(scriptPrompt({ chunks: 8, chunk_delay_ms: 30 }), abort.signal, true);
    await reply.body!.getReader().read();
    abort.abort();
    await mock.idle();
    assert.equal(mock.counts().client_gone, 1);
    await proxy.close();
  });
});
