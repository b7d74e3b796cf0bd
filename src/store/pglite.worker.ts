/** PGlite in a thread of its own, behind a unix socket: a query here never holds up the thread that serves requests. */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import type { WorkerMessage, WorkerStart } from './pglite.ts';

const { dataDir, socket } = workerData as WorkerStart;
const port = parentPort!;
const tell = (message: WorkerMessage): void => port.postMessage(message);

const db = await PGlite.create({ dataDir });
const execute = db.execProtocolRawStream.bind(db);
// A statement's own error travels in the protocol; one thrown here means that the database itself broke, and the socket server would wait forever.
db.execProtocolRawStream = async (message, options) => {
  try {
    return await execute(message, options);
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
};
// More than one, so that a connection lost can be replaced before the old one is seen to be closed.
const server = new PGLiteSocketServer({ db, path: socket, maxConnections: 4 });
await server.start();
tell({ kind: 'ready' });

port.once('message', async () => {
  await server.stop();
  await db.close();
  tell({ kind: 'closed' });
  port.close();
});
