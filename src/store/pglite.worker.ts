/** PGlite in a thread of its own, behind a unix socket: a query here never holds up the thread that serves requests. */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { yieldThread } from '../base/yield-thread.ts';
import type { WorkerMessage, WorkerStart } from './pglite.ts';

yieldThread();
const { dataDir, socket } = workerData as WorkerStart;
const port = parentPort!;
const tell = (message: WorkerMessage): void => port.postMessage(message);

const db = await PGlite.create({ dataDir });
const execute = db.execProtocolRawStream.bind(db);
// A statement's own error travels in the protocol. After a PANIC (a full disk, a lost file) the database answers nothing more and takes a
// whole core, and after something thrown the socket server waits forever: both are the end of this thread.
const ENDS = ['SPANIC\0VPANIC\0', 'SFATAL\0VFATAL\0'].map((text) => Buffer.from(text));
db.execProtocolRawStream = async (message, options) => {
  try {
    return await execute(message, {
      ...options,
      onRawData: (data) => {
        const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        if (ENDS.some((end) => bytes.includes(end))) tell({ kind: 'failed', message: errorText(bytes) });
        options.onRawData(data);
      },
    });
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
};

/** The readable parts of an ErrorResponse (PostgreSQL, "Message Formats"). */
function errorText(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .split('\0')
    .filter((field) => /^[VCM]/.test(field))
    .map((field) => field.slice(1))
    .join(' ');
}

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
