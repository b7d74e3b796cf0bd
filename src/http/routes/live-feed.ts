/** What the console sees move: a snapshot each second and each settled call, to any number of readers, slow ones included. */
import { AppError } from '../../base/errors.ts';
import { sseFrame } from '../../base/sse.ts';
import type { LiveSnapshot } from '../../contract/control/index.ts';
import { type Barometer, barometer } from '../../usage/index.ts';
import type { Services } from '../services.ts';
import { liveOperationView } from './live-operation.ts';
import { iso } from './wire.ts';

const TICK_MS = 1000;
/** The sums of the ledger are read this often; between, this process's own counts move them. */
const BASE_MS = 15_000;
/** Events that wait for a reader; what comes then is dropped for it. */
const MAX_WAITING = 256;
const MAX_READERS = 100;
/** A stream ends after this, so that a session that has ended is not looked on for ever. The console comes back by itself. */
const MAX_LIFE_MS = 3_600_000;

interface Reader {
  controller: ReadableStreamDefaultController<Uint8Array>;
  dropped: number;
  end_ms: number;
}

interface Base {
  counted: Barometer;
  /** This process's own counts when the sums were read. */
  tokens: number;
  requests: number;
  at_ms: number;
}

export interface LiveFeed {
  /** A stream of server-sent events. Throws AppError `overloaded` when too many read already. */
  open(): ReadableStream<Uint8Array>;
}

export function createLiveFeed(services: Services): LiveFeed {
  const { live, clock, store } = services;
  const readers = new Set<Reader>();
  const encoder = new TextEncoder();
  let base: Base | undefined;
  let reading: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let unsubscribe: (() => void) | undefined;

  async function readBase(): Promise<void> {
    await services.flushUsage();
    const timezone = services.directory.organisation('default')?.timezone ?? 'UTC';
    const counted = await barometer(store, { now: clock.now(), timezone });
    base = { counted, tokens: live.tokens, requests: live.requests, at_ms: clock.mono() };
  }

  function refreshBase(): void {
    if (reading || (base && clock.mono() - base.at_ms < BASE_MS)) return;
    reading = readBase()
      .catch((error: unknown) => services.log('warn', 'the barometer could not be read', { error: String(error) }))
      .finally(() => {
        reading = undefined;
      });
  }

  function snapshotFor(reader: Reader, { counted, tokens, requests }: Base): LiveSnapshot {
    const newTokens = live.tokens - tokens;
    const newRequests = live.requests - requests;
    const lastMinute = lastMinuteTokens(services);
    return {
      at: iso(clock.now()),
      tokens: {
        total: counted.tokens.total + newTokens,
        today: counted.tokens.today + newTokens,
        last_minute: lastMinute,
      },
      requests: { total: counted.requests.total + newRequests, today: counted.requests.today + newRequests },
      per_minute: lastMinute,
      open: live.open,
      dropped: reader.dropped,
    };
  }

  function tick(): void {
    refreshBase();
    for (const reader of readers) {
      if (clock.mono() >= reader.end_ms) finish(reader);
      else if (base) send(reader, sseFrame(JSON.stringify(snapshotFor(reader, base)), 'barometer'));
    }
  }

  function send(reader: Reader, frame: string): void {
    if ((reader.controller.desiredSize ?? 0) <= 0) reader.dropped++;
    else reader.controller.enqueue(encoder.encode(frame));
  }

  function finish(reader: Reader): void {
    leave(reader);
    reader.controller.close();
  }

  function leave(reader: Reader): void {
    readers.delete(reader);
    if (readers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    unsubscribe?.();
    unsubscribe = undefined;
  }

  function enter(reader: Reader): void {
    readers.add(reader);
    if (timer) return;
    timer = setInterval(tick, TICK_MS);
    timer.unref();
    unsubscribe = live.onSettled((record) => {
      const frame = sseFrame(JSON.stringify(liveOperationView(record)), 'operation');
      for (const each of readers) send(each, frame);
    });
  }

  return {
    open() {
      if (readers.size >= MAX_READERS)
        throw new AppError('overloaded', 'Too many pages watch this server already.', { retryAfter_s: 30 });
      let reader: Reader;
      return new ReadableStream<Uint8Array>(
        {
          async start(controller) {
            reader = { controller, dropped: 0, end_ms: clock.mono() + MAX_LIFE_MS };
            enter(reader);
            refreshBase();
            await reading;
            if (base && readers.has(reader))
              send(reader, sseFrame(JSON.stringify(snapshotFor(reader, base)), 'barometer'));
          },
          cancel: () => leave(reader),
        },
        new CountQueuingStrategy({ highWaterMark: MAX_WAITING }),
      );
    },
  };
}

/** Tokens of the last sixty seconds: the minute that runs, and of the one before the share that is still within. */
export function lastMinuteTokens(services: Pick<Services, 'live' | 'clock'>): number {
  const now_ms = services.clock.now();
  const { last, running } = services.live.perMinute(now_ms);
  return Math.round(running + last * (1 - (now_ms % 60_000) / 60_000));
}
