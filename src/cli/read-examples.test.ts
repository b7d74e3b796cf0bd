import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readExamples } from './read-examples.ts';

const folder = mkdtempSync(join(tmpdir(), 'tw-examples-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'a.jsonl');
const read = (text: string) => {
  writeFileSync(file, text);
  return readExamples(file);
};

test('lines are examples; empty ones, a byte order mark and CRLF do not matter', () => {
  const examples = read('\uFEFF{"text":"turn it on","intent":"on"}\r\n\n{"text":"关掉","intent":"off"}\n');
  assert.deepEqual(
    examples.map(({ text, intent }) => [text, intent]),
    [
      ['turn it on', 'on'],
      ['关掉', 'off'],
    ],
  );
});

test('a fault names file and line', () => {
  assert.throws(() => read('{"text":"a","intent":"b"}\n\n{"text":'), new RegExp(`${file}:3 is no JSON`));
  assert.throws(() => read('\n{"text":"a","intent":"b"}\n{"text":"a"}'), new RegExp(`${file}:3: `));
  assert.throws(() => read('\n \n'), /holds no examples/);
  assert.throws(() => readExamples(join(folder, 'none.jsonl')), /can't be read \(ENOENT\)/);
});
