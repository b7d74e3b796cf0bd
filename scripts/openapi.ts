// Writes docs/reference/openapi.json from the routes; with --check, fails where the file is not what the routes say.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/base/clock.ts';
import { parseConfigFile } from '../src/config.ts';
import { Live } from '../src/gateway/live.ts';
import { createControlApp } from '../src/http/app.ts';
import { openApiDocument } from '../src/http/routes/documents.ts';
import type { Services } from '../src/http/services.ts';

const FILE = fileURLToPath(new URL('../docs/reference/openapi.json', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// Declaring the routes needs no more than this; nothing is called.
const services = {
  config: parseConfigFile('', 'none', {}),
  clock: systemClock,
  live: new Live(),
  version,
} as unknown as Services;

const text = `${JSON.stringify(openApiDocument(createControlApp(services), version), null, 2)}\n`;

if (!process.argv.includes('--check')) {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, text);
  console.log(`wrote docs/reference/openapi.json`);
} else if (read(FILE) !== text) {
  console.error('docs/reference/openapi.json is not what the routes say; run "node scripts/openapi.ts".');
  process.exitCode = 1;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
