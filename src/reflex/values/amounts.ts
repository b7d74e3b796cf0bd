/** Amounts that are no plain number: the most and the least, a step up or down, money. English and Chinese. */
import { foldSameLength } from '../text/text.ts';
import { type Span, withoutOverlap } from './moments.ts';
import { readNumbers } from './numbers.ts';

/** The end of a scale: 最大, "max", "all the way down". */
export type ExtremeSpan = Span<'max' | 'min'>;

const MAX =
  /最大|最高|最强|最亮|最快|最热|调到顶|全开|\b(?:max(?:imum)?|highest|loudest|brightest|full (?:blast|power|volume|speed)|fully|all the way up|as (?:high|loud|bright|fast|hot) as possible)\b/g;
const MIN =
  /最小|最低|最弱|最暗|最慢|最冷|调到底|\b(?:min(?:imum)?|lowest|quietest|dimmest|all the way down|as (?:low|quiet|dim|slow|cold) as possible)\b/g;

export function readExtremes(text: string): ExtremeSpan[] {
  const folded = foldSameLength(text);
  const found: ExtremeSpan[] = [];
  for (const [pattern, value] of [
    [MAX, 'max'],
    [MIN, 'min'],
  ] as const)
    for (const match of folded.matchAll(pattern))
      found.push({ value, start: match.index, end: match.index + match[0].length });
  return withoutOverlap(found);
}

/** A change from what is: 调高两度 `{direction: 1, size: 2}`, "a bit quieter" `{direction: -1}`. */
export interface Step {
  direction: 1 | -1;
  /** How far, where the text says it in numbers. */
  size?: number;
  /** 一点, "a bit": less than usual; "a lot": more. */
  degree?: 'little' | 'much';
}
export type StepSpan = Span<Step>;

const UP =
  /调高|升高|提高|增加|加大|调大|增大|调亮|调快|升|加(?=[一二两三四五六七八九十\d])|(?:大|高|亮|快|热|响)(?=(?:一)?[点些])|\b(?:raise|increase|turn (?:\w+ ){0,3}up|up by|higher|louder|warmer|brighter|faster|hotter|stronger)\b/g;
const DOWN =
  /调低|降低|减少|减小|调小|降|调暗|调慢|减(?=[一二两三四五六七八九十\d])|(?:小|低|暗|慢|冷|轻)(?=(?:一)?[点些])|\b(?:lower|decrease|reduce|turn (?:\w+ ){0,3}down|down by|quieter|cooler|dimmer|slower|colder|softer)\b/g;
const LITTLE = /一点|一些|点儿|些许|稍微|稍|略|\b(?:a (?:little )?bit|a little|slightly|a touch|somewhat)\b/;
const MUCH = /很多|许多|大幅|得多|\b(?:a lot|much|way)\b/;
/** A step's size stands this near its verb. */
const NEAR = 24;

export function readSteps(text: string): StepSpan[] {
  const folded = foldSameLength(text);
  const numbers = readNumbers(text).filter((number) => !number.weak);
  const found: StepSpan[] = [];
  for (const [pattern, direction] of [
    [UP, 1],
    [DOWN, -1],
  ] as const) {
    for (const match of folded.matchAll(pattern)) {
      const end = match.index + match[0].length;
      const value: Step = { direction };
      // "up to 24" and 调高到24 name the goal, not the step.
      const near = numbers.find((number) => number.start >= match.index && number.start - end <= NEAR);
      if (near && !/(?:到|至|\bto)\s*$/.test(folded.slice(end, near.start)) && near.start >= end)
        value.size = near.value;
      const around = folded.slice(Math.max(0, match.index - NEAR), end + NEAR);
      if (value.size === undefined && LITTLE.test(around)) value.degree = 'little';
      else if (value.size === undefined && MUCH.test(around)) value.degree = 'much';
      found.push({ value, start: match.index, end: value.size === undefined ? end : near!.end });
    }
  }
  return withoutOverlap(found);
}

/** An amount of money; `currency` is ISO 4217 where the text names one. */
export type MoneySpan = Span<{ amount: number; currency: string }>;

const SIGNS: Record<string, string> = {
  $: 'USD',
  '€': 'EUR',
  '£': 'GBP',
  '¥': 'CNY',
  '￥': 'CNY',
  '₹': 'INR',
  '₩': 'KRW',
};
const BEHIND: [RegExp, string][] = [
  [/^\s?(?:元|块钱?|人民币|rmb|cny|yuan)/, 'CNY'],
  [/^\s?(?:us dollars?|dollars?|usd|bucks|美元|美金|刀)/, 'USD'],
  [/^\s?(?:euros?|eur|欧元)/, 'EUR'],
  [/^\s?(?:pounds? sterling|british pounds?|gbp|英镑)/, 'GBP'],
  [/^\s?(?:yen|jpy|日元|日圆)/, 'JPY'],
  [/^\s?(?:rupees?|inr|卢比)/, 'INR'],
  [/^\s?(?:won|krw|韩元)/, 'KRW'],
  [/^\s?(?:hkd|hong kong dollars?|港币|港元)/, 'HKD'],
];
export function readMoney(text: string): MoneySpan[] {
  const folded = foldSameLength(text);
  const out: MoneySpan[] = [];
  for (const number of readNumbers(text)) {
    if (number.percent || out.some((one) => number.start < one.end)) continue;
    const sign = SIGNS[folded[number.start - 1] ?? ''] ?? SIGNS[folded.slice(0, number.start).trimEnd().at(-1) ?? ''];
    const unit = BEHIND.find(([pattern]) => pattern.test(folded.slice(number.end, number.end + 20)));
    // 三块五 is read whole by the number reader.
    const isWhole = /块/.test(folded.slice(number.start, number.end));
    if (!sign && !unit && !isWhole) continue;
    const end =
      sign || isWhole ? number.end : number.end + unit![0].exec(folded.slice(number.end, number.end + 20))![0].length;
    const currency = sign ?? (isWhole ? 'CNY' : unit![1]);
    out.push({ value: { amount: number.value, currency }, start: sign ? number.start - 1 : number.start, end });
  }
  return out;
}
