/** `$TOKENWORKS_HOME/server.json`: where the running server of a data folder listens, so that commands find it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({ url: z.url({ protocol: /^https?$/ }), pid: z.int().positive(), started: z.string() });

export type ServerFile = z.infer<typeof schema>;

export function writeServerFile(home: string, value: ServerFile): void {
  const path = join(home, 'server.json');
  const draft = `${path}.${value.pid}`;
  writeFileSync(draft, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** The server of this data folder while its process lives; undefined when there is none. */
export function readServerFile(home: string): ServerFile | undefined {
  try {
    const found = schema.parse(JSON.parse(readFileSync(join(home, 'server.json'), 'utf8')));
    return lives(found.pid) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the file if it is this process's own. */
export function removeServerFile(home: string, pid: number): void {
  try {
    const path = join(home, 'server.json');
    if ((JSON.parse(readFileSync(path, 'utf8')) as ServerFile).pid === pid) rmSync(path, { force: true });
  } catch {
    // Somebody removed it already.
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
