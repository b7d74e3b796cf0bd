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
  if (/\burgent|urgency|emergency|asap|紧急|加急/.test(question))
    return (
      /\b(?:asap|urgent(?:ly)?|right (?:now|away)|immediately|emergency|as soon as possible)\b|马上|立刻|赶紧|尽快|紧急|急用|很急|十万火急|火速/.test(
        document.folded.slice(0, 20_000),
      ) || weightOf(document.text, sentiment) >= 3.3
    );
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
  return (
    byMatter(question, document) ??
    byWords(ask, document) ??
    (actOf(ask.name) === 'thanks' ? /thank|感谢|谢谢/i.test(document.text) : undefined)
  );
}

/**
 * What people often want to know of a message: how the question names it, and how a message says it without that name.
 * General turns of speech, English and Chinese.
 */
const MATTERS: readonly { asked: RegExp; said: RegExp; denied?: RegExp }[] = [
  {
    asked: /\brefunds?\b|money back|退款|退钱/,
    said: /\brefund|money back|reimburs|return (?:my|the) (?:money|payment)|charge ?back|退款|退钱|退我|退给我|把钱(?:还|退)|还我钱|赔/,
    denied:
      /(?:no|not|don['’]?t|without) (?:\w+ ){0,3}(?:refund|money back)|(?:不用|不要|不需要|没有?要求?|无需)(?:给我)?(?:退|赔)/,
  },
  {
    asked: /\bcompensat|赔偿|补偿/,
    said: /compensat|make (?:it )?up (?:to|for)|damages|赔|补偿|给个说法/,
    denied: /(?:不用|不要|不需要|无需)(?:赔|补偿)/,
  },
  {
    asked: /\bcancel|取消|退订|解约/,
    said: /\bcancel|unsubscribe|call (?:it )?off|no longer (?:want|need)|end my (?:subscription|plan|contract|membership)|取消|退订|不想要了|不订了|注销|解约/,
    denied: /(?:don['’]?t|do not|not) (?:want to )?cancel|不取消|不要取消|别取消/,
  },
  {
    asked: /\bcomplain|complaint|投诉|抱怨/,
    said: /complain|unacceptable|terrible|awful|horrible|disappoint|rude|fed up|worst|投诉|差评|太差|糟糕|失望|气死|恶劣|骗人|垃圾|坑人|举报|不像话|忍无可忍/,
  },
  {
    asked:
      /\b(?:return(?:ing)? (?:customer|visitor|guest)|repeat|regular customer|come back|visited before|again)\b|回头客|老顾客|复购|再次(?:光临|购买)|还会再来/,
    said: /again|come back|be back|second time|third time|regular|every (?:week|month|time)|always (?:come|order|buy)|又来|再来|还会来|还来|下次|回头客|老顾客|第[二三四五]次|经常来|常来|复购|回购|一直(?:在)?(?:买|吃|用)/,
    denied:
      /never (?:again|come back|return|coming back|going back)|won['’]?t (?:be back|come back|return|be coming back|buy|order)|不会再|再也不|不来了|最后一次/,
  },
  {
    asked: /\b(?:damaged|broken|defective|defect|faulty)\b|破损|损坏|质量问题|故障/,
    said: /damag|broke|crack|defect|faulty|shatter|stopped working|does(?:n['’]t| not) work|dead on arrival|破|坏|碎|裂|漏|故障|失灵|不能用|用不了/,
    denied: /(?:not|n['’]t|no) (?:\w+ )?(?:damag|broken|defect)|没(?:有)?(?:破|坏|碎|裂)|完好/,
  },
  {
    asked: /\b(?:late|delayed|delay)\b|迟到|延误|超时|晚到/,
    said: /\blate\b|delay|overdue|still (?:waiting|has(?:n['’]t| not))|took (?:too long|forever|ages|hours)|迟|晚到|延误|超时|等了(?:很久|半天|好久|[一二两三四五六七八九十\d]+个?(?:多)?(?:小时|天))|还没(?:到|送|收到)/,
    denied: /not late|on time|没有?(?:迟到|延误|超时)|准时|按时/,
  },
  {
    asked: /\b(?:human|agent|representative|real person|escalat)|转人工|人工客服/,
    said: /(?:speak|talk) (?:to|with) (?:a |an |the |your |some)?(?:human|person|someone|agent|representative|manager|supervisor|one)|real person|human being|转人工|人工(?:客服|服务)|找(?:你们)?(?:经理|领导|负责人|真人)/,
  },
  {
    asked: /\b(?:legal|lawsuit|sue|lawyer)\b|法律|起诉|律师/,
    said: /\bsue\b|lawyer|attorney|lawsuit|legal action|\bcourt\b|起诉|律师|法院|打官司|12315|消协/,
  },
  {
    asked: /\bappointment|booking|reservation\b|预约|预订/,
    said: /appointment|\bbook|reserv|schedule (?:a|an|my)|预约|预订|预定|订(?:个|一|位|座|桌|间)|约(?:个|一下)/,
  },
];

/** Undefined where the question is of none of these, or the text says nothing of it. */
function byMatter(question: string, document: Document): boolean | undefined {
  const matter = MATTERS.find((one) => one.asked.test(question));
  if (!matter) return undefined;
  const text = document.folded.slice(0, 20_000);
  if (matter.denied?.test(text)) return false;
  return matter.said.test(text) ? true : undefined;
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
