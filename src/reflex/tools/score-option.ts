/** Options of an enum and yes-or-no parameters: where the text names them. */
import { isFunctionWord, meanings } from '../text/lexicon.ts';
import { foldSameLength, splitIdentifier } from '../text/text.ts';
import type { Json } from '../types.ts';
import { nearness } from './nearness.ts';
import type { Parameter } from './parameters.ts';
import { rarity, stemOf } from './rarity.ts';
import { unitOf } from './units.ts';
import type { Mention, Token, Utterance } from './utterance.ts';

export interface Place {
  value: Json;
  score: number;
  start: number;
  end: number;
  mention: Mention;
}

/** Every place of the text that names an option. */
export function findOptions(parameter: Parameter, options: readonly Json[], utterance: Utterance): Place[] {
  const out: Place[] = [];
  for (const option of options.slice(0, 200)) {
    if (typeof option === 'number') {
      for (const mention of utterance.mentions)
        if (mention.kind === 'number' && mention.value === option && !mention.inner)
          out.push({
            value: option,
            score: 2 + nearness(parameter, mention, utterance),
            start: mention.start,
            end: mention.end,
            mention,
          });
    } else if (typeof option === 'string' && option !== '') out.push(...findOption(parameter, option, utterance));
  }
  return out;
}

function findOption(parameter: Parameter, option: string, utterance: Utterance): Place[] {
  const { tokens } = utterance;
  const parts = option.length <= 3 && !option.includes('_') ? [foldSameLength(option)] : splitIdentifier(option);
  const out: Place[] = [];
  if (parts.length === 0) return out;
  for (let index = 0; index < tokens.length; index++) {
    const whole = matchParts(parts, tokens, index);
    if (whole) {
      const exact = tokens[index]!.text === option;
      // Short options such as "on", "m" or "s" are also words of their own.
      const base = option.length < 3 ? (exact && /[A-Z]/.test(option) ? 3 : 2) : 4;
      out.push(
        placeOf(parameter, option, base + 0.5 * (whole - 1) + (exact ? 0.2 : 0), index, index + whole, utterance),
      );
    }
  }
  if (out.length > 0) return out;
  const content = parts.filter((part) => !isFunctionWord(part) && rarity(part) > 0.12);
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (!token.isWord || token.isValue) continue;
    if (content.length > 1 && content.some((part) => stemOf(part) === token.stem) && rarity(token.low) === 1)
      out.push(placeOf(parameter, option, 2.2, index, index + 1, utterance));
    else if (content.length === 1 && alike(content[0]!, token))
      out.push(placeOf(parameter, option, 2.5, index, index + 1, utterance));
    else if (sameMeaning(parts, token)) out.push(placeOf(parameter, option, 1.6, index, index + 1, utterance));
  }
  return out;
}

