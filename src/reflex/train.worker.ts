/** Trains one model off the main thread: examples as JSON text in, bytes out. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../base/errors.ts';
import { trainModel } from './model.ts';
import type { Example } from './types.ts';

// On Linux a priority belongs to the thread: serving goes before learning. Elsewhere it would slow the whole process.
if (process.platform === 'linux') {
  try {
    setPriority(0, 10);
  } catch {
    // A container may forbid it; training then competes as an equal.
  }
}

try {
  const bytes = trainModel(JSON.parse(workerData as string) as Example[]);
  parentPort!.postMessage({ bytes }, [bytes.buffer]);
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  parentPort!.postMessage({ failure: { code: error.code, message: error.message, param: error.param } });
}
