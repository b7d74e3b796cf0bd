/** Values for lists of strings and numbers, and the parts of a text that each speak of one item. */
import type { Piece } from '../../analysis/clauses.ts';
import { emotionFrom } from '../../analysis/emotion.ts';
import type { EntityKind } from '../../analysis/entities.ts';
import { keyPhrases } from '../../analysis/key-phrases.ts';
import { detectLanguage, languageCode } from '../../analysis/language.ts';
import { cut, pickSentences } from '../../analysis/summary.ts';
import { termsOf } from '../../text/terms.ts';
import { hasHan, splitIdentifier } from '../../text/text.ts';
import type { Json } from '../../types.ts';
import type { Ask, Bounds } from '../field-reader.ts';
import type { Document, NamedKind } from './document.ts';
import { kindOf } from './kinds.ts';
import { opinions, passages, weigh } from './passages.ts';
import { type Purpose, purposeOf } from './purpose.ts';

const ENTITIES: Partial<Record<Purpose, EntityKind>> = {
  email: 'email',
  phone: 'phone',
  url: 'url',
  ip: 'ip',
  hashtag: 'hashtag',
  code: 'code',
  version: 'version',
  plate: 'plate',
  address: 'address',
  place: 'place',
  organisation: 'organisation',
  person: 'person',
  money: 'money',
  percent: 'percent',
};
/** Names of languages, long enough not to be a code. */
const LANGUAGE_WORD = /\b\p{Lu}[\p{Ll}]{3,}\b|[\p{Script=Han}]{1,3}[语文]/gu;
const PLURALS = (name: string) =>
  hasHan(name)
    ? name
    : splitIdentifier(name)
        .map((word) => word.replace(/ies$/, 'y').replace(/([^s])s$/, '$1'))
        .join(' ');

function purposeOfList(ask: Ask): Purpose | undefined {
  return purposeOf(ask.name) ?? purposeOf(PLURALS(ask.name));
}

export function readList(type: 'number' | 'integer' | 'string', ask: Ask, max: number, document: Document): Json[] {
  const purpose = purposeOfList(ask);
  if (type !== 'string') return numbersFor(purpose, document).slice(0, max);
  const short = typeof ask.schema.maxLength === 'number' ? ask.schema.maxLength : Number.POSITIVE_INFINITY;
  const values = stringsFor(purpose, ask, Math.min(max, 200), document);
  return [
    ...new Set(
      values.map((value) => (purpose === 'keywords' || [...value].length <= short ? value : cut(value, short))),
    ),
  ].slice(0, max);
}

function numbersFor(purpose: Purpose | undefined, document: Document): Json[] {
  if (purpose === 'money') return document.mentions('money').map((one) => one.number!);
  if (purpose === 'percent') return document.mentions('percent').map((one) => one.number!);
  const blocked: Bounds[] = [...document.dates(), ...document.times(), ...document.mentions('phone')];
  return document
    .numbers()
    .filter((one) => !one.weak && !blocked.some((other) => other.start < one.end && one.start < other.end))
    .map((one) => one.value);
}

function stringsFor(purpose: Purpose | undefined, ask: Ask, max: number, document: Document): string[] {
  const kind = purpose && ENTITIES[purpose];
  if (kind) {
    const found = document.mentions(kind).map((one) => one.value);
    return found.length > 0 ? found : listed(ask, document);
  }
  if (purpose === 'date' || purpose === 'datetime') return document.dates().map((one) => one.value);
  if (purpose === 'time') return document.times().map((one) => one.value);
  if (purpose === 'emotion') return [emotionFrom(document.profile()).emotion];
  if (purpose === 'language') {
    const named = (document.text.slice(0, 20_000).match(LANGUAGE_WORD) ?? []).filter(
      (word) => languageCode(word) !== undefined,
    );
    return named.length > 0 ? named : [detectLanguage(document.text).code];
  }
  if (purpose === 'keywords' && /\b(?:points?|highlights?)\b|要点/.test(splitIdentifier(ask.name).join(' ')))
    return pickSentences(document.text, { words: document.words(), sentences: Math.min(max, 3) });
  if (purpose === 'keywords' || purpose === 'title')
    return keyPhrases(document.text, { words: document.words(), max: Math.min(max, 10) }).map((one) => one.phrase);
  if (purpose === 'summary')
    return pickSentences(document.text, { words: document.words(), sentences: Math.min(max, 3) });
  if (
    purpose === 'good' ||
    purpose === 'bad' ||
    purpose === 'wish' ||
    purpose === 'question' ||
    purpose === 'task' ||
    purpose === 'quote'
  )
    return passages(purpose, document, max).map((piece) => piece.text);
  const found = listed(ask, document);
  if (found.length > 0) return found;
  if (purpose === 'thing' || purpose === 'aspect') return thingsIn(document).slice(0, max);
  return [];
}

const AND = /\s*(?:,|，|、|;|；|\band\b|\bor\b|&|和|以及|还有|跟|与)\s*/;

