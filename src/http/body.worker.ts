/** Reads large bodies beside the thread that serves: one function of one module, called with the bytes. */
import { parentPort } from 'node:worker_threads';
import { AppError } from '../base/errors.ts';
import { yieldThread } from '../base/yield-thread.ts';
import type { BodyJob, BodyResult } from './body-worker.ts';

yieldThread();

type Reader = (body: Buffer) => unknown;

parentPort?.on('message', async ({ id, module, name, body }: BodyJob) => {
  let result: BodyResult;
  try {
    const read = ((await import(module)) as Record<string, Reader>)[name]!;
    result = { id, value: await read(Buffer.from(body.buffer, body.byteOffset, body.byteLength)) };
  } catch (error) {
    result =
      error instanceof AppError
        ? { id, code: error.code, message: error.message, param: error.param }
        : { id, code: 'internal_error', message: error instanceof Error ? (error.stack ?? error.message) : 'unknown' };
  }
  parentPort?.postMessage(result);
});
