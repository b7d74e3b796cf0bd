/** Threads that answer questions: each question has one answer, and answers come in the order of the questions. */
import { parentPort, type ResourceLimits, type TransferListItem, Worker } from 'node:worker_threads';
import { AppError } from './errors.ts';
import { errorOf, type Failure, failureOf } from './failure.ts';

type ToThread = { id: number; question: unknown } | { close: true };
type FromThread = { id: number; value: unknown } | { id: number; failure: Failure };

export interface Thread<Q> {
  /** Starts the thread where it does not run. Rejects with the AppError of the answer, or `lost` where the thread died over it. */
  ask<A>(question: Q, transfer?: readonly TransferListItem[]): Promise<A>;
  /** Starts it before it is needed. */
  start(): void;
  /** Lets it answer what was asked, for two seconds at most, and ends it. */
  close(): Promise<void>;
}

export interface ThreadOptions {
  name: string;
  workerData?: unknown;
  resourceLimits?: ResourceLimits;
  /** Ends it when nothing was asked for so long; by default it stays. */
  idle_ms?: number;
  /** Questions that may wait; more are refused as `overloaded`. */
  maxWaiting?: number;
  /** What its callers are told when it dies. */
  lost: string;
  /** It has died, or was idle, and what it held is gone; the next question starts it anew. */
  onEnd?: () => void;
}

/** The package is shipped as JavaScript, the repository runs as TypeScript: `name` goes without its extension. */
export function workerUrl(name: string, base: string): URL {
  return new URL(`${name}${base.endsWith('.ts') ? '.ts' : '.js'}`, base);
}

const CLOSE_WITHIN_MS = 2_000;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface Running {
  worker: Worker;
  waiting: Map<number, Waiting>;
  ended: Promise<void>;
}

export function openThread<Q>(file: URL, options: ThreadOptions): Thread<Q> {
  const { name, workerData, resourceLimits, idle_ms, maxWaiting = Number.POSITIVE_INFINITY } = options;
  let running: Running | undefined;
  let idle: NodeJS.Timeout | undefined;
  let next = 0;
  let isClosed = false;

  function start(): Running {
    const worker = new Worker(file, { name, workerData, resourceLimits, execArgv: [] });
    const waiting = new Map<number, Waiting>();
    let cause: (Error & { code?: string }) | undefined;
    worker.on('message', (answer: FromThread) => {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (waiting.size === 0) rest(worker);
      if ('failure' in answer) asked?.reject(errorOf(answer.failure));
      else asked?.resolve(answer.value);
    });
    worker.on('error', (error: Error) => {
      cause = error;
    });
    const ended = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        if (running?.worker === worker) {
          running = undefined;
          options.onEnd?.();
        }
        for (const { reject } of waiting.values()) reject(lostOver(cause));
        waiting.clear();
        resolve();
      });
    });
    // Only what somebody waits for keeps the process alive.
    worker.unref();
    running = { worker, waiting, ended };
    return running;
  }

  function rest(worker: Worker): void {
    worker.unref();
    if (idle_ms === undefined || isClosed) return;
    idle = setTimeout(() => void worker.terminate(), idle_ms);
    idle.unref();
  }

  function lostOver(cause: (Error & { code?: string }) | undefined): AppError {
    if (cause?.code === 'ERR_WORKER_OUT_OF_MEMORY')
      return new AppError('too_large', 'This needs more memory than there is for one call; send less at once.');
    return new AppError('internal_error', options.lost, { cause });
  }

  return {
    start() {
      if (!isClosed) running ?? start();
    },
    ask<A>(question: Q, transfer: readonly TransferListItem[] = []): Promise<A> {
      if (isClosed) return Promise.reject(new AppError('overloaded', 'Tokenworks is stopping.'));
      const { worker, waiting } = running ?? start();
      if (waiting.size >= maxWaiting)
        return Promise.reject(
          new AppError('overloaded', 'Too many large calls wait to be read; try again.', { retryAfter_s: 1 }),
        );
      clearTimeout(idle);
      const id = next++;
      return new Promise<A>((resolve, reject) => {
        waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
        worker.ref();
        worker.postMessage({ id, question } satisfies ToThread, transfer);
      });
    },
    async close() {
      isClosed = true;
      clearTimeout(idle);
      if (!running) return;
      const { worker, ended } = running;
      worker.ref();
      worker.postMessage({ close: true } satisfies ToThread);
      const late = setTimeout(() => void worker.terminate(), CLOSE_WITHIN_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

/** The thread's own side. `answer` may hand bytes over by naming them in `transferOf`. */
export function answerQuestions<Q, A>(
  answer: (question: Q) => A | Promise<A>,
  options: { transferOf?: (value: A) => TransferListItem[]; close?: () => unknown } = {},
): void {
  const port = parentPort!;
  let last: Promise<unknown> = Promise.resolve();
  const answerOne = async (id: number, question: Q): Promise<void> => {
    try {
      const value = await answer(question);
      port.postMessage({ id, value } satisfies FromThread, options.transferOf?.(value));
    } catch (error) {
      port.postMessage({ id, failure: failureOf(error) } satisfies FromThread);
    }
  };
  const close = async (): Promise<void> => {
    await options.close?.();
    port.close();
  };
  port.on('message', (message: ToThread) => {
    last = last.then(() => ('close' in message ? close() : answerOne(message.id, message.question as Q)));
  });
}
