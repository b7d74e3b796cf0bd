/** The entry of the command line. */
import { processIo } from './io.ts';
import { run } from './run.ts';

// `tokenworks usage | head` closes the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), processIo);
