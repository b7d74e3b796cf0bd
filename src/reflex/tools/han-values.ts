/** Numbers, options, yes-or-no values and lists of a Chinese text, scored for a parameter. */
import { meanings } from '../text/lexicon.ts';
import { foldSameLength, hasHan, splitIdentifier } from '../text/text.ts';
import type { Json } from '../types.ts';
import type { Candidate } from './assign.ts';
import { type HanWant, wantOf } from './han-kind.ts';
import { type HanContext, stringCandidates } from './han-strings.ts';
import { type HanNumber, type HanText, touches } from './han-text.ts';
import { hanOf, JOINTS } from './han-words.ts';
import type { Parameter } from './parameters.ts';
import { convertUnit, type Dimension } from './units.ts';

// ---------------------------------------------------------------- numbers

export function numberCandidates(parameter: Parameter, context: HanContext): Candidate<Json>[] {
  const { han } = context;
  const want = wantOf(parameter);
  const out: Candidate<Json>[] = [];
  const add = (value: number, start: number, end: number, score: number) => {
    if (inBounds(parameter, value)) out.push({ value, start, end, score });
  };
  if (want.isChange) {
    for (const step of han.steps) {
      const size = step.value.size ?? (step.value.degree === 'little' ? 1 : undefined);
      if (size === undefined) continue;
      const half = /^[度个]半/.test(han.text.slice(step.end)) && Number.isInteger(size) ? 0.5 : 0;
      add(step.value.direction * (size + half), step.start, step.end, 5);
    }
    for (const number of han.numbers) {
      const sign = /(?:再|降|低|减|少|小|冷)(?:个|了|低|了个)?$/.test(han.text.slice(0, number.start))
        ? /(?:降|低|减|少|小)(?:个|了|低|了个)?$/.test(han.text.slice(0, number.start))
          ? -1
          : 1
        : /(?:升|高|加|多|大|涨)(?:个|了|了个)?$/.test(han.text.slice(0, number.start))
          ? 1
          : 0;
      if (sign !== 0 && !number.inner) add(sign * number.value, number.start, number.end, 4);
    }
    return out;
  }
  if (want.dimension === 'time')
    for (const span of han.durations) {
      const factor = want.unit?.factor ?? 1;
      const value = factor > 0 ? Number((span.value / factor).toPrecision(12)) : Number.NaN;
      if (Number.isFinite(value)) add(value, span.start, span.end, 4 + near(want, span, han));
    }
  for (const number of han.numbers) {
    if (number.inner) continue;
    if (number.weak && isShare(number, han) !== true) continue;
    const score = scoreNumber(parameter, want, number, han);
    const value = valueFor(parameter, want, number);
    if (score !== undefined && value !== undefined) add(value, number.start, number.stop, score);
  }
  for (const extreme of han.extremes) {
    const bound = extreme.value === 'max' ? parameter.schema.maximum : parameter.schema.minimum;
    if (typeof bound === 'number')
      add(bound, extreme.start, extreme.end, 2 + near(want, extreme, han) + (parameter.required ? 0.5 : 0));
  }
  return out;
}

/** 一半, 半: a share of a whole. */
function isShare(number: HanNumber, { text }: HanText): boolean {
  return /半$/.test(text.slice(number.start, number.end)) || !/^一/.test(text.slice(number.start, number.end));
}

function inBounds({ schema, type }: Parameter, value: number): boolean {
  if (type === 'integer' && !Number.isInteger(value)) return false;
  const { minimum, maximum } = schema;
  return !(typeof minimum === 'number' && value < minimum) && !(typeof maximum === 'number' && value > maximum);
}

function valueFor(parameter: Parameter, want: HanWant, number: HanNumber): number | undefined {
  const { schema } = parameter;
  const top = typeof schema.maximum === 'number' ? schema.maximum : undefined;
  if (number.weak)
    return want.dimension === 'percent' || top === 100 ? 50 : top !== undefined && top <= 1 ? 0.5 : undefined;
  if (number.percent)
    return (top !== undefined && top <= 1) || /小数|decimal|fraction/.test(parameter.description)
      ? Number(`${number.value}e-2`)
      : number.value;
  if (
    want.unit &&
    number.unit &&
    want.unit.dimension === number.unit.dimension &&
    want.unit.name !== number.unit.name
  ) {
    const converted = convertUnit(number.value, number.unit, want.unit);
    if (converted !== undefined && inBounds(parameter, converted)) return converted;
  }
  return number.value;
}

