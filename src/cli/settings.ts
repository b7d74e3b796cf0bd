import { readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../base/errors.ts';
import { type Config, loadConfig } from '../config.ts';

export interface ConnectionOptions {
  url?: string;
  home?: string;
}

/**
 * What a command that asks a server has to know. tokenworks.yaml is not read: the server has it, and the variables that it refers to
 * need not be set where a command is typed.
 */
export function clientConfig(options: ConnectionOptions): Config {
  return loadConfig({ file: devNull, home: options.home });
}

/** The admin key: TOKENWORKS_ADMIN_KEY, or the file that the server made. Throws AppError when there is neither. */
export function adminKey(config: Config): string {
  if (config.adminKey) return config.adminKey;
  const file = join(config.home, 'admin-key');
  let key: string;
  try {
    key = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'EACCES' ? 'may not be read by this user' : 'does not exist';
    throw new AppError(
      'invalid_key',
      `The admin key ${file} ${reason}: set TOKENWORKS_ADMIN_KEY, or name the server's data folder with --home.`,
    );
  }
  if (key === '') throw new AppError('invalid_key', `The admin key file ${file} is empty.`);
  return key;
}
