/** Training in a worker thread, so that the thread that serves never waits for it. */
import { Worker } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../base/errors.ts';
import type { Example } from './types.ts';

type Message = { bytes: Uint8Array } | { failure: { code: ErrorCode; message: string; param?: string } };

export interface TrainInWorkerOptions {
  signal?: AbortSignal;
  /** false: the process may end while this runs. */
  keepAlive?: boolean;
}

/** Serialised model (see model.ts). Rejects with AppError, or with the signal's reason when it is aborted. */
export function trainInWorker(examples: readonly Example[], options: TrainInWorkerOptions = {}): Promise<Uint8Array> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    // The package is shipped as JavaScript, the repository runs as TypeScript.
    const file = import.meta.url.endsWith('.ts') ? './train.worker.ts' : './train.worker.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: JSON.stringify(examples),
      resourceLimits: { maxOldGenerationSizeMb: 2_048 },
    });
    if (options.keepAlive === false) worker.unref();
    let settled = false;
    const settle = (work: () => void) => {
      if (settled) return;
      settled = true;
      signal?.removeEventListener('abort', abort);
      work();
    };
    const abort = () =>
      settle(() => {
        void worker.terminate();
        reject(signal!.reason);
      });
    signal?.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: Message) =>
      settle(() => {
        if ('bytes' in message) resolve(message.bytes);
        else reject(new AppError(message.failure.code, message.failure.message, { param: message.failure.param }));
      }),
    );
    worker.on('error', (error) =>
      settle(() =>
        reject(new AppError('internal_error', 'Training failed; the log has the details.', { cause: error })),
      ),
    );
    worker.on('exit', () => settle(() => reject(new AppError('internal_error', 'Training ended without a result.'))));
  });
}
