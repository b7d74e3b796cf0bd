/** The thread that carries this process's journal into the store (`thread.ts` is its other end). */
import { parentPort, workerData } from 'node:worker_threads';
import { yieldThread } from '../../base/yield-thread.ts';
import { joinStore } from '../../store/index.ts';
import { createUsageSink } from '../../usage/index.ts';
import { settlementPostings } from '../entries.ts';
import { JournalLoader } from './loader.ts';
import type { FromLoader, LoaderThreadStart, ToLoader } from './thread.ts';

yieldThread();
const { dir, ticket } = workerData as LoaderThreadStart;
const port = parentPort!;
const store = await joinStore(ticket);
const loader = new JournalLoader({
  dir,
  sink: createUsageSink(store),
  postings: (operations, reference) => settlementPostings(operations, reference, Date.now()),
  keepReplies: (replies) => store.replies.put(replies),
  // Only a recovery closes operations that were left open, and that is done before this thread begins.
  price: () => undefined,
});

port.on('message', async (message: ToLoader) => {
  switch (message.kind) {
    case 'begin':
      loader.begin(message.segment);
      return;
    case 'load': {
      const answer: FromLoader = { kind: 'loaded', id: message.id };
      try {
        await loader.loadTo(message.target);
      } catch (error) {
        answer.error = error instanceof Error ? error.message : String(error);
      }
      port.postMessage(answer);
      return;
    }
    case 'close':
      await store.close();
      port.close();
  }
});