function scoreNumber(parameter: Parameter, want: HanWant, number: HanNumber, han: HanText): number | undefined {
  const { text } = han;
  let score = 1 + near(want, number, han);
  if (number.weak) return 2.5 + near(want, number, han);
  const given: Dimension | undefined = number.percent
    ? 'percent'
    : number.currency
      ? 'money'
      : number.unit?.dimension === 'angle'
        ? 'temperature'
        : number.unit?.dimension;
  if (number.measure && want.characters.includes(number.measure)) score += 2.5;
  else if (/^[位人名]$/.test(number.measure ?? '') && isPeople(parameter, want)) score += 3;
  else if (/^[间套]$/.test(number.measure ?? '') && /room|房间/.test(parameter.names.join(' '))) score += 2.5;
  else if (/^[晚夜天]$/.test(number.measure ?? '') && /night|days/.test(parameter.names.join(' '))) score += 2.5;
  else if (given !== undefined && given === want.dimension) score += 2.5;
  else if (want.isCount) {
    if (number.measure && !number.currency && number.measure !== '度') score += isPeople(parameter, want) ? -1.5 : 1.6;
    else if (number.currency || number.percent || given === 'temperature' || given === 'time') score -= 2.5;
    if (/^[位人名]$/.test(number.measure ?? '') && !isPeople(parameter, want)) score -= 2;
  } else if (want.dimension !== undefined) {
    if (given !== undefined) score -= 3;
    else if (number.measure) score -= number.measure === '档' || !/^[个]$/.test(number.measure) ? 2.5 : 1;
    else score += 0.3;
  } else if (given === 'money' && /amount|金额|total|bill|账单/.test(parameter.names.join(' '))) score += 2;
  else if (/^[档级]$/.test(number.measure ?? '') && /level|fan|speed|gear/.test(parameter.names.join(' ')))
    score += 2.5;
  else if (given !== undefined && !/value|数值|num|amount/.test(parameter.names.join(' '))) score -= 1.2;
  else if (number.measure && !/^(?:个)$/.test(number.measure)) score -= 0.5;
  const behind = text.slice(number.end, number.end + 5);
  const before = text.slice(Math.max(0, number.start - 5), number.start);
  if (
    /^(?:以内|之内|以下|内|封顶|左右)/.test(behind) ||
    /(?:不超过|最多|低于|不到|少于|小于|控制在|预算)$/.test(before)
  )
    score += want.bound === 'most' ? 2.5 : want.bound === 'least' ? -3 : 0;
  if (
    /^(?:以上|起|往上)/.test(behind) ||
    (/(?:至少|高于|超过|大于|不低于|最少)$/.test(before) && !/不超过$/.test(before))
  )
    score += want.bound === 'least' ? 2.5 : want.bound === 'most' ? -3 : 0;
  if (/^(?:到|至|[-—~])[一二两三四五六七八九十百千\d]/.test(behind))
    score += want.bound === 'least' ? 2 : want.bound === 'most' ? -2 : 0;
  if (/[一二两三四五六七八九十百千万\d元块](?:到|至|[-—~])$/.test(before))
    score += want.bound === 'most' ? 2 : want.bound === 'least' ? -2 : 0;
  // A step's size is no goal.
  if (han.steps.some((step) => step.value.size !== undefined && step.start < number.end && number.start < step.end))
    score -= 3;
  if (/^一/.test(text.slice(number.start, number.end)) && number.measure && !want.isCount) score -= 2;
  if (parameter.required) score += 0.3;
  return score;
}

function isPeople({ names }: Parameter, want: HanWant): boolean {
  return (
    /人|位|宾/.test(want.characters) ||
    names.some((one) => /^(?:people|guests?|persons?|party|adults?|children|attendees)$/.test(one))
  );
}

