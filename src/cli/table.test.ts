import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatFacts, formatTable } from './table.ts';
import { displayWidth, pad } from './width.ts';

test('the width of text is what a terminal draws', () => {
  const cases: [text: string, width: number][] = [
    ['', 0],
    ['abc', 3],
    ['用量', 4],
    ['每日 token', 10],
    ['ｆｕｌｌ', 8],
    ['한국어', 6],
    ['かな', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['👍🏽', 2],
    ['👩‍👩‍👧', 2],
    ['…→Σ', 3],
    ['\u200b', 0],
    ['𠮷', 2],
  ];
  for (const [text, width] of cases) assert.equal(displayWidth(text), width, JSON.stringify(text));
});

test('padding gives just the width, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.integer({ min: 0, max: 40 }), (text, width) => {
      assert.equal(displayWidth(pad(text, width)), Math.max(width, displayWidth(text)));
    }),
  );
});

const columns = [
  { title: '模型', value: (row: { name: string; tokens: string }) => row.name },
  { title: 'tokens', value: (row: { name: string; tokens: string }) => row.tokens, align: 'right' as const },
];

test('columns line up under wide letters, figures on the right', () => {
  const text = formatTable(
    columns,
    [
      { name: '豆包', tokens: '1,234' },
      { name: 'gpt', tokens: '5' },
    ],
    { name: 'total', tokens: '1,239' },
  );
  assert.deepEqual(text.split('\n'), [
    '模型   tokens',
    '豆包    1,234',
    'gpt         5',
    '─────  ──────',
    'total   1,239',
  ]);
});

test('an optional column without anything in it is left out', () => {
  const optional = { title: 'errors', value: (row: { errors: string }) => row.errors, optional: true };
  const name = { title: 'name', value: () => 'a' };
  assert.equal(formatTable([name, optional], [{ errors: '0' }, { errors: '' }]), 'name\na\na');
  assert.equal(formatTable([name, optional], [{ errors: '0' }, { errors: '2' }]), 'name  errors\na     0\na     2');
});

test('a name can neither break a line nor steer the terminal', () => {
  const text = formatTable(columns, [{ name: 'a\nb\u001b[2J', tokens: '1' }]);
  assert.equal(text.split('\n').length, 2);
  assert.ok(!text.includes('\u001b'));
  assert.equal(formatFacts([['名称', 'x\ty']]), '名称  x y');
});
