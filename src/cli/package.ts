import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The package's folder, seen from this file: the same distance in `src/cli` and in `dist/cli`. */
const ROOT = new URL('../../', import.meta.url);

export function version(): string {
  return (JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }).version;
}

/** Folder of the built console: in the package beside the program, in a clone where Vite puts it. */
export function consoleDir(): string | undefined {
  const candidates = [new URL('../console/', import.meta.url), new URL('console/dist/', ROOT)];
  const found = candidates.find((folder) => existsSync(new URL('index.html', folder)));
  return found && fileURLToPath(found);
}
