import { CommanderError } from 'commander';
import type { Io } from './io.ts';
import { createProgram } from './program.ts';
import { WrongUsage } from './wrong-usage.ts';

/** Runs one command line and answers its exit code: 0 done, 1 failed, 2 wrong usage. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has written its own message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof WrongUsage) {
      io.note(`error: ${error.message}`);
      return 2;
    }
    io.note(`error: ${await describe(error)}`);
    return 1;
  }
}

/** One line, without secrets. */
async function describe(error: unknown): Promise<string> {
  const { redact } = await import('../base/text.ts');
  const message = error instanceof Error ? error.message : String(error);
  return redact(message || (error as Error).name).replace(/\s*\n\s*/g, ' ');
}
