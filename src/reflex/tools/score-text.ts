/** How well a piece of text fits a parameter that wants a string. */
import { meanings } from '../text/lexicon.ts';
import { foldSameLength } from '../text/text.ts';
import { leadsOf, wordsNear } from './nearness.ts';
import type { Parameter } from './parameters.ts';
import { rarity, stemOf } from './rarity.ts';
import type { Scored } from './score-number.ts';
import { currencyOf, unitOf } from './units.ts';
import type { Mention, Utterance } from './utterance.ts';

export interface TextContext {
  utterance: Utterance;
  /** Stems of the tool's own words. */
  about: ReadonlySet<string>;
  /** Stems of names of the parameters. */
  names: ReadonlySet<string>;
  siblings: readonly Parameter[];
}

const LANGUAGES = new Set(
  'english chinese mandarin cantonese spanish french german italian portuguese japanese korean russian arabic hindi dutch swedish greek turkish polish vietnamese thai latin hebrew danish finnish norwegian czech hungarian indonesian'.split(
    ' ',
  ),
);
const LEADS: Partial<Record<Parameter['role'], RegExp>> = {
  place: /^(?:in|at|near|around|for|to|from|of|within|visiting|visit)$/,
  person: /^(?:by|for|with|of|to|from|named|called|author|artist|and)$/,
  group: /^(?:of|at|by|for|from|between|and|the|in)$/,
  title: /^(?:named|called|titled|of|play|about|for|is|watch|does)$/,
};
const ORIGIN = /^(?:from|origin|start|source|departure|starting|depart|leaving)$/;
const DESTINATION = /^(?:to|destination|end|target|arrival|ending|dest|into)$/;
const MAKERS =
  /^(?:author|artist|composer|director|painter|singer|writer|brand|manufacturer|maker|creator|band|inventor|developer)$/;

/** undefined where the text can't be the value at all. */
export function scoreText(parameter: Parameter, mention: Mention, context: TextContext): Scored | undefined {
  const { role } = parameter;
  switch (mention.kind) {
    case 'email':
      return role === 'email' || /\bemail\b/i.test(parameter.description)
        ? { value: mention.value, score: 8 }
        : undefined;
    case 'url':
      return role === 'url' ? { value: mention.value, score: 8 } : undefined;
    case 'path':
      return role === 'path'
        ? { value: mention.value, score: 7 }
        : role === 'plain'
          ? { value: mention.value, score: 1 }
          : undefined;
    case 'date':
      if (role === 'weekday' || role === 'month') {
        const word = /\b[A-Z][a-z]{2,8}/.exec(mention.raw)?.[0];
        return word && (role === 'month' ? MONTHS : WEEKDAYS).test(word.toLowerCase())
          ? { value: word, score: 5 }
          : undefined;
      }
      if (role !== 'date' && !(role === 'time' && /YYYY/.test(parameter.description))) return undefined;
      return {
        value: formatDate(String(mention.value), mention.raw, parameter),
        score: 5 + dateRole(parameter, mention, context),
      };
    case 'time':
      if (role !== 'time') return undefined;
      return {
        value: formatTime(String(mention.value), mention.raw, parameter),
        score: 5 + dateRole(parameter, mention, context),
      };
    case 'number':
      return numberAsText(parameter, mention, context);
    case 'quoted':
      return quotedAs(parameter, mention, context);
    case 'code':
      return codeAs(parameter, mention, context);
    case 'expression':
      return role === 'expression' ? { value: mention.value, score: 3 + mention.raw.length / 20 } : undefined;
    case 'rest':
      return restAs(parameter, mention, context);
    case 'name':
    case 'phrase':
      return wordsAs(parameter, mention, context);
    default:
      return undefined;
  }
}

const TYPED = new Set<Parameter['role']>([
  'email',
  'url',
  'date',
  'time',
  'year',
  'path',
  'expression',
  'month',
  'weekday',
]);
const MONTHS = /^(?:january|february|march|april|may|june|july|august|september|october|november|december)$/;
const WEEKDAYS = /^(?:mon|tues|wednes|thurs|fri|satur|sun)days?$/;

function quotedAs(parameter: Parameter, mention: Mention, context: TextContext): Scored | undefined {
  if (['email', 'url', 'year'].includes(parameter.role)) return undefined;
  let score = { content: 5, title: 5, expression: 5, plain: 3.5, path: 4 }[parameter.role as string] ?? 2.5;
  score += adjacency(parameter, mention, context) + roleLead(parameter, mention, context);
  return { value: mention.value, score };
}

function codeAs(parameter: Parameter, mention: Mention, context: TextContext): Scored | undefined {
  if (TYPED.has(parameter.role) || mention.inner) return undefined;
  const near = adjacency(parameter, mention, context);
  if (parameter.role === 'code') return { value: mention.value, score: 4 + near };
  if (parameter.examples.some((one) => digitsOf(one) === digitsOf(mention.raw)))
    return { value: mention.value, score: 4 + near };
  return near > 1 || parameter.role === 'plain' ? { value: mention.value, score: 1 + near } : undefined;
}

