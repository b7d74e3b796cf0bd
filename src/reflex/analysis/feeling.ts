/** The feelings Reflex tells apart, and the table of words that express them. */
import { ENGLISH_FEELINGS } from './feeling-words-en.ts';
import { CHINESE_FEELINGS } from './feeling-words-zh.ts';

const FEELINGS = [
  'joy',
  'excited',
  'love',
  'gratitude',
  'calm',
  'hope',
  'surprise',
  'sadness',
  'disappointment',
  'lonely',
  'anger',
  'annoyance',
  'fear',
  'anxiety',
  'disgust',
  'tired',
  'bored',
  'confused',
  'shame',
  'discomfort',
] as const;
export type Feeling = (typeof FEELINGS)[number];

export interface FeelingWord {
  /** -3 (very bad) to 3 (very good); 0 says nothing of good and bad. */
  weight: number;
  /** undefined: a judgement rather than a feeling. */
  feeling?: Feeling;
}

const exact = new Map<string, FeelingWord>();
const inflected = new Map<string, FeelingWord>();
/** Words in the longest English phrase. */
export let longestPhrase = 1;

/** What an English word may look like in a sentence. Only longer forms: "mad" is not to be found in "made", nor "caring" in "car". */
function forms(word: string): string[] {
  if (word.endsWith('e')) return [`${word}s`, `${word}d`, `${word.slice(0, -1)}ing`, `${word}ly`];
  if (/[^aeiou]y$/.test(word)) {
    const base = word.slice(0, -1);
    return [`${base}ies`, `${base}ied`, `${word}ing`, `${base}ily`, `${base}ier`, `${base}iest`];
  }
  return [
    `${word}s`,
    `${word}es`,
    `${word}ed`,
    `${word}ing`,
    `${word}ly`,
    `${word}${word.at(-1)}ed`,
    `${word}${word.at(-1)}ing`,
  ];
}

for (const line of `${ENGLISH_FEELINGS}${CHINESE_FEELINGS}`.split('\n')) {
  const parts = /^(-?\d) (\S+): (.+)$/.exec(line);
  if (!parts) continue;
  const feeling = FEELINGS.find((one) => one === parts[2]);
  const entry: FeelingWord = { weight: Number(parts[1]), ...(feeling ? { feeling } : {}) };
  for (const name of parts[3]!.split(' ')) {
    // What is listed first counts: the stronger lines stand above the weaker ones, but a weight of 0 is a veto.
    if (!exact.has(name) || (entry.weight === 0 && !feeling)) exact.set(name, entry);
    if (/^[a-z]/.test(name)) {
      longestPhrase = Math.max(longestPhrase, name.split('_').length);
      if (/^[a-z]{3,}$/.test(name))
        for (const form of forms(name)) if (!inflected.has(form)) inflected.set(form, entry);
    }
  }
}

/** All words and phrases of the table. */
export function feelingNames(): Iterable<string> {
  return exact.keys();
}

/** An English word or phrase (words joined by `_`), folded; or a Chinese one as it stands. */
export function feelingWord(name: string): FeelingWord | undefined {
  return exact.get(name) ?? inflected.get(name);
}

const EMOJI: [number, Feeling | undefined, string][] = [
  [2, 'joy', '😀😃😄😁😆😂🤣😊🙂😸😺🥳🎉🤗😋😎☺👏💯✨🌟'],
  [2, 'love', '😍🥰😘❤💕💖💗💙💚💛💜🧡😻🌹'],
  [2, undefined, '👍👌🤩⭐💪🔥'],
  [2, 'gratitude', '🙏'],
  [1, 'calm', '😌🧘'],
  [-2, 'sadness', '😢😭😞😔☹🙁😿💔😥🥺😣😖😫'],
  [-2, 'anger', '😠😡🤬👿💢🖕'],
  [-2, 'annoyance', '🙄😒😤😑'],
  [-2, 'fear', '😨😱🫣'],
  [-1, 'anxiety', '😰😟😬😓'],
  [-2, 'disgust', '🤢🤮💩'],
  [-2, undefined, '👎'],
  [-1, 'tired', '😴🥱😪😩'],
  [-1, 'confused', '😕🤔😵'],
  [-1, 'discomfort', '🥶🥵🤒🤕🤧'],
  [0, 'surprise', '😮😲😯🤯'],
];
const emoji = new Map<string, FeelingWord>();
for (const [weight, feeling, signs] of EMOJI)
  for (const sign of signs) emoji.set(sign, { weight, ...(feeling ? { feeling } : {}) });

export function feelingSign(sign: string): FeelingWord | undefined {
  return emoji.get(sign);
}
