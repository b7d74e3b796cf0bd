/** `$TOKENWORKS_HOME/server.json`: where the running server of a data folder listens, so that commands find it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** USER_HZ of Linux on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;
/** The boot time is in whole seconds, and a clock may have been set since. */
const CLOCK_SLACK_MS = 5000;

const schema = z.object({ url: z.url({ protocol: /^https?$/ }), pid: z.int().positive(), started: z.iso.datetime() });

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
    return isRunning(found) ? found : undefined;
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

/** A process of that number lives and is not a later one that was given the same number, as happens in containers. */
function isRunning({ pid, started }: ServerFile): boolean {
  if (!lives(pid)) return false;
  const began_ms = startOf(pid);
  return began_ms === undefined || began_ms <= Date.parse(started) + CLOCK_SLACK_MS;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in milliseconds since 1970 (proc(5): btime, and field 22 of stat in ticks); undefined where there is no /proc. */
function startOf(pid: number): number | undefined {
  try {
    const boot_s = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const began_ms = boot_s * 1000 + ticks * (1000 / TICKS_PER_SECOND);
    return Number.isFinite(began_ms) ? began_ms : undefined;
  } catch {
    return undefined;
  }
}
