/** Holds the models and answers what is asked of them, one call after another. */
import { parentPort } from 'node:worker_threads';
import { failureOf } from '../../base/failure.ts';
import type { ReaderReply, ReaderRequest } from './reader.ts';
import { createReaderCore } from './reader-core.ts';

const port = parentPort!;
const core = createReaderCore();
// In the order in which they came: a change counts for every call after it.
let last: Promise<void> = Promise.resolve();

port.on('message', ({ id, call }: ReaderRequest) => {
  last = last.then(async () => {
    let reply: ReaderReply;
    try {
      reply = { id, value: await core.answer(call) };
    } catch (error) {
      reply = { id, failure: failureOf(error) };
    }
    port.postMessage(reply);
  });
});