/** Up to 2 where a word of the parameter stands right before or behind. */
function near(want: HanWant, span: { start: number; end: number }, { text, pieces }: HanText): number {
  const before = text.slice(Math.max(0, span.start - 8), span.start).replace(/^.*[，,。；;]/s, '');
  const behind = /^[^，,。；;\d]{0,4}/.exec(text.slice(span.end))![0];
  let best = 0;
  for (const word of want.words) {
    const core = word.slice(0, 2);
    const at = before.lastIndexOf(core);
    if (at >= 0) best = Math.max(best, 2.2 - 0.12 * (before.length - at - core.length));
    if (behind.includes(core)) best = Math.max(best, 1.2);
  }
  if (best > 0) return best;
  for (const piece of pieces) {
    if (piece.kind === 'mark' || piece.start >= span.end + 3 || piece.end <= span.start - 7) continue;
    if (
      piece.kind !== 'content' ||
      /[，,。]/.test(text.slice(Math.min(piece.end, span.end), Math.max(piece.start, span.start)))
    )
      continue;
    if (piece.meanings.some((meaning) => want.meanings.has(meaning)))
      best = Math.max(best, piece.end <= span.start ? 1.5 : 0.9);
  }
  return best;
}

// ---------------------------------------------------------------- options

export function optionCandidates(parameter: Parameter, context: HanContext): Candidate<Json>[] {
  const { han } = context;
  const want = wantOf(parameter);
  const out: Candidate<Json>[] = [];
  for (const option of (parameter.options ?? []).slice(0, 200)) {
    if (typeof option === 'number') {
      for (const number of han.numbers)
        if (number.value === option && !number.inner && !number.weak)
          out.push({ value: option, start: number.start, end: number.end, score: 2.4 + near(want, number, han) });
    } else if (typeof option === 'string' && option !== '')
      out.push(...placesOf(option, han).map((place) => ({ ...place, value: option })));
  }
  return out;
}

/** Where the text surely names an option of any parameter. */
export function optionPlaces(parameters: readonly Parameter[], han: HanText): { start: number; end: number }[] {
  return parameters.flatMap((parameter) =>
    [...(parameter.options ?? []), ...(parameter.item?.options ?? [])].flatMap((option) =>
      typeof option === 'string' && option !== '' ? placesOf(option, han).filter((place) => place.score >= 3.2) : [],
    ),
  );
}

function placesOf(option: string, han: HanText): { start: number; end: number; score: number }[] {
  const folded = foldSameLength(option);
  const exact = finds(han.folded, folded).map((start) => ({
    start,
    end: start + folded.length,
    score: 4 + 0.3 * folded.length,
  }));
  if (exact.length > 0) return exact;
  if (hasHan(option)) return hanOption(folded, han);
  const parts = splitIdentifier(option);
  const perPart = parts.map((part) => partPlaces(part, han));
  // 左后 for rear_left: every part has to be said.
  const found = perPart.map((places) => places[0]);
  if (found.length === 0 || found.some((place) => place === undefined)) {
    const last = perPart.at(-1);
    return parts.length > 1 && /^(?:asc|desc)$/.test(parts.at(-1)!) && last?.[0] ? last : [];
  }
  if (parts.length === 1) return perPart[0]!;
  return [
    {
      start: Math.min(...found.map((place) => place!.start)),
      end: Math.max(...found.map((place) => place!.end)),
      score: 2.6 + parts.length,
    },
  ];
}

function partPlaces(part: string, han: HanText): { start: number; end: number; score: number }[] {
  const out: { start: number; end: number; score: number }[] = [];
  for (const word of hanOf(part)) {
    for (const start of finds(han.folded, word)) {
      // A single character inside another word says little: 大 of 大家.
      const alone =
        word.length > 1 ||
        han.pieces.some((piece) => piece.start === start && piece.end === start + 1) ||
        /[左右前后]/.test(word);
      const isAll = /^(?:都|全)/.test(word) && word.length === 1;
      if (alone) out.push({ start, end: start + word.length, score: isAll ? 2.5 : 3 + 0.3 * word.length });
    }
  }
  if (out.length === 0) {
    const wanted = meanings(part);
    if (wanted.length > 0)
      for (const piece of han.pieces)
        if (
          piece.kind !== 'particle' &&
          piece.kind !== 'number' &&
          piece.meanings.some((meaning) => wanted.includes(meaning))
        )
          out.push({ start: piece.start, end: piece.end, score: 2.6 + 0.1 * piece.text.length });
  }
  return out.sort((a, b) => b.score - a.score);
}

