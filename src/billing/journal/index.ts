export { type JournalLoad, startJournalLoad } from './load.ts';
export { JournalLoader, type LoaderDependencies } from './loader.ts';
export type { Intended, JournalRecord, Sent, Settled } from './record.ts';
export { openLoaderThread } from './thread.ts';
export { type Journal, openJournal, type Position } from './writer.ts';
