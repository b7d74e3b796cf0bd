/** Runs a job in a worker thread of its own, so that the thread that serves never waits for it. */
import { Worker } from 'node:worker_threads';
import { AppError } from '../../base/errors.ts';
import { errorOf, type Failure } from '../../base/failure.ts';
import { workerUrl } from '../../base/thread.ts';
import type { TrainingProgress } from '../types.ts';
import { type Job, type JobResult, transferable } from './jobs.ts';

export type JobMessage = { progress: TrainingProgress } | { result: JobResult<Job> } | { failure: Failure };

export interface RunOptions {
  signal?: AbortSignal;
  /** false: the process may end while this runs. */
  keepAlive?: boolean;
  onProgress?: (progress: TrainingProgress) => void;
  /** The job's bytes are no longer needed here: they move instead of being copied. */
  move?: boolean;
}

const MAX_HEAP_MB = 2_048;

/** Rejects with AppError, or with the signal's reason when it is aborted. */
export function runJob<J extends Job>(job: J, options: RunOptions = {}): Promise<JobResult<J>> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const worker = new Worker(workerUrl('./train.worker', import.meta.url), {
      name: `reflex-${job.do}`,
      workerData: job,
      transferList: options.move ? transferable(...bytesOf(job)) : [],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      execArgv: [],
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
    worker.on('message', (message: JobMessage) => {
      if ('progress' in message) options.onProgress?.(message.progress);
      else if ('result' in message) settle(() => resolve(message.result as JobResult<J>));
      else settle(() => reject(errorOf(message.failure)));
    });
    worker.on('error', (error: Error & { code?: string }) =>
      settle(() =>
        reject(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? new AppError('too_large', `This needs more than ${MAX_HEAP_MB} MB of memory; give fewer examples.`, {
                param: 'examples',
              })
            : new AppError('internal_error', 'Training failed; the log has the details.', { cause: error }),
        ),
      ),
    );
    worker.on('exit', () => settle(() => reject(new AppError('internal_error', 'Training ended without a result.'))));
  });
}

function bytesOf(job: Job): Uint8Array[] {
  if (job.do === 'read' || job.do === 'texts' || job.do === 'changes') return [job.body];
  if (job.do === 'import') return [job.bytes];
  if (job.do === 'evaluate') return [];
  return job.packed ? [job.packed] : [];
}
