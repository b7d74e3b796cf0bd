/** The text that a string field wants: named spans, forms, quotations, what stands behind a leading word, what is left. */
import { isFunctionWord, meanings } from '../text/lexicon.ts';
import { splitIdentifier, stem, type Word } from '../text/text.ts';
import { type Field, isAbout, isContent, isKind } from './field.ts';
import { readFormat, readKind } from './formats.ts';
import { type Found, isFree, type Reading } from './text.ts';

const QUOTED =
  /"([^"]{1,500})"|“([^”]{1,500})”|「([^」]{1,500})」|『([^』]{1,500})』|《([^》]{1,500})》|(?<![A-Za-z])'([^']{1,500})'(?![A-Za-z])|‘([^’]{1,500})’/g;

/** The value of a string field without enum, or undefined where the text does not say it. */
export function readString(field: Field, reading: Reading): Found | undefined {
  const format = typeof field.schema.format === 'string' ? field.schema.format : undefined;
  if (format) return readFormat(format, reading);
  return (
    readNamedSlot(field, reading) ??
    readKind(field, reading) ??
    readQuoted(reading) ??
    readBehind(field, reading) ??
    leftover(readRest(field, reading))
  );
}

function leftover(found: Found | undefined): Found | undefined {
  return found && { ...found, leftover: true };
}

function readNamedSlot(field: Field, reading: Reading): Found | undefined {
  const name = splitIdentifier(field.name).join('_');
  const slot = reading.slots.find((one) => splitIdentifier(one.name).join('_') === name && isFree(reading, one));
  return slot && { value: slot.value, start: slot.start, end: slot.end };
}

function readQuoted(reading: Reading): Found | undefined {
  for (const match of reading.text.matchAll(QUOTED)) {
    const value = match.slice(1).find((group) => group !== undefined)!;
    const found = { value, start: match.index, end: match.index + match[0].length };
    if (isFree(reading, found)) return found;
  }
  return undefined;
}

/** Words that lead to a value, by what the field is about. */
function leads(field: Field): { en: string; zh: string } | undefined {
  if (isAbout(field, 'to', 'destination', 'dest', 'arrival', 'recipient', 'target', '目的地', '到达'))
    return { en: 'to|into|for|towards?', zh: '到|去|回|飞往|前往|往|飞|成|为|给' };
  if (isAbout(field, 'from', 'origin', 'source', 'departure', 'start', '出发地', '起点'))
    return { en: 'from', zh: '从|由' };
  if (isAbout(field, '#city', '#country', 'area', 'region', '城市', '地点'))
    return { en: 'in|at|near|for|to|around', zh: '在|到|去' };
  if (isAbout(field, '#person', '#name', '#user', 'to', '姓名', '联系人'))
    return {
      en: "name is|named|called|call|for|with|to|tell|i am|i'm",
      zh: '我叫|名叫|叫|姓名是|名字是|名字叫|给|联系人是',
    };
  return undefined;
}

function readBehind(field: Field, reading: Reading): Found | undefined {
  const lead = leads(field);
  if (!lead) return undefined;
  for (const pattern of [new RegExp(`\\b(?:${lead.en})\\s+`, 'g'), new RegExp(`(?:${lead.zh})`, 'g')]) {
    for (const match of reading.folded.matchAll(pattern)) {
      const span = contentFrom(reading, match.index + match[0].length);
      if (span) return { value: reading.text.slice(span.start, span.end), ...span };
    }
  }
  return undefined;
}

