import { Worker } from 'node:worker_threads';
import { workerUrl } from '../../base/thread.ts';
import type { StoreTicket } from '../../store/index.ts';
import type { Position } from './writer.ts';

export interface LoaderThreadStart {
  dir: string;
  ticket: StoreTicket;
}

export type ToLoader =
  | { kind: 'begin'; segment: string }
  | { kind: 'load'; id: number; target: Position }
  | { kind: 'close' };
export type FromLoader = { kind: 'loaded'; id: number; error?: string };

/** What carries this process's journal into the store; calls to `loadTo` must not overlap. */
export interface Loading {
  /** Segments are announced in the order in which they begin. */
  begin(segment: string): void;
  loadTo(target: Position): Promise<void>;
  close(): Promise<void>;
}

/** The loader in a thread of its own: reading lines, adding up and writing rows would hold up the calls by milliseconds at a time. */
export function openLoaderThread(start: LoaderThreadStart): Loading {
  const worker = new Worker(workerUrl('./load.worker', import.meta.url), {
    workerData: start,
    name: 'journal',
    execArgv: [],
  });
  const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  let next = 0;
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  worker.on('message', (message: FromLoader) => {
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) call?.resolve();
    else call?.reject(new Error(message.error));
  });
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      fail(new Error(`the journal's thread ended with code ${code}`));
      resolve();
    });
  });
  const tell = (message: ToLoader): void => worker.postMessage(message);
  return {
    begin: (segment) => tell({ kind: 'begin', segment }),
    loadTo(target) {
      if (failure) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        tell({ kind: 'load', id, target });
      });
    },
    async close() {
      tell({ kind: 'close' });
      await exited;
    },
  };
}
