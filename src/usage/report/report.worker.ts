/** The thread that makes usage reports (`thread.ts` is its other end). */
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf } from '../../base/failure.ts';
import { yieldThread } from '../../base/yield-thread.ts';
import { joinStore, type StoreTicket } from '../../store/index.ts';
import { createReports, type FromReports, type ToReports } from './thread.ts';

yieldThread();
const port = parentPort!;
const store = await joinStore(workerData as StoreTicket);
const reports = createReports(store);

port.on('message', async (message: ToReports) => {
  if ('close' in message) {
    await store.close();
    port.close();
    return;
  }
  const { id, filter, format } = message;
  try {
    const bytes = await reports.bytes(filter, format);
    port.postMessage({ id, bytes } satisfies FromReports, [bytes.buffer]);
  } catch (error) {
    port.postMessage({ id, failure: failureOf(error) } satisfies FromReports);
  }
});
