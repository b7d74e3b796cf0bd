/** Numbers that a text gives for a field: measured ones with the words around them, and those that an analysis yields. */
import { emotionFrom } from '../../analysis/emotion.ts';
import { weightOf } from '../../analysis/labels.ts';
import { detectLanguage } from '../../analysis/language.ts';
import { isStopWord } from '../../analysis/stop-words.ts';
import { meanings } from '../../text/lexicon.ts';
import { addTerms, type Terms } from '../../text/terms.ts';
import { splitIdentifier, stem } from '../../text/text.ts';
import type { JsonObject } from '../../types.ts';
import type { Answer, Ask, Bounds } from '../field-reader.ts';
import type { Document } from './document.ts';
import { type Purpose, purposeOf } from './purpose.ts';

interface Range {
  low: number;
  high: number;
}

/** The range that the schema, or else the description, wants. */
function rangeOf(ask: Ask, fallback: Range): Range {
  const number = (key: string) => (typeof ask.schema[key] === 'number' ? (ask.schema[key] as number) : undefined);
  const low = number('minimum') ?? number('exclusiveMinimum');
  const high = number('maximum') ?? number('exclusiveMaximum');
  if (low !== undefined && high !== undefined) return { low, high };
  const said = /(-?\d+(?:\.\d+)?)\s*(?:-|–|~|to|and|到|至|\.\.)\s*\+?(-?\d+(?:\.\d+)?)/.exec(`${ask.description}`);
  if (said && Number(said[1]) < Number(said[2])) return { low: Number(said[1]), high: Number(said[2]) };
  return { low: low ?? fallback.low, high: high ?? Math.max(fallback.high, low ?? fallback.high) };
}

/** `share` from 0 to 1 as a number of the range. */
function onScale(share: number, range: Range, type: string, schema: JsonObject): number {
  const raw = range.low + Math.min(1, Math.max(0, share)) * (range.high - range.low);
  const step = typeof schema.multipleOf === 'number' && schema.multipleOf > 0 ? schema.multipleOf : undefined;
  if (step) return Number((Math.round(raw / step) * step).toPrecision(12));
  return type === 'integer' ? Math.round(raw) : Math.round(raw * 100) / 100;
}

const analysed = (value: number, confidence: number): Answer[] => [{ value, confidence, start: 0, end: 0 }];

const STARS =
  /(\d(?:\.\d)?)\s*(?:\/|out of)\s*(5|10)(?!\d)|(\d(?:\.\d)?)[- ]?stars?\b|\b(one|two|three|four|five)[- ]stars?\b|([一二两三四五1-5])颗?星|([0-9一二三四五六七八九十]{1,2}|\d\.\d)分(?!钟|之|店|公|享|期|类)/i;
const DIGIT: Record<string, number> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  一: 1,
  二: 2,
  两: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
  十: 10,
};

/** What a number of analysis is, or undefined where the field asks for a measured one. */
function analyse(type: string, ask: Ask, purpose: Purpose | undefined, document: Document): Answer[] | undefined {
  const { schema } = ask;
  const scale = (share: number, range: Range) => onScale(share, range, type, schema);
  const sentiment = document.sentiment();
  const name = ask.name.toLowerCase();
  if (purpose === 'confidence') {
    const { sureness } = document.around;
    const mean = sureness.length > 0 ? sureness.reduce((sum, one) => sum + one, 0) / sureness.length : 0;
    return analysed(scale(mean, rangeOf(ask, { low: 0, high: 1 })), mean);
  }
  if (
    purpose === 'sentiment' ||
    (/sentiment|polarity|情感/.test(`${name} ${ask.description.toLowerCase()}`) && purpose === 'rating')
  ) {
    if (document.marks().length === 0) return [];
    return analysed(scale((sentiment.score + 1) / 2, rangeOf(ask, { low: -1, high: 1 })), 0.6);
  }
  if (purpose === 'rating') {
    const range = rangeOf(ask, { low: 1, high: 5 });
    const stated = STARS.exec(document.text.slice(0, 20_000));
    if (stated) {
      const word = stated[1] ?? stated[3] ?? stated[4] ?? stated[5] ?? stated[6]!;
      const value = DIGIT[word.toLowerCase()] ?? Number(word);
      const top = stated[2] ? Number(stated[2]) : stated[6] && (value > 5 || range.high >= 10) ? 10 : 5;
      const fitted =
        range.high === top || value > range.high
          ? value * (range.high / top)
          : range.high > top
            ? value * (range.high / top)
            : value;
      return [
        {
          value: type === 'integer' ? Math.round(fitted) : fitted,
          confidence: 0.9,
          start: stated.index,
          end: stated.index + stated[0].length,
        },
      ];
    }
    if (document.marks().length === 0) return [];
    return analysed(scale((Math.max(-1, Math.min(1, sentiment.score * 1.2)) + 1) / 2, range), 0.5);
  }
  if (purpose === 'strength' || purpose === 'emotion') {
    const reading = emotionFrom(document.profile());
    const share = Math.max(reading.strength, Math.abs(sentiment.score) * 0.8);
    return analysed(scale(share, rangeOf(ask, { low: 0, high: 1 })), 0.5);
  }
  if (purpose === 'weight')
    return analysed(scale((weightOf(document.text, sentiment) - 1) / 4, rangeOf(ask, { low: 1, high: 5 })), 0.5);
  if (/^(?:word_?count|words|num_?words|字数|词数)$/i.test(ask.name))
    return analysed(
      detectLanguage(document.text).code === 'zh' && /字/.test(ask.name)
        ? (document.text.match(/\p{Script=Han}/gu)?.length ?? 0)
        : document.words().length,
      0.9,
    );
  if (/^(?:sentence_?count|num_?sentences|句数)$/i.test(ask.name)) return analysed(document.sentences().length, 0.9);
  if (/^(?:char(?:acter)?_?count|字符数)$/i.test(ask.name)) return analysed([...document.text].length, 0.9);
  return undefined;
}

