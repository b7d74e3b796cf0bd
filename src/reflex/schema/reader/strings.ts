/** Strings that a text gives for a field: things with a form of their own, labelled values, passages, names. */
import { emotionFrom } from '../../analysis/emotion.ts';
import type { EntityKind, Mention } from '../../analysis/entities.ts';
import { keyPhrases } from '../../analysis/key-phrases.ts';
import { detectLanguage } from '../../analysis/language.ts';
import { isStopWord } from '../../analysis/stop-words.ts';
import { cut, summarise } from '../../analysis/summary.ts';
import { addTerms, type Terms, termsOf } from '../../text/terms.ts';
import { hasHan, splitIdentifier, words } from '../../text/text.ts';
import type { Answer, Ask, Bounds } from '../field-reader.ts';
import { valueAt } from './classify.ts';
import type { Document } from './document.ts';
import { passages } from './passages.ts';
import { type Purpose, purposeOf } from './purpose.ts';

const KINDS: Partial<Record<Purpose, EntityKind[]>> = {
  email: ['email'],
  phone: ['phone'],
  url: ['url'],
  ip: ['ip'],
  hashtag: ['hashtag'],
  money: ['money'],
  percent: ['percent'],
  code: ['code'],
  version: ['version'],
  plate: ['plate'],
  address: ['address'],
  place: ['place'],
  organisation: ['organisation'],
  person: ['person'],
};
/** Roles that a company may have as well as a person. */
const PARTY = /\b(?:customer|client|vendor|buyer|seller|sender|recipient|owner)\b|客户|购买方|买方|卖方/i;
const FORMATS: Record<string, Purpose> = {
  email: 'email',
  'idn-email': 'email',
  uri: 'url',
  url: 'url',
  iri: 'url',
  date: 'date',
  time: 'time',
  'date-time': 'datetime',
  duration: 'duration',
};

/** Answers for a string without options, best first. */
export function readStringField(ask: Ask, document: Document, taken: readonly Bounds[]): Answer[] {
  const format = typeof ask.schema.format === 'string' ? ask.schema.format : undefined;
  if (format === 'uuid' || format === 'ipv4')
    return fromMentions(document.mentions(format === 'uuid' ? 'uuid' : 'ip'), ask, document, taken);
  if (document.kind !== undefined) return whole(document.text.trim(), 0.8);
  const purpose =
    (format === undefined ? undefined : FORMATS[format]) ??
    purposeOf(ask.name) ??
    purposeOf(firstWords(ask.description));
  const analysed = purpose && analyse(purpose, ask, document);
  if (analysed) return analysed;
  const free = (span: Bounds) => !taken.some((other) => other.start < span.end && span.start < other.end);
  const moments = purpose && readMoment(purpose, format, ask, document)?.filter(free);
  if (moments) return moments;
  const own = purpose ? KINDS[purpose] : undefined;
  const kinds: EntityKind[] | undefined =
    purpose === 'person' && PARTY.test(splitIdentifier(ask.name).join(' ')) ? ['person', 'organisation'] : own;
  const out: Answer[] = [];
  const labelled = readLabelled(ask, purpose, document, kinds).filter(free);
  const found = kinds ? kinds.flatMap((kind) => fromMentions(document.mentions(kind), ask, document, taken)) : [];
  out.push(...labelled, ...found);
  if (kinds && !(purpose === 'person' && isThing(ask))) return unique(out);
  out.push(...likeShots(ask, document).filter(free), ...readNamed(ask, document).filter(free));
  if (purpose === 'job') out.push(...readJob(document).filter(free));
  if (purpose === 'thing' || purpose === 'aspect' || purpose === 'title' || isThing(ask))
    out.push(...readThing(ask, document, taken));
  return unique(out);
}

function unique(answers: readonly Answer[]): Answer[] {
  return answers.filter((one, index) => answers.findIndex((other) => other.value === one.value) === index);
}

