/** What the generators of docs/reference share: each makes one page, or with `--check` says whether the page is what it would make. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);

export function publish(page: string, text: string, script: string): void {
  const file = fileURLToPath(new URL(page, ROOT));
  const body = `<!-- Made by scripts/${script}; do not edit. -->\n\n${text.trimEnd()}\n`;
  const shown = relative(process.cwd(), file);
  if (process.argv.includes('--check')) {
    const present = read(file);
    if (present === body) return;
    console.error(
      `${shown} ${present === undefined ? 'is missing' : 'is not what the code says'}; run: node scripts/${script}`,
    );
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, body);
  console.log(shown);
}

/** A cell of a Markdown table. */
export function cell(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
