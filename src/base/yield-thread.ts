import { getPriority, setPriority } from 'node:os';

const NICENESS = 10;

/**
 * Lets the thread that calls it give way to those that answer calls: on a busy core it gets about a tenth of the time, on an idle one all it
 * wants. Linux sets priorities by thread; elsewhere this would slow the whole process, so nothing is done.
 */
export function yieldThread(): void {
  if (process.platform !== 'linux') return;
  try {
    // Below the rest of a process that was started with a niceness of its own.
    setPriority(0, Math.min(19, getPriority(0) + NICENESS));
  } catch {
    // A sandbox may forbid it; then the thread is only less polite.
  }
}
