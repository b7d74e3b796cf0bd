import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findCopies } from './tidy.ts';

describe('sentences of tests in the code', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tidy-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function plant(path: string, content: string): void {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const found = () => findCopies(root).map(({ file, line, from }) => `${file}:${line} ${from}`);

  it('finds a sentence of a test', () => {
    plant('src/reflex/a.test.ts', "check('Please water the red roses!');");
    plant('src/reflex/a.ts', "// a comment\nexport const known = ['please water the RED roses', 'other'];");
    assert.deepEqual(found(), ['src/reflex/a.ts:2 src/reflex/a.test.ts']);
  });

  it('finds one inside a longer string, a template or an expression', () => {
    plant('src/agent/a.test.ts', "check('water the roses');");
    plant(
      'src/agent/a.ts',
      [
        'const a = "now water the roses today";',
        'const b = `now water the roses`;',
        'const c = /^water\\s+the\\s+roses$/;',
      ].join('\n'),
    );
    assert.deepEqual(
      found(),
      [1, 2, 3].map((line) => `src/agent/a.ts:${line} src/agent/a.test.ts`),
    );
  });

  it('finds a Chinese sentence of a suite or of examples', () => {
    plant('src/solutions/garden/suite.jsonl', '{"say": "给红玫瑰浇点水"}\nnot json\n');
    plant('examples/garden/examples.jsonl', '{"messages": [{"text": "把草坪修剪一下"}]}');
    plant('src/solutions/garden/read.ts', "const a = '给红玫瑰浇点水吧';\nconst b = '把草坪修剪一下';");
    assert.deepEqual(found(), [
      'src/solutions/garden/read.ts:1 src/solutions/garden/suite.jsonl',
      'src/solutions/garden/read.ts:2 examples/garden/examples.jsonl',
    ]);
  });

  it('lets words, titles of cases, tests and other folders be', () => {
    plant(
      'src/reflex/a.test.ts',
      "it('reads the whole text', () => check('turn left', '浇水'));\ncheck('some words are shared');",
    );
    plant('src/reflex/a.ts', "const a = ['turn left', '浇水', 'reads the whole text', 'words are shared'];");
    plant('src/billing/a.ts', "const a = 'some words are shared';");
    plant('src/reflex/b.test.ts', "check('some words are shared');");
    assert.deepEqual(found(), []);
  });

  it('finds nothing where there is nothing', () => assert.deepEqual(found(), []));
});
