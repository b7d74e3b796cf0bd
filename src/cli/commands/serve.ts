import type { Command } from 'commander';
import { tuneCollector } from '../collector.ts';
import type { Io } from '../io.ts';
import { wholeNumber } from '../options.ts';

/** A terminal's Ctrl-C reaches the process more than once, by way of npm and the shell; so close together they are one. */
const SAME_SIGNAL_MS = 500;

interface ServeOptions {
  port?: number;
  host?: string;
  config?: string;
  home?: string;
}

export function addServe(program: Command, io: Io): void {
  program
    .command('serve')
    .description('start the gateway (what `npm start` does)')
    .option(
      '--port <number>',
      'port to listen on (default: TOKENWORKS_PORT, or 8787; 0 takes a free one)',
      wholeNumber('--port', 0, 65535),
    )
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, this machine only)')
    .option('--config <file>', 'configuration file (default: TOKENWORKS_CONFIG, or ./tokenworks.yaml if it is there)')
    .option('--home <dir>', 'data folder (default: TOKENWORKS_HOME, or ./.tokenworks)')
    .action((options: ServeOptions) => serve(options, io));
}

/** Resolves when the server has closed. */
async function serve(options: ServeOptions, io: Io): Promise<void> {
  tuneCollector();
  const [{ loadConfig }, { startServer }, { startNotice }, { consoleDir, version }, files] = await Promise.all([
    import('../../config.ts'),
    import('../../server.ts'),
    import('../start-notice.ts'),
    import('../package.ts'),
    import('../server-file.ts'),
  ]);
  const config = loadConfig({ file: options.config, host: options.host, port: options.port, home: options.home });
  const console_dir = consoleDir();
  const signals = listenForSignals();
  const server = await startServer(config, {
    version: version(),
    consoleDir: console_dir,
    onProgress: (message) => io.note(`tokenworks: ${message}`),
  });
  try {
    files.writeServerFile(config.home, { url: server.url, pid: process.pid, started: new Date().toISOString() });
    io.out(startNotice({ server, config, version: version(), console: console_dir !== undefined }));
    const signal = await signals.first;
    io.note(`tokenworks: ${signal}: no new calls; open ones may end (30 s at most). A second signal stops at once.`);
  } finally {
    files.removeServerFile(config.home, process.pid);
    await server.close();
  }
  io.note('tokenworks: stopped; the journal is settled.');
  signals.stop();
}

/** The first SIGTERM or SIGINT as a promise; a second one ends the process. */
function listenForSignals(): { first: Promise<string>; stop(): void } {
  let handler: (signal: NodeJS.Signals) => void = () => {};
  const first = new Promise<string>((resolve) => {
    let since: number | undefined;
    handler = (signal) => {
      if (since !== undefined && performance.now() - since > SAME_SIGNAL_MS)
        process.exit(signal === 'SIGINT' ? 130 : 143);
      since ??= performance.now();
      resolve(signal);
    };
  });
  process.on('SIGTERM', handler);
  process.on('SIGINT', handler);
  return {
    first,
    stop() {
      process.off('SIGTERM', handler);
      process.off('SIGINT', handler);
    },
  };
}
