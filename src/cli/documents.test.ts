/** What the documents tell people to type and to write is what the program takes. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { parseConfigFile } from '../config.ts';
import { createProgram } from './program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const documents = globSync(['*.md', 'docs/*.md'], { cwd: root }).map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}));

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);
}

/** A command line as a shell splits it; enough for what documents show. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3]!);
}

/** The commands with nothing behind them: a line is parsed, and that is all. */
function parseOnly(): Command {
  const program = createProgram({ out: () => {}, note: () => {} });
  const silence = (command: Command): void => {
    if (command.commands.length === 0) command.action(() => {});
    for (const child of command.commands) silence(child);
  };
  silence(program);
  return program;
}

test('every command that the documents show is understood', async () => {
  const lines = documents.flatMap(({ path, text }) =>
    blocks(text, 'sh').flatMap((block) =>
      block
        .replaceAll('\\\n', ' ')
        .split('\n')
        .flatMap((line) =>
          /^(?:\S+=\S+ )*npx tokenworks /.test(line) ? [{ path, line: line.replace(/^.*?npx tokenworks /, '') }] : [],
        ),
    ),
  );
  assert.ok(lines.length >= 10, `only ${lines.length} commands were found`);
  for (const { path, line } of lines) {
    await assert.doesNotReject(parseOnly().parseAsync(words(line), { from: 'user' }), `${path}: tokenworks ${line}`);
  }
  await assert.rejects(parseOnly().parseAsync(words('usage --by-model'), { from: 'user' }));
});

test('every tokenworks.yaml that the documents show is valid', () => {
  const files = documents.flatMap(({ path, text }) => blocks(text, 'yaml').map((block) => ({ path, block })));
  assert.ok(files.length >= 2);
  const env = new Proxy({}, { get: () => 'set' });
  for (const { path, block } of files) assert.ok(parseConfigFile(block, path, env).providers.length > 0, path);
});

test('every link between documents leads somewhere', () => {
  const present = new Set(globSync(['*', 'docs/**/*'], { cwd: root }).map((path) => path.replaceAll('\\', '/')));
  // Made by other scripts or by hand after a build.
  const later = new Set([
    'docs/console.png',
    'docs/console.zh-CN.png',
    'docs/reference/openapi.json',
    'docs/reference/config.md',
    'ARCHITECTURE.md',
  ]);
  for (const { path, text } of documents) {
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
      const file = join(dirname(path), target!).replaceAll('\\', '/');
      assert.ok(present.has(file) || later.has(file), `${path} → ${target}`);
    }
  }
});
