/** Trains one model off the main thread: examples as JSON text in, bytes out. */
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../base/errors.ts';
import { yieldThread } from '../base/yield-thread.ts';
import { trainModel } from './model.ts';
import type { Example } from './types.ts';

yieldThread();

try {
  const bytes = trainModel(JSON.parse(workerData as string) as Example[]);
  parentPort!.postMessage({ bytes }, [bytes.buffer]);
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  parentPort!.postMessage({ failure: { code: error.code, message: error.message, param: error.param } });
}