const UNITS: [RegExp, number][] = [
  [/\b(?:ms|milliseconds?)\b|毫秒/, 0.001],
  [/\b(?:s|secs?|seconds?)\b|秒/, 1],
  [/\b(?:mins?|minutes?)\b|分钟/, 60],
  [/\b(?:hrs?|hours?)\b|小时/, 3_600],
  [/\b(?:days?|nights?)\b|天数|几天|天/, 86_400],
  [/\b(?:weeks?)\b|周数/, 604_800],
];

interface Candidate extends Bounds {
  value: number;
  score: number;
}

/** Answers for a number, best first. */
export function readNumberField(
  type: 'number' | 'integer',
  ask: Ask,
  document: Document,
  taken: readonly Bounds[],
): Answer[] {
  const purpose = purposeOf(ask.name);
  const done = analyse(type, ask, purpose, document);
  if (done) return done;
  const wanted = wantedTerms(ask);
  const named = splitIdentifier(`${ask.name} ${ask.description.slice(0, 200)}`).join(' ');
  const out: Candidate[] = [];
  const nextTo = (span: Bounds) => nearby(span, document, wanted);
  if (/^(?:age|年龄|岁数)$|_age$/i.test(ask.name)) return readAge(document);
  const unit =
    purpose === 'money' || purpose === 'percent' ? undefined : UNITS.find(([pattern]) => pattern.test(named))?.[1];
  if (unit !== undefined)
    for (const span of document.durations())
      out.push({
        value: Number((span.value / unit).toPrecision(10)),
        score: 2 + nextTo(span),
        start: span.start,
        end: span.end,
      });
  const money = document.mentions('money');
  const percents = document.mentions('percent');
  const wantsMoney = purpose === 'money' || purpose === 'currency';
  for (const one of money)
    if (wantsMoney || purpose === undefined)
      out.push({
        value: one.number!,
        score: (wantsMoney ? 2.2 : -0.5) + nextTo(one) + totalBonus(named, one, document),
        start: one.start,
        end: one.end,
      });
  for (const one of percents)
    if (purpose === 'percent' || purpose === undefined)
      out.push({
        value: typeof ask.schema.maximum === 'number' && ask.schema.maximum <= 1 ? one.number! / 100 : one.number!,
        score: (purpose === 'percent' ? 2.2 : 0) + nextTo(one),
        start: one.start,
        end: one.end,
      });
  const blocked: Bounds[] = [...money, ...percents, ...document.dates(), ...document.times(), ...fixed(document)];
  const year = /\byear\b|年份/.test(named);
  for (const number of document.numbers()) {
    if (number.weak && !document.isPart && nextTo(number) < 1.5) continue;
    const clash = blocked.some((other) => other.start < number.end && number.start < other.end);
    if (clash && !year) continue;
    if (
      unit === undefined &&
      document.durations().some((span) => span.start <= number.start && number.end <= span.end) &&
      !/\bdays?|nights?|hours?|天|晚/.test(named)
    )
      continue;
    const count = COUNT.test(named) ? (COUNT_UNIT.test(number.unit) ? 1.6 : document.isPart ? 1.6 : 0.4) : 0;
    const inYear = year && number.value > 1_000 && number.value < 2_200 ? 2 : 0;
    const bare = purpose === 'money' && money.length > 0 ? -1 : 0;
    out.push({
      value: number.value,
      score: count + inYear + bare + nextTo(number) + unitFits(number.unit, wanted),
      start: number.start,
      end: number.end,
    });
  }
  return out
    .filter((one) => one.score >= 1.5 && !taken.some((other) => other.start < one.end && one.start < other.end))
    .sort((a, b) => b.score - a.score || a.start - b.start)
    .slice(0, 5)
    .map(({ value, score, start, end }) => ({ value, start, end, confidence: Math.min(0.95, 0.4 + score * 0.12) }));
}

