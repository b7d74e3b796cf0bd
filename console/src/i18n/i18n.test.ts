import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { USAGE_FIELDS } from '../lib/usage.ts';
import en from './en.json' with { type: 'json' };
import zh from './zh-CN.json' with { type: 'json' };

const SOURCES = fileURLToPath(new URL('..', import.meta.url));
const PLURAL = /_(one|other)$/;

function flatten(value: object, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(value).flatMap(([key, item]) =>
      typeof item === 'string' ? [[prefix + key, item] as const] : [...flatten(item as object, `${prefix}${key}.`)],
    ),
  );
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]!).sort();
}

const texts = { en: flatten(en), zh: flatten(zh) };
const names = (texts: Map<string, string>): Set<string> =>
  new Set([...texts.keys()].map((key) => key.replace(PLURAL, '')));

test('both languages have the same texts, with the same places to fill', () => {
  assert.deepEqual([...names(texts.zh)].sort(), [...names(texts.en)].sort());
  for (const [key, text] of texts.zh) assert.deepEqual(placeholders(text), placeholders(texts.en.get(key)!), key);
});

test('no text is empty, and the Chinese ones are Chinese', () => {
  for (const text of [...texts.en.values(), ...texts.zh.values()]) assert.ok(text.trim());
  const latin = [...texts.zh].filter(([, text]) => !/[\u4e00-\u9fff]/.test(text)).map(([key]) => key);
  // Words that stay as they are, and a bare amount.
  assert.deepEqual(
    latin.filter((key) => !/tokens$|today_unit$|language|budgets\.(of|day|month)$/.test(key)),
    [],
  );
});

test('every part of the usage vector has a name', () => {
  for (const field of USAGE_FIELDS) assert.ok(texts.en.has(`fields.${field}`), field);
});

test('every text that the page names exists, and none lies unused', () => {
  const code = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.test.ts'))
    .map((path) => readFileSync(join(SOURCES, path), 'utf8'))
    .join('\n');
  const known = names(texts.en);
  const exact = [...code.matchAll(/['"`]([a-z_]+(?:\.[a-z0-9_]+)+)['"`]/g)]
    .map((match) => match[1]!)
    .filter((key) => key.split('.')[0]! in en);
  assert.deepEqual(
    exact.filter((key) => !known.has(key)),
    [],
  );
  const built = [...code.matchAll(/`([a-z_]+\.(?:[a-z_]+\.)?[a-z_]*)\$\{/g)].map((match) => match[1]!);
  const used = (key: string): boolean => exact.includes(key) || built.some((prefix) => key.startsWith(prefix));
  assert.deepEqual(
    [...known].filter((key) => !used(key)),
    [],
  );
});
