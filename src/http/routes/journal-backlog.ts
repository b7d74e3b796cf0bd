import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Services } from '../services.ts';

const SEGMENT = /^(.+)\.jsonl$/;

/** Bytes in the journal's segments, of this and of other processes, that the store does not have yet. */
export async function journalBacklog(services: Pick<Services, 'config' | 'store'>): Promise<number> {
  const dir = join(services.config.home, 'journal');
  let bytes = 0;
  for (const file of await readdir(dir).catch(() => [])) {
    const segment = SEGMENT.exec(file)?.[1];
    if (segment === undefined) continue;
    // Loaded segments are deleted, also just now.
    const size = await stat(join(dir, file)).then(
      (found) => found.size,
      () => 0,
    );
    bytes += Math.max(0, size - (await services.store.usage.position(segment)));
  }
  return bytes;
}
