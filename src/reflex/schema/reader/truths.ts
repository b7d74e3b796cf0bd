/** Yes or no: a boolean's name and description read as a question about the text. */

import type { EntityKind } from '../../analysis/entities.ts';
import { actOf, weightOf } from '../../analysis/labels.ts';
import { isStopWord } from '../../analysis/stop-words.ts';
import { topicWords } from '../../analysis/topics.ts';
import { hanMeanings, meanings } from '../../text/lexicon.ts';
import { hasHan, splitIdentifier, stem, words } from '../../text/text.ts';
import type { Ask } from '../field-reader.ts';
import type { Document } from './document.ts';
import { purposeOf } from './purpose.ts';

const NEGATED =
  /(?:不|没|没有|无|别|未|不要|不用|不想|不需要|并非|\bno|\bnot|\bnever|\bwithout|n['’]t|\bcannot)\s*(?:\p{L}+\s+){0,3}$/iu;
const KINDS: Record<string, EntityKind> = {
  email: 'email',
  phone: 'phone',
  url: 'url',
  person: 'person',
  money: 'money',
  address: 'address',
  place: 'place',
  code: 'code',
  percent: 'percent',
};
const FRAME =
  /^(?:is|are|was|were|has|have|had|does|do|did|should|contains?|contain|mentions?|mentioned|includes?|wants?|needs?|requires?|required|asks?|asking|requests?|requested|requesting|expresses|expressed|customer|user|client|message|text|review|reviewer|whether|if|true|false|indicates?|flag|speaker|writer|author|person|any|being|about|made|feels?|feeling|says?|talks?|talking|refers?|document|email|sentence|comment|content)$/;

/** true or false where the text tells; undefined where it says nothing of it. */
export function readTruth(ask: Ask, document: Document): boolean | undefined {
  const named = `${splitIdentifier(ask.name).join(' ')} ${ask.name}`.toLowerCase();
  const question = `${named} ${ask.description.toLowerCase()}`;
  const sentiment = document.sentiment();
  if (/\burgent|urgency|emergency|asap|紧急|加急/.test(question)) return weightOf(document.text, sentiment) >= 3.3;
  if (/\b(?:is )?question\b|提问|疑问句/.test(named)) return /[?？]/.test(document.text);
  if (/\bspam\b|垃圾/.test(named)) return spamScore(document) >= 2;
  if (/\b(?:positive|satisfied|happy)\b|正面|满意(?!度)|好评/.test(named))
    return /不满/.test(named) ? sentiment.polarity === 'negative' : sentiment.polarity === 'positive';
  if (
    /\b(?:negative|complaint|complain|complaining|dissatisfied|unhappy|angry|upset)\b|负面|投诉|不满|抱怨|差评/.test(
      named,
    )
  )
    return sentiment.polarity === 'negative';
  if (/\b(?:recommend|recommends|recommended)\b|推荐/.test(named)) return recommends(document);
  if (/\b(?:has|contains?|includes?|with|mentions?)\b|包含|提到|含有|是否有/.test(question)) {
    if (/\bpii\b|personal (?:data|information)|个人信息|隐私/.test(question))
      return (['email', 'phone', 'person', 'address'] as const).some((kind) => document.mentions(kind).length > 0);
    const kind = KINDS[purposeOf(ask.name) ?? ''];
    if (kind && document.mentions(kind).length > 0) return true;
    if (
      ['date', 'datetime', 'time'].includes(purposeOf(ask.name) ?? '') &&
      document.dates().length + document.times().length > 0
    )
      return true;
  }
  return byWords(ask, document) ?? (actOf(ask.name) === 'thanks' ? /thank|感谢|谢谢/i.test(document.text) : undefined);
}

function recommends(document: Document): boolean {
  const text = document.folded.slice(0, 20_000);
  if (/(?:not|n't|never|cannot) (?:\w+ )?recommend|不推荐|别买|不建议|避雷/.test(text)) return false;
  return (
    /recommend|推荐|will (?:definitely )?(?:buy|come|order)|还会再|下次还/.test(text) ||
    document.sentiment().score > 0.5
  );
}

function spamScore(document: Document): number {
  const text = document.folded.slice(0, 20_000);
  const hits = topicWords('spam').filter((word) =>
    hasHan(word) ? text.includes(word) : new RegExp(`\\b${word}\\b`).test(text),
  ).length;
  return hits * 0.8 + (document.mentions('url').length > 0 ? 0.8 : 0) + (/!{2,}|！{2,}/.test(text) ? 0.4 : 0);
}

/** The content words of the question, and whether the text has them, not denied. */
function byWords(ask: Ask, document: Document): boolean | undefined {
  const fromName = contentOf(
    hasHan(ask.name)
      ? ask.name.replace(/^(?:是否|有无|有没有|需要|想要|要求)/, '')
      : splitIdentifier(ask.name).join(' '),
  );
  const key =
    fromName.length > 0 ? fromName : contentOf(ask.description.slice(0, 200).replace(/是否|顾客|客户|用户/g, ' '));
  if (key.length === 0) return undefined;
  const places = key.map((word) => placesOf(word, document));
  const found = places.filter((list) => list.length > 0);
  // Of two words one may be put otherwise in the text; of one, none.
  if (found.length === 0 || found.length * 2 < key.length) return undefined;
  const all = found.flat();
  const denied = all.filter((at) =>
    NEGATED.test(document.folded.slice(Math.max(0, at - 30), at).replace(/^.*[,，。.;；!！?？\n]/s, '')),
  );
  return denied.length < all.length;
}

function contentOf(text: string): string[] {
  const out: string[] = [];
  for (const word of words(text))
    if (!isStopWord(word.text) && !FRAME.test(word.text) && (word.text.length > 1 || word.han)) out.push(word.text);
  return out.slice(0, 6);
}

function placesOf(word: string, document: Document): number[] {
  const out: number[] = [];
  if (hasHan(word)) {
    for (let at = document.folded.indexOf(word); at >= 0 && out.length < 10; at = document.folded.indexOf(word, at + 1))
      out.push(at);
  }
  const wanted = new Set([...meanings(word), ...(hasHan(word) ? hanMeanings(word).map((one) => one.meaning) : [])]);
  const form = stem(word);
  for (const other of document.words()) {
    if (out.length >= 10) break;
    if (stem(other.text) === form || (wanted.size > 0 && meanings(other.text).some((meaning) => wanted.has(meaning))))
      out.push(other.start);
  }
  return out;
}
