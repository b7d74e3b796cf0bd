/** One figure each: what the bench measures of a running gateway. */
import type { Running } from './gateways.ts';
import { LOAD_CORE } from './gateways.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import { type ScriptText, scriptPrompt } from './mock-upstream.ts';
import { cpuSeconds, residentBytes, startScript } from './process.ts';

export interface Durations {
  warmup_ms: number;
  closed_ms: number;
  open_ms: number;
  stream_ms: number;
  heldStreams: number;
}

export const FULL: Durations = {
  warmup_ms: 3_000,
  closed_ms: 8_000,
  open_ms: 12_000,
  stream_ms: 6_000,
  heldStreams: 2_000,
};
export const QUICK: Durations = {
  warmup_ms: 1_000,
  closed_ms: 2_000,
  open_ms: 4_000,
  stream_ms: 2_000,
  heldStreams: 500,
};

/** Requests/s of the open loop. */
export const OPEN_RATE = 500;
const STREAM_RATE = 50;
const CONNECTIONS = 64;
const STREAM_CONNECTIONS = 32;

export interface Throughput {
  perSecond: number;
  /** Microseconds of processor time a request; absent for the upstream itself. */
  cpu_us?: number;
  p50_ms: number;
  p99_ms: number;
}

/** A prompt of the size of a short chat, the same for everybody. */
const TALK =
  'You are a helpful assistant. Answer briefly and say what you do not know. '.repeat(4) +
  'Question: how long does the journey from the old harbour to the castle take on foot, and is it steep?';

function body(script: ScriptText | undefined, rest: Record<string, unknown> = {}): Record<string, unknown> {
  const content = script ? scriptPrompt(script, TALK) : TALK;
  return { messages: [{ role: 'user', content }], max_completion_tokens: 64, ...rest };
}

const STREAMING = { stream: true, stream_options: { include_usage: true } };

/** Runs a plan in the load process; throws when answers broke or were refused, for then the figure means nothing. */
export async function load(plan: LoadPlan): Promise<LoadResult> {
  const child = startScript('bench/load.ts', [JSON.stringify(plan)], { core: LOAD_CORE });
  const result = JSON.parse(await child.line()) as LoadResult;
  await child.ended;
  const refused = Object.entries(result.refused);
  if (refused.length > 0 || result.broken > 0 || result.unsent > 0) {
    const what = refused.map(([status, count]) => `${count} × ${status}`).join(', ');
    throw new Error(
      `load on ${plan.target.url}: ${what || 'none'} refused, ${result.broken} broken, ${result.unsent} not sent`,
    );
  }
  if (result.ok === 0) throw new Error(`load on ${plan.target.url}: not one answer`);
  return result;
}

/** The most requests it answers, and what each costs in processor time. */
export async function throughput(gateway: Running, time: Durations): Promise<Throughput> {
  const target = gateway.target(body(undefined));
  // Warmed up in a run of its own, so that the processor time is that of the measured requests.
  await load({ mode: 'closed', target, connections: CONNECTIONS, duration_ms: time.warmup_ms, warmup_ms: 0 });
  const before = gateway.pid === undefined ? 0 : cpuSeconds(gateway.pid);
  const result = await load({
    mode: 'closed',
    target,
    connections: CONNECTIONS,
    duration_ms: time.closed_ms,
    warmup_ms: 0,
  });
  const cpu = gateway.pid === undefined ? undefined : cpuSeconds(gateway.pid) - before;
  return {
    perSecond: result.ok / result.seconds,
    cpu_us: cpu === undefined ? undefined : (cpu * 1e6) / result.ok,
    p50_ms: result.latency.p50,
    p99_ms: result.latency.p99,
  };
}

/** Latency at a rate that leaves room. */
export async function latency(gateway: Running, time: Durations, duration_ms = time.open_ms): Promise<LoadResult> {
  const target = gateway.target(body(undefined));
  return load({ mode: 'open', target, rate: OPEN_RATE, duration_ms, warmup_ms: time.warmup_ms });
}

/** Frames of event streams a second, many streams at once, each as fast as it goes. */
export async function streaming(gateway: Running, time: Durations): Promise<{ framesPerSecond: number }> {
  const target = gateway.target(body({ output: 256, chunks: 256 }, { ...STREAMING, max_completion_tokens: 256 }));
  const plan = { mode: 'closed' as const, target, connections: STREAM_CONNECTIONS };
  const result = await load({ ...plan, duration_ms: time.stream_ms, warmup_ms: time.warmup_ms });
  return { framesPerSecond: result.frames / result.seconds };
}

/** Time to the first byte of a stream, at a low rate. */
export async function firstByte(gateway: Running, time: Durations): Promise<LoadResult> {
  const target = gateway.target(body({ output: 8, chunks: 8 }, STREAMING));
  return load({ mode: 'open', target, rate: STREAM_RATE, duration_ms: time.stream_ms, warmup_ms: time.warmup_ms });
}

export interface Memory {
  idle_bytes: number;
  held_bytes: number;
  streams: number;
}

/** Resident memory before and while so many streams are open, each getting a frame every two seconds. */
export async function memory(gateway: Running, time: Durations): Promise<Memory | undefined> {
  if (gateway.pid === undefined) return undefined;
  const idle_bytes = residentBytes(gateway.pid);
  const target = gateway.target(
    body({ output: 200, chunks: 200, chunk_delay_ms: 2_000 }, { ...STREAMING, max_completion_tokens: 200 }),
  );
  const child = startScript('bench/load.ts', [JSON.stringify({ mode: 'hold', target, streams: time.heldStreams })], {
    core: LOAD_CORE,
  });
  const { held, failed } = JSON.parse(await child.line()) as { held: number; failed: number };
  if (failed > 0 || held < time.heldStreams)
    throw new Error(`${gateway.name}: ${held} of ${time.heldStreams} streams are open, ${failed} failed`);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const held_bytes = residentBytes(gateway.pid);
  child.process.stdin?.end('\n');
  await child.ended;
  return { idle_bytes, held_bytes, streams: held };
}