/** A list behind a label, or behind "with", "including": 'toppings: ham, cheese'. */
function listed(ask: Ask, document: Document): string[] {
  const wanted = termsOf(ask.name);
  const name = PLURALS(ask.name);
  const line = document
    .labelled()
    .find(({ label }) => PLURALS(label) === name || [...termsOf(label).keys()].some((term) => wanted.has(term)));
  if (line) return partsOf(fullValue(line, document));
  const stems = [...wanted.keys()].filter((term) => !/^[#~]/.test(term));
  if (stems.length === 0) return [];
  const pattern = new RegExp(
    hasHan(ask.name)
      ? `${ask.name}(?:有|包括|是|为|包含)\\s*([^。；！？\\n]{1,200})`
      : `\\b\\w*${stems.map((one) => one.replace(/[^\p{L}\p{N}]/gu, '')).join('|')}\\w*\\s+(?:are|include|including|such as|like|:)\\s+([^.;!?\\n]{1,200})`,
    'iu',
  );
  const match = pattern.exec(document.text.slice(0, 20_000));
  return match ? partsOf(match[1]!) : [];
}

/** A label's value goes on behind commas. */
function fullValue(line: Bounds, document: Document): string {
  return /^[^\n;；。.!?！？]*/.exec(document.text.slice(line.start))?.[0] ?? '';
}

function partsOf(text: string): string[] {
  return text
    .split(AND)
    .map((part) =>
      part
        .trim()
        .replace(/^(?:a|an|the|some)\s+/i, '')
        .replace(/[.。]$/, ''),
    )
    .filter((part) => part !== '' && part.length <= 80);
}

function thingsIn(document: Document): string[] {
  return keyPhrases(document.text, { words: document.words(), max: 10 }).map((one) => one.phrase);
}

// ---------------------------------------------------------------- parts

const MOST_PARTS = 100;

export interface Part extends Piece {
  /** The part is one mention of this kind. */
  kind?: NamedKind;
}

/** Every mention of the kinds that the options of a property name: `type: PERSON | ORG | DATE`. */
function namedParts(properties: readonly Ask[], document: Document): Part[] | undefined {
  for (const { schema } of properties) {
    const kinds = (Array.isArray(schema.enum) ? schema.enum : []).map((option) => kindOf(String(option)));
    const known = [...new Set(kinds.filter((kind) => kind !== undefined))];
    if (known.length < 2 || known.length < kinds.length - 1) continue;
    return known
      .flatMap((kind) =>
        spansOf(kind, document).map(({ start, end }) => ({ text: document.text.slice(start, end), start, end, kind })),
      )
      .sort((a, b) => a.start - b.start || b.end - a.end)
      .slice(0, MOST_PARTS);
  }
  return undefined;
}

function spansOf(kind: NamedKind, document: Document): readonly Bounds[] {
  if (kind === 'date') return document.dates();
  return kind === 'time' ? document.times() : document.mentions(kind);
}

/** Pieces of the text that each speak of one item with these properties, in order. */
export function partsFor(properties: readonly Ask[], document: Document): Part[] {
  const named = namedParts(properties, document);
  if (named) return named;
  const purposes = properties.map((one) => purposeOf(one.name));
  if (purposes.some((one) => one === 'sentiment' || one === 'emotion' || one === 'aspect'))
    return feelingParts(document);
  const lines = document.text
    .slice(0, 20_000)
    .split('\n')
    .filter((line) => line.trim() !== '').length;
  const blocks = lines > 1 ? blocksOf(document) : document.sentences();
  const anchor = anchorOf(properties, purposes, document);
  const out: Piece[] = [];
  for (const block of blocks.slice(0, MOST_PARTS)) {
    const marks = anchor.filter((one) => one.start >= block.start && one.end <= block.end);
    out.push(...(marks.length > 1 ? splitAt(block, marks, document) : [block]));
  }
  return out.slice(0, MOST_PARTS);
}

/** Lines, or groups of labelled lines between empty ones. */
function blocksOf(document: Document): Piece[] {
  const text = document.text.slice(0, 20_000);
  const grouped = /\n\s*\n/.test(text) && document.labelled().length > 2;
  const out: Piece[] = [];
  let at = 0;
  for (const part of text.split(grouped ? /\n\s*\n/ : /\n/)) {
    const start = text.indexOf(part, at);
    at = start + part.length;
    if (part.trim() !== '') out.push({ text: part, start, end: at });
  }
  return out;
}

/** What tells one item from the next: the first property of a kind that the text has several of. */
function anchorOf(
  properties: readonly Ask[],
  purposes: readonly (Purpose | undefined)[],
  document: Document,
): Bounds[] {
  for (const [index, purpose] of purposes.entries()) {
    const kind = purpose && ENTITIES[purpose];
    if (!kind || (purpose === 'person' && properties.some((one) => /price|qty|quantity|count|价|数量/i.test(one.name))))
      continue;
    const found = document.mentions(kind);
    if (found.length > 1 && properties[index]) return found;
  }
  for (const purpose of purposes) if (purpose === 'date' && document.dates().length > 1) return document.dates();
  const counted = properties.some((one) => /qty|quantity|count|number|amount|price|cost|数量|价|金额/i.test(one.name));
  if (!counted) return [];
  const money = document.mentions('money');
  const plain = document
    .numbers()
    .filter((one) => !money.some((other) => other.start < one.end && one.start < other.end));
  return plain.length >= money.length ? plain : money;
}

/** A block cut at the commas and "and"s between its anchors. */
function splitAt(block: Piece, anchors: readonly Bounds[], document: Document): Piece[] {
  const cuts = [block.start];
  for (let index = 1; index < anchors.length; index++) {
    const from = anchors[index - 1]!.end;
    const to = anchors[index]!.start;
    const between = document.text.slice(from, to);
    const borders = [...between.matchAll(/[,，、;；\n]|\band\b|和|以及|\bwhile\b/g)];
    const border = borders.at(-1);
    cuts.push(border ? from + border.index + border[0].length : to);
  }
  cuts.push(block.end);
  return cuts.slice(0, -1).flatMap((start, index) => {
    const end = cuts[index + 1]!;
    const text = document.text.slice(start, end);
    return text.trim() === '' ? [] : [{ text, start, end }];
  });
}

/** Clauses with a feeling in them. */
function feelingParts(document: Document): Piece[] {
  return weigh(opinions(document), document)
    .filter(({ weight }) => weight !== 0)
    .map(({ piece }) => piece)
    .slice(0, MOST_PARTS);
}
