import { Command } from 'commander';
import { addAdd } from './commands/add.ts';
import { addBackup } from './commands/backup.ts';
import { addBarometer } from './commands/barometer.ts';
import { addBudget } from './commands/budget.ts';
import { addDoctor } from './commands/doctor.ts';
import { addInvoice } from './commands/invoice.ts';
import { addKey } from './commands/key.ts';
import { addLedger } from './commands/ledger.ts';
import { addModels } from './commands/models.ts';
import { addOperations } from './commands/operations.ts';
import { addPrices } from './commands/prices.ts';
import { addProviders } from './commands/providers.ts';
import { addReflex } from './commands/reflex.ts';
import { addRestore } from './commands/restore.ts';
import { addServe } from './commands/serve.ts';
import { addUsage } from './commands/usage.ts';
import { addWallet } from './commands/wallet.ts';
import type { Io } from './io.ts';
import { version } from './package.ts';

/** In the order in which `--help` and the reference show them. */
const COMMANDS: readonly ((program: Command, io: Io) => void)[] = [
  addServe,
  addKey,
  addUsage,
  addBarometer,
  addModels,
  addPrices,
  addProviders,
  addOperations,
  addBudget,
  addWallet,
  addInvoice,
  addLedger,
  addDoctor,
  addBackup,
  addRestore,
  addReflex,
  addAdd,
];

/**
 * All commands. What a command does is imported only when it runs, so that `--help` is there at once. Nothing here ends the process:
 * commander's own ends become CommanderError.
 */
export function createProgram(io: Io): Command {
  const program = new Command('tokenworks')
    .description(
      'Open, self-hosted gateway and token ledger: one API before every model, every token metered, priced and accounted for.',
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.note(text.trimEnd()) });
  for (const add of COMMANDS) add(program, io);
  program.addHelpText(
    'after',
    '\nEvery command that shows something takes --json. Commands ask the running server; start it with `npm start` (or `tokenworks serve`).\nExit codes: 0 done, 1 failed (one line on standard error says why), 2 wrong usage.',
  );
  return program;
}
