import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../base/errors.ts';
import { parseExamples } from '../models/examples.ts';
import { smallTalk } from '../testing.ts';
import type { Example } from '../types.ts';
import { loadTagger, type Tagger, trainTagger } from './tagger.ts';
import { tokenize } from './tagger-tokens.ts';

const EXAMPLES = smallTalk();
const TAGGER = trainTagger(EXAMPLES);

const found = (tagger: Tagger, text: string, intent?: string) =>
  tagger.read(text, intent).map(({ name, value }) => `${name}=${value}`);

const example = (text: string, intent: string, slots: Record<string, string>): Example =>
  parseExamples([{ text, intent, slots: Object.entries(slots).map(([name, value]) => ({ name, value })) }])[0]!;

test('finds known values in known sentences, in both languages', () => {
  assert.deepEqual(TAGGER.names, ['city', 'room', 'time']);
  assert.deepEqual(found(TAGGER, 'switch on the study light please'), ['room=study']);
  assert.deepEqual(found(TAGGER, '把书房的灯开一下'), ['room=书房']);
  assert.deepEqual(found(TAGGER, 'wake me up at 6:30 am'), ['time=6:30 am']);
  assert.deepEqual(found(TAGGER, 'good morning'), []);
});

test('finds values never seen where the sentence says what they are', () => {
  assert.deepEqual(found(TAGGER, 'will it rain in Quito today'), ['city=Quito']);
  assert.deepEqual(found(TAGGER, 'turn off the lamp in the attic'), ['room=attic']);
});

test('finds a known value in a sentence of another shape', () => {
  assert.deepEqual(found(TAGGER, 'kitchen lamp on please'), ['room=kitchen']);
  assert.deepEqual(found(TAGGER, '厨房的灯打开'), ['room=厨房']);
});

test('one example is enough for a sentence of its shape', () => {
  const tagger = trainTagger([example('book a table at Luigi', 'book', { place: 'Luigi' })]);
  assert.deepEqual(found(tagger, 'book a table at Luigi'), ['place=Luigi']);
  assert.deepEqual(found(tagger, 'book a table at Marta'), ['place=Marta']);
});

test('two examples share their values', () => {
  const tagger = trainTagger([
    example('我要一杯拿铁', 'order', { drink: '拿铁' }),
    example('来两杯美式谢谢', 'order', { drink: '美式' }),
  ]);
  assert.deepEqual(found(tagger, '我要一杯美式'), ['drink=美式']);
  assert.deepEqual(found(tagger, '来两杯拿铁谢谢'), ['drink=拿铁']);
});

test('the intent decides between slots that look alike', () => {
  const lines = ['Anna', 'Ben', 'Cleo', 'Dora', 'Emil'].flatMap((name) => [
    example(`add ${name} please`, 'contacts', { person: name }),
    example(`add ${name} please`, 'playlist', { artist: name }),
  ]);
  const tagger = trainTagger(lines, { intents: lines.map((line) => line.intent) });
  assert.deepEqual(found(tagger, 'add Fritz please', 'contacts'), ['person=Fritz']);
  assert.deepEqual(found(tagger, 'add Fritz please', 'playlist'), ['artist=Fritz']);
});

test('bytes give the same tagger back', () => {
  const loaded = loadTagger(TAGGER.toBytes());
  assert.deepEqual(loaded.names, TAGGER.names);
  for (const { text } of EXAMPLES) assert.deepEqual(loaded.read(text), TAGGER.read(text));
  assert.deepEqual(loadTagger(loaded.toBytes()).read('wake me up at noon'), loaded.read('wake me up at noon'));
});

test('training is deterministic', () => {
  assert.deepEqual(trainTagger(EXAMPLES.slice(0, 12)).toBytes(), trainTagger(EXAMPLES.slice(0, 12)).toBytes());
});

test('nothing to learn from is a tagger that finds nothing', () => {
  for (const examples of [[], [{ text: 'hello', intent: 'greet' }], [{ text: '', intent: 'greet' }]]) {
    const tagger = trainTagger(examples);
    assert.deepEqual(tagger.names, []);
    assert.deepEqual(loadTagger(tagger.toBytes()).read('hello there'), []);
  }
});

