/** Which option of an enum a text names. */
import { hanMeanings, isFunctionWord, meanings } from '../text/lexicon.ts';
import { foldSameLength, hasHan, splitIdentifier, stem } from '../text/text.ts';
import type { Json } from '../types.ts';
import { meaningPlaces } from './meanings.ts';
import { isFree, type Reading } from './text.ts';

interface Occurrence {
  score: number;
  start: number;
  end: number;
}

/** How well an option is named in the text. 0: not at all. */
function optionScore(option: string, reading: Reading): Occurrence {
  const folded = foldSameLength(option);
  const exact = occurrence(reading, folded) ?? occurrence(reading, splitIdentifier(option).join(' '));
  if (exact) return { ...exact, score: 10 + folded.length };
  const parts = splitIdentifier(option).filter((part) => !isFunctionWord(part));
  const stems = parts.map(stem);
  const isNamed = stems.length > 0 && stems.every((part) => reading.stems.has(part));
  const hit = isNamed ? reading.words.filter((word) => stems.includes(stem(word.text))) : [];
  if (hit.length > 0) return { score: 5 + hit.length, start: hit[0]!.start, end: hit.at(-1)!.end };
  const wanted = new Set(
    parts.flatMap((part) => [
      ...meanings(part),
      ...(hasHan(part) ? hanMeanings(part).map((entry) => entry.meaning) : []),
    ]),
  );
  if (wanted.size === 0) for (const meaning of meanings(folded)) wanted.add(meaning);
  let best: Occurrence = { score: 0, start: 0, end: 0 };
  for (const place of meaningPlaces(reading)) {
    if (!wanted.has(place.meaning)) continue;
    const score = 2 + (place.end - place.start) * 0.1 + (isFree(reading, place) ? 0 : -1.5);
    if (score > best.score) best = { score, start: place.start, end: place.end };
  }
  return best;
}

/** A whole-word occurrence; Chinese may stand anywhere. */
function occurrence(reading: Reading, needle: string): { start: number; end: number } | undefined {
  if (needle === '') return undefined;
  for (let at = reading.folded.indexOf(needle); at >= 0; at = reading.folded.indexOf(needle, at + 1)) {
    const end = at + needle.length;
    const bounded =
      hasHan(needle) ||
      (!/[a-z0-9]/.test(reading.folded[at - 1] ?? ' ') && !/[a-z0-9]/.test(reading.folded[end] ?? ' '));
    if (bounded && isFree(reading, { start: at, end })) return { start: at, end };
  }
  return undefined;
}

/** Options of an enum from the best named in the text to the worst, with their scores. */
export function rankOptions(options: readonly Json[], reading: Reading): { option: Json; found: Occurrence }[] {
  const none = { score: 0, start: 0, end: 0 };
  const scored = options.map((option) => {
    if (typeof option === 'string') return { option, found: optionScore(option, reading) };
    const number = reading.numbers.find((one) => one.value === option && isFree(reading, one));
    return { option, found: number ? { score: 10, start: number.start, end: number.end } : none };
  });
  return scored.sort((a, b) => b.found.score - a.found.score);
}