function matchParts(parts: readonly string[], tokens: readonly Token[], index: number): number {
  const joined = parts.join('');
  const token = tokens[index]!;
  if (token.low.replace(/[-.']/g, '') === joined || token.stem === stemOf(joined)) return 1;
  for (let at = 0; at < parts.length; at++) {
    const next = tokens[index + at];
    if (!next || stemOf(parts[at]!) !== next.stem) return 0;
  }
  return parts.length;
}

/** "Europe" and "european", "photography" and "photographer", "F" and "fahrenheit". */
function alike(part: string, token: Token): boolean {
  const unit = unitOf(part);
  if (unit && unit.name.length > 2 && unitOf(token.low) === unit && (token.low.length > 2 || /°/.test(token.low)))
    return true;
  const shared = Math.min(part.length, token.low.length);
  if (shared < 5) return false;
  let length = 0;
  while (length < shared && part[length] === token.low[length]) length++;
  return length >= 5 && Math.max(part.length, token.low.length) - length <= 4;
}

function sameMeaning(parts: readonly string[], token: Token): boolean {
  if (isFunctionWord(token.low) && !/^(?:on|off|up|down|all)$/.test(token.low)) return false;
  const own = meanings(token.low);
  return own.length > 0 && parts.some((part) => meanings(part).some((meaning) => own.includes(meaning)));
}

function placeOf(
  parameter: Parameter,
  value: Json,
  base: number,
  from: number,
  to: number,
  utterance: Utterance,
): Place {
  const start = utterance.tokens[from]!.start;
  const end = utterance.tokens[to - 1]!.end;
  const raw = utterance.text.slice(start, end);
  const mention: Mention = { kind: 'phrase', value: raw, raw, start, end, from, to };
  return { value, score: base + 0.5 * nearness(parameter, mention, utterance), start, end, mention };
}

// ---------------------------------------------------------------- yes and no

const EMPTY = new Set(
  'is has have with need needs should want wants include included including includes allow allowed allows use show get add only enable enabled flag require required return make'.split(
    ' ',
  ),
);
const NO =
  /^(?:no|not|without|don't|dont|doesn't|never|exclude|excluding|except|skip|avoid|isn't|ignore|ignoring|un\w+|minus)$/;
const ASKED =
  /^(?:include|including|includes|included|with|also|only|allow|allowing|allows|use|using|show|add|need|needs|require|must|want|has|have|enable|enabled|mark|marked|plus|and|as|in|make|for)$/;

/** true or false where the text speaks of it. */
export function findTruth(parameter: Parameter, utterance: Utterance, about: ReadonlySet<string>): Place | undefined {
  const names = parameter.names.filter((name) => !EMPTY.has(name) && !isFunctionWord(name)).map(stemOf);
  const told = new Set([...parameter.terms.keys()].filter((term) => !EMPTY.has(term) && !about.has(term)));
  let best = findSwitch(parameter, utterance);
  utterance.tokens.forEach((token, index) => {
    if (!token.isWord) return;
    const isName =
      names.includes(token.stem) ||
      names.some((name) => name.length > 4 && token.stem.length > 4 && name.slice(0, 5) === token.stem.slice(0, 5));
    const isTold = !isName && told.has(token.stem) && rarity(token.low) === 1;
    if (!isName && !isTold) return;
    const window = utterance.tokens.slice(Math.max(0, index - 4), index).filter((one) => one.isWord);
    const negated = window.some((one) => NO.test(one.low));
    const asked = window.some((one) => ASKED.test(one.low));
    const all =
      names.filter((name) => utterance.tokens.some((one) => one.stem === name)).length / Math.max(1, names.length);
    const own = names.some((name) => about.has(name)) && names.length === 1;
    let score = (isName ? 1.5 + 2 * all : 0.8) + (asked || negated ? 1.2 : 0) - (own && !asked && !negated ? 1.5 : 0);
    const opposite = isTold && falseSide(parameter, token);
    if (isTold && !asked && !negated && !opposite) score -= 0.6;
    if (opposite) score += 2;
    const place = placeOf(parameter, opposite ? false : !negated, 0, index, index + 1, utterance);
    place.score = score;
    if (!best || place.score > best.score) best = place;
  });
  return best;
}

const SWITCHES = new Set([
  'on',
  'power',
  'enabled',
  'enable',
  'state',
  'active',
  'status',
  'switch',
  'open',
  'off',
  'closed',
]);
const TURNED_ON = /^(?:on|enable|start|activate|open|unlock)$/;
const TURNED_OFF = /^(?:off|disable|stop|deactivate|close|shut)$/;

/** "turn it on", "close it": for parameters that are a switch. */
function findSwitch(parameter: Parameter, utterance: Utterance): Place | undefined {
  if (!parameter.names.some((name) => SWITCHES.has(name))) return undefined;
  const inverse = parameter.names.some((name) => name === 'off' || name === 'closed');
  for (const [index, token] of utterance.tokens.entries()) {
    const isOff = TURNED_OFF.test(token.low);
    if (!isOff && !TURNED_ON.test(token.low)) continue;
    const verb = utterance.tokens
      .slice(Math.max(0, index - 5), index)
      .some((one) => /^(?:turn|turned|switch|switched|put|set|keep|leave|is)$/.test(one.low));
    if (/^(?:on|off)$/.test(token.low) && !verb) continue;
    const place = placeOf(parameter, isOff === inverse, 0, index, index + 1, utterance);
    place.score = 3.5;
    return place;
  }
  return undefined;
}

/** "true for delivery, false for pick-up": what the word stands behind. */
function falseSide(parameter: Parameter, token: Token): boolean {
  const description = foldSameLength(parameter.description);
  const at = description.indexOf('false');
  const word = description.indexOf(token.low);
  const truth = description.indexOf('true');
  if (at < 0 || word < 0) return false;
  return word > at && (truth < at || word < truth || truth < 0);
}