const AGE =
  /\b(?:aged?|turn(?:ed|s|ing))\s+(\d{1,3})\b|\b(\d{1,3})[- ]years?[- ]old\b|,\s*(\d{2}),|(\d{1,3})\s*(?:周?岁)|年龄[是为：:\s]*(\d{1,3})/i;

function readAge(document: Document): Answer[] {
  const match = AGE.exec(document.text.slice(0, 20_000));
  const digits = match?.slice(1).find((group) => group !== undefined);
  if (!match || !digits || Number(digits) > 120) return [];
  return [{ value: Number(digits), start: match.index, end: match.index + match[0].length, confidence: 0.85 }];
}

const COUNT =
  /\b(?:count|quantity|qty|number of|num|how many|guests?|people|persons?|party|adults|children|pieces|units|tickets|rooms|nights|copies|seats|amount)\b|数量|人数|个数|件数|几个|份数|张数|间数|几位/;
const COUNT_UNIT =
  /^(?:个|位|人|件|份|杯|张|瓶|盒|间|只|条|本|台|辆|套|名|斤|箱|袋|串|碗|x|pcs|people|persons?|guests?|adults?|tickets?|pieces?|units?|rooms?|copies|nights?|seats?)/i;

function fixed(document: Document): Bounds[] {
  return (['phone', 'code', 'version', 'email', 'url', 'uuid', 'ip', 'plate'] as const).flatMap((kind) =>
    document.mentions(kind),
  );
}

/** The last or the so-called total is the total. */
function totalBonus(named: string, span: Bounds, document: Document): number {
  const before = document.folded.slice(Math.max(0, span.start - 24), span.start);
  const isTotal = /total|sum|altogether|in all|总|共|合计|一共/.test(before);
  return /\btotal\b|总/.test(named) ? (isTotal ? 2 : 0) : isTotal && /\bprice|unit|单价/.test(named) ? -1 : 0;
}

const VAGUE = new Set(['number', 'value', 'amount', '#number', '#money', 'the', 'num', 'field', '#text', '#name']);

function wantedTerms(ask: Ask): Terms {
  const terms: Terms = new Map();
  addTerms(terms, ask.name, 1);
  addTerms(terms, ask.description.slice(0, 300), 0.4);
  for (const word of VAGUE) terms.delete(word);
  if (/child/i.test(ask.name)) terms.set('child', 1);
  return terms;
}

function unitFits(unit: string, wanted: Terms): number {
  if (unit === '') return 0;
  if (/^(?:°|℃|℉|度|摄氏|华氏)/.test(unit)) return wanted.has('#temperature') ? 2 : 0;
  return wanted.has(stem(unit)) ||
    meanings(unit).some((meaning) => wanted.has(meaning)) ||
    [...wanted.keys()].some((term) => term.startsWith(unit) && term.length < unit.length + 3 && unit.length > 2)
    ? 1.6
    : 0;
}

/** How much of what is wanted stands around a span: the nearer the more. */
function nearby(span: Bounds, document: Document, wanted: Terms): number {
  const all = document.words();
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle]!.start < span.start) low = middle + 1;
    else high = middle;
  }
  let score = 0;
  const seen = new Set<string>();
  const look = (index: number, weight: number): boolean => {
    const word = all[index];
    if (!word) return false;
    const between =
      index < low
        ? document.text.slice(word.end, span.start)
        : document.text.slice(span.end, Math.max(span.end, word.start));
    if (/[\n。；;！？!?]|\.\s/.test(between) || (/[，,]/.test(between) && weight < 1)) return false;
    if (word.start >= span.start && word.end <= span.end) return true;
    const terms = isStopWord(word.text)
      ? []
      : [word.han ? word.text : stem(word.text), ...meanings(word.text), ...hanParts(word.text)];
    const hit = terms.reduce((best, term) => (seen.has(term) ? best : Math.max(best, wanted.get(term) ?? 0)), 0);
    if (hit > 0) score += hit * weight;
    for (const term of terms) seen.add(term);
    return true;
  };
  for (let back = 1; back <= 6 && look(low - back, 2.2 - back * 0.25); back++);
  for (let ahead = 0; ahead < 5 && look(low + ahead, 1.7 - ahead * 0.25); ahead++);
  return score;
}

function hanParts(word: string): string[] {
  if (!/\p{Script=Han}/u.test(word) || word.length < 2) return [];
  return Array.from({ length: word.length - 1 }, (_, index) => `~${word.slice(index, index + 2)}`);
}
