/** The thread that holds the models. It starts with the first call, and again should it ever die. */
import { openThread, workerUrl } from '../../base/thread.ts';
import { transferable } from './jobs.ts';
import type { ReaderAnswer, ReaderCall } from './reader-core.ts';

export interface Reader {
  /** Calls are answered in their order. */
  ask<C extends ReaderCall>(call: C): Promise<ReaderAnswer<C>>;
  /** Starts the thread before it is needed. */
  start(): void;
  close(): Promise<void>;
}

/** `onLost`: the thread has died, and what it held with it. */
export function createReader(onLost: () => void): Reader {
  const thread = openThread<ReaderCall>(workerUrl('./reader.worker', import.meta.url), {
    name: 'reflex-reader',
    lost: 'Reflex has stopped; the next call starts it anew.',
    onEnd: onLost,
  });
  return {
    start: thread.start,
    ask: (call) => thread.ask(call, call.do === 'load' ? bytesOf(call) : []),
    close: thread.close,
  };
}

/** What is loaded is read from the store again when it is needed again. */
function bytesOf({ model, replies }: Extract<ReaderCall, { do: 'load' }>): ArrayBuffer[] {
  return transferable(...(model ? [model] : []), replies);
}
