/** The live stream (server-sent events), with its own way back after a break. */
import type { LiveOperationView, LiveSnapshot } from './wire.ts';

export type LiveState = 'connecting' | 'live' | 'offline';

export interface LiveHandlers {
  onState(state: LiveState): void;
  onBarometer(snapshot: LiveSnapshot): void;
  onOperation(operation: LiveOperationView): void;
  /** The stream was refused or broke; the session may have ended. */
  onBreak(): void;
}

export interface LiveStream {
  /** Tries now instead of at the next turn. */
  retry(): void;
  close(): void;
}

/** The server sends each second; a stream that is silent for so long is dead, whatever the browser thinks. */
const SILENCE_MS = 10_000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/** 1, 2, 4 … seconds, 15 at most. */
export function waitOf(breaks: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, breaks - 1));
}

export function openLive(path: string, handlers: LiveHandlers): LiveStream {
  let source: EventSource | undefined;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let breaks = 0;
  let closed = false;

  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(broken, SILENCE_MS);
  };

  function connect(): void {
    clearTimeout(waiting);
    source?.close();
    source = new EventSource(path);
    heard();
    source.addEventListener('open', () => {
      heard();
      handlers.onState('live');
    });
    source.addEventListener('barometer', (event) => {
      heard();
      breaks = 0;
      handlers.onBarometer(JSON.parse(event.data as string) as LiveSnapshot);
    });
    source.addEventListener('operation', (event) => {
      heard();
      handlers.onOperation(JSON.parse(event.data as string) as LiveOperationView);
    });
    // Not left to the browser: it gives up for good on any answer but 200, and never says so.
    source.addEventListener('error', broken);
  }

  function broken(): void {
    if (closed) return;
    source?.close();
    clearTimeout(silence);
    clearTimeout(waiting);
    breaks++;
    handlers.onState('offline');
    handlers.onBreak();
    waiting = setTimeout(connect, waitOf(breaks));
  }

  const retry = (): void => {
    if (closed) return;
    handlers.onState('connecting');
    connect();
  };

  handlers.onState('connecting');
  connect();
  return {
    retry,
    close() {
      closed = true;
      source?.close();
      clearTimeout(silence);
      clearTimeout(waiting);
    },
  };
}