function firstWords(description: string): string {
  return /^[^.,;:，。；：(（]{0,40}/.exec(description)?.[0] ?? '';
}

/** A `name` beside a price or a quantity is the name of a thing. */
function isThing(ask: Ask): boolean {
  return (
    /^(?:name|名称|品名)$/i.test(ask.name) &&
    ask.siblings.some((name) => /price|qty|quantity|amount|count|cost|价|数量|金额|规格/i.test(name))
  );
}

const whole = (value: string, confidence: number): Answer[] =>
  value === '' ? [] : [{ value, confidence, start: 0, end: 0 }];

function maxLengthOf(ask: Ask): number {
  return typeof ask.schema.maxLength === 'number' ? ask.schema.maxLength : Number.POSITIVE_INFINITY;
}

/** Strings that an analysis of the text yields; undefined where the field asks for something that stands in it. */
function analyse(purpose: Purpose, ask: Ask, document: Document): Answer[] | undefined {
  const max = maxLengthOf(ask);
  switch (purpose) {
    case 'language':
      return document.text.trim() === '' ? [] : languageName(ask, document);
    case 'sentiment':
      return document.marks().length === 0
        ? whole(zhOrEn(ask, '中性', 'neutral'), 0.3)
        : whole(stanceName(ask, document), 0.7);
    case 'emotion':
      return whole(emotionFrom(document.profile()).emotion, 0.6);
    case 'summary': {
      const asked = /(\d{1,2}|one|two|three|一|两|三)\s*(?:sentences?|句)/i.exec(`${ask.description}`)?.[1];
      const count = asked
        ? ({ one: 1, two: 2, three: 3, 一: 1, 两: 2, 三: 3 }[asked.toLowerCase()] ?? Number(asked))
        : 2;
      const said = /(\d{2,4})\s*(?:characters?|chars|字)/i.exec(ask.description)?.[1];
      return whole(
        summarise(document.text, {
          words: document.words(),
          sentences: count,
          chars: Math.min(max, said ? Number(said) : Number.POSITIVE_INFINITY),
        }),
        0.6,
      );
    }
    case 'title': {
      if (/\b(?:topic|theme)\b|主题|话题/.test(splitIdentifier(ask.name).join(' ')))
        return whole(keyPhrases(document.text, { words: document.words(), max: 1 })[0]?.phrase ?? '', 0.5);
      const labelled = readLabelled(ask, purpose, document, undefined)[0];
      return labelled
        ? [labelled]
        : whole(
            cut(
              summarise(document.text, { words: document.words(), sentences: 1 }).replace(/[。.!！]$/, ''),
              Math.min(max, 60),
            ),
            0.5,
          );
    }
    case 'keywords':
      return whole(
        keyPhrases(document.text, { words: document.words(), max: 5 })
          .map((one) => one.phrase)
          .join(hasHan(document.text) ? '、' : ', '),
        0.5,
      );
    case 'quote':
    case 'good':
    case 'bad':
    case 'wish':
    case 'question':
    case 'task':
      return passages(purpose, document, 1).map((piece) => ({
        value: cut(piece.text, max),
        confidence: 0.5,
        start: 0,
        end: 0,
      }));
    case 'currency': {
      const found = document.mentions('money')[0];
      return found?.currency ? [{ value: found.currency, confidence: 0.9, start: 0, end: 0 }] : [];
    }
    case 'reason':
    case 'reply':
      return [];
    default:
      return undefined;
  }
}

function zhOrEn(ask: Ask, zh: string, en: string): string {
  return hasHan(ask.name) ? zh : en;
}

function stanceName(ask: Ask, document: Document): string {
  const { polarity } = document.sentiment();
  return {
    positive: zhOrEn(ask, '正面', 'positive'),
    negative: zhOrEn(ask, '负面', 'negative'),
    neutral: zhOrEn(ask, '中性', 'neutral'),
  }[polarity];
}

const LANGUAGE_NAMES: Record<string, string> = {
  en: 'English',
  zh: 'Chinese',
  ja: 'Japanese',
  ko: 'Korean',
  fr: 'French',
  de: 'German',
  es: 'Spanish',
  it: 'Italian',
  pt: 'Portuguese',
  ru: 'Russian',
  nl: 'Dutch',
  ar: 'Arabic',
};

function languageName(ask: Ask, document: Document): Answer[] {
  const { code, confidence } = detectLanguage(document.text);
  const wantsName = /full name|language name|\bname of|e\.g\.?,? ["']?english/i.test(ask.description);
  return [{ value: wantsName ? (LANGUAGE_NAMES[code] ?? code) : code, confidence, start: 0, end: 0 }];
}

function readMoment(purpose: Purpose, format: string | undefined, ask: Ask, document: Document): Answer[] | undefined {
  const near = <T extends Bounds & { value: string | number }>(
    spans: readonly T[],
    value: (span: T) => string,
  ): Answer[] =>
    byContext(spans, ask, document).map(({ one, score }) => ({
      value: value(one),
      start: one.start,
      end: one.end,
      confidence: Math.min(0.95, 0.75 + score * 0.05),
    }));
  if (purpose === 'date') return near(document.dates(), (span) => String(span.value));
  if (purpose === 'time') {
    const suffix = format === 'time' ? 'Z' : '';
    const times = near(document.times(), (span) =>
      format === 'time' && span.value.length === 5 ? `${span.value}:00${suffix}` : `${span.value}${suffix}`,
    );
    return times.length > 0 || format ? times : near(document.dates(), (span) => String(span.value));
  }
  if (purpose === 'datetime') {
    const dates = near(document.dates(), (span) => String(span.value));
    return dates.map((date) => {
      const time = document.times().find((span) => span.start >= date.start - 12 && span.start - date.end < 20);
      const clock = time
        ? time.value.length === 5
          ? `${time.value}:00`
          : time.value
        : format
          ? '00:00:00'
          : undefined;
      return {
        ...date,
        value: format
          ? `${String(date.value)}T${clock}Z`
          : clock
            ? `${String(date.value)} ${clock.slice(0, 5)}`
            : date.value,
        end: time ? Math.max(date.end, time.end) : date.end,
      };
    });
  }
  if (purpose === 'duration')
    return near(document.durations(), (span) =>
      format ? `PT${Math.round(Number(span.value))}S` : document.text.slice(span.start, span.end),
    );
  return undefined;
}

/** Words of roles that a field's name may give, and what leads to them in a text. */
const ROLES: [RegExp, RegExp][] = [
  [
    /\b(?:from|sender|origin|departure|start|pickup|source|old|seller|check ?in|begin)\b|出发|寄件|起点|开始|发件|卖家|起始|入住/,
    /\b(?:from|sender|starting|start|depart(?:ing|s|ure)?|leav(?:ing|e|es)|pick ?up|check(?:ing)? in|since|between)\W+(?:\w+\W+){0,2}$|(?:从|由|自|寄件人?|出发|发自|开始|起|入住)[是为：:\s]{0,3}$/i,
  ],
  [
    /\b(?:to|recipient|destination|arrival|end|dropoff|target|new|buyer|receiver|return|until|check ?out|due|deadline)\b|到达|收件|目的|终点|结束|收货|买家|送达|返回|截止|退房|离店/,
    /\b(?:to|for|until|till|arriv(?:ing|es|al)|recipient|end(?:s|ing)?|return(?:ing|s)?|by|due|deadline|check(?:ing)? out|through|and)\W+(?:\w+\W+){0,2}$|(?:到|至|去|往|寄给|给|收件人?|前往|抵达|送到|截止|返回|退房|离店|之前)[是为：:\s]{0,3}$/i,
  ],
];

interface Ranked<T> {
  one: T;
  score: number;
}

/** Spans by how well the words before them fit the field; alike ones in the order of the text. */
function byContext<T extends Bounds>(spans: readonly T[], ask: Ask, document: Document): Ranked<T>[] {
  const name = splitIdentifier(ask.name).join(' ') || ask.name;
  const wanted: Terms = new Map();
  addTerms(wanted, ask.name, 1);
  addTerms(wanted, ask.description.slice(0, 200), 0.4);
  const roles = ROLES.flatMap(([field, lead], index) => (field.test(name) ? [{ lead, index }] : []));
  return spans
    .slice(0, 200)
    .map((one) => {
      const before = document.text.slice(Math.max(0, one.start - 40), one.start).replace(/^.*[\n。；;！？!?]/s, '');
      let score = 0;
      for (const term of termsOf(before).keys()) if (!term.startsWith('~')) score += wanted.get(term) ?? 0;
      for (const { lead } of roles) if (lead.test(before)) score += 2;
      for (const [field, lead] of ROLES)
        if (!field.test(name) && roles.length > 0 && lead.test(before) && score < 2) score -= 1;
      return { one, score };
    })
    .sort((a, b) => b.score - a.score || a.one.start - b.one.start);
}

function fromMentions(mentions: readonly Mention[], ask: Ask, document: Document, taken: readonly Bounds[]): Answer[] {
  const free = mentions.filter((one) => !taken.some((other) => other.start < one.end && one.start < other.end));
  return byContext(free, ask, document).map(({ one, score }) => ({
    value: one.value,
    start: one.start,
    end: one.end,
    confidence: Math.min(0.97, one.confidence * 0.9 + score * 0.03),
  }));
}

/** `Name: value` where the label says what the field's name says. */
function readLabelled(
  ask: Ask,
  purpose: Purpose | undefined,
  document: Document,
  kinds: readonly EntityKind[] | undefined,
): Answer[] {
  const name = splitIdentifier(ask.name).join(' ');
  const wanted = termsOf(ask.name);
  const out: { answer: Answer; score: number }[] = [];
  for (const { label, value, start, end } of document.labelled()) {
    const plain = splitIdentifier(label).join(' ');
    const same = plain === name || (hasHan(ask.name) && label.includes(ask.name));
    const terms = termsOf(label);
    const overlap =
      [...terms.keys()].filter((term) => wanted.has(term)).length / Math.max(1, Math.min(terms.size, wanted.size));
    const alike = purpose !== undefined && purposeOf(label) === purpose;
    const score = same ? 3 : (alike ? 1 : 0) + (overlap >= 0.5 ? 1.2 : 0);
    if (score < 1) continue;
    const inside = (kinds ?? [])
      .flatMap((kind) => document.mentions(kind))
      .find((one) => one.start >= start && one.end <= end);
    if (
      kinds &&
      !inside &&
      purpose !== 'person' &&
      purpose !== 'place' &&
      purpose !== 'organisation' &&
      purpose !== 'address' &&
      purpose !== 'code'
    )
      continue;
    const place = inside ?? { value, start, end };
    out.push({
      answer: {
        value: place.value,
        start: place.start,
        end: place.end,
        confidence: Math.min(0.97, 0.6 + score * 0.12),
      },
      score,
    });
  }
  return out.sort((a, b) => b.score - a.score).map(({ answer }) => answer);
}

/** "the colour is red", 颜色是红色. */
function readNamed(ask: Ask, document: Document): Answer[] {
  const parts = hasHan(ask.name) ? [ask.name] : splitIdentifier(ask.name);
  const name = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[ _-]');
  if (name === '') return [];
  const pattern = hasHan(ask.name)
    ? new RegExp(`${name}(?:是|为|叫|改成|换成|选|要)\\s*([^，。；、！？,.;!?\\s]{1,20})`, 'u')
    : new RegExp(
        `\\b${name}\\s+(?:is|was|called|named|should be|of|will be)\\s+(?:the |a |an )?([^,.;!?\\n，。；]{1,40}?)(?=\\s+(?:and|but|with|for|on|in|at|to|because|which)\\b|[,.;!?\\n，。；]|$)`,
        'i',
      );
  const text = document.text.slice(0, 20_000);
  // "Seat 34A", 报错E4: a mark with a digit right behind the name.
  const marked = new RegExp(
    `${hasHan(ask.name) ? '' : '\\b'}${name}\\s?(?:no\\.?|number|号)?\\s?#?([A-Z]{0,4}-?\\d[\\w-]{0,20})`,
    'i',
  );
  const match = pattern.exec(text) ?? marked.exec(text);
  if (!match) return [];
  const start = match.index + match[0].lastIndexOf(match[1]!);
  return [{ value: match[1]!.trim(), confidence: 0.7, start, end: start + match[1]!.length }];
}

const JOBS =
  /\b(?:works? as|working as|employed as|position of|role of|job as|promoted to|hired as|is) (?:an? |the |our )?((?:(?:senior|junior|lead|chief|data|software|sales|product|project|account|general|head|marketing|financial|human|research|customer|executive|staff|principal|mechanical|electrical|civil|registered|graphic|web)\s+){0,3}(?:engineer|manager|director|officer|analyst|designer|developer|teacher|nurse|doctor|lawyer|accountant|assistant|consultant|scientist|architect|chef|driver|editor|writer|professor|president|technician|clerk|cashier|secretary|programmer|administrator|representative|specialist|coordinator|supervisor|mechanic|electrician|plumber|journalist|artist|pilot|pharmacist|dentist))\b|(?:担任|职位[是为：:]?|任职?|应聘|做)((?:\p{Script=Han}{0,6})(?:经理|总监|工程师|主管|主任|总裁|董事长|助理|专员|顾问|教师|老师|医生|护士|律师|会计|设计师|分析师|程序员|司机|厨师|编辑|记者|教授|店长))/iu;

function readJob(document: Document): Answer[] {
  const match = JOBS.exec(document.text.slice(0, 20_000));
  const value = match?.[1] ?? match?.[2];
  if (!match || !value) return [];
  const start = match.index + match[0].lastIndexOf(value);
  return [{ value, start, end: start + value.length, confidence: 0.75 }];
}

const BOUGHT =
  /\b(?:bought|ordered|purchased|order|buy|purchase|received|tried|using|used|got|install(?:ed)?|replace|return(?:ing)?|about|review of|called|my new|this|the)\s+(?:(?:a|an|the|my|your|this|new|some)\s+)*$|(?:买了|买的|购买的|订的|购买了?|订购了?|下单了?|点了|收到了?|用了|入手了?|关于|这款|这个|这台|那款|要|来)(?:的|一?[个台件部款份杯本只双条盒]|\d+[个台件部款份杯本只双条盒])?$/i;

/** What the text speaks about: a quoted or capitalised name, what was bought, or in a short part its noun. */
function readThing(ask: Ask, document: Document, taken: readonly Bounds[]): Answer[] {
  const free = (span: Bounds) => !taken.some((other) => other.start < span.end && span.start < other.end);
  const quoted = document.mentions('quoted').filter(free);
  if (quoted.length > 0 && !document.isPart)
    return quoted.map((one) => ({ value: one.value, start: one.start, end: one.end, confidence: 0.6 }));
  const phrases = keyPhrases(document.text, { words: document.words(), max: 8 }).filter(free);
  if (phrases.length === 0) return document.isPart ? shortThing(document, taken) : [];
  const led = phrases.filter((one) => BOUGHT.test(document.text.slice(Math.max(0, one.start - 30), one.start)));
  const isTopic = document.isPart || purposeOf(ask.name) === 'aspect';
  return [...led, ...(isTopic || led.length > 0 ? phrases : [])].map(({ phrase, start, end }) => ({
    value: phrase,
    start,
    end,
    confidence: 0.5,
  }));
}

/** The longest run of words left in a part that is too short for phrases. */
function shortThing(document: Document, taken: readonly Bounds[]): Answer[] {
  const left = document
    .words()
    .filter(
      (word) => !isStopWord(word.text) && !taken.some((other) => other.start < word.end && word.start < other.end),
    );
  const best = left.sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)[0];
  return best
    ? [{ value: document.text.slice(best.start, best.end), start: best.start, end: best.end, confidence: 0.4 }]
    : [];
}

/** Earlier answers show which words lead to the value. */
function likeShots(ask: Ask, document: Document): Answer[] {
  const out: Answer[] = [];
  for (const shot of document.around.shots.slice(-16)) {
    const value = valueAt(shot.value, ask.path);
    const at = typeof value === 'string' && value !== '' ? shot.text.indexOf(value) : -1;
    if (at <= 0) continue;
    const lead = lastWord(shot.text.slice(0, at));
    if (lead === '') continue;
    const found = document.text.indexOf(lead);
    if (found < 0) continue;
    const start = found + lead.length;
    const end = runEnd(document.text, start, String(value), shot.text.slice(at + String(value).length));
    if (end > start) out.push({ value: document.text.slice(start, end).trim(), start, end, confidence: 0.6 });
  }
  return out;
}

function lastWord(before: string): string {
  const own = words(before);
  const last = own.at(-1);
  return last ? before.slice(last.start) : '';
}

/** Where a value ends that began like another: as many words, or at the same sign. */
function runEnd(text: string, start: number, like: string, behind: string): number {
  const own = words(text.slice(start, start + 200));
  const count = words(like).length;
  const stop = /^\s*\p{L}+|^[^\p{L}\p{N}\s]/u.exec(behind)?.[0];
  const at = stop ? text.indexOf(stop, start + 1) : -1;
  const byCount = own[Math.min(count, own.length) - 1];
  if (at > start && at - start < 60) return at;
  return byCount ? start + byCount.end : start;
}
