import type { Command } from 'commander';
import type { ConnectionOptions } from './settings.ts';

/** Options of every command that asks the running server. */
export interface AskOptions extends ConnectionOptions {
  json?: boolean;
}

export function withConnection(command: Command): Command {
  return command
    .option('--json', 'print the answer as JSON')
    .option('--url <url>', 'address of the server (default: TOKENWORKS_URL, or the one that runs on the data folder)')
    .option('--home <dir>', 'data folder of the server (default: TOKENWORKS_HOME, or ./.tokenworks)');
}