/** 不要糖 for 无糖; 三分 for 三分糖; 大床 for 大床房. */
function hanOption(option: string, han: HanText): { start: number; end: number; score: number }[] {
  const none = /^(?:无|不|免|去|零)(.+)$/.exec(option);
  if (none) {
    const match = new RegExp(`(?:不要|不加|不放|免|没有|无|去|别放|别加|不)${literal(none[1]!)}`).exec(han.folded);
    if (match) return [{ start: match.index, end: match.index + match[0].length, score: 4 }];
  }
  for (let length = option.length - 1; length >= 2; length--) {
    for (const part of [option.slice(0, length), option.slice(option.length - length)]) {
      const [start] = finds(han.folded, part);
      if (start !== undefined && !none) return [{ start, end: start + length, score: 2.5 + 0.3 * length }];
    }
  }
  const wanted = han.pieces.find(
    (piece) =>
      piece.kind !== 'particle' &&
      piece.meanings.length > 0 &&
      meanings(option).some((meaning) => piece.meanings.includes(meaning)),
  );
  return wanted ? [{ start: wanted.start, end: wanted.end, score: 2.6 }] : [];
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function finds(text: string, needle: string): number[] {
  const out: number[] = [];
  const bounded = /^[a-z0-9]/.test(needle);
  for (let at = text.indexOf(needle); at >= 0 && out.length < 10; at = text.indexOf(needle, at + 1))
    if (!bounded || (!/[a-z0-9]/.test(text[at - 1] ?? ' ') && !/[a-z0-9]/.test(text[at + needle.length] ?? ' ')))
      out.push(at);
  return out;
}

// ---------------------------------------------------------------- yes and no

const ON = /打开|开启|启用|开一?下|开着|开到|全开|拉开|(?<![离分公召展避])开(?![车会始心放户业高])/;
const OFF = /关闭|关掉|关上|停用|停止|关一?下|全关|拉上|(?<![相有无机])关(?!于|心|注|系)/;
const DENIED = /(?:不要|不用|不加|不需要|不想|没有|别|不|无|去|免|没|勿|少)(?:再|太|放|加|走|带|给我|有)?$/;
const OPPOSITES: [RegExp, RegExp][] = [
  [/ice|冰/, /热|烫|常温/],
  [/辣|spicy/, /清淡/],
  [/round|往返|return/, /单程/],
];
const EMPTY = new Set(
  'is has have with need needs should want include included whether required require use allow enable enabled'.split(
    ' ',
  ),
);

export function truthCandidates(parameter: Parameter, { han, about }: HanContext): Candidate<Json>[] {
  const { names } = parameter;
  const description = foldSameLength(parameter.description);
  const { folded } = han;
  const isSwitch =
    names.some((one) =>
      /^(?:on|power|enabled|enable|state|active|switch|status|open|off|closed|开关|打开|开启|开)$/.test(one),
    ) || /开或关|开关|是否(?:打开|开启|启用)|打开或关闭|true.{0,4}开/.test(description);
  const inverse =
    names.some((one) => /^(?:off|closed|disabled|avoid|no|exclude|skip|without)$/.test(one)) ||
    /避开|避免|不走|免|排除|关闭为真/.test(names.join('') + description);
  const out: Candidate<Json>[] = [];
  if (isSwitch) {
    const off = OFF.exec(folded);
    const on = ON.exec(folded);
    const match = off && (!on || off.index <= on.index) ? off : on;
    // What a yes is read from may be read again: it is no value that would be used up.
    if (match)
      return [
        {
          value: (match === on) !== names.some((one) => /^(?:off|closed|disabled)$/.test(one)),
          start: match.index,
          end: match.index,
          score: 4,
        },
      ];
  }
  const words = featureWords(names, description);
  for (const word of words) {
    for (const at of finds(folded, word)) {
      if (about.has(word) && word.length < 3 && !isSwitch) continue;
      const denied =
        DENIED.test(folded.slice(Math.max(0, at - 6), at)) &&
        !/(?:要不|能不|可不|是不|有没)$/.test(folded.slice(0, at));
      const avoided = /(?:避开|避免|绕开|绕过|躲开)$/.test(folded.slice(0, at));
      out.push({ value: inverse ? denied || avoided : !denied, start: at, end: at, score: 3 + 0.3 * word.length });
    }
  }
  if (out.length === 0)
    for (const [pattern, opposite] of OPPOSITES) {
      const match = pattern.test(names.join(' ') + description) ? opposite.exec(folded) : null;
      if (match) out.push({ value: false, start: match.index, end: match.index, score: 3 });
    }
  return out;
}

/** What a yes-or-no parameter is about: the core of its description, and its name put into Chinese. */
function featureWords(names: readonly string[], description: string): string[] {
  const out = new Set<string>();
  for (const name of names) {
    if (EMPTY.has(name)) continue;
    if (hasHan(name)) out.add(core(name));
    else for (const word of hanOf(name)) out.add(word);
  }
  for (const run of description.match(/\p{Script=Han}+/gu) ?? []) out.add(core(run));
  return [...out].filter((word) => word !== '' && word.length < 8);
}

function core(run: string): string {
  return run
    .replace(/^(?:是否|有无|有没有|需不需要|要不要)/, '')
    .replace(/^(?:需要|想要|要|避开|避免|含|包含|提供|允许|加|带|走|正在)/, '')
    .replace(/(?:中|服务|的)$/, '');
}

// ---------------------------------------------------------------- lists

export function listCandidates(parameter: Parameter, context: HanContext): Candidate<Json>[] {
  const item = parameter.item!;
  const { han } = context;
  if (item.type === 'number' || item.type === 'integer') {
    const own = han.numbers.filter((number) => !number.inner && !number.weak && inBounds(item, number.value));
    return own.length === 0
      ? []
      : [
          {
            value: own.map((one) => one.value),
            start: own[0]!.start,
            end: own.at(-1)!.end,
            score: 2.5 + Math.min(1, 0.3 * own.length),
          },
        ];
  }
  if (item.options) {
    const kept: Candidate<Json>[] = [];
    for (const one of optionCandidates(item, context).sort((a, b) => b.score - a.score))
      if (one.score >= 2 && !touches(one, kept) && !kept.some((other) => other.value === one.value)) kept.push(one);
    kept.sort((a, b) => a.start - b.start);
    return kept.length === 0
      ? []
      : [
          {
            value: kept.map((one) => one.value),
            start: kept[0]!.start,
            end: kept.at(-1)!.end,
            score: kept[0]!.score + 0.5 * kept.length,
          },
        ];
  }
  return item.type === 'string' ? wordLists(item, context) : [];
}

const MOST_PARTS = 40;

function wordLists(item: Parameter, context: HanContext): Candidate<Json>[] {
  const { han } = context;
  const parts = stringCandidates(item, context)
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST_PARTS);
  const out: Candidate<Json>[] = [];
  for (const first of parts) {
    out.push({ ...first, value: [first.value] });
    const run = [first];
    for (;;) {
      const last = run.at(-1)!;
      const next = parts.find(
        (one) => one.start > last.end && one.start - last.end <= 2 && JOINTS.test(han.text.slice(last.end, one.start)),
      );
      if (!next || run.length > 30) break;
      run.push(next);
    }
    if (run.length < 2) continue;
    const mean = run.reduce((sum, one) => sum + one.score, 0) / run.length;
    out.push({
      value: run.map((one) => one.value),
      start: first.start,
      end: run.at(-1)!.end,
      score: Math.max(first.score, mean) + 1.2 + 0.4 * run.length,
    });
  }
  return out;
}
