/** Does one job off the thread that serves: bytes in, bytes out. */
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf } from '../../base/failure.ts';
import { yieldThread } from '../../base/yield-thread.ts';
import { decodeExport, type Job, measure, readBody, readChanges, readTexts, train, transferable } from './jobs.ts';
import type { JobMessage } from './train.ts';

yieldThread();

const PROGRESS_EVERY_MS = 100;
const port = parentPort!;
const tell = (message: JobMessage, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

function progressTeller(): Parameters<typeof train>[1] {
  let told_ms = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const now_ms = performance.now();
    if (now_ms - told_ms < PROGRESS_EVERY_MS && progress.done < progress.of) return;
    told_ms = now_ms;
    tell({ progress });
  };
}

async function perform(job: Job): Promise<void> {
  if (job.do === 'read') {
    const read = readBody(job.body);
    tell({ result: read }, read.batch ? transferable(read.batch.packed) : []);
    return;
  }
  if (job.do === 'texts') {
    tell({ result: readTexts(job.body) });
    return;
  }
  if (job.do === 'changes') {
    tell({ result: readChanges(job.body) });
    return;
  }
  if (job.do === 'evaluate') {
    tell({ result: await measure(job, progressTeller()) });
    return;
  }
  const made = job.do === 'train' ? await train(job, progressTeller()) : await decodeExport(job.bytes);
  tell({ result: made }, transferable(made.model, made.packed, made.replies));
}

try {
  await perform(workerData as Job);
} catch (error) {
  tell({ failure: failureOf(error) });
}
