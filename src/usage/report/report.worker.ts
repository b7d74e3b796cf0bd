/** The thread that makes usage reports (`thread.ts` is its other end). */
import { workerData } from 'node:worker_threads';
import { answerQuestions } from '../../base/thread.ts';
import { yieldThread } from '../../base/yield-thread.ts';
import { joinStore, type StoreTicket } from '../../store/index.ts';
import { createReports, type ReportQuestion } from './thread.ts';

yieldThread();
const store = await joinStore(workerData as StoreTicket);
const reports = createReports(store);
answerQuestions(({ filter, format }: ReportQuestion) => reports.bytes(filter, format), {
  transferOf: ({ buffer }) => [buffer],
  close: () => store.close(),
});
