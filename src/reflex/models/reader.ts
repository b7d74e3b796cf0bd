/** The thread that holds the models. It starts with the first call, and again should it ever die. */
import { Worker } from 'node:worker_threads';
import { AppError } from '../../base/errors.ts';
import { errorOf, type Failure } from '../../base/failure.ts';
import { transferable } from './jobs.ts';
import type { ReaderAnswer, ReaderCall } from './reader-core.ts';

export interface ReaderRequest {
  id: number;
  call: ReaderCall;
}
export type ReaderReply = { id: number; value: unknown } | { id: number; failure: Failure };

export interface Reader {
  /** Calls are answered in their order. */
  ask<C extends ReaderCall>(call: C): Promise<ReaderAnswer<C>>;
  /** Starts the thread before it is needed. */
  start(): void;
  close(): Promise<void>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** `onLost`: the thread has died, and what it held with it. */
export function createReader(onLost: () => void): Reader {
  let worker: Worker | undefined;
  let waiting = new Map<number, Waiting>();
  let next = 0;
  let isClosed = false;

  function start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './reader.worker.ts' : './reader.worker.js';
    const started = new Worker(new URL(file, import.meta.url), { name: 'reflex-reader', execArgv: [] });
    const own = new Map<number, Waiting>();
    waiting = own;
    let failure: unknown;
    started.on('message', (reply: ReaderReply) => {
      const asked = own.get(reply.id);
      own.delete(reply.id);
      if (own.size === 0) started.unref();
      if ('failure' in reply) asked?.reject(errorOf(reply.failure));
      else asked?.resolve(reply.value);
    });
    started.on('error', (error) => {
      failure = error;
    });
    started.on('exit', () => {
      if (worker === started) {
        worker = undefined;
        onLost();
      }
      const error = new AppError('internal_error', 'Reflex has stopped; the next call starts it anew.', {
        cause: failure,
      });
      for (const one of own.values()) one.reject(error);
      own.clear();
    });
    started.unref();
    worker = started;
    return started;
  }

  return {
    start: () => {
      if (!isClosed) worker ??= start();
    },
    ask<C extends ReaderCall>(call: C): Promise<ReaderAnswer<C>> {
      if (isClosed) return Promise.reject(new AppError('overloaded', 'Tokenworks is stopping.'));
      const thread = worker ?? start();
      const id = next++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
        // Only what somebody waits for keeps the process alive.
        thread.ref();
        thread.postMessage({ id, call } satisfies ReaderRequest, call.do === 'load' ? bytesOf(call) : []);
      });
    },
    async close() {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

/** What is loaded is read from the store again when it is needed again. */
function bytesOf({ model, replies }: Extract<ReaderCall, { do: 'load' }>): ArrayBuffer[] {
  return transferable(...(model ? [model] : []), replies);
}
