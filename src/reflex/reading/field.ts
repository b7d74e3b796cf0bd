/** A place in a schema that wants a value, and what its name says of it. */
import { hanMeanings, meanings } from '../text/lexicon.ts';
import { addTerms, type Terms } from '../text/terms.ts';
import { hasHan, splitIdentifier } from '../text/text.ts';
import type { JsonObject } from '../types.ts';

/** A place in a schema that wants a value. */
export interface Field {
  name: string;
  description: string;
  schema: JsonObject;
  /** Names of the fields beside it. */
  siblings: readonly string[];
}

const termCache = new WeakMap<Field, Terms>();

export function fieldTerms(field: Field): Terms {
  let terms = termCache.get(field);
  if (!terms) {
    terms = new Map();
    addTerms(terms, field.name, 1);
    addTerms(terms, field.description.slice(0, 500), 0.5);
    termCache.set(field, terms);
  }
  return terms;
}

/** Whether the field's own name says it is about one of these meanings or words. */
export function isAbout(field: Field, ...wanted: string[]): boolean {
  const names = splitIdentifier(field.name);
  return wanted.some((one) =>
    one.startsWith('#')
      ? names.some(
          (name) =>
            meanings(name).includes(one) || (hasHan(name) && hanMeanings(name).some((entry) => entry.meaning === one)),
        )
      : names.includes(one),
  );
}

const CONTENT = [
  'query',
  'q',
  'text',
  'content',
  'message',
  'body',
  'question',
  'keyword',
  'keywords',
  'prompt',
  'input',
  'sentence',
  'title',
  'subject',
  'note',
  'topic',
  'term',
  'summary',
  'description',
  'expression',
  'task',
  'comment',
  '内容',
  '文本',
  '问题',
  '关键词',
  '标题',
  '查询',
  '摘要',
];

export function isContent(field: Field): boolean {
  return isAbout(field, ...CONTENT);
}

/** Whether only a moment can be the value. */
export function isMoment(field: Field): boolean {
  return isAbout(field, 'date', 'day', 'time', 'datetime', 'when', 'at', '日期', '时间');
}

/** Kinds whose value has a form of its own: nothing else in the text may stand in for it. */
export function isKind(field: Field): boolean {
  return (
    isMoment(field) || isAbout(field, 'email', 'url', 'uri', 'link', 'phone', 'mobile', 'id', 'code', '编号', '单号')
  );
}
