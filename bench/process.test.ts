import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticExamples } from './background.ts';
import { cpuSeconds, processTree, residentBytes, start, startScript, untilAnswers } from './process.ts';

test('lines are read, and the end of a process is told with what it wrote', async () => {
  const child = start(process.execPath, [
    '-e',
    "console.log('one'); console.log('two'); console.error('why'); process.exitCode = 3",
  ]);
  assert.deepEqual([await child.line(), await child.line()], ['one', 'two']);
  assert.equal(await child.ended, 3);
  await assert.rejects(child.line(), /why/);
});

test('a process that ends is not waited for', async () => {
  const child = start(process.execPath, ['-e', 'process.exit(1)']);
  await assert.rejects(untilAnswers('http://127.0.0.1:1', child), /ended before/);
});

test('time, memory and children of a process are seen, where there is /proc', {
  skip: process.platform !== 'linux',
}, async () => {
  // By its own processor time, however busy the machine is.
  const work = 'while (process.cpuUsage().user < 200_000); console.log(process.pid); setInterval(() => {}, 1000)';
  const child = start('sh', ['-c', `"${process.execPath}" -e "${work}"; true`]);
  const inner = Number(await child.line());
  try {
    assert.ok(processTree(child.pid).includes(inner));
    assert.ok(cpuSeconds(child.pid) >= 0.1);
    assert.ok(residentBytes(child.pid) > 1024 * 1024);
  } finally {
    process.kill(inner);
    await child.stop();
  }
});

test('no key of this environment reaches a child', async () => {
  process.env.BENCH_TEST_API_KEY = 'secret';
  const child = start(process.execPath, ['-e', "console.log(process.env.BENCH_TEST_API_KEY ?? 'nothing')"]);
  assert.equal(await child.line(), 'nothing');
  await child.ended;
  delete process.env.BENCH_TEST_API_KEY;
});

test('the mock and the lean upstream start as programs and stop when told', async () => {
  for (const file of ['bench/mock-upstream.ts', 'bench/lean-upstream.ts']) {
    const child = startScript(file, ['--port', '0']);
    const { url } = JSON.parse(await child.line()) as { url: string };
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    const reply = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body });
    assert.equal(((await reply.json()) as { usage: { total_tokens: number } }).usage.total_tokens, 20);
    await child.stop();
  }
});

test('synthetic examples are the same for the same seed and have many intents', () => {
  const examples = syntheticExamples(1, 2_000);
  assert.deepEqual(examples, syntheticExamples(1, 2_000));
  assert.equal(new Set(examples.map((example) => example.intent)).size, 60);
});
