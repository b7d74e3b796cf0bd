import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';

export function backupRoutes(routes: Routes, services: Services): void {
  let running = false;
  routes.admin(
    {
      method: 'get',
      path: '/admin/v1/backup',
      tag: 'Server',
      summary: 'Download a dump of the store',
      description:
        'Either engine reads it (`tokenworks restore`). Secrets in it are sealed; the key file is not in it, keep that too.',
      response: z.string().meta({ format: 'binary' }),
      responseType: 'application/gzip',
      errors: ['conflict'],
    },
    async ({ context, audit }) => {
      if (context.req.method === 'HEAD') return context.body(null, 200, { 'content-type': 'application/gzip' });
      if (running)
        throw new AppError('conflict', 'A backup is being written already; wait for it.', { retryAfter_s: 10 });
      running = true;
      // Beside the data: elsewhere there may be less room, and others who may read.
      const dir = await mkdtemp(join(services.config.home, 'backup-'));
      const file = join(dir, 'dump.gz');
      try {
        await services.flushUsage();
        const { bytes, rows } = await services.store.backup(file);
        await services.store.audit.append(audit('backup.download', 'store', { bytes, rows }));
        const stream = createReadStream(file);
        stream.on('close', () => void rm(dir, { recursive: true, force: true }));
        context.header('content-type', 'application/gzip');
        context.header('content-length', String(bytes));
        context.header(
          'content-disposition',
          `attachment; filename="tokenworks-${new Date(services.clock.now()).toISOString().slice(0, 10)}.jsonl.gz"`,
        );
        return context.body(Readable.toWeb(stream) as ReadableStream<Uint8Array>);
      } catch (error) {
        await rm(dir, { recursive: true, force: true });
        throw error;
      } finally {
        running = false;
      }
    },
  );
}
