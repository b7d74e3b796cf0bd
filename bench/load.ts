/**
 * The load generator, a process of its own: `node bench/load.ts '{"mode":"closed","target":{…},…}'` prints one line of JSON.
 *
 * closed: so many connections, each sending the next request when it has the last answer: the most a server can do.
 * open:   requests leave at a fixed rate whatever the answers do (a connection is made when none is free), so that a server that stalls
 *         can't slow the clock that measures it.
 * hold:   opens so many streams, prints a line when each has its first byte, keeps them until a line comes on standard input.
 */
import { setTimeout as after } from 'node:timers/promises';
import { Connection, type LoadTarget, type Reply, requestBytes } from './http/connection.ts';
import { Samples, type Summary } from './http/percentiles.ts';

export type LoadPlan =
  | { mode: 'closed'; target: LoadTarget; connections: number; duration_ms: number; warmup_ms: number }
  | { mode: 'open'; target: LoadTarget; rate: number; duration_ms: number; warmup_ms: number; maxConnections?: number }
  | { mode: 'hold'; target: LoadTarget; streams: number };

export interface LoadResult {
  /** Answers with status 200 inside the measured time. */
  ok: number;
  /** Answers with another status → how many. */
  refused: Record<string, number>;
  /** Requests without a whole answer. */
  broken: number;
  /** Requests that could not be sent because all connections were busy (open loop). */
  unsent: number;
  seconds: number;
  frames: number;
  /** Milliseconds. */
  latency: Summary;
  firstByte: Summary;
  /** Open loop: how late requests left, by this process's own fault. */
  late: Summary;
}

class Recorder {
  ok = 0;
  refused: Record<string, number> = {};
  broken = 0;
  unsent = 0;
  frames = 0;
  on = false;
  latency = new Samples();
  firstByte = new Samples();
  late = new Samples();

  reply(reply: Reply): void {
    if (!this.on) return;
    if (reply.status !== 200) {
      this.refused[reply.status] = (this.refused[reply.status] ?? 0) + 1;
      return;
    }
    this.ok++;
    this.frames += reply.frames;
    this.latency.add(reply.total_ms);
    this.firstByte.add(reply.first_ms);
  }

  result(seconds: number): LoadResult {
    return {
      ok: this.ok,
      refused: this.refused,
      broken: this.broken,
      unsent: this.unsent,
      seconds,
      frames: this.frames,
      latency: this.latency.summary(),
      firstByte: this.firstByte.summary(),
      late: this.late.summary(),
    };
  }
}

export async function runClosed(plan: Extract<LoadPlan, { mode: 'closed' }>): Promise<LoadResult> {
  const recorder = new Recorder();
  const bytes = requestBytes(plan.target);
  const connections = Array.from({ length: plan.connections }, () => new Connection(plan.target, bytes));
  let stop = false;
  const workers = connections.map(async (connection) => {
    while (!stop) {
      try {
        recorder.reply(await connection.send());
      } catch {
        if (stop) return;
        if (recorder.on) recorder.broken++;
        await sleep(10);
      }
    }
  });
  await sleep(plan.warmup_ms);
  recorder.on = true;
  const start = performance.now();
  await sleep(plan.duration_ms);
  const seconds = (performance.now() - start) / 1000;
  recorder.on = false;
  stop = true;
  for (const connection of connections) connection.destroy();
  await Promise.all(workers);
  return recorder.result(seconds);
}

const DEFAULT_MAX_CONNECTIONS = 2_000;

export async function runOpen(plan: Extract<LoadPlan, { mode: 'open' }>): Promise<LoadResult> {
  const recorder = new Recorder();
  const bytes = requestBytes(plan.target);
  const free: Connection[] = [];
  const all: Connection[] = [];
  const running = new Set<Promise<void>>();
  const fire = (): void => {
    let connection = free.pop();
    if (!connection) {
      if (all.length >= (plan.maxConnections ?? DEFAULT_MAX_CONNECTIONS)) {
        if (recorder.on) recorder.unsent++;
        return;
      }
      connection = new Connection(plan.target, bytes);
      all.push(connection);
    }
    const task = one(connection, recorder, free).finally(() => running.delete(task));
    running.add(task);
  };
  // A few connections are opened ahead, so that the first requests don't measure the handshake.
  const ahead = Array.from({ length: 16 }, () => new Connection(plan.target, bytes));
  await Promise.all(ahead.map((connection) => connection.warm()));
  all.push(...ahead);
  free.push(...ahead);
  const seconds = await paced(plan, recorder, fire);
  await settled(running);
  recorder.on = false;
  recorder.broken += running.size;
  for (const connection of all) connection.destroy();
  return recorder.result(seconds);
}

/** Waits for what is still running, ten seconds at most. */
async function settled(running: Set<Promise<void>>): Promise<void> {
  const patience = new AbortController();
  await Promise.race([Promise.all(running), after(10_000, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
}

/** Calls `fire` at the plan's rate. A request is sent at the first turn of the loop at or after its time; that lateness is recorded. */
async function paced(plan: Extract<LoadPlan, { mode: 'open' }>, recorder: Recorder, fire: () => void): Promise<number> {
  const begin = performance.now();
  const gap_ms = 1000 / plan.rate;
  const measured = begin + plan.warmup_ms;
  const end = measured + plan.duration_ms;
  for (let due = begin; due < end; due += gap_ms) {
    while (performance.now() < due) await sleep(Math.max(0, due - performance.now()));
    if (!recorder.on && due >= measured) recorder.on = true;
    if (recorder.on) recorder.late.add(performance.now() - due);
    fire();
  }
  return plan.duration_ms / 1000;
}

async function one(connection: Connection, recorder: Recorder, free: Connection[]): Promise<void> {
  try {
    recorder.reply(await connection.send());
  } catch {
    if (recorder.on) recorder.broken++;
  }
  free.push(connection);
}

export interface Held {
  /** Streams whose first byte came. */
  held: number;
  failed: number;
  close(): void;
}

/** Opens streams, a few hundred at a time, and resolves when each has answered or failed. */
export async function hold(plan: Extract<LoadPlan, { mode: 'hold' }>): Promise<Held> {
  const connections: Connection[] = [];
  let held = 0;
  let failed = 0;
  const openOne = (): Promise<void> =>
    new Promise((resolve) => {
      const connection = new Connection(plan.target);
      connections.push(connection);
      let begun = false;
      const onFirst = (): void => {
        begun = true;
        held++;
        resolve();
      };
      connection.send(onFirst).then(
        (reply) => {
          if (reply.status !== 200) failed++;
          resolve();
        },
        () => {
          if (!begun) failed++;
          resolve();
        },
      );
    });
  for (let opened = 0; opened < plan.streams; opened += 200) {
    await Promise.all(Array.from({ length: Math.min(200, plan.streams - opened) }, openOne));
  }
  return {
    held: held - failed,
    failed,
    close: () => {
      for (const connection of connections) connection.destroy();
    },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function main(plan: LoadPlan): Promise<void> {
  if (plan.mode === 'closed') console.log(JSON.stringify(await runClosed(plan)));
  else if (plan.mode === 'open') console.log(JSON.stringify(await runOpen(plan)));
  else {
    const held = await hold(plan);
    console.log(JSON.stringify({ held: held.held, failed: held.failed }));
    await new Promise((resolve) => process.stdin.once('data', resolve).once('end', resolve));
    held.close();
  }
  process.exit(0);
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? '') as LoadPlan);
