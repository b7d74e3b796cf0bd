/** Yes or no, by what a text says of a field. */
import { meanings } from '../text/lexicon.ts';
import { splitIdentifier, stem } from '../text/text.ts';
import { type Field, isAbout } from './field.ts';
import { meaningPlaces } from './meanings.ts';
import { type Found, isFree, type Reading } from './text.ts';

const ON =
  /打开|开启|启用|开一?下|开着|(?<![离分公召展])开(?![车会始心放户])|\b(?:turn(?:ed)? (?:\w+ ){0,3}on|switch (?:\w+ ){0,3}on|on|open|enable|start|activate)\b/;
const OFF =
  /关闭|关掉|关上|停用|停止|关一?下|(?<![相有无机])关(?!于|心|注|系)|\b(?:turn(?:ed)? (?:\w+ ){0,3}off|switch (?:\w+ ){0,3}off|off|close|disable|stop|deactivate|shut)\b/;
const YES = /^\s*(?:yes|yeah|yep|sure|true|ok|okay|是|是的|对|对的|好|好的|要|需要|可以|行)[.。!！]?\s*$/;
const NO = /^\s*(?:no|nope|false|not? thanks|否|不|不是|不要|不用|不需要|不行)[.。!！]?\s*$/;
const NEGATION =
  /(?:不要|不用|不加|不需要|没有|别|不|无|去|免|\bno|\bnot|\bwithout|\bdon'?t|\bskip|\bhold the)\s*(?:\w+\s)?$/;

export function readBoolean(field: Field, reading: Reading): Found | undefined {
  const text = reading.folded;
  const whole = { start: 0, end: text.length };
  if (YES.test(text)) return { value: true, ...whole };
  if (NO.test(text)) return { value: false, ...whole };
  if (isAbout(field, '#on', '#open', '#off', '#close', 'power', 'enabled', 'state', 'switch', 'active', 'status')) {
    const inverse = isAbout(field, 'off', 'closed', 'disabled', 'close');
    const off = OFF.exec(text);
    const on = ON.exec(text);
    const match = off && (!on || off.index <= on.index) ? off : on;
    if (match) return { value: (match === on) !== inverse, start: match.index, end: match.index };
  }
  const own = new Set(
    splitIdentifier(field.name)
      .filter((part) => !['is', 'has', 'with', 'need', 'needs', 'should', 'want'].includes(part))
      .flatMap((part) => [stem(part), part, ...meanings(part)]),
  );
  const names = [...own].filter((part) => !part.startsWith('#'));
  const places = [
    ...meaningPlaces(reading).filter((place) => own.has(place.meaning)),
    ...reading.words.filter((word) => names.includes(word.text) || names.includes(stem(word.text))),
  ];
  const place = places.find((one) => isFree(reading, one));
  if (!place) return undefined;
  return {
    value: !NEGATION.test(text.slice(Math.max(0, place.start - 14), place.start)),
    start: place.start,
    end: place.end,
  };
}
