/** A thread that reads large bodies: JSON of a few megabytes can take a second to parse and check. */
import { Worker } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../base/errors.ts';

export interface BodyJob {
  id: number;
  /** URL of the module that exports the function `name`. */
  module: string;
  name: string;
  body: Uint8Array;
}
export type BodyResult =
  | { id: number; value: unknown }
  | { id: number; code: ErrorCode; message: string; param?: string };

export interface BodyWorker {
  /**
   * What the function `name` of `module` makes of the bytes, one body after another. The bytes move there: they are empty afterwards.
   * `module` is named without its extension. Throws AppError: what the function throws, `overloaded` while many wait.
   */
  read<T>(module: URL, name: string, body: Buffer): Promise<T>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const IDLE_MS = 30_000;
const MAX_WAITING = 32;
const MAX_HEAP_MB = 1_024;

/** The thread starts with the first body and ends when none came for half a minute. */
export function createBodyWorker(): BodyWorker {
  // The package is shipped as JavaScript, the repository runs as TypeScript.
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let next = 0;

  function start(): Worker {
    const started = new Worker(new URL(`./body.worker${extension}`, import.meta.url), {
      name: 'body',
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      execArgv: [],
    });
    started.on('message', settle);
    started.on('error', (error: Error & { code?: string }) => abandon(started, error));
    started.on('exit', () => abandon(started, new Error('the thread that reads bodies ended')));
    return started;
  }

  function settle(result: BodyResult): void {
    const asked = waiting.get(result.id);
    waiting.delete(result.id);
    if ('value' in result) asked?.resolve(result.value);
    else if (result.code === 'internal_error')
      asked?.reject(
        new AppError('internal_error', 'The body could not be read.', { cause: new Error(result.message) }),
      );
    else asked?.reject(new AppError(result.code, result.message, { param: result.param }));
    if (waiting.size > 0) return;
    worker?.unref();
    idle = setTimeout(() => void worker?.terminate(), IDLE_MS);
    idle.unref();
  }

  function abandon(gone: Worker, error: Error & { code?: string }): void {
    if (worker !== gone) return;
    worker = undefined;
    const isTooMuch = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    for (const { reject } of waiting.values())
      reject(
        isTooMuch
          ? new AppError('too_large', 'The body needs more memory than there is for one; send less at once.')
          : new AppError('internal_error', 'The body could not be read.', { cause: error }),
      );
    waiting.clear();
  }

  return {
    read<T>(module: URL, name: string, body: Buffer): Promise<T> {
      if (waiting.size >= MAX_WAITING)
        return Promise.reject(
          new AppError('overloaded', 'Too many large bodies are being read at once; try again.', { retryAfter_s: 1 }),
        );
      clearTimeout(idle);
      worker ??= start();
      // While it reads it keeps the process alive; idle, it does not.
      worker.ref();
      const id = next++;
      const own = body.byteLength === body.buffer.byteLength ? [body.buffer as ArrayBuffer] : [];
      const job: BodyJob = { id, module: `${module.href}${extension}`, name, body };
      return new Promise<T>((resolve, reject) => {
        waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
        worker!.postMessage(job, own);
      });
    },
  };
}