function digitsOf(text: string): string {
  return text.replace(/\d/g, '0').replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'A');
}

function numberAsText(parameter: Parameter, mention: Mention, context: TextContext): Scored | undefined {
  const digits = mention.raw.replace(/^#/, '');
  if (!/^\d[\d.]*$/.test(digits) || mention.inner) return undefined;
  if (parameter.role === 'year') return mention.yearly ? { value: digits, score: 4 } : undefined;
  if (parameter.role === 'date' && mention.yearly && !/[YMD]{2}[-/.][YMD]{2}/i.test(parameter.description))
    return { value: digits, score: 1.5 };
  const near = adjacency(parameter, mention, context);
  if (parameter.role === 'code') return { value: digits, score: 2 + near };
  return near > 2 ? { value: digits, score: near - 1 } : undefined;
}

function restAs(parameter: Parameter, mention: Mention, { utterance, about, names }: TextContext): Scored | undefined {
  if (parameter.role !== 'content') return undefined;
  if (mention.marked) return { value: mention.value, score: 4.5 };
  const first = utterance.tokens[mention.from]!;
  if (
    about.has(first.stem) ||
    names.has(first.stem) ||
    meanings(first.low).some((meaning) => about.has(meaning) && !first.isCapital)
  )
    return undefined;
  return { value: mention.value, score: parameter.required ? 2.3 : 1 };
}

// ---------------------------------------------------------------- words

function wordsAs(parameter: Parameter, mention: Mention, context: TextContext): Scored | undefined {
  const { role } = parameter;
  const raw = foldSameLength(String(mention.value));
  if (role === 'currency') {
    const code = currencyOf(raw);
    if (!code) return undefined;
    const wantsName = parameter.examples.some((one) => /^[a-z]{4,}$/.test(one));
    return { value: wantsName ? mention.value : code, score: 4 + roleLead(parameter, mention, context) };
  }
  if (role === 'unit' || (parameter.names.includes('unit') && mention.kind === 'phrase')) {
    if (!unitOf(raw)) return undefined;
    const free = !utteranceNumber(mention, context) && leadsOf(mention, context.utterance, 1)[0] === 'in' ? 2 : 0;
    return {
      value: mention.value,
      score:
        (parameter.required ? 3 : 1) + free + roleLead(parameter, mention, context) + likeExample(parameter, mention),
    };
  }
  if (role === 'language') {
    return LANGUAGES.has(raw) ? { value: mention.value, score: 4 + roleLead(parameter, mention, context) } : undefined;
  }
  if (role === 'month' || role === 'weekday')
    return (role === 'month' ? MONTHS : WEEKDAYS).test(raw) ? { value: mention.value, score: 5 } : undefined;
  if (TYPED.has(role)) return undefined;
  const score =
    mention.kind === 'name' ? nameScore(parameter, mention, context) : phraseScore(parameter, mention, context);
  if (score === undefined) return undefined;
  return {
    value: mention.value,
    score:
      score +
      adjacency(parameter, mention, context) +
      roleLead(parameter, mention, context) +
      likeExample(parameter, mention),
  };
}

function nameScore(parameter: Parameter, mention: Mention, { utterance, about }: TextContext): number | undefined {
  const { role } = parameter;
  const words = utterance.tokens.slice(mention.from, mention.to).filter((token) => token.isWord);
  if (words.some((word) => LANGUAGES.has(word.low)) && parameter.description.toLowerCase().includes('language'))
    return undefined;
  const isPlaces = /,/.test(mention.raw);
  const takesPlaces = role === 'place' && parameter.examples.some((one) => one.includes(','));
  let score = { place: 3, person: 3, group: 3, title: 3, code: 1, content: 0.8, plain: 2.1 }[role as string] ?? 0.5;
  if (/\b(?:city,? (?:and|state)|city and (?:state|country))/i.test(parameter.description) || takesPlaces)
    score += isPlaces ? 2 : 0;
  else if (isPlaces) score -= 1.5;
  if (/^\d/.test(mention.raw))
    score += parameter.names.some((name) => /^(?:address|street)$/.test(name)) ? (isPlaces ? 3.2 : 1.5) : -2.5;
  // The longer reading of a name wins, a little.
  score += Math.min(0.6, (words.length - 1) * 0.2);
  if (words.every((word) => about.has(word.stem))) score -= 3;
  // "Brooklyn Museum" is the museum.
  if (
    words.length > 1 &&
    words.some((word) => word.isCapital && parameter.names.some((name) => stemOf(name) === word.stem))
  )
    score += 1.5;
  if (role === 'code') {
    if (/^[A-Z]{2,6}$/.test(mention.raw)) score += 2.5;
  } else if (/^[A-Z]{2}$/.test(mention.raw) && parameter.names.includes('state')) score += 2;
  if (/\band\b/.test(mention.raw) && role !== 'title') score -= 2.5;
  if (/['’]s /.test(mention.raw)) score -= role === 'person' ? 1.5 : 0;
  if (/^['’]s\s\p{Lu}/u.test(utterance.text.slice(mention.end, mention.end + 4))) score -= 1;
  if (/\b(?:in|the) /.test(mention.raw.slice(1)) && role !== 'title') score -= 0.5;
  return score;
}

function phraseScore(
  parameter: Parameter,
  mention: Mention,
  { utterance, about, names }: TextContext,
): number | undefined {
  const { role } = parameter;
  const words = utterance.tokens.slice(mention.from, mention.to);
  const first = words[0]!;
  const last = words.at(-1)!;
  if (words.some((word) => word.isCapital) && words.length === 1 && role !== 'plain' && role !== 'content')
    return undefined;
  const isOwn = (word: { stem: string; low: string }) =>
    about.has(word.stem) ||
    names.has(word.stem) ||
    meanings(word.low).some((meaning) => about.has(meaning)) ||
    (word.stem.length >= 4 && [...about].some((own) => own.startsWith(word.stem) && own.length - word.stem.length < 4));
  let score =
    { place: 0.3, person: 0.3, group: 0.2, title: 0.8, code: -1, content: 1.6, plain: 1.7 }[role as string] ?? 0;
  if (words.every(isOwn)) return undefined;
  if (words.some((word) => word.isCapital) && !words.every((word) => word.isCapital)) score -= 1.2;
  if (isOwn(first)) score -= 1.2;
  if (isOwn(last)) score -= 1.2;
  if (words.slice(1, -1).some(isOwn)) score -= 0.4;
  score += Math.min(0.9, (words.length - 1) * 0.3);
  // A phrase that stops in the middle of a run of words is half a phrase, unless the tool's own words end it.
  const before = utterance.tokens[mention.from - 1];
  const after = utterance.tokens[mention.to];
  if (
    before &&
    rarity(before.low) === 1 &&
    isContent(before) &&
    !before.isCapital &&
    !isOwn(before) &&
    before.end + 1 >= mention.start
  )
    score -= 0.7;
  if (after && isContent(after) && !isOwn(after)) score -= 0.7;
  if (after && isVerbal(after.low) && before && /^(?:a|an|the|of|in|for|with)$/.test(before.low)) score += 0.2;
  // "sci-fi book": what stands before the tool's own noun tells which.
  if (role === 'plain' && after && isOwn(after) && isContent(after) && after.start - mention.end === 1) score += 0.6;
  if (words.length > 1 && rarity(first.low) < 0.5) score -= 0.5;
  if (isVerbal(first.low)) score -= 0.8;
  if (words.every((word) => rarity(word.low) < 0.5)) score -= 1;
  if (words.length === 1 && unitOf(first.low) && utterance.tokens[mention.from - 1]?.isValue) score -= 2;
  return score;
}

function isContent(token: { isWord: boolean; isValue: boolean; low: string }): boolean {
  return token.isWord && !token.isValue && rarity(token.low) > 0.12;
}

function isVerbal(word: string): boolean {
  return /(?:ed|ing|es)$/.test(word) && word.length > 5;
}

/** The parameter's own name right before or behind: "race elf", "genre of jazz", "jazz genre", "zip code 60614". */
function adjacency(parameter: Parameter, mention: Mention, { utterance }: TextContext): number {
  let best = 0;
  for (const { token, distance, isAfter } of wordsNear(mention, utterance)) {
    // A capital letter makes the word a part of a name of its own.
    if (distance > 3.2 || (token.isCapital && mention.kind !== 'quoted' && mention.kind !== 'code')) continue;
    const weight = parameter.terms.get(token.stem) ?? 0;
    if (weight < 0.12) continue;
    const near = (weight * (isAfter ? 2 : 3)) / (1 + 0.9 * (distance - 1));
    best = Math.max(best, near);
  }
  if (best === 0) {
    const own = parameter.names.flatMap((name) => meanings(name));
    for (const { token, distance } of wordsNear(mention, utterance))
      if (distance <= 1.5 && meanings(token.low).some((meaning) => own.includes(meaning))) best = Math.max(best, 0.6);
  }
  return best;
}

function roleLead(parameter: Parameter, mention: Mention, context: TextContext): number {
  const [lead, second] = leadsOf(mention, context.utterance);
  if (lead === undefined) return 0;
  const { names, role } = parameter;
  let score = 0;
  const isOrigin = names.some((name) => ORIGIN.test(name));
  const isDestination = !isOrigin && names.some((name) => DESTINATION.test(name));
  if (isOrigin || isDestination) {
    if (lead === 'from') score += isOrigin ? 3.5 : -2.5;
    else if (/^(?:to|into|towards?)$/.test(lead)) score += isDestination ? 3.5 : -2;
    else if (lead === 'and' && second) score += isDestination ? 0.8 : -0.3;
    else if (lead === 'in') score += isDestination ? 1 : -0.5;
    else if (lead === 'between') score += isOrigin ? 1.5 : 0;
    else if (utteranceNumber(mention, context)) score += isOrigin ? 2 : -0.5;
  } else if (LEADS[role]?.test(lead)) score += 1;
  if (names.some((name) => MAKERS.test(name))) score += lead === 'by' ? 3 : lead === 'of' ? 0.3 : 0;
  else if (lead === 'by' && (role === 'title' || role === 'place')) score -= 2;
  if (role === 'content' || names.some((name) => name === 'topic' || name === 'subject'))
    score += /^(?:about|on|for|regarding|saying|says|of)$/.test(lead) ? 1.2 : 0;
  if (role === 'place' && /^(?:in|at|near)$/.test(lead)) score += 0.7;
  if (/^(?:named|called|titled)$/.test(lead))
    score += names.some((name) => name === 'name' || name === 'title' || name === 'username') ? 3 : 0;
  if (
    role === 'plain' &&
    mention.kind === 'phrase' &&
    /^(?:of|for|with|about|in|by|is|are|does|on|like|to|using)$/.test(lead)
  )
    score += 0.5;
  return score;
}

function utteranceNumber(mention: Mention, { utterance }: TextContext): boolean {
  return utterance.tokens[mention.from - 1]?.isValue === true;
}

/** A value that the description itself names, or one of its form. */
function likeExample(parameter: Parameter, mention: Mention): number {
  if (parameter.examples.length === 0) return 0;
  const raw = foldSameLength(String(mention.value));
  for (const example of parameter.examples) {
    const folded = foldSameLength(example);
    if (folded === raw || stemOf(folded) === stemOf(raw)) return 3;
  }
  const shape = (text: string) => (/^[A-Z0-9]{2,6}$/.test(text) ? 'code' : /^[A-Z]/.test(text) ? 'name' : 'lower');
  const wanted = shape(parameter.examples[0]!);
  return wanted === shape(String(mention.value)) ? 0.6 : wanted === 'code' ? -0.6 : 0;
}

// ---------------------------------------------------------------- dates and times

const START = /^(?:start|from|begin|beginning|check|departure|depart|since|pickup|checkin|first)$/;
const END = /^(?:end|to|until|return|checkout|finish|till|arrival|dropoff|last)$/;

function dateRole(parameter: Parameter, mention: Mention, { utterance }: TextContext): number {
  const words = [...parameter.names];
  const isEnd = words.some((word) => END.test(word)) || (words.includes('out') && words.includes('check'));
  const isStart = !isEnd && words.some((word) => START.test(word));
  const [lead] = leadsOf(mention, utterance, 1);
  let score = 0;
  if (lead && /^(?:from|starting|since|between|after)$/.test(lead)) score += isStart ? 2 : isEnd ? -2 : 0;
  if (lead && /^(?:to|until|till|through|-|and|by|before)$/.test(lead)) score += isEnd ? 2 : isStart ? -2 : 0;
  for (const { token, distance } of wordsNear(mention, utterance))
    if (distance <= 3 && parameter.names.some((name) => stemOf(name) === token.stem)) score += 1;
  return score;
}

/** The date in the form that the description shows; ISO where it shows none. */
export function formatDate(iso: string, raw: string, parameter: Parameter): string {
  const shown = /\b(?:YYYY|MM|DD)([-/. ])(?:MM|DD)\1(?:YYYY|DD|YY|MM)\b/i.exec(parameter.description);
  if (!shown) return iso;
  const [year, month, day] = iso.split('-');
  const out = shown[0]
    .toUpperCase()
    .replace('YYYY', year!)
    .replace('MM', month!)
    .replace('DD', day!)
    .replace('YY', year!.slice(2));
  // Already in that form: what the numbers mean is settled by the description, not by us.
  const shape = (text: string) => text.replace(/[\dYMD]/g, '0');
  return shape(raw) === shape(shown[0].toUpperCase()) ? raw : out;
}

function formatTime(value: string, raw: string, parameter: Parameter): string {
  if (/\b(?:AM|PM)\b/.test(parameter.description) && /[ap]\.?m/i.test(raw)) return raw.replace(/^(?:at|by) /i, '');
  if (parameter.schema.format === 'time') return `${value.length === 5 ? `${value}:00` : value}Z`;
  return /HH:MM:SS/i.test(parameter.description) && value.length === 5 ? `${value}:00` : value;
}
