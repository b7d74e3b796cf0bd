/**
 * Sentences written for a test, a suite or an example must not stand in the code: a reader that knows its exam by
 * heart has learnt nothing. Fails where a string or expression of shipped code in the folders that understand
 * language holds a sentence that a test of those folders, a suite.jsonl or an examples.jsonl has.
 *
 *   node scripts/tidy.ts [folder of the project]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

/** Where language is understood; elsewhere a test may well quote a message of the code. */
const FOLDERS = ['src/reflex', 'src/agent', 'src/solutions'];
const DATA = /(?:^|\/)(?:suite|examples)\.jsonl$/;
const SUPPORT = /(?:^|[-./])(?:testing|fixtures?|suite)(?:[-./]|\.ts$)/;
const LEAST_WORDS = 3;
const LEAST_HAN = 6;

export interface Copy {
  /** The code. */
  file: string;
  line: number;
  sentence: string;
  /** Where the sentence was written for. */
  from: string;
}

/** Every place of shipped code that holds a sentence of the tests or data. Paths are relative to `root`. */
export function findCopies(root: string): Copy[] {
  const sentences = new Map<string, string>();
  const code: string[] = [];
  for (const file of filesOf(root, ['src', 'examples'])) {
    const inside = FOLDERS.some((folder) => file.startsWith(`${folder}/`));
    if (DATA.test(file))
      for (const text of textsOfData(readFileSync(join(root, file), 'utf8'))) add(sentences, text, file);
    else if (inside && file.endsWith('.test.ts'))
      for (const { text } of literalsOf(file, readFileSync(join(root, file), 'utf8'), true)) add(sentences, text, file);
    else if (inside && file.endsWith('.ts') && !SUPPORT.test(file)) code.push(file);
  }
  return code.flatMap((file) =>
    literalsOf(file, readFileSync(join(root, file), 'utf8'), false).flatMap(({ text, line }) => {
      const own = plain(text);
      if (!isSentence(own)) return [];
      return [...sentences]
        .filter(([sentence]) => ` ${own} `.includes(` ${sentence} `) || (isHan(sentence) && own.includes(sentence)))
        .map(([sentence, from]) => ({ file, line, sentence, from }));
    }),
  );
}

function filesOf(root: string, folders: readonly string[]): string[] {
  const out: string[] = [];
  const visit = (folder: string) => {
    let entries: import('node:fs').Dirent[];
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of entries) {
      if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (/\.(?:ts|jsonl)$/.test(entry.name)) out.push(relative(root, path).replaceAll('\\', '/'));
    }
  };
  for (const folder of folders) visit(join(root, folder));
  return out.sort();
}

function add(sentences: Map<string, string>, text: string, from: string): void {
  const own = plain(text);
  if (isSentence(own) && !sentences.has(own)) sentences.set(own, from);
}

/** Folded, without punctuation; one space between words. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\\[bsdw]|[^\p{L}\p{N}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function isHan(text: string): boolean {
  return /\p{Script=Han}/u.test(text);
}

function isSentence(text: string): boolean {
  const han = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  const words = text.match(/\p{Script=Latin}+/gu)?.length ?? 0;
  return han >= LEAST_HAN || words >= LEAST_WORDS;
}

function textsOfData(content: string): string[] {
  return content.split('\n').flatMap((line) => {
    try {
      return stringsOf(JSON.parse(line), 0);
    } catch {
      return [];
    }
  });
}

function stringsOf(value: unknown, depth: number): string[] {
  if (typeof value === 'string') return [value];
  if (depth > 8 || value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap((one) => stringsOf(one, depth + 1));
}

/** Strings, templates and expressions. Of tests: only strings, without titles of cases and names, which are no sentences. */
function literalsOf(file: string, content: string, isTest: boolean): { text: string; line: number }[] {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
  const out: { text: string; line: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || node.kind === ts.SyntaxKind.RegularExpressionLiteral || isTemplatePart(node)) {
      const text = (node as ts.LiteralLikeNode).text;
      if (!(isTest && isNoData(node, text)))
        out.push({ text, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return out;
}

function isTemplatePart(node: ts.Node): boolean {
  return ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
}

function isTitle(node: ts.Node): boolean {
  const call = node.parent;
  return (
    ts.isCallExpression(call) && call.arguments[0] === node && /^(?:it|test|describe)\b/.test(call.expression.getText())
  );
}

function isNoData(node: ts.Node, text: string): boolean {
  if (node.kind === ts.SyntaxKind.RegularExpressionLiteral || isTitle(node) || isImport(node)) return true;
  // context_too_long and @scope/some-name-en are names.
  return !/\s/.test(text.trim()) && !isHan(text);
}

function isImport(node: ts.Node): boolean {
  return ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent);
}

if (import.meta.filename === resolve(process.argv[1] ?? '')) {
  const copies = findCopies(resolve(process.argv[2] ?? join(import.meta.dirname, '..')));
  for (const { file, line, sentence, from } of copies)
    console.error(
      `${file}:${line} holds "${sentence}", which stands in ${from}; code must not know the sentences it is tested with.`,
    );
  process.exitCode = copies.length > 0 ? 1 : 0;
}
