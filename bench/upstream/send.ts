/** Writes a planned answer to the wire, with the faults its script asks for. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialect } from './dialect.ts';
import type { Frame, Plan } from './plan.ts';
import type { TruthBook, TruthEntry } from './truth.ts';

export interface Exchange {
  response: ServerResponse;
  dialect: Dialect;
  plan: Plan;
  entry: TruthEntry;
  book: TruthBook;
  /** Set when the client has closed. */
  gone: () => boolean;
}

const DEFAULT_SLOW_MS = 300;

export async function sendAnswer(exchange: Exchange, body: Record<string, unknown>): Promise<void> {
  const { script } = exchange.plan;
  if (script.fault === 'reset_before') return abandon(exchange, 'reset');
  if (script.fault !== 'slow_mid')
    await pause(script.delay_ms || (script.fault === 'slow_first' ? DEFAULT_SLOW_MS : 0));
  if (exchange.gone()) return;
  if (script.status !== 200) return sendError(exchange);
  if (exchange.plan.stream && exchange.dialect.frames)
    return sendFrames(exchange, exchange.dialect.frames(exchange.plan));
  return sendBody(exchange, body);
}

function sendError({ response, dialect, plan }: Exchange): void {
  const { status, retry_after } = plan.script;
  const text = JSON.stringify(dialect.error(status));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(retry_after === undefined ? {} : { 'retry-after': String(retry_after) }),
  });
  response.end(text);
}

async function sendBody(exchange: Exchange, body: Record<string, unknown>): Promise<void> {
  const { response, dialect, plan, entry } = exchange;
  const { fault, delay_ms } = plan.script;
  let text = JSON.stringify(dialect.reply(plan, body));
  const half = Math.floor(text.length / 2);
  if (fault === 'malformed') text = text.slice(0, half);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  if (fault === 'reset_mid' || fault === 'truncate') {
    await write(exchange, text.slice(0, half));
    return abandon(exchange, fault === 'truncate' ? 'close' : 'reset');
  }
  if (fault === 'slow_mid') {
    await write(exchange, text.slice(0, half));
    await pause(delay_ms || DEFAULT_SLOW_MS);
    if (exchange.gone()) return;
    text = text.slice(half);
  }
  entry.usageSent = (plan.usageShown || dialect.silenceMeansZero === true) && fault !== 'malformed';
  response.end(text);
}

async function sendFrames(exchange: Exchange, frames: Frame[]): Promise<void> {
  const { response, dialect, plan, entry } = exchange;
  const { fault, chunk_delay_ms, delay_ms } = plan.script;
  const list = fault === 'no_done' ? frames.filter((frame) => frame.kind !== 'end') : frames;
  entry.frames = list.length;
  response.writeHead(200, { 'content-type': dialect.streamType, 'cache-control': 'no-cache' });
  const middle = middleOf(list);
  const breaks = fault === 'reset_mid' || fault === 'truncate';
  for (const [index, frame] of list.entries()) {
    if (exchange.gone()) return;
    if (index === middle) {
      if (breaks) {
        return abandon(exchange, fault === 'truncate' ? 'close' : 'reset');
      }
      if (fault === 'malformed') response.write(dialect.malformed);
      if (fault === 'slow_mid') await pause(delay_ms || DEFAULT_SLOW_MS);
      if (exchange.gone()) return;
    }
    if (chunk_delay_ms && frame.kind === 'text') {
      await pause(chunk_delay_ms);
      if (exchange.gone()) return;
    }
    entry.framesSent++;
    if (frame.bearsUsage) entry.usageSent = true;
    // A queue that is full waits, so that a client that never reads can't fill the memory.
    if (breaks) await write(exchange, frame.bytes);
    else if (!response.write(frame.bytes)) await drained(response);
  }
  response.end();
}

/** Where a fault strikes: after half of the text frames, before the stream's end. */
function middleOf(frames: Frame[]): number {
  const text = frames.flatMap((frame, index) => (frame.kind === 'text' ? [index] : []));
  if (text.length === 0) return Math.max(0, frames.length - 1);
  return Math.min(frames.length - 1, text[Math.floor(text.length / 2)]!);
}

async function pause(delay_ms: number): Promise<void> {
  if (delay_ms > 0) await sleep(delay_ms);
}

function write({ response }: Exchange, text: string): Promise<void> {
  return new Promise((resolve) => {
    response.write(text, () => resolve());
  });
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** Ends the connection without ending the answer. */
function abandon({ response, book, entry }: Exchange, how: 'reset' | 'close'): void {
  book.close(entry, 'broken');
  const { socket } = response;
  if (how === 'reset') socket?.resetAndDestroy();
  else socket?.end();
}