test('refuses bytes that are no tagger', () => {
  const good = TAGGER.toBytes();
  const cut = good.slice(0, good.length - 3);
  const badMark = good.slice();
  badMark[0] = 0;
  const badHeader = good.slice();
  badHeader[9] = 0xff;
  for (const bytes of [new Uint8Array(0), new Uint8Array(64), cut, badMark, badHeader])
    assert.throws(
      () => loadTagger(bytes),
      (error) => error instanceof AppError && error.code === 'invalid_request',
    );
});

test('damaged bytes are refused or read, never a crash', () => {
  const good = TAGGER.toBytes();
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const bytes = good.slice();
      bytes[at] = byte;
      try {
        loadTagger(bytes).read('turn on the lamp in the hall');
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
      }
    }),
    { numRuns: 60 },
  );
});

const PIECES = [
  '打开',
  'kitchen',
  '厨房',
  ' ',
  '👨‍👩‍👧',
  'ﬁ',
  '½',
  'e\u0301',
  '\r\n',
  '３',
  'ｋ',
  '.',
  '\ud800',
  '葛\u{E0100}',
  '\0',
  "'s",
  '🇨🇳',
  'at noon',
];

test('spans lie on the text as it was given, in order, apart and not empty', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }), (pieces) => {
      const text = pieces.join('');
      let end = 0;
      for (const span of TAGGER.read(text)) {
        assert.ok(span.start >= end && span.end > span.start && span.end <= text.length);
        assert.equal(span.value, text.slice(span.start, span.end));
        assert.notEqual(span.value.trim(), '');
        end = span.end;
      }
    }),
  );
});

test('what changes length when folded does not move a span', () => {
  const text = '👩🏽‍🚒 ﬃ ½\r\nswitch on the kitchen light please';
  assert.deepEqual(
    TAGGER.read(text).filter(({ name }) => name === 'room'),
    [{ name: 'room', value: 'kitchen', start: text.indexOf('kitchen'), end: text.indexOf('kitchen') + 7 }],
  );
});

test('long texts are read to the bound, and slots past it teach nothing', () => {
  const long = `${'la '.repeat(1_000)}turn on the lamp in the kitchen. ${'x'.repeat(6_000)}`;
  assert.ok(TAGGER.read(long).some(({ value }) => value === 'kitchen'));
  assert.deepEqual(TAGGER.read(`${' '.repeat(4_000)}turn on the lamp in the kitchen`), []);
  const tagger = trainTagger([
    { ...example('turn on', 'on', {}), slots: [{ name: 'far', value: 'x', start: 5_000, end: 5_001 }] },
  ]);
  assert.deepEqual(tagger.read('turn on'), []);
});

test('slots that overlap or cut a word still train', () => {
  const tagger = trainTagger([
    {
      text: 'play Moon River now',
      intent: 'play',
      slots: [
        { name: 'song', value: 'Moon River', start: 5, end: 15 },
        { name: 'word', value: 'River', start: 10, end: 15 },
      ],
    },
    { text: 'play Rivers now', intent: 'play', slots: [{ name: 'song', value: 'River', start: 5, end: 10 }] },
  ]);
  assert.deepEqual(found(tagger, 'play Moon River now'), ['song=Moon River']);
});

test('hundreds of slots are learnt', () => {
  const lines = Array.from({ length: 300 }, (_, at) =>
    example(`set field${at} to blue`, 'set', { [`slot${at}`]: `field${at}` }),
  );
  const tagger = trainTagger(lines, { epochs: 3 });
  assert.equal(tagger.names.length, 300);
  const right = lines.filter((line, at) => found(tagger, line.text).join() === `slot${at}=field${at}`);
  assert.ok(right.length > 150, String(right.length));
});

test('tokens keep what belongs together and part what a slot may part', () => {
  const pieces = (text: string) => tokenize(text).map(({ start, end }) => text.slice(start, end));
  assert.deepEqual(pieces("Jeff's 26度 at 7:30pm"), ['Jeff', "'s", '26', '度', 'at', '7', ':', '30', 'pm']);
  assert.deepEqual(pieces("打开wifi 'now' 👨‍👩‍👧🇨🇳"), ['打', '开', 'wifi', "'", 'now', "'", '👨‍👩‍👧', '🇨🇳']);
  assert.deepEqual(pieces(' \r\n\t'), []);
});