/** The run of content words that begins at `at` (an article may come before it). */
function contentFrom(reading: Reading, at: number): { start: number; end: number } | undefined {
  const from = reading.words.findIndex((word) => word.start >= at);
  if (from < 0 || reading.words[from]!.start - at > 1) return undefined;
  let index = from;
  if (/^(?:the|a|an|my)$/.test(reading.words[index]!.text)) index++;
  const run: Word[] = [];
  for (; index < reading.words.length; index++) {
    const word = reading.words[index]!;
    const previous = run.at(-1);
    if (previous && !/^[\s'’-]*$/.test(reading.text.slice(previous.end, word.start))) break;
    if (!isValueWord(word, reading)) break;
    run.push(word);
  }
  if (run.length === 0) return undefined;
  const span = { start: run[0]!.start, end: run.at(-1)!.end };
  return isFree(reading, span) ? span : undefined;
}

function isValueWord(word: Word, reading: Reading): boolean {
  if (isFunctionWord(word.text) || isAboutWord(word, reading)) return false;
  return !reading.dated.has(word) && isFree(reading, word);
}

function isAboutWord(word: Word, reading: Reading): boolean {
  const { about } = reading;
  if (about.has(word.text) || about.has(stem(word.text))) return true;
  // A capital letter marks a name, whatever the word means.
  if (/^[A-Z]/.test(word.raw) && word.start > 0) return false;
  return meanings(word.text).some((meaning) => about.has(meaning));
}

/** One-character words that count or direct and name nothing. */
const MEASURE_WORDS = new Set('首个张条份杯间台本部位回点次种支只件瓶档遍下'.split(''));

const OWNERS = [
  'artist',
  'singer',
  'author',
  'composer',
  'director',
  'brand',
  'creator',
  '歌手',
  '作者',
  '品牌',
  '导演',
];

/** X的Y: who made it stands before 的, what it is called behind. */
function ownership(run: { start: number; end: number }, field: Field, reading: Reading): number {
  const isOwner = isAbout(field, ...OWNERS);
  const hasOwner = field.siblings.some((name) => splitIdentifier(name).some((part) => OWNERS.includes(part)));
  if (isOwner) return reading.text[run.end] === '的' ? 1 : 0;
  return hasOwner ? (reading.text[run.start - 1] === '的' ? 1 : reading.text[run.end] === '的' ? -1 : 0) : 0;
}

/** What is left of the text when the words of the tool, function words and other fields' values are gone. */
function readRest(field: Field, reading: Reading): Found | undefined {
  if (isKind(field)) return undefined;
  if (isContent(field)) return readContent(reading);
  const runs: { start: number; end: number; words: number; capital: boolean }[] = [];
  for (const word of reading.words) {
    if (!isValueWord(word, reading) || reading.numeric.has(word) || MEASURE_WORDS.has(word.text)) continue;
    const last = runs.at(-1);
    if (last && /^[\s'’-]*$/.test(reading.text.slice(last.end, word.start))) {
      last.end = word.end;
      last.words++;
    } else
      runs.push({ start: word.start, end: word.end, words: 1, capital: /^[A-Z]/.test(word.raw) && word.start > 0 });
  }
  const run = runs.sort(
    (a, b) =>
      ownership(b, field, reading) - ownership(a, field, reading) ||
      Number(b.capital) - Number(a.capital) ||
      b.end - b.start - (a.end - a.start) ||
      a.start - b.start,
  )[0];
  if (run && ownership(run, field, reading) < 0) return undefined;
  return run && { value: reading.text.slice(run.start, run.end), start: run.start, end: run.end };
}

const MARKER = /(?:\b(?:saying|that says|says|about|named|called|titled)\s+|内容是|内容为|关于|说|[:：]\s*)(?=\S)/;

function readContent(reading: Reading): Found | undefined {
  const marker = MARKER.exec(reading.text);
  if (marker) {
    const start = marker.index + marker[0].length;
    const end = reading.text.trimEnd().replace(/[。.!！]$/, '').length;
    if (end > start && isFree(reading, { start, end })) return { value: reading.text.slice(start, end), start, end };
  }
  const content = reading.words.filter(
    (word) => !isFunctionWord(word.text) && !isAboutWord(word, reading) && isFree(reading, word),
  );
  if (content.length === 0) return undefined;
  const start = content[0]!.start;
  const end = content.at(-1)!.end;
  return { value: reading.text.slice(start, end), start, end };
}

/** Parts of a list: "milk, eggs and bread", 牛奶、鸡蛋和面包. */
export function splitList(text: string): string[] {
  return text
    .split(/\s*(?:,|，|、|;|；|\band\b|和|以及|跟)\s*/)
    .map((part) => part.trim())
    .filter(Boolean);
}
